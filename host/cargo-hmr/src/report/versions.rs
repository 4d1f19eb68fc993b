//! The lines about versions: refused, pinned, held back, or in an experiment.

use super::{FAINT, NAME, WARN, listed, short};
use crate::events::Built;

pub(super) fn refused(module: &str, hash: &str, serves: &str) -> String {
    format!(
        "  {WARN}refused{WARN:#} {NAME}{module}{NAME:#} {}; {FAINT}new pages get {}{FAINT:#}",
        short(hash),
        short(serves)
    )
}

pub(super) fn held_back(modules: &[Built]) -> String {
    let names: Vec<String> = modules.iter().map(|built| built.module.clone()).collect();
    format!(
        "{NAME}{}{NAME:#} {FAINT}pinned: the new version is kept, not announced{FAINT:#}",
        listed(&names)
    )
}

pub(super) fn pinned(module: &str, hash: Option<&str>) -> String {
    match hash {
        Some(hash) => format!("{NAME}{module}{NAME:#} is pinned to {}", short(hash)),
        None => format!("{NAME}{module}{NAME:#} is no longer pinned"),
    }
}

pub(super) fn experiment(module: &str, variants: &[String]) -> String {
    if variants.is_empty() {
        return format!("{NAME}{module}{NAME:#}: the experiment has ended");
    }
    let variants: Vec<String> = variants.iter().map(|hash| short(hash).to_owned()).collect();
    format!("{NAME}{module}{NAME:#}: an experiment runs with {}", listed(&variants))
}

//! What `cargo hmr build` has built: a table of sizes.

use std::io::Write as _;

use super::{FAINT, GOOD, NAME, WARN};
use crate::deploy::{FileSize, ModuleSize, Summary};
use crate::text::{visible, visible_json};

/// How many files are listed; the others are added up.
const LISTED: usize = 20;

/// Prints the result of a build: for people, or as one JSON object. On stdout, since it is the result of the command.
pub fn deployed(summary: &Summary, json: bool) {
    let text = if json { as_json(summary) } else { table(summary) };
    // The build was successful, even if nobody reads the table.
    _ = writeln!(anstream::stdout().lock(), "{text}");
}

fn as_json(summary: &Summary) -> String {
    let mut value = serde_json::to_value(summary).unwrap_or_default();
    value["event"] = "deployed".into();
    visible_json(&value.to_string())
}

fn table(summary: &Summary) -> String {
    let Summary { dist, public_url, files, modules, notes } = summary;
    let mut text = String::new();
    let mut line = |one: &str| {
        text.push_str(one);
        text.push('\n');
    };
    for note in notes {
        line(&format!("{WARN}note{WARN:#}: {}", visible(note)));
    }
    let (listed, rest) = files.split_at(files.len().min(LISTED));
    let mut rows: Vec<(String, [usize; 3])> =
        listed.iter().map(|file| (visible(&file.path), sizes(file))).collect();
    if !rest.is_empty() {
        rows.push((format!("{} smaller files", rest.len()), total(rest)));
    }
    rows.push(("all".to_owned(), total(files)));
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    line(&format!(
        "{FAINT}{:width$}  {:>10}  {:>10}  {:>10}{FAINT:#}",
        "", "raw", "gzip", "brotli"
    ));
    for (name, [raw, gzip, brotli]) in rows {
        line(&format!(
            "{name:width$}  {:>10}  {:>10}  {:>10}",
            kilobytes(raw),
            kilobytes(gzip),
            kilobytes(brotli)
        ));
    }
    for module in modules.iter().filter(|module| !module.crates.is_empty()) {
        line(&largest(module));
    }
    line(&format!(
        "{GOOD}✓{GOOD:#} {NAME}{}{NAME:#} {FAINT}is to be served at{FAINT:#} {}",
        visible(dist.as_str()),
        visible(public_url)
    ));
    text.trim_end().to_owned()
}

fn largest(module: &ModuleSize) -> String {
    let crates: Vec<_> = module
        .crates
        .iter()
        .map(|(name, bytes)| format!("{} {}", visible(name), kilobytes(*bytes)))
        .collect();
    format!(
        "{FAINT}most code of{FAINT:#} {NAME}{}{NAME:#}{FAINT}, before it is optimised: {}{FAINT:#}",
        visible(&module.module),
        crates.join(", ")
    )
}

fn sizes(file: &FileSize) -> [usize; 3] {
    [file.raw, file.gzip, file.brotli]
}

fn total(files: &[FileSize]) -> [usize; 3] {
    files.iter().map(sizes).fold([0; 3], |sum, each| std::array::from_fn(|at| sum[at] + each[at]))
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn kilobytes(bytes: usize) -> String {
    format!("{:.1} kB", bytes as f64 / 1000.0)
}

//! What a build script asked cargo to watch, from the output of its last run.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use super::dep_info::resolve;

/// When cargo runs a build script again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Watched {
    /// When one of these files changes, or anything in one of these folders; absolute. There may be none.
    Paths(Vec<Utf8PathBuf>),
    /// When any file of its package changes: it printed no directive about it.
    Package,
}

/// Reads what the build script of the package in `folder` printed. `run` is the folder of that run, which contains its `OUT_DIR`.
/// None if nothing is known about that run.
pub(super) fn watched(run: &Utf8Path, folder: &Utf8Path) -> Option<Watched> {
    fs::read_to_string(run.join("output")).ok().map(|output| parse(&output, folder))
}

fn parse(output: &str, folder: &Utf8Path) -> Watched {
    let mut any = false;
    let mut paths = Vec::new();
    for line in output.lines() {
        let Some(directive) = line.strip_prefix("cargo:") else { continue };
        let directive = directive.strip_prefix(':').unwrap_or(directive);
        any |= directive.starts_with("rerun-if-");
        if let Some(path) = directive.strip_prefix("rerun-if-changed=") {
            paths.push(resolve(&folder.join(path.trim_end())));
        }
    }
    if any { Watched::Paths(paths) } else { Watched::Package }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(output: &str) -> Watched {
        parse(output, Utf8Path::new("/app/board"))
    }

    #[test]
    fn directives_of_both_forms_name_paths() {
        let output = "hello\ncargo:rerun-if-changed=templates\ncargo::rerun-if-changed=../x.txt\ncargo:rustc-cfg=a";
        let paths = ["/app/board/templates", "/app/x.txt"].map(Utf8PathBuf::from);
        assert_eq!(watched(output), Watched::Paths(paths.into()));
    }

    #[test]
    fn a_variable_alone_means_no_file() {
        assert_eq!(watched("cargo:rerun-if-env-changed=A"), Watched::Paths(Vec::new()));
    }

    #[test]
    fn without_directives_the_whole_package_counts() {
        assert_eq!(watched("cargo:rustc-cfg=a\n"), Watched::Package);
    }
}

//! Dependency files: which files an output of cargo was made from.
//!
//! cargo writes one next to each output, and rustc one for each crate, in the syntax of a makefile rule. Those of cargo cover
//! every package that has no registry for a source: their sources, what they include, what their build scripts watch.

use std::{fs, io};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

/// Reads the file at `path`; paths in it that are relative are taken from `base`. Sorted, each once, without `.` and `..`.
pub(super) fn read(path: &Utf8Path, base: &Utf8Path) -> io::Result<Vec<Utf8PathBuf>> {
    let text = fs::read_to_string(path)?;
    let mut files: Vec<_> =
        parse(&text).into_iter().map(|file| resolve(&base.join(file))).collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// `path` without `.` and `..`. A `..` after a link leads out of what the link points to, as in the file system.
pub(crate) fn resolve(path: &Utf8Path) -> Utf8PathBuf {
    let mut resolved = Utf8PathBuf::new();
    for component in path.components() {
        match component {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => {
                if resolved.is_symlink()
                    && let Ok(real) = resolved.canonicalize_utf8()
                {
                    resolved = real;
                }
                resolved.pop();
            }
            other => resolved.push(other),
        }
    }
    resolved
}

/// The prerequisites of each rule in `text`. A space in a path is written `\ `.
fn parse(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|rule| rule.split_once(": "))
        .flat_map(|(_, rest)| paths(rest))
        .collect()
}

fn paths(list: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut path = String::new();
    let mut characters = list.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&' ') => {
                characters.next();
                path.push(' ');
            }
            ' ' => paths.push(std::mem::take(&mut path)),
            other => path.push(other),
        }
    }
    paths.push(path);
    paths.retain(|path| !path.is_empty());
    paths
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::{parse, resolve};

    #[test]
    fn reads_the_files_after_the_colon() {
        assert_eq!(
            parse("/t/board.wasm: /a/src/lib.rs /a/text.txt\n# env-dep:A=b: c\n"),
            ["/a/src/lib.rs", "/a/text.txt"]
        );
    }

    #[test]
    fn escaped_spaces_belong_to_the_path() {
        assert_eq!(
            parse("/my\\ target/board.wasm: /my\\ app/src/lib.rs /b.rs"),
            ["/my app/src/lib.rs", "/b.rs"]
        );
    }

    #[test]
    fn drive_letters_and_backslashes_stay() {
        assert_eq!(parse("C:\\t\\b.wasm: C:\\a\\lib.rs D:\\x.rs"), ["C:\\a\\lib.rs", "D:\\x.rs"]);
    }

    #[test]
    fn no_rule_has_no_files() {
        assert!(parse("").is_empty());
        assert!(parse("/t/b.wasm:\n").is_empty());
    }

    #[test]
    fn paths_lose_their_dots() {
        assert_eq!(resolve(Utf8Path::new("/app/src/.././../x.txt")), "/x.txt");
        assert_eq!(resolve(Utf8Path::new("/../x.txt")), "/x.txt");
    }

    #[cfg(unix)]
    #[test]
    fn dots_after_a_link_lead_out_of_its_target() {
        let keep = tempfile::tempdir().expect("a temporary folder");
        let folder = Utf8Path::from_path(keep.path()).expect("UTF-8");
        let folder = folder.canonicalize_utf8().expect("it exists");
        std::fs::create_dir_all(folder.join("far/inner")).expect("folders");
        std::os::unix::fs::symlink(folder.join("far/inner"), folder.join("link")).expect("a link");
        assert_eq!(resolve(&folder.join("link/../x")), folder.join("far/x"));
    }
}

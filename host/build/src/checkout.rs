//! The git checkout that contains the sources, if there is one: which commit a version of a module was made from.
//!
//! Everything here is optional for the developer. Without git, outside of a checkout or before the first commit the
//! result is empty, which is not an error.

use std::process::Command;

use camino::Utf8Path;
use serde::Serialize;

use crate::{environment, process};

/// A commit, and whether the files are still those of the commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// Its abbreviated hash.
    pub id: String,
    /// Whether a file that git follows differs from the commit.
    pub dirty: bool,
}

/// The commit that is checked out around `folder`. Blocks while git compares the files with it.
#[must_use]
pub fn commit(folder: &Utf8Path) -> Option<Commit> {
    let id = git(folder, &["rev-parse", "--short", "HEAD"])?;
    let changes = git(folder, &["status", "--porcelain", "--untracked-files=no"])?;
    Some(Commit { id, dirty: !changes.is_empty() })
}

/// What git prints, if it succeeds.
fn git(folder: &Utf8Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    environment::clean(&mut command);
    // A hook that runs the tool would make git look at the hook's repository instead.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    // The user's own git commands must not find the index locked.
    command.arg("--no-optional-locks").args(arguments).current_dir(folder);
    let answer = process::ask(command).ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    answer.success.then(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(folder: &Utf8Path, arguments: &[&str]) {
        let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"];
        let mut command = Command::new("git");
        command.args(identity).args(["-c", "commit.gpgsign=false"]).args(arguments);
        command.current_dir(folder);
        let answer = process::ask(command).expect("git is installed");
        assert!(answer.success, "{}", answer.stderr);
    }

    #[test]
    fn a_checkout_has_a_commit_and_files_may_differ_from_it() {
        let keep = tempfile::tempdir().expect("a temporary folder");
        let folder = Utf8Path::from_path(keep.path()).expect("UTF-8");
        assert_eq!(commit(folder), None, "no checkout");
        run(folder, &["init", "--quiet"]);
        assert_eq!(commit(folder), None, "no commit yet");
        std::fs::write(folder.join("a.rs"), "one").expect("a file");
        run(folder, &["add", "a.rs"]);
        run(folder, &["commit", "--quiet", "--message", "one"]);
        let clean = commit(folder).expect("a commit");
        assert!(!clean.dirty && clean.id.len() >= 4, "{clean:?}");
        std::fs::write(folder.join("a.rs"), "two").expect("a file");
        assert_eq!(commit(folder), Some(Commit { dirty: true, ..clean }));
    }
}

//! cargo's status lines on standard error, `   Compiling board v0.1.0`: their meaning, and the text without them.

/// How wide cargo writes the first word of a status line, to the right.
const WIDTH: usize = 12;

/// What cargo waits for, if a line of its standard error reports it: a lock that another process holds, or the network.
#[must_use]
pub fn waits_for(line: &str) -> Option<String> {
    match Status::read(line)? {
        Status::Waiting(what) => Some(what),
        Status::Other => None,
    }
}

/// What cargo has written besides its status lines.
pub(crate) fn without_status(text: &str) -> String {
    let lines = text.lines().filter(|line| Status::read(line).is_none());
    lines.collect::<Vec<_>>().join("\n")
}

/// The meaning of a status line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Status {
    /// cargo waits for this: a lock that another process holds, or the network.
    Waiting(String),
    /// Anything else.
    Other,
}

impl Status {
    /// Reads a line, if it is a status line.
    fn read(line: &str) -> Option<Self> {
        // rustup, on its way to the compiler: `info: downloading component rustc`
        if let Some(step) = line.strip_prefix("info: ") {
            return Some(Self::Waiting(format!("rustup: {step}")));
        }
        let (word, rest) = (line.get(..WIDTH)?, line.get(WIDTH..)?.strip_prefix(' ')?);
        let verb = word.trim_start();
        let is_verb = verb.starts_with(|first: char| first.is_ascii_uppercase())
            && verb.chars().all(|letter| letter.is_ascii_alphabetic());
        if !is_verb {
            return None;
        }
        Some(match verb {
            // `Blocking waiting for file lock on build directory`
            "Blocking" => {
                Self::Waiting(rest.strip_prefix("waiting for ").unwrap_or(rest).to_owned())
            }
            // `Updating crates.io index`, `Downloading crates ...`
            "Updating" | "Downloading" => {
                Self::Waiting(format!("the network: {} {rest}", verb.to_lowercase()))
            }
            _ => Self::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_reports_what_cargo_waits_for() {
        let waiting = |line| match Status::read(line) {
            Some(Status::Waiting(what)) => what,
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(
            waiting("    Blocking waiting for file lock on build directory"),
            "file lock on build directory"
        );
        assert_eq!(
            waiting("    Updating crates.io index"),
            "the network: updating crates.io index"
        );
        assert_eq!(Status::read("   Compiling board v0.1.0 (/app/board)"), Some(Status::Other));
    }

    #[test]
    fn without_status_lines_only_messages_are_left() {
        let text = "   Compiling board v0.1.0\nerror: no\n\nCaused by:\n  TOML parse error at line 2\n   |\n 2 | name =\n    Finished\n";
        assert_eq!(
            without_status(text),
            "error: no\n\nCaused by:\n  TOML parse error at line 2\n   |\n 2 | name =\n    Finished"
        );
    }
}

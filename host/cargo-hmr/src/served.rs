//! Which files of the static folder are for browsers (pure).
//!
//! A static folder is often a working folder too: it has `.env`, `.git` and copies that editors leave next to the files that they
//! save. The server refuses these, and the graph announces no change of them.

use camino::Utf8Path;

/// The one hidden folder that is for browsers (RFC 8615).
pub const WELL_KNOWN: &str = ".well-known";

/// Endings of the names that editors, `patch` and merges give to copies, in lower case.
const COPIES: [&str; 9] =
    ["~", ".bak", ".orig", ".rej", ".swp", ".swo", ".swx", "___jb_tmp___", "___jb_old___"];

/// Whether the file at `path`, which is relative to the static folder, is served.
#[must_use]
pub fn is_served(path: &Utf8Path) -> bool {
    path.components().enumerate().all(|(depth, part)| {
        let name = part.as_str();
        (depth == 0 && name == WELL_KNOWN) || !(name.starts_with('.') || is_copy(name))
    })
}

/// Whether this is a copy that an editor or a tool has left next to the file itself.
fn is_copy(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    COPIES.iter().any(|ending| name.ends_with(ending))
        || (name.starts_with('#') && name.ends_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_files_and_copies_are_not_served() {
        for path in [
            ".env",
            ".ENV.local",
            ".git/config",
            "css/.git/HEAD",
            ".DS_Store",
            "deep/.htpasswd",
            "deep/.well-known/x",
            ".well-known/.env",
            ".well-known-too/x",
            "../x",
            "style.css~",
            "style.css.bak",
            "style.css.BAK",
            ".style.css.swp",
            "style.css.swp",
            "#style.css#",
            ".#style.css",
            "page.html.orig",
            "old.bak/style.css",
            "style.css___jb_tmp___",
        ] {
            assert!(!is_served(path.into()), "{path}");
        }
        for path in [
            "style.css",
            "css/style.css",
            ".well-known/security.txt",
            "a..b.css",
            "~home.css",
            "#1.svg",
            "bak/style.css",
            "v1.2/x.js",
        ] {
            assert!(is_served(path.into()), "{path}");
        }
    }
}

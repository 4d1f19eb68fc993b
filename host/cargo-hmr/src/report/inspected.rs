//! What `cargo hmr inspect` shows, on stdout since it is the result of the command.

use std::io::Write as _;

use hmr_build::auto_state::{ChangedLine, Inspected};

use super::{BAD, FAINT, GOOD, NAME};
use crate::text::visible;

/// Prints how files would be rewritten, as a diff without context.
pub fn inspected(files: &[Inspected]) {
    let mut out = anstream::stdout().lock();
    let mut sites = 0;
    for Inspected { path, sites: found, lines } in files {
        sites += found.len();
        let path = visible(path.as_str());
        _ = writeln!(out, "{NAME}--- {path}{NAME:#}\n{NAME}+++ {path}{NAME:#}");
        for ChangedLine { number, old, new } in lines {
            _ = writeln!(out, "{FAINT}@@ -{number} +{number} @@{FAINT:#}");
            _ = writeln!(out, "{BAD}-{}{BAD:#}", visible(old));
            _ = writeln!(out, "{GOOD}+{}{GOOD:#}", visible(new));
        }
    }
    let (places, all) = (counted(sites, "place"), counted(files.len(), "file"));
    _ = writeln!(out, "{places} in {all} would be rewritten in the copy that is compiled");
}

/// `1 file`, `2 files`
fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

//! Measures the time from a save to the changed page, beside a bare incremental `cargo build` of the same edits.
//!
//! Out: two tables on standard output, for the demo's modules and for the examples made with frameworks, and nothing anywhere else. A
//! text of each view is edited again and again; a measurement starts right before the file is written and ends when the page shows the
//! new text, which the page itself notes on the clock that both share. Then, with the tool stopped, the same edits are compiled by a
//! single cargo call with the tool's own flags: no swap can be faster than that.

mod applications;
mod demo;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let edits = edits_per_module();
    let demo = demo::measure(edits);
    let applications = applications::measure(edits);
    match print(&demo, &applications, edits) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The number after `--edits`.
fn edits_per_module() -> u32 {
    let number = env::args().skip_while(|argument| argument != "--edits").nth(1);
    number.and_then(|number| number.parse().ok()).filter(|number| *number > 0).unwrap_or(20)
}

fn print(demo: &demo::Rows, applications: &applications::Rows, edits: u32) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "median of {edits} one-line edits, in milliseconds\n")?;
    demo.print(&mut out)?;
    writeln!(out)?;
    applications.print(&mut out)
}

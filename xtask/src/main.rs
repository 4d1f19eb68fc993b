//! Everything that a contributor or CI runs, as `cargo xtask TASK`.
//!
//! In: a task's name and its arguments. Out: the tasks' own output, a closing summary, and an exit code that is zero
//! only if every step passed. Each task is a list of steps, in `suites`; what the machine must have for them is in
//! `prepare`; how programs are started is in `program`. Nothing here needs a terminal or a standard input.

mod prepare;
mod program;
mod suites;

use clap::{Parser, Subcommand};
use program::Step;
use std::process::ExitCode;

/// The tasks of this repository
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

/// One task.
#[derive(Subcommand)]
enum Task {
    /// Installs what the tests need, then runs every suite
    Test {
        /// Run only the tests whose name contains this
        filter: Option<String>,
    },
    /// What CI runs: formatting, lints, types, then every suite
    Ci,
    /// Measures, and prints a table
    Bench {
        /// What to measure
        #[command(subcommand)]
        what: Measurement,
    },
    /// Takes the pictures of `docs/images` anew
    Screenshot,
}

/// One thing to measure.
#[derive(Subcommand)]
enum Measurement {
    /// The time from a save to the changed page, beside that of a bare incremental `cargo build`
    Save {
        /// Edits for each module
        #[arg(long, default_value_t = 20)]
        edits: u32,
        /// Measure the tool as it is installed, optimised, and not as `cargo hmr` runs it in a clone
        #[arg(long)]
        release: bool,
    },
    /// What the loop guard costs: time to put it in, size, and run time, beside the same code without it
    Guard,
    /// What rehearsals cost: their run time, and the time from an announced update to its verdict
    Preflight {
        /// Edits for each module
        #[arg(long, default_value_t = 20)]
        edits: u32,
    },
}

fn main() -> ExitCode {
    let steps = match Arguments::parse().task {
        Task::Test { filter } => {
            let mut steps = prepare::for_tests();
            steps.extend(suites::tests(filter.as_deref()));
            steps
        }
        Task::Ci => {
            let mut steps = prepare::for_lints();
            steps.extend(prepare::for_tests());
            steps.extend(suites::lints());
            steps.extend(suites::tests(None));
            steps
        }
        Task::Bench { what: Measurement::Save { edits, release } } => {
            let mut steps = prepare::for_browser();
            steps.push(suites::bench_save(edits, release));
            steps
        }
        Task::Bench { what: Measurement::Guard } => vec![suites::bench_guard()],
        Task::Bench { what: Measurement::Preflight { edits } } => suites::bench_preflight(edits),
        Task::Screenshot => {
            let mut steps = prepare::for_browser();
            steps.push(suites::screenshot());
            steps
        }
    };
    run(steps)
}

/// Runs all the steps, also those after a failed one, and closes with a line that counts them.
fn run(steps: Vec<Step>) -> ExitCode {
    let total = steps.len();
    let mut failed = Vec::new();
    for step in steps {
        eprintln!("\n==> {}", step.name);
        let name = step.name.clone();
        if let Err(problem) = step.run() {
            eprintln!("error: {name}: {problem}");
            failed.push(name);
        }
    }
    if failed.is_empty() {
        eprintln!("\nxtask: all {total} steps passed");
        return ExitCode::SUCCESS;
    }
    eprintln!("\nxtask: {} of {total} steps failed: {}", failed.len(), failed.join(", "));
    ExitCode::FAILURE
}

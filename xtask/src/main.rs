//! Everything that a contributor or CI runs, as `cargo xtask TASK`.
//!
//! In: a task's name and its arguments. Out: the tasks' own output, a closing summary, and an exit code that is zero
//! only if every step passed. Each task is a list of steps, in `suites`; what the machine must have for them is in
//! `prepare`; applications of others are built in `corpus`; how programs are started is in `program`. Nothing here
//! needs a terminal or a standard input.

mod corpus;
mod prepare;
mod program;
mod suites;

use clap::{Parser, Subcommand};
use program::Step;
use std::process::ExitCode;
use std::time::Instant;

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
        /// Run the tests of applications made with frameworks, and no others
        #[arg(long)]
        frameworks: bool,
    },
    /// Runs the swap cases alone
    Cases {
        /// Run only the cases whose name contains this, `headless::page/select` for instance
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
    /// Builds applications made with frameworks as they are and with their state kept, and compares
    Corpus {
        /// A workspace, or a folder with several: a clone of Yew's repository for instance. Builds write into `target` in it
        folder: std::path::PathBuf,
    },
    /// Takes the pictures of `docs/images` again
    Screenshot,
}

/// One thing to measure.
#[derive(Subcommand)]
enum Measurement {
    /// The time from a save to the changed page, beside that of a bare incremental `cargo build`
    Save {
        /// Edits for each module
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        edits: u32,
        /// Measure the tool as it is installed, optimised, and not as `cargo hmr` runs it in a clone
        #[arg(long)]
        release: bool,
    },
    /// The same edits under this tool and, where they are installed, under `trunk serve` and `dx serve --hotpatch`
    Peers {
        /// Edits for each example
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        edits: u32,
        /// Measure the tool as it is installed, optimised, and not as `cargo hmr` runs it in a clone
        #[arg(long)]
        release: bool,
    },
    /// What the loop guard costs: time to add it, size, and run time, compared to the same code without it
    Guard,
    /// What visitors of a deployed application load, until when they can use it, and how long the build takes; beside
    /// `trunk build --release`, where it is installed
    Size,
    /// How much of the state of components is kept by edits, beside `trunk serve` and `dx serve --hotpatch`, where they are installed
    State,
    /// What rehearsals cost: their run time, and the time from an announced update to its verdict
    Preflight {
        /// Edits for each module
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        edits: u32,
    },
}

impl Measurement {
    /// About how many minutes it takes on two cores if everything is compiled. Two or three of them are for builds of the demo and
    /// the start of the tool.
    fn minutes(&self) -> u32 {
        match *self {
            // An edit of each of the five modules, in two sessions and in a bare build, takes about 6 seconds, and one of each of the five
            // applications 8. Their first builds take 5 minutes.
            Self::Save { edits, .. } => 8 + edits.div_ceil(4),
            // An edit of each of the five examples takes about 10 seconds with each server, which builds all of them first.
            Self::Peers { edits, .. } => 15 + edits.div_ceil(3),
            Self::Guard => 2,
            // Ten applications, each with its dependencies, and with each tool.
            Self::Size => 20,
            // Four applications, each with its dependencies, and with each server.
            Self::State => 8,
            // An edit of each of the four modules takes about 2 seconds.
            Self::Preflight { edits } => 2 + edits.div_ceil(30),
        }
    }

    /// The message that is printed before it begins.
    fn announcement(&self) -> String {
        let compiling = match self {
            Self::Save { release: true, .. } | Self::Peers { release: true, .. } => 20,
            _ => 10,
        };
        let edits = match self {
            Self::Save { edits, .. } | Self::Preflight { edits } => {
                format!(", with {edits} edits for each module")
            }
            Self::Peers { edits, .. } => format!(", with {edits} edits for each example"),
            Self::Guard | Self::Size | Self::State => String::new(),
        };
        format!(
            "this takes about {} minutes on two cores{edits}; if the tool is not compiled yet, about {compiling} minutes more",
            self.minutes()
        )
    }
}

fn main() -> ExitCode {
    let task = Arguments::parse().task;
    if let Task::Bench { what } = &task {
        eprintln!("xtask: {}", what.announcement());
    }
    run(steps(task))
}

/// What a task does. Each can be the first one in a fresh clone, so each begins with what it needs.
fn steps(task: Task) -> Vec<Step> {
    match task {
        Task::Test { filter, frameworks: true } => {
            let mut steps = prepare::for_browser();
            steps.push(suites::frameworks(filter.as_deref()));
            steps
        }
        Task::Test { filter, frameworks: false } => {
            let mut steps = prepare::for_tests();
            steps.extend(suites::tests(filter.as_deref()));
            steps.push(suites::frameworks(filter.as_deref()));
            steps
        }
        Task::Cases { filter } => {
            let mut steps = prepare::for_browser();
            steps.push(suites::cases(filter.as_deref()));
            steps
        }
        Task::Ci => {
            let mut steps = prepare::for_lints();
            steps.extend(prepare::for_tests());
            steps.extend(suites::lints());
            steps.extend(suites::tests(None));
            steps.push(suites::frameworks(None));
            steps
        }
        Task::Bench { what: Measurement::Save { edits, release } } => {
            let edits = edits.to_string();
            measured("bench: save", "bench-save", release, &["--edits", &edits])
        }
        Task::Bench { what: Measurement::Peers { edits, release } } => {
            let edits = edits.to_string();
            measured("bench: peers", "bench-peers", release, &["--edits", &edits])
        }
        Task::Bench { what: Measurement::Guard } => {
            measured("bench: guard", "bench-guard", false, &[])
        }
        Task::Bench { what: Measurement::Size } => {
            measured("bench: size", "bench-size", false, &[])
        }
        Task::Bench { what: Measurement::State } => {
            measured("bench: state", "bench-state", false, &[])
        }
        Task::Bench { what: Measurement::Preflight { edits } } => {
            let edits = edits.to_string();
            measured("bench: preflight", "bench-preflight", false, &["--edits", &edits])
        }
        Task::Corpus { folder } => {
            let tool = program::cargo(&["build", "--quiet", "--package", "hmr-tests", "--bins"]);
            let build = Step::program("build: tool", tool);
            vec![build, Step::function("corpus", move || corpus::run(&folder))]
        }
        Task::Screenshot => measured("screenshot", "screenshot", false, &["docs/images"]),
    }
}

/// The steps of a task that uses the real tool in a browser.
fn measured(name: &str, program: &str, release: bool, arguments: &[&str]) -> Vec<Step> {
    let mut steps = prepare::for_browser();
    steps.extend(suites::with_tool(name, program, release, arguments));
    steps
}

/// Runs all the steps, also those after a failed one, and closes with how long each took and a line that counts them.
fn run(steps: Vec<Step>) -> ExitCode {
    let total = steps.len();
    let (mut failed, mut times) = (Vec::new(), Vec::new());
    for step in steps {
        eprintln!("\n==> {}", step.name);
        let name = step.name.clone();
        let started = Instant::now();
        if let Err(problem) = step.run() {
            eprintln!("error: {name}: {problem}");
            failed.push(name.clone());
        }
        times.push((name, started.elapsed().as_secs()));
    }
    eprintln!();
    for (name, seconds) in times {
        eprintln!("{seconds:>6} s  {name}");
    }
    if failed.is_empty() {
        eprintln!("\nxtask: all {total} steps passed");
        return ExitCode::SUCCESS;
    }
    eprintln!("\nxtask: {} of {total} steps failed: {}", failed.len(), failed.join(", "));
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&str]) -> Vec<String> {
        let arguments = Arguments::parse_from(["xtask"].iter().chain(arguments));
        steps(arguments.task).into_iter().map(|step| step.name).collect()
    }

    #[test]
    fn every_task_that_uses_the_tool_prepares_what_it_needs() {
        for arguments in [
            &["bench", "save"][..],
            &["bench", "save", "--release"],
            &["bench", "peers"],
            &["bench", "guard"],
            &["bench", "size"],
            &["bench", "state"],
            &["bench", "preflight"],
            &["screenshot"],
        ] {
            let names = names(arguments);
            let order = ["install Chromium", "install the wasm32 standard library", "build: tool"];
            assert_eq!(names[..3], order, "{arguments:?}");
            assert_eq!(names.len(), 4, "{arguments:?}");
        }
    }

    #[test]
    fn the_time_of_a_measurement_depends_on_its_edits() {
        let announcement = |arguments: &[&str]| {
            let arguments = ["xtask", "bench"].iter().chain(arguments);
            let Task::Bench { what } = Arguments::parse_from(arguments).task else {
                panic!("a measurement")
            };
            what.announcement()
        };
        let save = "this takes about 13 minutes on two cores, with 20 edits for each module; \
            if the tool is not compiled yet, about 10 minutes more";
        assert_eq!(announcement(&["save"]), save);
        let long = announcement(&["save", "--release", "--edits", "100"]);
        assert!(long.contains("about 33 minutes") && long.contains("about 20 minutes"), "{long}");
        assert!(announcement(&["guard"]).starts_with("this takes about 2 minutes on two cores; "));
        assert!(
            announcement(&["preflight"]).contains("about 3 minutes on two cores, with 20 edits")
        );
        assert!(Arguments::try_parse_from(["xtask", "bench", "save", "--edits", "0"]).is_err());
    }

    #[test]
    fn every_suite_runs_after_what_it_needs() {
        for arguments in [&["test"][..], &["test", "swap"], &["ci"]] {
            let names = names(arguments);
            let last_install = names.iter().rposition(|name| name.starts_with("install "));
            let first_suite = names.iter().position(|name| !name.starts_with("install "));
            assert!(last_install < first_suite, "{names:?}");
            assert!(names.iter().any(|name| name == "install the client's tools"), "{names:?}");
        }
    }
}

//! Hooks: commands of a project that run while it is built, as Trunk runs them.
//!
//! All hooks of a stage run at once, in the folder of the project, with the variables that Trunk sets and the environment of
//! [`environment`]. Each ends with all that it started when its [`CancelToken`] is cancelled.

use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;

use camino::Utf8Path;
use hmr_trunk::{Config, Hook, Stage};

use crate::process::{self, CancelToken, Ended};
use crate::tail::Tail;
use crate::{Failure, environment};

/// How the hooks of a stage ended.
#[derive(Debug)]
pub enum HookOutcome {
    /// All have succeeded, or there are none.
    Passed,
    /// One has not, or could not be started; the diagnostic is the end of its output.
    Failed(Failure),
    /// The token was cancelled.
    Cancelled,
}

/// Runs the hooks of a stage. Blocks until all have ended, or were cancelled. What they write into `staging`, a folder that exists, is
/// served.
#[must_use]
pub fn run_hooks(
    config: &Config,
    stage: Stage,
    staging: &Utf8Path,
    cancel: &CancelToken,
) -> HookOutcome {
    let hooks = config.hooks.iter().filter(|hook| hook.stage == stage);
    let outcomes: Vec<HookOutcome> = thread::scope(|scope| {
        let start = |hook| scope.spawn(move || run(config, hook, staging, &cancel.child()));
        let running: Vec<_> = hooks.map(start).collect();
        // A hook whose thread has panicked has not succeeded.
        running.into_iter().map(|hook| hook.join().unwrap_or(HookOutcome::Cancelled)).collect()
    });
    let is_failure = |outcome: &HookOutcome| !matches!(outcome, HookOutcome::Passed);
    outcomes.into_iter().find(is_failure).unwrap_or(HookOutcome::Passed)
}

fn run(config: &Config, hook: &Hook, staging: &Utf8Path, cancel: &CancelToken) -> HookOutcome {
    let mut command = Command::new(&hook.command);
    environment::clean(&mut command);
    command.args(&hook.arguments).current_dir(&config.folder);
    command.envs(config.hook_environment(staging));
    let output = Mutex::new(Tail::default());
    let push = |bytes: &[u8]| output.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
    let mut on_line = |line: &str| push(format!("{line}\n").as_bytes());
    let ended =
        process::run(command, cancel, None, |stdout| Tail::read(stdout, push), &mut on_line);
    let reason = match ended {
        Ok(Ended::Cancelled | Ended::Late) => return HookOutcome::Cancelled,
        Ok(Ended::Exited { success: true, .. }) => return HookOutcome::Passed,
        Ok(Ended::Exited { success: false, .. }) => {
            let text = output.into_inner().unwrap_or_else(PoisonError::into_inner).text();
            let text = text.trim_end();
            if text.is_empty() { "it printed nothing".to_owned() } else { text.to_owned() }
        }
        Err(error) => format!(
            "it could not be started: {error}\nhint: install the program, or correct `command` of the hook; a shell's line is written as `command = \"sh\"` with `command_arguments = [\"-c\", \"…\"]`"
        ),
    };
    let line = std::iter::once(&hook.command).chain(&hook.arguments);
    let line = line.map(String::as_str).collect::<Vec<_>>().join(" ");
    let title = format!("a hook of the stage `{}` failed", hook.stage.name());
    HookOutcome::Failed(Failure::plain(&title, &format!("`{line}` failed\n{reason}")))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn config(hooks: &str) -> (tempfile::TempDir, Config) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("Trunk.toml"), hooks).expect("a file");
        let path = Utf8Path::from_path(folder.path()).expect("UTF-8");
        let config = Config::read(path, None, std::iter::empty()).expect("settings");
        (folder, config)
    }

    fn shell(stage: &str, line: &str) -> String {
        format!(
            "[[hooks]]\nstage = \"{stage}\"\ncommand = \"sh\"\ncommand_arguments = [\"-c\", '''{line}''']\n"
        )
    }

    fn failure(hooks: &str) -> Failure {
        let (folder, config) = config(hooks);
        let staging = Utf8Path::from_path(folder.path()).expect("UTF-8");
        match run_hooks(&config, Stage::Build, staging, &CancelToken::new()) {
            HookOutcome::Failed(failure) => failure,
            other => panic!("it fails: {other:?}"),
        }
    }

    #[test]
    fn hooks_run_in_the_folder_of_the_project_with_the_variables_of_trunk() {
        let line = "echo $TRUNK_PROFILE $TRUNK_HTML_FILE $TRUNK_SOURCE_DIR $TRUNK_DIST_DIR $TRUNK_PUBLIC_URL > $TRUNK_STAGING_DIR/out; pwd >> $TRUNK_STAGING_DIR/out";
        let (folder, config) = config(&(shell("pre_build", line) + &shell("build", "exit 1")));
        let staging = config.folder.join("staging");
        std::fs::create_dir(&staging).expect("a folder");
        let outcome = run_hooks(&config, Stage::PreBuild, &staging, &CancelToken::new());
        assert!(matches!(outcome, HookOutcome::Passed), "{outcome:?}");
        let text = std::fs::read_to_string(staging.join("out")).expect("it was written");
        let here = folder.path().display();
        assert_eq!(text, format!("debug {here}/index.html {here} {here}/dist /\n{here}\n"));
    }

    #[test]
    fn a_failure_shows_what_the_hook_has_printed() {
        let line = "echo one; echo two >&2; exit 3";
        let failure = failure(&(shell("build", "true") + &shell("build", line)));
        assert_eq!(failure.title, "a hook of the stage `build` failed");
        let rendered = &failure.diagnostics[0].rendered;
        assert!(rendered.starts_with("`sh -c echo one;"), "{rendered}");
        assert!(rendered.contains("one") && rendered.contains("two"), "{rendered}");
    }

    #[test]
    fn a_program_that_is_missing_says_what_to_do() {
        let failure = failure("[[hooks]]\nstage = \"build\"\ncommand = \"no-such-program\"\n");
        let rendered = &failure.diagnostics[0].rendered;
        assert!(rendered.contains("it could not be started") && rendered.contains("hint: "));
    }

    #[test]
    fn all_hooks_of_a_stage_end_when_they_are_cancelled() {
        let line = |name: &str| shell("build", &format!("mkfifo {name}; echo > {name}; sleep 600"));
        let (_folder, config) = config(&(line("a") + &line("b")));
        let cancel = CancelToken::new();
        let token = cancel.clone();
        let folder = config.folder.clone();
        let hooks = thread::spawn(move || run_hooks(&config, Stage::Build, &config.folder, &token));
        for name in ["a", "b"] {
            while !folder.join(name).exists() {
                thread::yield_now();
            }
            std::fs::read(folder.join(name)).expect("a pipe");
        }
        cancel.cancel();
        let outcome = hooks.join().expect("they end");
        assert!(matches!(outcome, HookOutcome::Cancelled), "{outcome:?}");
        let outcome = run_hooks_of_cancelled(&cancel);
        assert!(matches!(outcome, HookOutcome::Cancelled), "{outcome:?}");
    }

    fn run_hooks_of_cancelled(cancel: &CancelToken) -> HookOutcome {
        let (_folder, config) = config(&shell("build", "true"));
        run_hooks(&config, Stage::Build, &config.folder, cancel)
    }
}

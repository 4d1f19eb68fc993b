//! The supervisor: a process that stands between the tool and a command.
//!
//! Its standard input is one end of a socket, whose other end the tool holds. Over it the supervisor says whether the command has
//! started; and when it is closed, by the tool or because the tool is gone, the supervisor ends the command and all that
//! descends from it. On Linux it finds them wherever they are: it is the parent of those that have lost theirs. Elsewhere it
//! ends its process group. When the command has ended, so does what that left behind, and the supervisor gives its exit code.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, OnceLock};

use super::run::Group;

/// The first argument of a supervisor.
const SUPERVISE: &str = "hmr-supervise";

/// The exit code of a supervisor that had to end its command.
const ENDED: i32 = 137;

/// The executable that supervises; unknown in a program that cannot.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// A command that a supervisor runs.
#[derive(Debug)]
pub(super) struct Supervised {
    supervisor: Child,
    /// Closing it ends the command.
    line: UnixStream,
}

/// Starts a command through a supervisor, if this program can supervise.
pub(super) fn start(command: &Command, group: Group) -> Option<io::Result<Supervised>> {
    PROGRAM.get().map(|program| Supervised::start(program, command, group))
}

impl Supervised {
    fn start(program: &PathBuf, command: &Command, group: Group) -> io::Result<Self> {
        let (line, other) = UnixStream::pair()?;
        let mut supervisor = Command::new(program);
        supervisor.arg0("cargo-hmr").arg(SUPERVISE).arg(command.get_program());
        supervisor.args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => supervisor.env(name, value),
                None => supervisor.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            supervisor.current_dir(folder);
        }
        // Elsewhere than on Linux the group is what can be ended.
        if group == Group::Own || cfg!(not(target_os = "linux")) {
            supervisor.process_group(0);
        }
        supervisor.stdin(OwnedFd::from(other)).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(Self { supervisor: supervisor.spawn()?, line })
    }

    pub(super) fn pipes(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.supervisor.stdout.take(), self.supervisor.stderr.take())
    }

    pub(super) fn end(&self) {
        // It fails if the supervisor has ended already.
        _ = self.line.shutdown(std::net::Shutdown::Both);
    }

    /// Waits for the end. Tells whether the command has succeeded.
    pub(super) fn wait(&mut self) -> io::Result<bool> {
        let status = self.supervisor.wait()?;
        let mut code = [0; 4];
        // One that was ended at once has said nothing.
        match self.line.read_exact(&mut code).map(|()| i32::from_le_bytes(code)) {
            Ok(0) | Err(_) => Ok(status.success()),
            Ok(code) => Err(io::Error::from_raw_os_error(code)),
        }
    }
}

pub(super) fn supervise_if_asked() -> Option<ExitCode> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.split_first() {
        Some((first, [program, arguments @ ..])) if first == SUPERVISE => {
            Some(supervise(program, arguments))
        }
        _ => {
            // The file may have been replaced by another build since this process was started.
            let own = PathBuf::from("/proc/self/exe");
            let own = if own.exists() { Some(own) } else { std::env::current_exe().ok() };
            if let Some(own) = own {
                // Set once already in a program that calls this twice.
                _ = PROGRAM.set(own);
            }
            None
        }
    }
}

/// The work of a supervisor.
fn supervise(program: &OsStr, arguments: &[OsString]) -> ExitCode {
    // A signal that is meant for the tool does not end the supervisor, which outlives it by a moment.
    for signal in
        [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP]
    {
        _ = signal_hook::flag::register(signal, Arc::default());
    }
    family::adopt();
    let Ok(mut line) = socket_at_stdin() else { return ExitCode::FAILURE };
    let child = Command::new(program).args(arguments).stdin(Stdio::null()).spawn();
    let code = child.as_ref().err().map_or(0, |error| error.raw_os_error().unwrap_or(-1));
    // A tool that is gone hears nothing, and is noticed below.
    _ = line.write_all(&code.to_le_bytes());
    let Ok(mut child) = child else { return ExitCode::FAILURE };
    std::thread::spawn(move || {
        // The tool says nothing: reading ends when the line is closed.
        _ = io::copy(&mut line, &mut io::sink());
        family::end();
        std::process::exit(ENDED);
    });
    let status = child.wait();
    family::end_rest();
    status.map_or(ExitCode::FAILURE, exit_code)
}

fn socket_at_stdin() -> io::Result<UnixStream> {
    use std::os::fd::AsFd as _;
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().map_or(ENDED, |code| code & 0xff);
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// What descends from this process.
#[cfg(target_os = "linux")]
mod family {
    use std::collections::BTreeMap;
    use std::fs;
    use std::time::{Duration, Instant};

    use nix::sys::prctl::set_child_subreaper;
    use nix::sys::signal::{Signal, kill};
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    use nix::unistd::{Pid, getpid};

    /// How long ending everything may take: what the system itself holds back ends later, by itself.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// Becomes the parent of all descendants that lose theirs.
    pub(super) fn adopt() {
        // Since Linux 3.4; before it, only those are found whose parents live.
        _ = set_child_subreaper(true);
    }

    /// Ends all descendants.
    pub(super) fn end() {
        let begin = Instant::now();
        // Those that were started since the last look have a parent that is gone by now.
        while begin.elapsed() < PATIENCE {
            let found = descendants();
            if found.is_empty() {
                return;
            }
            for pid in found {
                // It may have ended by itself.
                _ = kill(pid, Signal::SIGKILL);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Ends what the command has left behind.
    pub(super) fn end_rest() {
        // Most leave nothing, which is known without a look at all processes.
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            if status == WaitStatus::StillAlive {
                return end();
            }
        }
    }

    struct Process {
        parent: i32,
        session: i32,
        dead: bool,
    }

    /// All living processes of this session that descend from this one.
    fn descendants() -> Vec<Pid> {
        let all: BTreeMap<i32, Process> = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(|pid: i32| Some((pid, look(pid)?)))
            .collect();
        let own = getpid().as_raw();
        let Some(session) = all.get(&own).map(|process| process.session) else { return Vec::new() };
        let descends = |mut pid: i32| {
            // Parents may change while they are read: as many steps as there are processes are enough.
            for _ in 0..all.len() {
                match all.get(&pid) {
                    Some(process) if process.parent == own => return true,
                    Some(process) => pid = process.parent,
                    None => return false,
                }
            }
            false
        };
        let is_ours = |process: &Process| !process.dead && process.session == session;
        let found = all.iter().filter(|(pid, process)| is_ours(process) && descends(**pid));
        found.map(|(pid, _)| Pid::from_raw(*pid)).collect()
    }

    /// Reads `pid (name) state parent group session …`; a name may hold anything.
    fn look(pid: i32) -> Option<Process> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        let session = fields.nth(1)?.parse().ok()?;
        Some(Process { parent, session, dead: matches!(state, "Z" | "X") })
    }
}

/// What is in the process group of this process.
#[cfg(not(target_os = "linux"))]
mod family {
    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::getpgrp;

    pub(super) fn adopt() {}

    /// Ends the group, this process too.
    pub(super) fn end() {
        _ = killpg(getpgrp(), Signal::SIGKILL);
    }

    /// The exit code is still to be told.
    pub(super) fn end_rest() {}
}

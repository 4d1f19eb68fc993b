//! The supervisor: a process between the tool and a command.
//!
//! Its standard input is one end of a socket; the tool holds the other. Over it the supervisor reports whether the command has
//! started; and when it is closed, by the tool or because the tool has ended, the supervisor ends the command and all its
//! descendants. On Linux it finds them in any process group: it becomes the parent of those whose parent has ended. Elsewhere the
//! command is in a process group of its own, and it ends that. When the command ends, its remaining processes are ended too, and
//! the supervisor returns its exit code.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, OnceLock};

#[cfg(target_os = "linux")]
use self::descendants as family;
#[cfg(not(target_os = "linux"))]
use self::process_group as family;
use super::Group;

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
    connection: UnixStream,
}

/// Starts a command through a supervisor, if this program can supervise.
pub(super) fn start(command: &Command, group: Group) -> Option<io::Result<Supervised>> {
    PROGRAM.get().map(|program| Supervised::start(program, command, group))
}

impl Supervised {
    fn start(program: &PathBuf, command: &Command, group: Group) -> io::Result<Self> {
        let (connection, other) = UnixStream::pair()?;
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
        if group == Group::Own {
            supervisor.process_group(0);
        }
        supervisor.stdin(OwnedFd::from(other)).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(Self { supervisor: supervisor.spawn()?, connection })
    }

    pub(super) fn pipes(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.supervisor.stdout.take(), self.supervisor.stderr.take())
    }

    pub(super) fn end(&self) {
        // It fails if the supervisor has ended already.
        _ = self.connection.shutdown(std::net::Shutdown::Both);
    }

    /// Waits for the end. Returns whether the command succeeded.
    pub(super) fn wait(&mut self) -> io::Result<bool> {
        let status = self.supervisor.wait()?;
        let mut code = [0; 4];
        // A supervisor that was ended at once has sent nothing.
        match self.connection.read_exact(&mut code).map(|()| i32::from_le_bytes(code)) {
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
    // A signal that is meant for the tool does not end the supervisor, which ends shortly after the tool.
    for signal in
        [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP]
    {
        _ = signal_hook::flag::register(signal, Arc::default());
    }
    let Ok(mut connection) = socket_at_stdin() else { return ExitCode::FAILURE };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let child = family::start(&mut command);
    let code = child.as_ref().err().map_or(0, |error| error.raw_os_error().unwrap_or(-1));
    // If the tool has ended, this fails, and that is noticed below.
    _ = connection.write_all(&code.to_le_bytes());
    let Ok((mut child, family)) = child else { return ExitCode::FAILURE };
    std::thread::spawn(move || {
        // The tool sends nothing: reading ends when the connection is closed.
        _ = io::copy(&mut connection, &mut io::sink());
        family.end();
        std::process::exit(ENDED);
    });
    let status = child.wait();
    family.end_rest();
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

/// Ends all that descends from this process.
#[cfg(target_os = "linux")]
mod descendants {
    use std::collections::BTreeMap;
    use std::process::{Child, Command};
    use std::time::{Duration, Instant};
    use std::{fs, io};

    use nix::sys::prctl::set_child_subreaper;
    use nix::sys::signal::{Signal, kill};
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    use nix::unistd::{Pid, getpid};

    /// How long ending everything may take: processes that the system holds back end later.
    const LIMIT: Duration = Duration::from_secs(5);

    /// The descendants of a process.
    #[derive(Clone, Copy)]
    pub(super) struct Family {
        ancestor: Pid,
    }

    /// Starts a command, and becomes the parent of all descendants whose parent ends.
    pub(super) fn start(command: &mut Command) -> io::Result<(Child, Family)> {
        // Since Linux 3.4; before it, only those are found whose parents live.
        _ = set_child_subreaper(true);
        Ok((command.spawn()?, Family { ancestor: getpid() }))
    }

    impl Family {
        /// Ends all of them.
        pub(super) fn end(self) {
            let begin = Instant::now();
            // More may have been started since they were listed; their parents have ended by then.
            while begin.elapsed() < LIMIT {
                let found = descendants(self.ancestor.as_raw());
                if found.is_empty() {
                    return;
                }
                for pid in found {
                    // It may have ended already.
                    _ = kill(pid, Signal::SIGKILL);
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }

        /// Ends the processes that the command left running.
        pub(super) fn end_rest(self) {
            // Most commands leave nothing, which can be found out without listing all processes.
            while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                if status == WaitStatus::StillAlive {
                    return self.end();
                }
            }
        }
    }

    struct Process {
        parent: i32,
        session: i32,
        dead: bool,
    }

    /// All living processes that descend from this one, and are of its session.
    fn descendants(own: i32) -> Vec<Pid> {
        let all: BTreeMap<i32, Process> = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(|pid: i32| Some((pid, look(pid)?)))
            .collect();
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

/// Ends a process group: that of the command, so the supervisor is not in it and can still return the exit code. A process that
/// has gone into another group is not found.
#[cfg(any(test, not(target_os = "linux")))]
mod process_group {
    use std::io;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command};

    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::Pid;

    /// The group of a command.
    #[derive(Clone, Copy)]
    pub(super) struct Family {
        group: Pid,
    }

    /// Starts a command in a group of its own.
    pub(super) fn start(command: &mut Command) -> io::Result<(Child, Family)> {
        let child = command.process_group(0).spawn()?;
        let group = i32::try_from(child.id()).map_err(io::Error::other)?;
        Ok((child, Family { group: Pid::from_raw(group) }))
    }

    impl Family {
        /// Ends all of it.
        pub(super) fn end(self) {
            // It may have ended already.
            _ = killpg(self.group, Signal::SIGKILL);
        }

        /// Ends the processes that the command left running. As long as there are any, the number of the group is not reused.
        pub(super) fn end_rest(self) {
            self.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::process::{Command, Stdio};
    use std::sync::mpsc;
    use std::time::Duration;

    use super::process_group;

    /// The output of a shell's line, once no process can write to it any more, and the exit code of the line.
    fn run(line: &str, end: bool) -> (String, Option<i32>) {
        let mut command = Command::new("sh");
        command.args(["-c", line]).stdout(Stdio::piped());
        let (mut child, family) = process_group::start(&mut command).expect("a shell runs");
        let mut stdout = child.stdout.take().expect("a pipe");
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut byte = [0];
            stdout.read_exact(&mut byte).expect("the line writes first");
            sender.send(String::new()).expect("it is waited for");
            let mut rest = String::new();
            stdout.read_to_string(&mut rest).expect("text");
            _ = sender.send(rest);
        });
        let next = || receiver.recv_timeout(Duration::from_secs(20)).expect("the output ends");
        next();
        if end {
            family.end();
        }
        let status = child.wait().expect("it ends");
        family.end_rest();
        (next(), status.code())
    }

    #[test]
    fn what_a_command_leaves_in_its_group_ends_with_it_and_its_exit_code_stays() {
        let line = "sleep 600 & (sleep 600) & echo \" done\"; exit 3";
        assert_eq!(run(line, false), ("done\n".to_owned(), Some(3)));
    }

    #[test]
    fn a_command_is_ended_with_its_group() {
        assert_eq!(run("sleep 600 & echo; sleep 600; exit 3", true), (String::new(), None));
    }
}

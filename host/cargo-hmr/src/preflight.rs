//! Preflight: rehearsals of swaps, in the process `hmr-preflight`.
//!
//! The input is versions as they are built, and requests of pages; the output is [`PreflightEvent`]s, with one verdict for each request.
//! A thread owns the process and everything about it, so that neither the dev loop nor a page ever waits for it.
//!
//! Preflight is a convenience: if the program is missing or does not build, one warning is reported,
//! requests are answered with `skipped`, and pages are no longer asked to wait ([`PreflightEvent::Ready`]). A process that died, or does
//! not answer and is ended, is started again, with growing pauses as long as it keeps dying.

mod find;
mod process;
mod supervisor;
mod watch;

use std::{sync::mpsc, thread, time::Instant};

use axum::body::Bytes;
use hmr_protocol::preflight::Answer;

use self::supervisor::Supervisor;
use hmr_protocol::{ModuleState, Rehearse, Verdict};

/// A report to the dev loop.
#[derive(Debug)]
pub enum PreflightEvent {
    /// Whether pages should ask for rehearsals, whenever that changes.
    Ready(bool),
    /// Progress, for people: swaps are not rehearsed yet, or are from now on.
    State {
        /// Whether swaps are rehearsed now.
        ready: bool,
        /// The progress.
        message: String,
    },
    /// Swaps are not rehearsed, and why.
    Unavailable {
        /// Why, and what to do.
        message: String,
    },
    /// The answer to a page.
    Verdict {
        /// The page's connection.
        page: String,
        /// It.
        verdict: Verdict,
    },
}

/// The handle of the thread that owns the process. Both end when it is dropped.
#[derive(Debug)]
pub struct Preflight {
    work: mpsc::Sender<Work>,
    thread: Option<thread::JoinHandle<()>>,
}

/// What the thread waits for.
enum Work {
    /// Find the program, or build it.
    Begin,
    Found(Result<std::path::PathBuf, String>),
    /// The build of the program waits for this.
    Waits(String),
    Version(Version),
    Learn(ModuleState),
    Rehearse {
        page: String,
        request: Rehearse,
        bytes: Option<Bytes>,
        asked: Instant,
    },
    /// The process of this number has sent an answer, or has ended.
    Said {
        process: u64,
        answer: Option<Answer>,
    },
    Stop,
}

struct Version {
    module: String,
    hash: String,
    bytes: Bytes,
    /// How many processes ended over a rehearsal of it.
    deaths: u32,
}

impl Preflight {
    /// Starts the thread. The process is started after [`Preflight::begin`].
    #[must_use]
    pub fn new(emit: impl Fn(PreflightEvent) + Send + 'static) -> Self {
        let (work, inbox) = mpsc::channel();
        let supervisor = Supervisor::new(Box::new(emit), work.clone());
        let thread = thread::spawn(move || supervisor.run(&inbox));
        Self { work, thread: Some(thread) }
    }

    /// Finds the program, or builds it, and starts it. For when the first build of the application is over.
    pub fn begin(&self) {
        self.send(Work::Begin);
    }

    /// Hands a version over, so that it is compiled before a page asks for it.
    pub fn version(&self, module: &str, hash: &str, bytes: Bytes) {
        let (module, hash) = (module.to_owned(), hash.to_owned());
        self.send(Work::Version(Version { module, hash, bytes, deaths: 0 }));
    }

    /// Shows the state of a module in a page, from which is learned what its rehearsals will be about.
    pub fn learn(&self, state: ModuleState) {
        self.send(Work::Learn(state));
    }

    /// Rehearses for a page; `bytes` are those of the version, if they are still there.
    pub fn rehearse(&self, page: String, request: Rehearse, bytes: Option<Bytes>) {
        self.send(Work::Rehearse { page, request, bytes, asked: Instant::now() });
    }

    fn send(&self, work: Work) {
        // The thread ends before its handle only if it panicked; nothing hangs on it then.
        _ = self.work.send(work);
    }
}

impl Drop for Preflight {
    fn drop(&mut self) {
        self.send(Work::Stop);
        // What it started ends with it, and not after the tool.
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

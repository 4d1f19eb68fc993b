//! Preflight: rehearsals of swaps, in the process `hmr-preflight`.
//!
//! The input is versions as they are built, and requests of pages; the output is [`PreflightEvent`]s, with one verdict for each request.
//! A thread ([`worker`]) owns the process, so that the dev loop never waits for it.
//!
//! Preflight is a convenience: if the program is missing or does not build, one warning is reported,
//! requests are answered with `skipped`, and pages no longer wait ([`PreflightEvent::Ready`]). A process that crashed, or was
//! ended because it did not answer, is restarted, with growing pauses between crashes.

mod find;
mod health;
mod process;
mod worker;

use std::{sync::mpsc, thread, time::Instant};

use axum::body::Bytes;
use hmr_protocol::preflight::Answer;

use self::worker::Worker;
use hmr_protocol::{ModuleState, Rehearse, Verdict};

/// A report to the dev loop.
#[derive(Debug)]
pub enum PreflightEvent {
    /// Whether pages should request rehearsals; sent whenever that changes.
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
        /// The verdict.
        verdict: Verdict,
    },
}

/// The handle of the thread that owns the process. Both end when it is dropped.
#[derive(Debug)]
pub struct Preflight {
    messages: mpsc::Sender<Message>,
    thread: Option<thread::JoinHandle<()>>,
}

/// A message to the thread.
enum Message {
    /// Find the program, or build it.
    Begin,
    ProgramBuilt(Result<std::path::PathBuf, String>),
    /// The build of the program waits for something, for instance a lock.
    BuildWaits(String),
    Version(Version),
    Learn(ModuleState),
    Rehearse {
        page: String,
        request: Rehearse,
        bytes: Option<Bytes>,
        requested: Instant,
    },
    /// The process of this number has sent an answer, or has ended.
    Received {
        process: u64,
        answer: Option<Answer>,
    },
    Stop,
}

struct Version {
    module: String,
    hash: String,
    bytes: Bytes,
    /// How many processes ended while they rehearsed it.
    crashes: u32,
}

impl Preflight {
    /// Starts the thread. The process is started after [`Preflight::begin`].
    #[must_use]
    pub fn new(emit: impl Fn(PreflightEvent) + Send + 'static) -> Self {
        let (messages, inbox) = mpsc::channel();
        let worker = Worker::new(Box::new(emit), messages.clone());
        let thread = thread::spawn(move || worker.run(&inbox));
        Self { messages, thread: Some(thread) }
    }

    /// Finds the program, or builds it, and starts it. Call it when the first build of the application has ended.
    pub fn begin(&self) {
        self.send(Message::Begin);
    }

    /// Passes on a version, so that it is compiled before a page requests a rehearsal of it.
    pub fn version(&self, module: &str, hash: &str, bytes: Bytes) {
        let (module, hash) = (module.to_owned(), hash.to_owned());
        self.send(Message::Version(Version { module, hash, bytes, crashes: 0 }));
    }

    /// Passes on the state of a module in a page, so that rehearsals of it can be prepared.
    pub fn learn(&self, state: ModuleState) {
        self.send(Message::Learn(state));
    }

    /// Rehearses for a page; `bytes` are those of the version, if they are still kept.
    pub fn rehearse(&self, page: String, request: Rehearse, bytes: Option<Bytes>) {
        self.send(Message::Rehearse { page, request, bytes, requested: Instant::now() });
    }

    fn send(&self, message: Message) {
        // The thread ends before its handle only if it panicked.
        _ = self.messages.send(message);
    }
}

impl Drop for Preflight {
    fn drop(&mut self) {
        self.send(Message::Stop);
        // The processes that it started must end with the tool.
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

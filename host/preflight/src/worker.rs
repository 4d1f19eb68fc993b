//! The process itself: versions that are kept compiled, and the answers to requests.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Read, Write};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use hmr_abi::state::{Snapshot, TransformOp};
use hmr_abi::text::cut_owned;
use hmr_protocol::preflight::{Answer, KEPT, PROTOCOL, Request, read_frame, write_frame};
use hmr_protocol::{RehearsalOutcome as Outcome, SwapStep};
use hmr_rehearsal::{Rehearsal, RehearsalFailure, Rehearser, Trace, TraceRequest, Version};

/// How many states of one version are checked for functions that no trace has found.
const MOST_CHECKS: u32 = 500;

/// As how many checks a trace counts.
const CHECKS_OF_TRACE: u32 = 25;

/// What the process waits for.
enum Incoming {
    /// A request and its bytes; nothing at the end.
    Request(io::Result<Option<(Request, Vec<u8>)>>),
    /// A trace of this module has ended. Of one that failed there is nothing; the reason shows again in a rehearsal.
    Trace(String, Option<Trace>),
}

/// Answers requests until their end. Traces run at the same time, on a thread of their own.
///
/// # Errors
/// The error of the reader or the writer, or that wasmtime does not run here.
pub fn serve(
    mut from: impl Read + Send + 'static,
    to: impl Write + Send + 'static,
) -> io::Result<()> {
    let rehearser = Rehearser::new().map_err(io::Error::other)?;
    let to = Arc::new(Mutex::new(to));
    write(&to, &Answer::Ready { protocol: PROTOCOL })?;
    let (incoming, inbox) = mpsc::channel();
    let traces = tracer(incoming.clone());
    let pongs = Arc::clone(&to);
    thread::spawn(move || {
        loop {
            let read = match read_frame::<Request>(&mut from) {
                // Answered at once, even during other work.
                Ok(Some((Request::Ping, _))) => match write(&pongs, &Answer::Pong) {
                    Ok(()) => continue,
                    Err(error) => Err(error),
                },
                read => read,
            };
            let last = !matches!(read, Ok(Some(_)));
            if incoming.send(Incoming::Request(read)).is_err() || last {
                return;
            }
        }
    });
    let mut worker = Worker {
        rehearser,
        versions: BTreeMap::new(),
        traces,
        tracing: BTreeSet::new(),
        states: BTreeMap::new(),
        checks: BTreeMap::new(),
    };
    loop {
        // States wait until no request is pending.
        let incoming = match inbox.try_recv() {
            Ok(incoming) => incoming,
            Err(_) if worker.check_a_state() => continue,
            Err(_) => match inbox.recv() {
                Ok(incoming) => incoming,
                Err(_) => break,
            },
        };
        match incoming {
            Incoming::Request(request) => {
                let Some((request, bytes)) = request? else { break };
                if let Some(answer) = worker.answer(request, &bytes) {
                    write(&to, &answer)?;
                }
            }
            Incoming::Trace(module, trace) => worker.add_trace(&module, trace),
        }
    }
    Ok(())
}

fn write(to: &Mutex<impl Write>, answer: &Answer) -> io::Result<()> {
    write_frame(&mut *to.lock().unwrap_or_else(PoisonError::into_inner), answer, &[])
}

/// Starts the thread that runs traces.
fn tracer(ended: Sender<Incoming>) -> Sender<TraceRequest> {
    let (requests, inbox) = mpsc::channel::<TraceRequest>();
    thread::spawn(move || {
        for request in inbox {
            let module = request.module().to_owned();
            if ended.send(Incoming::Trace(module, request.run().ok())).is_err() {
                return;
            }
        }
    });
    requests
}

/// A version's hash, and the version or why it cannot be used.
type Kept = (String, Result<Version, String>);

/// What the process holds.
struct Worker {
    rehearser: Rehearser,
    /// By module, the newest last.
    versions: BTreeMap<String, VecDeque<Kept>>,
    traces: Sender<TraceRequest>,
    /// The modules that are being traced.
    tracing: BTreeSet<String>,
    /// By module, the latest state that was not checked yet: the hash of its version, and the snapshot.
    states: BTreeMap<String, (String, String)>,
    /// By module, the version whose states were checked last, and how many more checks it gets.
    checks: BTreeMap<String, (String, u32)>,
}

impl Worker {
    /// Starts a trace, unless the module is being traced already.
    fn start_trace(&mut self, request: TraceRequest) {
        if self.tracing.insert(request.module().to_owned()) {
            // The thread lives as long as the process.
            _ = self.traces.send(request);
        }
    }

    fn add_trace(&mut self, module: &str, trace: Option<Trace>) {
        self.tracing.remove(module);
        if let Some(trace) = trace {
            self.rehearser.add(trace);
        }
    }

    fn answer(&mut self, request: Request, bytes: &[u8]) -> Option<Answer> {
        match request {
            // It was answered where it was read.
            Request::Ping => None,
            Request::Version { module, hash } => {
                self.add(module, hash, bytes);
                None
            }
            Request::Learn { module, hash, snapshot } => {
                self.states.insert(module, (hash, snapshot));
                None
            }
            Request::Rehearse { id, module, hash, snapshot, transform } => {
                Some(self.rehearse(id, &module, &hash, &snapshot, transform))
            }
        }
    }

    fn add(&mut self, module: String, hash: String, bytes: &[u8]) {
        let version = self.rehearser.prepare(&module, bytes).map_err(|error| error.to_string());
        let kept = self.versions.entry(module).or_default();
        kept.retain(|(other, _)| *other != hash);
        kept.push_back((hash, version));
        while kept.len() > KEPT {
            kept.pop_front();
        }
    }

    /// Checks a state of a page, and starts a trace if a rehearsal with it would call functions that no trace has found.
    /// Returns whether there was a state to check.
    fn check_a_state(&mut self) -> bool {
        let free = |module: &&String| !self.tracing.contains(*module);
        let Some(module) = self.states.keys().find(free).cloned() else { return false };
        let Some((hash, snapshot)) = self.states.remove(&module) else { return false };
        let kept = self.versions.get_mut(&module).into_iter().flatten();
        let version =
            kept.filter(|(it, _)| *it == hash).find_map(|(_, version)| version.as_mut().ok());
        let Some(version) = version else { return true };
        let (last, left) = self.checks.entry(module).or_default();
        if *last != hash {
            (*last, *left) = (hash, MOST_CHECKS);
        }
        if *left == 0 {
            return true;
        }
        let misses = self.rehearser.misses(version, &snapshot);
        // A version whose code fails with its own state seems to miss functions, however often it is traced.
        *left = match misses {
            Some(true) => left.saturating_sub(CHECKS_OF_TRACE),
            Some(false) => *left - 1,
            None => 0,
        };
        if misses == Some(true) {
            let request = self.rehearser.trace(version, &snapshot, &[]);
            self.start_trace(request);
        }
        true
    }

    fn rehearse(
        &mut self,
        id: u64,
        module: &str,
        hash: &str,
        snapshot: &str,
        transform: serde_json::Value,
    ) -> Answer {
        let skipped = |error: String| Answer::Verdict {
            id,
            outcome: Outcome::Skipped,
            step: None,
            error: Some(cut_owned(error)),
            run_ms: 0.0,
        };
        let transform: Vec<TransformOp> = match transform {
            serde_json::Value::Null => Vec::new(),
            value => match serde_json::from_value(value) {
                Ok(transform) => transform,
                Err(error) => return skipped(format!("the transform cannot be read: {error}")),
            },
        };
        let versions = self.versions.get_mut(module);
        let version = versions.and_then(|kept| kept.iter_mut().find(|(it, _)| it == hash));
        let version = match version {
            Some((_, Ok(version))) => version,
            Some((_, Err(error))) => return skipped(error.clone()),
            None => return skipped("the version is not known".to_owned()),
        };
        let Rehearsal { failure, duration, outdated, .. } =
            self.rehearser.rehearse(version, snapshot, &transform);
        if failure.is_none() && outdated {
            let request = self.rehearser.trace(version, snapshot, &transform);
            self.start_trace(request);
        }
        let lacks_hooks = |failure: &RehearsalFailure| {
            !failure.late
                && matches!(failure.step, SwapStep::Migrate | SwapStep::Restore)
                && has_hooks(snapshot)
        };
        let (outcome, why) = match &failure {
            None => (Outcome::Passed, ""),
            // What this engine does not compile, a browser may.
            Some(failure) if failure.step == SwapStep::Prepare || failure.needs_browser => {
                (Outcome::Skipped, "")
            }
            // Hooks before the update run in the swap only, and the missing value may be one that they store.
            Some(failure) if lacks_hooks(failure) => {
                (Outcome::Skipped, "the state lacks what hooks before the update put aside: ")
            }
            Some(_) => (Outcome::Failed, ""),
        };
        let described = |failure: RehearsalFailure| {
            (failure.step, cut_owned(format!("{why}{}", failure.error)))
        };
        let (step, error) = failure.map(described).unzip();
        Answer::Verdict { id, outcome, step, error, run_ms: duration.as_secs_f64() * 1e3 }
    }
}

/// Whether the code that a snapshot was taken of has hooks before an update.
fn has_hooks(snapshot: &str) -> bool {
    serde_json::from_str::<Snapshot>(snapshot).is_ok_and(|snapshot| snapshot.hooks)
}

//! The process itself: versions that are kept compiled, and the answers to requests.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Read, Write};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use hmr_abi::state::{Snapshot, TransformOp};
use hmr_abi::text::cut_owned;
use hmr_headless::{Learned, Lesson, Rehearsal, RehearsalFailure, Stage, Version};

use hmr_protocol::preflight::{Answer, KEPT, PROTOCOL, Request, read_frame, write_frame};
use hmr_protocol::{RehearsalOutcome as Outcome, Step};

/// How many states of one version are looked at.
const MOST_LOOKS: u32 = 500;

/// As how many looks a lesson counts.
const LESSON: u32 = 25;

/// What the process waits for.
enum Incoming {
    /// A request and its bytes; nothing at the end.
    Request(io::Result<Option<(Request, Vec<u8>)>>),
    /// A lesson about this module has ended. One that failed taught nothing; the reason comes up again in a rehearsal.
    Lesson(String, Option<Learned>),
}

/// Answers requests until their end. Lessons are learned beside that, on a thread of their own.
///
/// # Errors
/// The error of the reader or the writer, or that wasmtime does not run here.
pub fn serve(
    mut from: impl Read + Send + 'static,
    to: impl Write + Send + 'static,
) -> io::Result<()> {
    let stage = Stage::new().map_err(io::Error::other)?;
    let to = Arc::new(Mutex::new(to));
    write(&to, &Answer::Ready { protocol: PROTOCOL })?;
    let (incoming, inbox) = mpsc::channel();
    let lessons = learner(incoming.clone());
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
        stage,
        versions: BTreeMap::new(),
        lessons,
        learning: BTreeSet::new(),
        states: BTreeMap::new(),
        looks: BTreeMap::new(),
    };
    loop {
        // States wait until no request is pending.
        let incoming = match inbox.try_recv() {
            Ok(incoming) => incoming,
            Err(_) if worker.look_at_a_state() => continue,
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
            Incoming::Lesson(module, learned) => worker.learned(&module, learned),
        }
    }
    Ok(())
}

fn write(to: &Mutex<impl Write>, answer: &Answer) -> io::Result<()> {
    write_frame(&mut *to.lock().unwrap_or_else(PoisonError::into_inner), answer, &[])
}

/// The thread that learns.
fn learner(learned: Sender<Incoming>) -> Sender<Lesson> {
    let (lessons, inbox) = mpsc::channel::<Lesson>();
    thread::spawn(move || {
        for lesson in inbox {
            let module = lesson.module().to_owned();
            if learned.send(Incoming::Lesson(module, lesson.learn().ok())).is_err() {
                return;
            }
        }
    });
    lessons
}

/// A version's hash, and the version or why it is none.
type Kept = (String, Result<Version, String>);

/// What the process holds.
struct Worker {
    stage: Stage,
    /// By module, the newest last.
    versions: BTreeMap<String, VecDeque<Kept>>,
    lessons: Sender<Lesson>,
    /// The modules about which a lesson is under way.
    learning: BTreeSet<String>,
    /// By module, the latest state that is yet to be looked at, with the version that it is of.
    states: BTreeMap<String, (String, String)>,
    /// By module, the version whose states were looked at last, and how often they will be yet.
    looks: BTreeMap<String, (String, u32)>,
}

impl Worker {
    /// Has a lesson learned, unless another about the same module is under way.
    fn teach(&mut self, lesson: Lesson) {
        if self.learning.insert(lesson.module().to_owned()) {
            // The thread lives as long as the process.
            _ = self.lessons.send(lesson);
        }
    }

    fn learned(&mut self, module: &str, learned: Option<Learned>) {
        self.learning.remove(module);
        if let Some(learned) = learned {
            self.stage.take(learned);
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
        let version = self.stage.prepare(&module, bytes).map_err(|error| error.to_string());
        let kept = self.versions.entry(module).or_default();
        kept.retain(|(other, _)| *other != hash);
        kept.push_back((hash, version));
        while kept.len() > KEPT {
            kept.pop_front();
        }
    }

    /// Looks at a state of a page, and learns from it if rehearsals with it would meet something new. The answer is whether
    /// there was one that could be looked at.
    fn look_at_a_state(&mut self) -> bool {
        let free = |module: &&String| !self.learning.contains(*module);
        let Some(module) = self.states.keys().find(free).cloned() else { return false };
        let Some((hash, snapshot)) = self.states.remove(&module) else { return false };
        let kept = self.versions.get_mut(&module).into_iter().flatten();
        let version =
            kept.filter(|(it, _)| *it == hash).find_map(|(_, version)| version.as_mut().ok());
        let Some(version) = version else { return true };
        let looks = self.looks.entry(module).or_default();
        if looks.0 != hash {
            *looks = (hash, MOST_LOOKS);
        }
        if looks.1 == 0 {
            return true;
        }
        let misses = self.stage.misses(version, &snapshot);
        // A version whose code fails with its own state seems to miss something, however often it is learned from.
        looks.1 = match misses {
            Some(true) => looks.1.saturating_sub(LESSON),
            Some(false) => looks.1 - 1,
            None => 0,
        };
        if misses == Some(true) {
            let lesson = self.stage.lesson(version, &snapshot, &[]);
            self.teach(lesson);
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
            self.stage.rehearse(version, snapshot, &transform);
        if failure.is_none() && outdated {
            let lesson = self.stage.lesson(version, snapshot, &transform);
            self.teach(lesson);
        }
        let lacks_hooks = |failure: &RehearsalFailure| {
            !failure.late && matches!(failure.step, "migrate" | "restore") && has_hooks(snapshot)
        };
        let (outcome, why) = match &failure {
            None => (Outcome::Passed, ""),
            // What this engine does not compile, a browser may.
            Some(failure) if failure.step == "prepare" => (Outcome::Skipped, ""),
            // Hooks before the update run in the swap only, and the missing value may be one that they store.
            Some(failure) if lacks_hooks(failure) => {
                (Outcome::Skipped, "the state lacks what hooks before the update put aside: ")
            }
            Some(_) => (Outcome::Failed, ""),
        };
        let told = |failure: RehearsalFailure| {
            (failure.step.to_owned(), cut_owned(format!("{why}{}", failure.error)))
        };
        let (step, error) = failure.map(told).unzip();
        Answer::Verdict { id, outcome, step, error, run_ms: duration.as_secs_f64() * 1e3 }
    }
}

/// Whether the code that a snapshot was taken of has hooks before an update.
fn has_hooks(snapshot: &str) -> bool {
    serde_json::from_str::<Snapshot>(snapshot).is_ok_and(|snapshot| snapshot.hooks)
}

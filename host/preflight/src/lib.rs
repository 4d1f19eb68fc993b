//! Rehearses swaps before a page makes them, in a process of its own.
//!
//! The tool starts `hmr-preflight`, sends it each version that it builds, and asks for rehearsals with the snapshots of
//! pages; [`serve`] answers. It is a process of its own because wasmtime takes minutes to compile and must not be what a
//! first start of the tool waits for, and because what a hostile module does to its memory or to wasmtime itself ends
//! there.
//!
//! Both directions carry frames ([`read_frame`], [`write_frame`]): the length of a JSON message and the length of the
//! bytes that go with it, both `u32` in little endian, then the two. Messages are [`Request`] and [`Answer`].

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::sync::mpsc::{self, Receiver, TryRecvError};

use hmr_abi::manifest::{Manifest, SECTION};
use hmr_abi::state::TransformOp;
use hmr_headless::{Rehearsal, Stage, Version};
use serde::{Deserialize, Serialize};

/// The largest part of a frame, in bytes.
const LARGEST: u32 = 256 << 20;

/// How many versions of each module are kept compiled.
const KEPT: usize = 4;

/// What the tool says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Request {
    /// A version was built. Its bytes go with the message.
    Version {
        /// The module.
        module: String,
        /// The hash of its bytes.
        hash: String,
    },
    /// A page is about to swap.
    Rehearse {
        /// What the answer is told by.
        id: u64,
        /// The module.
        module: String,
        /// The version that it would swap to.
        hash: String,
        /// The page's snapshot, as JSON text.
        snapshot: String,
        /// What the update asks to be done to the state.
        #[serde(default)]
        transform: serde_json::Value,
    },
}

/// What became of a rehearsal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The new code takes the state over.
    Passed,
    /// It does not.
    Failed,
    /// It could not be found out.
    Skipped,
}

/// What the process answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Answer {
    /// It has started.
    Ready,
    /// The answer to [`Request::Rehearse`].
    Verdict {
        /// Which one.
        id: u64,
        /// How it ended.
        outcome: Outcome,
        /// The step that failed.
        step: Option<String>,
        /// Why it failed or was skipped.
        error: Option<String>,
        /// How long it took, compiling included, in milliseconds.
        run_ms: f64,
    },
}

/// Reads a frame: a message and the bytes that go with it. Nothing at the end of the input.
///
/// # Errors
/// What the reader says; `InvalidData` for a frame that is too large or no message.
pub fn read_frame<T: serde::de::DeserializeOwned>(
    from: &mut impl Read,
) -> io::Result<Option<(T, Vec<u8>)>> {
    let mut head = [0; 8];
    match from.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let [message, bytes] =
        [0, 4].map(|at| head[at..].first_chunk().map_or(0, |four| u32::from_le_bytes(*four)));
    let (message, bytes) = (read_part(from, message)?, read_part(from, bytes)?);
    let message = serde_json::from_slice(&message)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(Some((message, bytes)))
}

fn read_part(from: &mut impl Read, len: u32) -> io::Result<Vec<u8>> {
    if len > LARGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame of more than 256 MiB"));
    }
    let mut part = Vec::new();
    let read = from.take(u64::from(len)).read_to_end(&mut part)?;
    if read == len as usize { Ok(part) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Writes a frame.
///
/// # Errors
/// What the writer says; `InvalidInput` for a frame that is too large.
pub fn write_frame(to: &mut impl Write, message: &impl Serialize, bytes: &[u8]) -> io::Result<()> {
    let message = serde_json::to_vec(message)?;
    let mut frame = Vec::with_capacity(8 + message.len() + bytes.len());
    for len in [message.len(), bytes.len()] {
        let len = u32::try_from(len).ok().filter(|len| *len <= LARGEST);
        let len = len.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        frame.extend_from_slice(&len.to_le_bytes());
    }
    frame.extend_from_slice(&message);
    frame.extend_from_slice(bytes);
    to.write_all(&frame)?;
    to.flush()
}

/// Answers requests until their end. What is only good for later is done while no request waits.
///
/// # Errors
/// What the reader or the writer says, and when wasmtime does not run here.
pub fn serve(mut from: impl Read + Send + 'static, mut to: impl Write) -> io::Result<()> {
    let mut theatre = Theatre {
        stage: Stage::new().map_err(io::Error::other)?,
        versions: BTreeMap::new(),
        unlearned: VecDeque::new(),
    };
    write_frame(&mut to, &Answer::Ready, &[])?;
    let (requests, inbox) = mpsc::channel();
    std::thread::spawn(move || {
        loop {
            let read = read_frame::<Request>(&mut from).transpose();
            let Some(read) = read else { return };
            let failed = read.is_err();
            if requests.send(read).is_err() || failed {
                return;
            }
        }
    });
    while let Some(request) = theatre.next(&inbox) {
        let (request, bytes) = request?;
        if let Some(answer) = theatre.answer(request, &bytes) {
            write_frame(&mut to, &answer, &[])?;
        }
    }
    Ok(())
}

type Read1 = io::Result<(Request, Vec<u8>)>;

/// Which functions a module needs is to be learned from this.
struct Lesson {
    module: String,
    hash: String,
    snapshot: String,
    transform: Vec<TransformOp>,
}

struct Theatre {
    stage: Stage,
    versions: BTreeMap<String, VecDeque<(String, Result<Version, String>)>>,
    unlearned: VecDeque<Lesson>,
}

impl Theatre {
    /// The next request. While there is none, a module is learned.
    fn next(&mut self, inbox: &Receiver<Read1>) -> Option<Read1> {
        loop {
            match inbox.try_recv() {
                Ok(request) => return Some(request),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            let Some(lesson) = self.unlearned.pop_front() else { return inbox.recv().ok() };
            self.learn(&lesson);
        }
    }

    fn learn(&mut self, lesson: &Lesson) {
        let versions = self.versions.get(&lesson.module);
        let version = versions
            .and_then(|kept| kept.iter().find(|(hash, _)| *hash == lesson.hash))
            .and_then(|(_, version)| version.as_ref().ok());
        if let Some(version) = version {
            // What cannot be learned is found out again, with its reason, when it is rehearsed.
            _ = self.stage.learn(version, &lesson.snapshot, &lesson.transform);
        }
    }

    fn answer(&mut self, request: Request, bytes: &[u8]) -> Option<Answer> {
        match request {
            Request::Version { module, hash } => {
                self.add(module, hash, bytes);
                None
            }
            Request::Rehearse { id, module, hash, snapshot, transform } => {
                Some(self.rehearse(id, &module, &hash, snapshot, transform))
            }
        }
    }

    fn add(&mut self, module: String, hash: String, bytes: &[u8]) {
        let version = self.stage.prepare(&module, bytes).map_err(|error| error.to_string());
        if version.is_ok() && !self.stage.knows(&module) {
            // Nobody has shown a snapshot yet; instances with nothing set make the code do most of what real ones do.
            self.unlearned.push_back(Lesson {
                module: module.clone(),
                hash: hash.clone(),
                snapshot: fresh_snapshot(bytes),
                transform: Vec::new(),
            });
        }
        let kept = self.versions.entry(module).or_default();
        kept.retain(|(other, _)| *other != hash);
        kept.push_back((hash, version));
        while kept.len() > KEPT {
            kept.pop_front();
        }
    }

    fn rehearse(
        &mut self,
        id: u64,
        module: &str,
        hash: &str,
        snapshot: String,
        transform: serde_json::Value,
    ) -> Answer {
        let skipped = |error: String| Answer::Verdict {
            id,
            outcome: Outcome::Skipped,
            step: None,
            error: Some(error),
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
        let Rehearsal { failure, duration, .. } =
            self.stage.rehearse(version, &snapshot, &transform);
        let first = !self.stage.knows(module) && failure.is_none();
        if first {
            let (module, hash) = (module.to_owned(), hash.to_owned());
            self.unlearned.push_front(Lesson { module, hash, snapshot, transform });
        }
        let outcome = match &failure {
            None => Outcome::Passed,
            // What this engine does not compile, a browser may.
            Some(failure) if failure.step == "prepare" => Outcome::Skipped,
            Some(_) => Outcome::Failed,
        };
        let (step, error) = failure.map(|failure| (failure.step.to_owned(), failure.error)).unzip();
        Answer::Verdict { id, outcome, step, error, run_ms: duration.as_secs_f64() * 1e3 }
    }
}

/// A snapshot with one instance of each component of the module, none of whose signals was ever set.
fn fresh_snapshot(bytes: &[u8]) -> String {
    let manifest = hmr_headless::custom_section(bytes, SECTION).unwrap_or_default();
    let components = Manifest::parse(&manifest).map(|it| it.components).unwrap_or_default();
    let instances = components.iter().zip(1..).map(|(component, instance)| {
        serde_json::json!({"instance": instance, "component": component.name, "props": {}})
    });
    let instances: Vec<_> = instances.collect();
    serde_json::json!({"abi": hmr_abi::ABI_VERSION, "instances": instances}).to_string()
}

//! The process itself: versions that are kept compiled, and the answers to requests.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::sync::mpsc::{self, Receiver, TryRecvError};

use hmr_abi::manifest::{Manifest, SECTION};
use hmr_abi::state::TransformOp;
use hmr_headless::{Rehearsal, Stage, Version};

use crate::{Answer, KEPT, Outcome, PROTOCOL, Request, read_frame, write_frame};

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
    write_frame(&mut to, &Answer::Ready { protocol: PROTOCOL }, &[])?;
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

/// What was read: a request and its bytes.
type Incoming = io::Result<(Request, Vec<u8>)>;

/// Which functions a module needs is to be learned from this.
struct Lesson {
    module: String,
    hash: String,
    snapshot: String,
    transform: Vec<TransformOp>,
}

/// A version's hash, and the version or why it is none.
type Kept = (String, Result<Version, String>);

/// What the process holds.
struct Theatre {
    stage: Stage,
    /// By module, the newest last.
    versions: BTreeMap<String, VecDeque<Kept>>,
    unlearned: VecDeque<Lesson>,
}

impl Theatre {
    /// The next request. While there is none, a module is learned.
    fn next(&mut self, inbox: &Receiver<Incoming>) -> Option<Incoming> {
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

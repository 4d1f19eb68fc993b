//! Preflight: rehearsals of swaps, in the process `hmr-preflight`.
//!
//! In go versions as they are built, and requests of pages; out come [`Told`]s, one verdict for each request among them.
//! A thread owns the process and everything about it, so that neither the dev loop nor a page ever waits for it.
//!
//! Preflight is a convenience: where the program is missing, does not build, or dies, that is told once as a warning,
//! requests are answered with `skipped`, and pages are no longer asked to wait ([`Told::Ready`]).

mod find;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    io::{BufReader, BufWriter},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
    thread,
    time::Instant,
};

use axum::body::Bytes;
use hmr_preflight::{Answer, KEPT, Outcome, PROTOCOL, Request, read_frame, write_frame};

use crate::protocol::{RehearsalTime, Rehearse, ServerMessage, State};

/// How often the process is started again after it died.
const MOST_RESTARTS: u32 = 3;

/// What there is to tell.
#[derive(Debug)]
pub enum Told {
    /// Whether pages should ask for rehearsals, whenever that changes.
    Ready(bool),
    /// What goes on, for people: swaps are not rehearsed yet, or are from now on.
    State {
        /// Whether swaps are rehearsed now.
        ready: bool,
        /// What goes on.
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
        /// The message for it.
        verdict: ServerMessage,
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
    Learn(State),
    Rehearse {
        page: String,
        request: Rehearse,
        bytes: Option<Bytes>,
        asked: Instant,
    },
    /// The process of this number says something, or has ended.
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
}

impl Preflight {
    /// Starts the thread. The process is started after [`Preflight::begin`].
    #[must_use]
    pub fn new(tell: impl Fn(Told) + Send + 'static) -> Self {
        let (work, inbox) = mpsc::channel();
        let stagehand = Stagehand {
            tell: Box::new(tell),
            work: work.clone(),
            ready: false,
            program: None,
            builder: find::Builder::default(),
            process: None,
            started: 0,
            versions: BTreeMap::new(),
            asked: HashMap::new(),
            under_way: HashMap::new(),
            next_id: 0,
        };
        let thread = thread::spawn(move || stagehand.run(&inbox));
        Self { work, thread: Some(thread) }
    }

    /// Finds the program, or builds it, and starts it. For when the first build of the application is over.
    pub fn begin(&self) {
        self.send(Work::Begin);
    }

    /// Hands a version over, so that it is compiled before a page asks for it.
    pub fn version(&self, module: &str, hash: &str, bytes: Bytes) {
        let (module, hash) = (module.to_owned(), hash.to_owned());
        self.send(Work::Version(Version { module, hash, bytes }));
    }

    /// Shows the state of a module in a page, from which is learned what its rehearsals will be about.
    pub fn learn(&self, state: State) {
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

/// The thread's state.
struct Stagehand {
    tell: Box<dyn Fn(Told) + Send>,
    work: mpsc::Sender<Work>,
    /// Whether the process takes requests.
    ready: bool,
    program: Option<std::path::PathBuf>,
    /// The build of the program, while there is one.
    builder: find::Builder,
    process: Option<Process>,
    /// How many processes were started: the number of the latest.
    started: u64,
    /// The versions that a process has, or is given when it starts; as many as it keeps.
    versions: BTreeMap<String, VecDeque<Version>>,
    /// Who waits for which verdict.
    asked: HashMap<u64, Vec<Asked>>,
    /// The rehearsals that have no verdict yet. Pages in the same state wait for the same one: many pages that ask at once
    /// would else wait for each other.
    under_way: HashMap<Subject, u64>,
    next_id: u64,
}

struct Process {
    child: Child,
    to: BufWriter<ChildStdin>,
}

/// What a rehearsal is about: module, version, snapshot, transform.
type Subject = (String, String, String, String);

struct Asked {
    page: String,
    id: serde_json::Value,
    since: Instant,
}

impl Stagehand {
    fn run(mut self, inbox: &mpsc::Receiver<Work>) {
        while let Ok(work) = inbox.recv() {
            match work {
                Work::Begin => self.begin(),
                Work::Found(Ok(program)) => {
                    self.program = Some(program);
                    self.start();
                }
                Work::Found(Err(message)) => (self.tell)(Told::Unavailable { message }),
                Work::Waits(what) => {
                    let message = format!("the build of `hmr-preflight` waits for {what}");
                    (self.tell)(Told::State { ready: false, message });
                }
                Work::Version(version) => self.add(version),
                Work::Learn(State { module, hash, snapshot }) => {
                    self.write_if_ready(&Request::Learn { module, hash, snapshot }, &[]);
                }
                Work::Rehearse { page, request, bytes, asked } => {
                    self.rehearse(page, request, bytes, asked);
                }
                Work::Said { process, answer } if process == self.started => self.said(answer),
                Work::Said { .. } => {}
                Work::Stop => break,
            }
        }
        self.builder.stop();
        self.end();
    }

    fn begin(&mut self) {
        if let Some(program) = find::installed() {
            self.program = Some(program);
            return self.start();
        }
        let Some(checkout) = find::checkout() else {
            let message = "swaps are not rehearsed: there is no `hmr-preflight`\nhint: `cargo install hmr-preflight`, or say `--no-preflight`";
            return (self.tell)(Told::Unavailable { message: message.to_owned() });
        };
        let message =
            "building `hmr-preflight` in the background; swaps are not rehearsed until it is ready";
        (self.tell)(Told::State { ready: false, message: message.to_owned() });
        let (builder, work) = (self.builder.clone(), self.work.clone());
        thread::spawn(move || {
            let built = builder.build(&checkout, |what| _ = work.send(Work::Waits(what)));
            _ = work.send(Work::Found(built));
        });
    }

    fn start(&mut self) {
        let Some(program) = &self.program else { return };
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                let program = program.display();
                let message =
                    format!("swaps are not rehearsed: `{program}` does not start: {error}");
                return (self.tell)(Told::Unavailable { message });
            }
        };
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else { return };
        self.started += 1;
        let (process, work) = (self.started, self.work.clone());
        thread::spawn(move || {
            let mut from = BufReader::new(from);
            while let Ok(Some((answer, _))) = read_frame::<Answer>(&mut from) {
                if work.send(Work::Said { process, answer: Some(answer) }).is_err() {
                    return;
                }
            }
            _ = work.send(Work::Said { process, answer: None });
        });
        self.process = Some(Process { child, to: BufWriter::new(to) });
    }

    fn said(&mut self, answer: Option<Answer>) {
        match answer {
            Some(Answer::Ready { protocol: PROTOCOL }) => {
                let versions: Vec<_> = self.versions.values().flatten().map(request).collect();
                for (request, bytes) in versions {
                    self.write(&request, &bytes);
                }
                self.set_ready(true);
                if self.started == 1 {
                    let message = "swaps are rehearsed from now on".to_owned();
                    (self.tell)(Told::State { ready: true, message });
                }
            }
            Some(Answer::Ready { protocol }) => {
                self.end();
                self.program = None;
                let message = format!(
                    "swaps are not rehearsed: `hmr-preflight` speaks version {protocol}, this tool version {PROTOCOL}\nhint: build or install both anew"
                );
                (self.tell)(Told::Unavailable { message });
            }
            Some(Answer::Verdict { id, outcome, step, error, run_ms }) => {
                self.under_way.retain(|_, other| *other != id);
                for asked in self.asked.remove(&id).unwrap_or_default() {
                    self.answer(asked, outcome, step.clone(), error.clone(), run_ms);
                }
            }
            None => self.died(),
        }
    }

    /// The process has ended by itself: nobody who asked it gets an answer from it.
    fn died(&mut self) {
        self.end();
        self.under_way.clear();
        for asked in std::mem::take(&mut self.asked).into_values().flatten() {
            let error = "the rehearsal came to no end: `hmr-preflight` died".to_owned();
            self.answer(asked, Outcome::Skipped, None, Some(error), 0.0);
        }
        if self.started > u64::from(MOST_RESTARTS) {
            let message = "swaps are no longer rehearsed: `hmr-preflight` died again and again";
            return (self.tell)(Told::Unavailable { message: message.to_owned() });
        }
        self.start();
    }

    fn end(&mut self) {
        self.set_ready(false);
        if let Some(mut process) = self.process.take() {
            _ = process.child.kill();
            _ = process.child.wait();
        }
    }

    fn add(&mut self, version: Version) {
        let kept = self.versions.entry(version.module.clone()).or_default();
        if kept.iter().any(|other| other.hash == version.hash) {
            return;
        }
        let (request, bytes) = request(&version);
        kept.push_back(version);
        if kept.len() > KEPT {
            kept.pop_front();
        }
        self.write_if_ready(&request, &bytes);
    }

    fn rehearse(&mut self, page: String, request: Rehearse, bytes: Option<Bytes>, since: Instant) {
        let Rehearse { id, module, hash, snapshot, transform } = request;
        let asked = Asked { page, id, since };
        if !self.ready {
            let error = "rehearsals are not ready".to_owned();
            return self.answer(asked, Outcome::Skipped, None, Some(error), 0.0);
        }
        if let Some(bytes) = bytes {
            self.add(Version { module: module.clone(), hash: hash.clone(), bytes });
        }
        let subject = (module.clone(), hash.clone(), snapshot.clone(), transform.to_string());
        if let Some(waiting) = self.under_way.get(&subject).and_then(|id| self.asked.get_mut(id)) {
            return waiting.push(asked);
        }
        let id = self.next_id;
        self.next_id += 1;
        self.asked.insert(id, vec![asked]);
        self.under_way.insert(subject, id);
        self.write(&Request::Rehearse { id, module, hash, snapshot, transform }, &[]);
    }

    fn set_ready(&mut self, ready: bool) {
        if std::mem::replace(&mut self.ready, ready) != ready {
            (self.tell)(Told::Ready(ready));
        }
    }

    /// Says something to the process if it takes requests. What it misses it is told, or asks for, when it is started.
    fn write_if_ready(&mut self, request: &Request, bytes: &[u8]) {
        if self.ready {
            self.write(request, bytes);
        }
    }

    /// Says something to the process. One that does not listen is about to be found dead.
    fn write(&mut self, request: &Request, bytes: &[u8]) {
        if let Some(process) = &mut self.process {
            _ = write_frame(&mut process.to, request, bytes);
        }
    }

    fn answer(
        &self,
        asked: Asked,
        outcome: Outcome,
        step: Option<String>,
        error: Option<String>,
        run: f64,
    ) {
        let wait = (asked.since.elapsed().as_secs_f64() * 1e3 - run).max(0.0);
        let duration = RehearsalTime { wait, run };
        let verdict = ServerMessage::Verdict { id: asked.id, outcome, step, error, duration };
        (self.tell)(Told::Verdict { page: asked.page, verdict });
    }
}

fn request(version: &Version) -> (Request, Bytes) {
    let Version { module, hash, bytes } = version;
    (Request::Version { module: module.clone(), hash: hash.clone() }, bytes.clone())
}

//! The thread that owns the process: it sends rehearsals to it, passes its verdicts on to pages, and starts it again when it
//! crashes or does not answer.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use axum::body::Bytes;
use hmr_protocol::preflight::{Answer, KEPT, PROTOCOL, Request};

use super::{
    Message, PreflightEvent, Version, find,
    health::{CrashCount, Heartbeat, ProcessState},
    process::Process,
};
use hmr_protocol::{
    ModuleState, RehearsalOutcome as Outcome, RehearsalTime, Rehearse, SwapStep, Verdict, limits,
};

/// How often to check whether the process answers, with requests waiting for it and without.
const CHECK_INTERVALS: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

/// How long a process may take to start, and for one rehearsal, compiling included. Pages wait for less.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long pages wait for a verdict.
const PAGE_WAIT: Duration = Duration::from_millis(limits::REHEARSAL_WAIT_MS);

/// After so many crashes while it was rehearsed, a version is not rehearsed any more.
const MAX_CRASHES: u32 = 2;

/// The thread's state.
pub(super) struct Worker {
    emit: Box<dyn Fn(PreflightEvent) + Send>,
    messages: mpsc::Sender<Message>,
    /// Whether the process takes requests.
    ready: bool,
    program: Option<std::path::PathBuf>,
    /// The build of the program, while there is one.
    builder: find::Builder,
    process: Option<(Process, Heartbeat)>,
    /// The number of the latest process.
    number: u64,
    /// Whether it was reported that swaps are rehearsed.
    reported_ready: bool,
    /// Whether it was reported that the program does not start.
    reported_missing: bool,
    crashes: CrashCount,
    /// When the next process is started, if there is none.
    next_start: Option<Instant>,
    /// The versions that a process has, or gets when it starts; as many as it keeps.
    versions: BTreeMap<String, VecDeque<Version>>,
    /// The pending rehearsals, in the order in which they were requested.
    waiting: BTreeMap<u64, Waiting>,
    /// Those of them that pages can still join. Pages in the same state share one rehearsal, so that many pages that request
    /// it at once do not wait for each other.
    joinable: HashMap<Arc<Subject>, u64>,
    /// The rehearsal that the process runs. It gets the next one afterwards, so that the time of each is known.
    running: Option<Running>,
    next_id: u64,
}

/// A pending rehearsal.
struct Waiting {
    subject: Arc<Subject>,
    transform: serde_json::Value,
    requests: Vec<PageRequest>,
}

/// A rehearsal that the process runs.
struct Running {
    id: u64,
    since: Instant,
    module: String,
    hash: String,
}

/// What is rehearsed: module, hash of the version, snapshot, transform.
type Subject = (String, String, String, String);

/// The request of one page.
struct PageRequest {
    page: String,
    id: serde_json::Value,
    since: Instant,
}

impl Worker {
    pub(super) fn new(
        emit: Box<dyn Fn(PreflightEvent) + Send>,
        messages: mpsc::Sender<Message>,
    ) -> Self {
        Self {
            emit,
            messages,
            ready: false,
            program: None,
            builder: find::Builder::default(),
            process: None,
            number: 0,
            reported_ready: false,
            reported_missing: false,
            crashes: CrashCount::default(),
            next_start: None,
            versions: BTreeMap::new(),
            waiting: BTreeMap::new(),
            joinable: HashMap::new(),
            running: None,
            next_id: 0,
        }
    }

    pub(super) fn run(mut self, inbox: &mpsc::Receiver<Message>) {
        loop {
            match inbox.recv_timeout(self.until_next_check()) {
                Ok(Message::Begin) => self.begin(),
                Ok(Message::ProgramBuilt(Ok(program))) => {
                    self.program = Some(program);
                    self.start();
                }
                Ok(Message::ProgramBuilt(Err(message))) => {
                    (self.emit)(PreflightEvent::Unavailable { message });
                }
                Ok(Message::BuildWaits(what)) => {
                    let message = format!("the build of `hmr-preflight` waits for {what}");
                    (self.emit)(PreflightEvent::State { ready: false, message });
                }
                Ok(Message::Version(version)) => self.add(version),
                Ok(Message::Learn(ModuleState { module, hash, snapshot })) => {
                    self.send_if_ready(Request::Learn { module, hash, snapshot }, Bytes::new());
                }
                Ok(Message::Rehearse { page, request, bytes, requested }) => {
                    self.rehearse(page, request, bytes, requested);
                }
                Ok(Message::Received { process, answer }) if process == self.number => {
                    self.received(answer);
                }
                Ok(Message::Received { .. }) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            }
            self.check(Instant::now());
        }
        self.builder.stop();
        self.stop_process();
    }

    fn begin(&mut self) {
        if let Some(program) = find::installed() {
            self.program = Some(program);
            return self.start();
        }
        let Some(checkout) = find::checkout() else {
            return (self.emit)(PreflightEvent::Unavailable { message: find::missing() });
        };
        let message =
            "building `hmr-preflight` in the background; swaps are not rehearsed until it is ready";
        (self.emit)(PreflightEvent::State { ready: false, message: message.to_owned() });
        let (builder, messages) = (self.builder.clone(), self.messages.clone());
        thread::spawn(move || {
            let built =
                builder.build(&checkout, |what| _ = messages.send(Message::BuildWaits(what)));
            _ = messages.send(Message::ProgramBuilt(built));
        });
    }

    fn start(&mut self) {
        self.next_start = None;
        let Some(program) = &self.program else { return };
        self.number += 1;
        let (number, messages) = (self.number, self.messages.clone());
        let on_answer =
            move |answer| _ = messages.send(Message::Received { process: number, answer });
        match Process::start(program, on_answer) {
            Ok(process) => self.process = Some((process, Heartbeat::new(Instant::now()))),
            Err(error) => {
                let program = program.display();
                let message =
                    format!("swaps are not rehearsed: `{program}` does not start: {error}");
                // It may be installed later.
                self.next_start = Some(Instant::now() + self.crashes.pause_after(Duration::ZERO));
                if !std::mem::replace(&mut self.reported_missing, true) {
                    (self.emit)(PreflightEvent::Unavailable { message });
                }
            }
        }
    }

    fn received(&mut self, answer: Option<Answer>) {
        match answer {
            Some(Answer::Ready { protocol: PROTOCOL }) => {
                let versions: Vec<_> = self.versions.values().flatten().map(request).collect();
                for (request, bytes) in versions {
                    self.send(request, bytes);
                }
                self.set_ready(true);
                self.reported_missing = false;
                let again = std::mem::replace(&mut self.reported_ready, true);
                let message = if again {
                    "swaps are rehearsed again"
                } else {
                    "swaps are rehearsed from now on"
                };
                (self.emit)(PreflightEvent::State { ready: true, message: message.to_owned() });
            }
            Some(Answer::Ready { protocol }) => {
                self.stop_process();
                self.program = None;
                let message = format!(
                    "swaps are not rehearsed: `hmr-preflight` has version {protocol} of the protocol, this tool version {PROTOCOL}\nhint: build or install both again"
                );
                (self.emit)(PreflightEvent::Unavailable { message });
            }
            Some(Answer::Pong) => {
                if let Some((_, heartbeat)) = &mut self.process {
                    heartbeat.answered();
                }
            }
            Some(Answer::Verdict { id, outcome, step, error, run_ms }) => {
                self.running = None;
                let Some(waiting) = self.waiting.remove(&id) else { return };
                self.joinable.remove(&waiting.subject);
                for request in waiting.requests {
                    self.answer(request, outcome, step, error.clone(), run_ms);
                }
            }
            None if self.process.is_some() => self.process_failed("has ended unexpectedly"),
            None => {}
        }
    }

    fn until_next_check(&self) -> Duration {
        let [busy, idle] = CHECK_INTERVALS;
        match (&self.process, self.next_start) {
            (Some(_), _) if self.is_busy() => busy,
            (Some(_), _) => idle,
            (None, Some(start)) => start.saturating_duration_since(Instant::now()),
            // Only a message can change something.
            (None, None) => Duration::from_hours(1),
        }
    }

    fn is_busy(&self) -> bool {
        self.running.is_some() || !self.waiting.is_empty()
    }

    /// Pings the process and sends it the next rehearsal, ends it if it does not answer or takes too long, and starts
    /// another one when it is time.
    fn check(&mut self, now: Instant) {
        if self.next_start.is_some_and(|start| start <= now) {
            self.start();
        }
        let busy = self.is_busy();
        let Some((process, heartbeat)) = &mut self.process else { return };
        if !self.ready {
            if now.saturating_duration_since(heartbeat.started) >= TIMEOUT {
                self.process_failed("does not start");
            }
            return;
        }
        if heartbeat.is_due(now, busy) {
            process.send(Request::Ping, Bytes::new());
        }
        match heartbeat.state(now) {
            ProcessState::Hung => {
                // The thread that answers is not the one that rehearses: no version is to blame.
                self.running = None;
                return self.process_failed("does not answer");
            }
            // Requests no longer wait for it, but it may still answer.
            ProcessState::Silent => self.skip_all("`hmr-preflight` does not answer"),
            ProcessState::Answering => {}
        }
        let since = self.running.as_ref().map(|it| it.since);
        if since.is_some_and(|since| now.saturating_duration_since(since) >= TIMEOUT) {
            return self.process_failed("takes too long for a rehearsal");
        }
        self.skip_late(now);
        self.rehearse_next(now);
    }

    /// Answers requests that have waited too long. The running rehearsal continues: its verdict is reported when it is ready.
    fn skip_late(&mut self, now: Instant) {
        let running = self.running.as_ref().map(|it| it.id);
        let mut late = Vec::new();
        for (_, waiting) in self.waiting.iter_mut().filter(|(id, _)| Some(**id) != running) {
            let is_late = |request: &mut PageRequest| {
                now.saturating_duration_since(request.since) >= PAGE_WAIT
            };
            late.extend(waiting.requests.extract_if(.., is_late));
        }
        if late.is_empty() {
            return;
        }
        self.waiting.retain(|_, waiting| !waiting.requests.is_empty());
        self.joinable.retain(|_, id| self.waiting.contains_key(id));
        for request in late {
            let why = "too many other rehearsals were before it";
            self.answer(request, Outcome::Skipped, None, Some(why.to_owned()), 0.0);
        }
    }

    /// Sends the process the next rehearsal, if it runs none.
    fn rehearse_next(&mut self, now: Instant) {
        if self.running.is_some() {
            return;
        }
        let Some((&id, waiting)) = self.waiting.first_key_value() else { return };
        let (module, hash, snapshot, _) = Subject::clone(&waiting.subject);
        let transform = waiting.transform.clone();
        self.running = Some(Running { id, since: now, module: module.clone(), hash: hash.clone() });
        self.send(Request::Rehearse { id, module, hash, snapshot, transform }, Bytes::new());
    }

    /// The process is not usable any more: its pending requests are answered without it, and another one is started.
    fn process_failed(&mut self, why: &str) {
        let uptime = self.process.as_ref().map(|(_, heartbeat)| heartbeat.started.elapsed());
        if let Some(Running { module, hash, .. }) = self.running.take()
            && let Some(version) = self.version(&module, &hash)
        {
            version.crashes += 1;
        }
        self.stop_process();
        self.skip_all(&format!("`hmr-preflight` {why}"));
        let pause = self.crashes.pause_after(uptime.unwrap_or_default());
        let when = match pause.as_secs() {
            0 => "it is started again".to_owned(),
            seconds => format!("it is started again in {seconds} s"),
        };
        let message =
            format!("`hmr-preflight` {why}: {when}; swaps are not rehearsed until it is ready");
        (self.emit)(PreflightEvent::State { ready: false, message });
        self.next_start = Some(Instant::now() + pause);
    }

    fn skip_all(&mut self, why: &str) {
        self.joinable.clear();
        let waiting = std::mem::take(&mut self.waiting).into_values();
        for request in waiting.flat_map(|waiting| waiting.requests) {
            self.answer(request, Outcome::Skipped, None, Some(why.to_owned()), 0.0);
        }
    }

    fn stop_process(&mut self) {
        self.set_ready(false);
        self.process = None;
        self.running = None;
    }

    fn version(&mut self, module: &str, hash: &str) -> Option<&mut Version> {
        self.versions.get_mut(module)?.iter_mut().find(|version| version.hash == hash)
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
        self.send_if_ready(request, bytes);
    }

    fn rehearse(&mut self, page: String, request: Rehearse, bytes: Option<Bytes>, since: Instant) {
        let Rehearse { id, module, hash, snapshot, transform } = request;
        let request = PageRequest { page, id, since };
        if let Some(bytes) = bytes {
            let (module, hash) = (module.clone(), hash.clone());
            self.add(Version { module, hash, bytes, crashes: 0 });
        }
        if let Some(why) = self.why_not(&module, &hash) {
            return self.answer(request, Outcome::Skipped, None, Some(why.to_owned()), 0.0);
        }
        let subject = (module, hash, snapshot, transform.to_string());
        if let Some(waiting) = self.joinable.get(&subject).and_then(|id| self.waiting.get_mut(id)) {
            return waiting.requests.push(request);
        }
        let id = self.next_id;
        self.next_id += 1;
        let subject = Arc::new(subject);
        self.joinable.insert(Arc::clone(&subject), id);
        self.waiting.insert(id, Waiting { subject, transform, requests: vec![request] });
    }

    /// Why a page that requests a rehearsal now must not wait for it.
    fn why_not(&mut self, module: &str, hash: &str) -> Option<&'static str> {
        let now = Instant::now();
        let Some((_, heartbeat)) = self.process.as_ref().filter(|_| self.ready) else {
            return Some("`hmr-preflight` is not ready");
        };
        if heartbeat.state(now) != ProcessState::Answering {
            return Some("`hmr-preflight` does not answer");
        }
        let crashed_it = self.version(module, hash).is_some_and(|it| it.crashes >= MAX_CRASHES);
        crashed_it.then_some("rehearsing this version ended `hmr-preflight` before")
    }

    fn set_ready(&mut self, ready: bool) {
        if std::mem::replace(&mut self.ready, ready) != ready {
            (self.emit)(PreflightEvent::Ready(ready));
        }
    }

    /// Sends the process a request if it is ready. Versions that it misses are sent when it has started.
    fn send_if_ready(&self, request: Request, bytes: Bytes) {
        if self.ready {
            self.send(request, bytes);
        }
    }

    fn send(&self, request: Request, bytes: Bytes) {
        if let Some((process, _)) = &self.process {
            process.send(request, bytes);
        }
    }

    fn answer(
        &self,
        request: PageRequest,
        outcome: Outcome,
        step: Option<SwapStep>,
        error: Option<String>,
        run: f64,
    ) {
        let wait = (request.since.elapsed().as_secs_f64() * 1e3 - run).max(0.0);
        let duration = RehearsalTime { wait, run };
        let verdict = Verdict { id: request.id, outcome, step, error, duration };
        (self.emit)(PreflightEvent::Verdict { page: request.page, verdict });
    }
}

fn request(version: &Version) -> (Request, Bytes) {
    let Version { module, hash, bytes, .. } = version;
    (Request::Version { module: module.clone(), hash: hash.clone() }, bytes.clone())
}

#[cfg(all(test, unix))]
mod tests;

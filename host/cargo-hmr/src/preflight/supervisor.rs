//! The thread that owns the process: what it is asked, whom it answers, and what happens when it does not.

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
    PreflightEvent, Version, Work, find,
    process::Process,
    watch::{Deaths, Pulse, State as Life},
};
use hmr_protocol::{
    ModuleState, RehearsalOutcome as Outcome, RehearsalTime, Rehearse, Step, Verdict, limits,
};

/// How often to check whether the process answers, with requests waiting for it and without.
const LOOKS: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

/// How long a process may take to start, and for one rehearsal, compiling included. Pages wait for less.
const LONGEST: Duration = Duration::from_secs(30);

/// How long pages wait for a verdict.
const PATIENCE: Duration = Duration::from_millis(limits::REHEARSAL_WAIT_MS);

/// How often a version may be what the process died of, until it is not rehearsed any more.
const MOST_DEATHS: u32 = 2;

/// The thread's state.
pub(super) struct Supervisor {
    emit: Box<dyn Fn(PreflightEvent) + Send>,
    work: mpsc::Sender<Work>,
    /// Whether the process takes requests.
    ready: bool,
    program: Option<std::path::PathBuf>,
    /// The build of the program, while there is one.
    builder: find::Builder,
    process: Option<(Process, Pulse)>,
    /// The number of the latest process.
    number: u64,
    /// Whether it was reported that swaps are rehearsed.
    greeted: bool,
    /// Whether it was reported that the program does not start.
    told_missing: bool,
    deaths: Deaths,
    /// When the next process is started, if there is none.
    next_start: Option<Instant>,
    /// The versions that a process has, or is given when it starts; as many as it keeps.
    versions: BTreeMap<String, VecDeque<Version>>,
    /// The pending rehearsals, in the order in which they were requested.
    waiting: BTreeMap<u64, Waiting>,
    /// Those of them that pages can still join. Pages in the same state wait for the same one: many pages that ask at once
    /// would else wait for each other.
    under_way: HashMap<Arc<Subject>, u64>,
    /// The rehearsal that the process does now. It gets the next one afterwards, so that what it takes is known for each.
    at_work: Option<AtWork>,
    next_id: u64,
}

/// A pending rehearsal.
struct Waiting {
    subject: Arc<Subject>,
    transform: serde_json::Value,
    asked: Vec<Asked>,
}

/// A rehearsal that the process does.
struct AtWork {
    id: u64,
    since: Instant,
    module: String,
    hash: String,
}

/// What a rehearsal is about: module, version, snapshot, transform.
type Subject = (String, String, String, String);

struct Asked {
    page: String,
    id: serde_json::Value,
    since: Instant,
}

impl Supervisor {
    pub(super) fn new(emit: Box<dyn Fn(PreflightEvent) + Send>, work: mpsc::Sender<Work>) -> Self {
        Self {
            emit,
            work,
            ready: false,
            program: None,
            builder: find::Builder::default(),
            process: None,
            number: 0,
            greeted: false,
            told_missing: false,
            deaths: Deaths::default(),
            next_start: None,
            versions: BTreeMap::new(),
            waiting: BTreeMap::new(),
            under_way: HashMap::new(),
            at_work: None,
            next_id: 0,
        }
    }

    pub(super) fn run(mut self, inbox: &mpsc::Receiver<Work>) {
        loop {
            match inbox.recv_timeout(self.until_next_look()) {
                Ok(Work::Begin) => self.begin(),
                Ok(Work::Found(Ok(program))) => {
                    self.program = Some(program);
                    self.start();
                }
                Ok(Work::Found(Err(message))) => {
                    (self.emit)(PreflightEvent::Unavailable { message });
                }
                Ok(Work::Waits(what)) => {
                    let message = format!("the build of `hmr-preflight` waits for {what}");
                    (self.emit)(PreflightEvent::State { ready: false, message });
                }
                Ok(Work::Version(version)) => self.add(version),
                Ok(Work::Learn(ModuleState { module, hash, snapshot })) => {
                    self.say_if_ready(Request::Learn { module, hash, snapshot }, Bytes::new());
                }
                Ok(Work::Rehearse { page, request, bytes, asked }) => {
                    self.rehearse(page, request, bytes, asked);
                }
                Ok(Work::Said { process, answer }) if process == self.number => self.said(answer),
                Ok(Work::Said { .. }) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Work::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            }
            self.look(Instant::now());
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
            return (self.emit)(PreflightEvent::Unavailable { message: find::missing() });
        };
        let message =
            "building `hmr-preflight` in the background; swaps are not rehearsed until it is ready";
        (self.emit)(PreflightEvent::State { ready: false, message: message.to_owned() });
        let (builder, work) = (self.builder.clone(), self.work.clone());
        thread::spawn(move || {
            let built = builder.build(&checkout, |what| _ = work.send(Work::Waits(what)));
            _ = work.send(Work::Found(built));
        });
    }

    fn start(&mut self) {
        self.next_start = None;
        let Some(program) = &self.program else { return };
        self.number += 1;
        let (number, work) = (self.number, self.work.clone());
        let said = move |answer| _ = work.send(Work::Said { process: number, answer });
        match Process::start(program, said) {
            Ok(process) => self.process = Some((process, Pulse::new(Instant::now()))),
            Err(error) => {
                let program = program.display();
                let message =
                    format!("swaps are not rehearsed: `{program}` does not start: {error}");
                // It may yet be put there.
                self.next_start = Some(Instant::now() + self.deaths.pause_after(Duration::ZERO));
                if !std::mem::replace(&mut self.told_missing, true) {
                    (self.emit)(PreflightEvent::Unavailable { message });
                }
            }
        }
    }

    fn said(&mut self, answer: Option<Answer>) {
        match answer {
            Some(Answer::Ready { protocol: PROTOCOL }) => {
                let versions: Vec<_> = self.versions.values().flatten().map(request).collect();
                for (request, bytes) in versions {
                    self.say(request, bytes);
                }
                self.set_ready(true);
                self.told_missing = false;
                let again = std::mem::replace(&mut self.greeted, true);
                let message = if again {
                    "swaps are rehearsed again"
                } else {
                    "swaps are rehearsed from now on"
                };
                (self.emit)(PreflightEvent::State { ready: true, message: message.to_owned() });
            }
            Some(Answer::Ready { protocol }) => {
                self.end();
                self.program = None;
                let message = format!(
                    "swaps are not rehearsed: `hmr-preflight` speaks version {protocol}, this tool version {PROTOCOL}\nhint: build or install both again"
                );
                (self.emit)(PreflightEvent::Unavailable { message });
            }
            Some(Answer::Pong) => {
                if let Some((_, pulse)) = &mut self.process {
                    pulse.beats();
                }
            }
            Some(Answer::Verdict { id, outcome, step, error, run_ms }) => {
                self.at_work = None;
                let Some(waiting) = self.waiting.remove(&id) else { return };
                self.under_way.remove(&waiting.subject);
                for asked in waiting.asked {
                    self.answer(asked, outcome, step, error.clone(), run_ms);
                }
            }
            None if self.process.is_some() => self.lost("has ended unexpectedly"),
            None => {}
        }
    }

    fn until_next_look(&self) -> Duration {
        let [busy, idle] = LOOKS;
        match (&self.process, self.next_start) {
            (Some(_), _) if self.is_busy() => busy,
            (Some(_), _) => idle,
            (None, Some(start)) => start.saturating_duration_since(Instant::now()),
            // Nothing happens by itself.
            (None, None) => Duration::from_hours(1),
        }
    }

    fn is_busy(&self) -> bool {
        self.at_work.is_some() || !self.waiting.is_empty()
    }

    /// Asks the process for signs of life and gives it the next rehearsal, ends one that gives none or takes too long, and starts
    /// another when it is time.
    fn look(&mut self, now: Instant) {
        if self.next_start.is_some_and(|start| start <= now) {
            self.start();
        }
        let busy = self.is_busy();
        let Some((process, pulse)) = &mut self.process else { return };
        if !self.ready {
            if now.saturating_duration_since(pulse.began) >= LONGEST {
                self.lost("does not start");
            }
            return;
        }
        if pulse.is_due(now, busy) {
            process.say(Request::Ping, Bytes::new());
        }
        match pulse.state(now) {
            Life::Dead => {
                // The thread that answers is not the one that rehearses: no version is to blame.
                self.at_work = None;
                return self.lost("does not answer");
            }
            // Requests no longer wait for it, but it may still answer.
            Life::Silent => self.skip_all("`hmr-preflight` does not answer"),
            Life::Well => {}
        }
        let since = self.at_work.as_ref().map(|it| it.since);
        if since.is_some_and(|since| now.saturating_duration_since(since) >= LONGEST) {
            return self.lost("takes too long for a rehearsal");
        }
        self.skip_late(now);
        self.rehearse_next(now);
    }

    /// Answers requests that have waited too long. The running rehearsal continues: its verdict is reported when it is ready.
    fn skip_late(&mut self, now: Instant) {
        let at_work = self.at_work.as_ref().map(|it| it.id);
        let mut late = Vec::new();
        for (_, waiting) in self.waiting.iter_mut().filter(|(id, _)| Some(**id) != at_work) {
            let is_late =
                |asked: &mut Asked| now.saturating_duration_since(asked.since) >= PATIENCE;
            late.extend(waiting.asked.extract_if(.., is_late));
        }
        if late.is_empty() {
            return;
        }
        self.waiting.retain(|_, waiting| !waiting.asked.is_empty());
        self.under_way.retain(|_, id| self.waiting.contains_key(id));
        for asked in late {
            let why = "too many other rehearsals were before it";
            self.answer(asked, Outcome::Skipped, None, Some(why.to_owned()), 0.0);
        }
    }

    /// Gives the process the next rehearsal, if it has none.
    fn rehearse_next(&mut self, now: Instant) {
        if self.at_work.is_some() {
            return;
        }
        let Some((&id, waiting)) = self.waiting.first_key_value() else { return };
        let (module, hash, snapshot, _) = Subject::clone(&waiting.subject);
        let transform = waiting.transform.clone();
        self.at_work = Some(AtWork { id, since: now, module: module.clone(), hash: hash.clone() });
        self.say(Request::Rehearse { id, module, hash, snapshot, transform }, Bytes::new());
    }

    /// The process is not usable any more: its pending requests are answered without it, and another one is started.
    fn lost(&mut self, why: &str) {
        let lived = self.process.as_ref().map(|(_, pulse)| pulse.began.elapsed());
        if let Some(AtWork { module, hash, .. }) = self.at_work.take()
            && let Some(version) = self.version(&module, &hash)
        {
            version.deaths += 1;
        }
        self.end();
        self.skip_all(&format!("`hmr-preflight` {why}"));
        let pause = self.deaths.pause_after(lived.unwrap_or_default());
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
        self.under_way.clear();
        let waiting = std::mem::take(&mut self.waiting).into_values();
        for asked in waiting.flat_map(|waiting| waiting.asked) {
            self.answer(asked, Outcome::Skipped, None, Some(why.to_owned()), 0.0);
        }
    }

    fn end(&mut self) {
        self.set_ready(false);
        self.process = None;
        self.at_work = None;
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
        self.say_if_ready(request, bytes);
    }

    fn rehearse(&mut self, page: String, request: Rehearse, bytes: Option<Bytes>, since: Instant) {
        let Rehearse { id, module, hash, snapshot, transform } = request;
        let asked = Asked { page, id, since };
        if let Some(bytes) = bytes {
            let (module, hash) = (module.clone(), hash.clone());
            self.add(Version { module, hash, bytes, deaths: 0 });
        }
        if let Some(why) = self.why_not(&module, &hash) {
            return self.answer(asked, Outcome::Skipped, None, Some(why.to_owned()), 0.0);
        }
        let subject = (module, hash, snapshot, transform.to_string());
        if let Some(waiting) = self.under_way.get(&subject).and_then(|id| self.waiting.get_mut(id))
        {
            return waiting.asked.push(asked);
        }
        let id = self.next_id;
        self.next_id += 1;
        let subject = Arc::new(subject);
        self.under_way.insert(Arc::clone(&subject), id);
        self.waiting.insert(id, Waiting { subject, transform, asked: vec![asked] });
    }

    /// Why a page that asks now is not to wait for a rehearsal.
    fn why_not(&mut self, module: &str, hash: &str) -> Option<&'static str> {
        let now = Instant::now();
        let Some((_, pulse)) = self.process.as_ref().filter(|_| self.ready) else {
            return Some("`hmr-preflight` is not ready");
        };
        if pulse.state(now) != Life::Well {
            return Some("`hmr-preflight` does not answer");
        }
        let died_of_it = self.version(module, hash).is_some_and(|it| it.deaths >= MOST_DEATHS);
        died_of_it.then_some("rehearsing this version ended `hmr-preflight` before")
    }

    fn set_ready(&mut self, ready: bool) {
        if std::mem::replace(&mut self.ready, ready) != ready {
            (self.emit)(PreflightEvent::Ready(ready));
        }
    }

    /// Sends the process a request if it is ready. It gets or asks for missed data when it is started.
    fn say_if_ready(&self, request: Request, bytes: Bytes) {
        if self.ready {
            self.say(request, bytes);
        }
    }

    fn say(&self, request: Request, bytes: Bytes) {
        if let Some((process, _)) = &self.process {
            process.say(request, bytes);
        }
    }

    fn answer(
        &self,
        asked: Asked,
        outcome: Outcome,
        step: Option<Step>,
        error: Option<String>,
        run: f64,
    ) {
        let wait = (asked.since.elapsed().as_secs_f64() * 1e3 - run).max(0.0);
        let duration = RehearsalTime { wait, run };
        let verdict = Verdict { id: asked.id, outcome, step, error, duration };
        (self.emit)(PreflightEvent::Verdict { page: asked.page, verdict });
    }
}

fn request(version: &Version) -> (Request, Bytes) {
    let Version { module, hash, bytes, .. } = version;
    (Request::Version { module: module.clone(), hash: hash.clone() }, bytes.clone())
}

#[cfg(all(test, unix))]
mod tests;

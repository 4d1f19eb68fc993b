//! The thread that owns the process: what it is asked, whom it answers, and what happens when it does not.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use axum::body::Bytes;
use hmr_preflight::{Answer, KEPT, Outcome, PROTOCOL, Request};

use super::{
    Told, Version, Work, find,
    process::Process,
    watch::{Deaths, Pulse, State as Life},
};
use crate::protocol::{RehearsalTime, Rehearse, ServerMessage, State};

/// How often it is looked whether the process answers, while somebody waits for it and while nobody does.
const LOOKS: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

/// How long a process may take to start, and for one rehearsal, compiling included. Pages wait for less.
const LONGEST: Duration = Duration::from_secs(30);

/// How often a version may be what the process died of, until it is not rehearsed any more.
const MOST_DEATHS: u32 = 2;

/// The thread's state.
pub(super) struct Stagehand {
    tell: Box<dyn Fn(Told) + Send>,
    work: mpsc::Sender<Work>,
    /// Whether the process takes requests.
    ready: bool,
    program: Option<std::path::PathBuf>,
    /// The build of the program, while there is one.
    builder: find::Builder,
    process: Option<(Process, Pulse)>,
    /// The number of the latest process.
    number: u64,
    /// Whether it was told that swaps are rehearsed.
    greeted: bool,
    /// Whether it was told that the program does not start.
    told_missing: bool,
    deaths: Deaths,
    /// When the next process is started, if there is none.
    next_start: Option<Instant>,
    /// The versions that a process has, or is given when it starts; as many as it keeps.
    versions: BTreeMap<String, VecDeque<Version>>,
    /// Who waits for which verdict.
    asked: HashMap<u64, Vec<Asked>>,
    /// The rehearsals that have no verdict yet. Pages in the same state wait for the same one: many pages that ask at once
    /// would else wait for each other.
    under_way: HashMap<Subject, u64>,
    next_id: u64,
}

/// What a rehearsal is about: module, version, snapshot, transform.
type Subject = (String, String, String, String);

struct Asked {
    page: String,
    id: serde_json::Value,
    since: Instant,
    module: String,
    hash: String,
}

impl Stagehand {
    pub(super) fn new(tell: Box<dyn Fn(Told) + Send>, work: mpsc::Sender<Work>) -> Self {
        Self {
            tell,
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
            asked: HashMap::new(),
            under_way: HashMap::new(),
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
                Ok(Work::Found(Err(message))) => (self.tell)(Told::Unavailable { message }),
                Ok(Work::Waits(what)) => {
                    let message = format!("the build of `hmr-preflight` waits for {what}");
                    (self.tell)(Told::State { ready: false, message });
                }
                Ok(Work::Version(version)) => self.add(version),
                Ok(Work::Learn(State { module, hash, snapshot })) => {
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
            return (self.tell)(Told::Unavailable { message: find::missing() });
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
                    (self.tell)(Told::Unavailable { message });
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
                (self.tell)(Told::State { ready: true, message: message.to_owned() });
            }
            Some(Answer::Ready { protocol }) => {
                self.end();
                self.program = None;
                let message = format!(
                    "swaps are not rehearsed: `hmr-preflight` speaks version {protocol}, this tool version {PROTOCOL}\nhint: build or install both again"
                );
                (self.tell)(Told::Unavailable { message });
            }
            Some(Answer::Pong) => {
                if let Some((_, pulse)) = &mut self.process {
                    pulse.beats();
                }
            }
            Some(Answer::Verdict { id, outcome, step, error, run_ms }) => {
                self.under_way.retain(|_, other| *other != id);
                for asked in self.asked.remove(&id).unwrap_or_default() {
                    self.answer(asked, outcome, step.clone(), error.clone(), run_ms);
                }
            }
            None if self.process.is_some() => self.lost("has ended unexpectedly"),
            None => {}
        }
    }

    fn until_next_look(&self) -> Duration {
        let [busy, idle] = LOOKS;
        match (&self.process, self.next_start) {
            (Some(_), _) if !self.asked.is_empty() => busy,
            (Some(_), _) => idle,
            (None, Some(start)) => start.saturating_duration_since(Instant::now()),
            // Nothing happens by itself.
            (None, None) => Duration::from_hours(1),
        }
    }

    /// Asks the process for signs of life, ends one that gives none, and starts the next one when it is time.
    fn look(&mut self, now: Instant) {
        if self.next_start.is_some_and(|start| start <= now) {
            self.start();
        }
        let somebody_waits = !self.asked.is_empty();
        let Some((process, pulse)) = &mut self.process else { return };
        if !self.ready {
            if now.saturating_duration_since(pulse.began) >= LONGEST {
                self.lost("does not start");
            }
            return;
        }
        if pulse.is_due(now, somebody_waits) {
            process.say(Request::Ping, Bytes::new());
        }
        match pulse.state(now) {
            Life::Dead => return self.lost("does not answer"),
            // Nobody waits for it, but it may yet answer.
            Life::Silent => self.skip_all("`hmr-preflight` does not answer"),
            Life::Well => {}
        }
        let oldest = self.asked.values().flatten().map(|asked| asked.since).min();
        if oldest.is_some_and(|since| now.saturating_duration_since(since) >= LONGEST) {
            self.lost("takes too long for a rehearsal");
        }
    }

    /// The process is of no use any more: nobody who asked it gets an answer from it, and another one is started.
    fn lost(&mut self, why: &str) {
        let lived = self.process.as_ref().map(|(_, pulse)| pulse.began.elapsed());
        self.end();
        let oldest = self.asked.values().flatten().min_by_key(|asked| asked.since);
        if let Some((module, hash)) = oldest.map(|asked| (asked.module.clone(), asked.hash.clone()))
            && let Some(version) = self.version(&module, &hash)
        {
            version.deaths += 1;
        }
        self.skip_all(&format!("`hmr-preflight` {why}"));
        let pause = self.deaths.pause_after(lived.unwrap_or_default());
        let when = match pause.as_secs() {
            0 => "it is started again".to_owned(),
            seconds => format!("it is started again in {seconds} s"),
        };
        let message =
            format!("`hmr-preflight` {why}: {when}; swaps are not rehearsed until it is ready");
        (self.tell)(Told::State { ready: false, message });
        self.next_start = Some(Instant::now() + pause);
    }

    fn skip_all(&mut self, why: &str) {
        self.under_way.clear();
        for asked in std::mem::take(&mut self.asked).into_values().flatten() {
            self.answer(asked, Outcome::Skipped, None, Some(why.to_owned()), 0.0);
        }
    }

    fn end(&mut self) {
        self.set_ready(false);
        self.process = None;
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
        let asked = Asked { page, id, since, module: module.clone(), hash: hash.clone() };
        if let Some(bytes) = bytes {
            let (module, hash) = (module.clone(), hash.clone());
            self.add(Version { module, hash, bytes, deaths: 0 });
        }
        if let Some(why) = self.why_not(&module, &hash) {
            return self.answer(asked, Outcome::Skipped, None, Some(why.to_owned()), 0.0);
        }
        let subject = (module.clone(), hash.clone(), snapshot.clone(), transform.to_string());
        if let Some(waiting) = self.under_way.get(&subject).and_then(|id| self.asked.get_mut(id)) {
            return waiting.push(asked);
        }
        let id = self.next_id;
        self.next_id += 1;
        self.asked.insert(id, vec![asked]);
        self.under_way.insert(subject, id);
        self.say(Request::Rehearse { id, module, hash, snapshot, transform }, Bytes::new());
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
            (self.tell)(Told::Ready(ready));
        }
    }

    /// Says something to the process if it takes requests. What it misses it is told, or asks for, when it is started.
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
    let Version { module, hash, bytes, .. } = version;
    (Request::Version { module: module.clone(), hash: hash.clone() }, bytes.clone())
}

//! `cargo hmr dev`: the loop.
//!
//! Everything that happens (changes, builds that end, messages of pages, Ctrl-C) arrives on one channel as a
//! [`Message`]; the coordinator decides what to do about it, and this does it. Nothing is decided here. It owns
//! everything that runs on its own: the watcher, the server, the running build.

mod build;
mod hooks;
mod rehearsals;
mod requests;
mod scan;
mod settings;
mod site;
mod start;
mod watching;

use std::collections::BTreeSet;
use std::sync::{Arc, atomic::Ordering};
use std::time::{Duration, SystemTime};

use camino::Utf8PathBuf;
use hmr_build::{App, AppError, Bindgen, CancelToken, Toolchain, ToolchainError};
use tokio::sync::mpsc;

use crate::{
    coordinator::{Coordinator, Effect, Input, Outcome},
    events::Event,
    preflight::{Preflight, PreflightEvent},
    report::Reporter,
    server::{Published, ServerError, ServerEvent, Shared},
    signals,
    site::BuiltSite,
    watch::{ChangeBatch, Scope, WatchError, Watcher},
};

/// The options of the command line.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line are")]
pub struct Options {
    /// The application's folder or manifest.
    pub path: Utf8PathBuf,
    /// The requested port.
    pub port: Option<u16>,
    /// The port if neither the command line nor the configuration names one.
    pub default_port: u16,
    /// The requested address to listen at.
    pub host: Option<String>,
    /// The names by which requests may call the server, in addition to those of the configuration.
    pub allowed_hosts: Vec<String>,
    /// Whether to open a browser.
    pub open: bool,
    /// Whether updates wait for the gates of their modules.
    pub gates: bool,
    /// Whether to print JSON lines.
    pub json: bool,
    /// Whether modules may get the loop guard; the configuration can also disable it.
    pub loop_guard: bool,
    /// Whether the state of applications may be kept, if the settings say so.
    pub auto_state: bool,
    /// Whether swaps may be rehearsed; the configuration can also disable it.
    pub preflight: bool,
}

/// Why the command fails. Only failures at the start end it; later ones are reported.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// The application could not be loaded.
    #[error(transparent)]
    App(#[from] AppError),
    /// It cannot be compiled here.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// The server cannot start.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The folders cannot be watched.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// A glob in the configuration.
    #[error("`root-files`: {0}\nhint: write globs such as `data/*.json`")]
    Glob(#[from] globset::Error),
    /// The system has no random numbers for the token.
    #[error("cannot make a token: {0}")]
    Random(#[from] getrandom::Error),
    /// The server's socket.
    #[error("cannot serve: {0}")]
    Io(#[from] std::io::Error),
}

/// How long after the failure of a child process the tool may be notified that it is being stopped.
const STOP_FOLLOWS: Duration = Duration::from_millis(300);

/// What the loop waits for.
enum Message {
    Changed(ChangeBatch),
    Report(Event),
    Scanned(Box<scan::Scanned>),
    Site(Box<site::Rebuilt>),
    /// The hooks that run before the compiler have ended.
    HooksRan,
    Built {
        generation: u64,
        outcome: Outcome,
        staged: Option<hooks::Staged>,
    },
    Overdue {
        generation: u64,
    },
    Server(ServerEvent),
    Preflight(PreflightEvent),
    Stop,
}

/// Serves an application until it is stopped.
///
/// # Errors
/// [`DevError`], for what makes a start impossible.
pub async fn run(options: Options) -> Result<(), DevError> {
    let (messages, mut inbox) = mpsc::unbounded_channel();
    let stop = messages.clone();
    signals::on_stop(move || _ = stop.send(Message::Stop))?;
    let mut reporter = Reporter::new(options.json);
    let read = scan::read_app(&options.path, &messages);
    let Some(app) = scan::first(read, &mut inbox, &mut reporter).await? else {
        reporter.report(&Event::Stopped);
        return Ok(());
    };
    let mut session = Session::start(&options, app, messages, reporter).await?;
    while let Some(message) = inbox.recv().await {
        match message {
            Message::Stop => break,
            Message::Scanned(scanned) => {
                let Err(error) = session.scanned(*scanned) else { continue };
                if stop_follows(&mut inbox).await {
                    break;
                }
                return Err(error.into());
            }
            other => session.handle(other),
        }
    }
    session.stop();
    Ok(())
}

/// Whether the tool is being stopped: a terminal stops its child processes as well, and then their end is not
/// a failure.
async fn stop_follows(inbox: &mut mpsc::UnboundedReceiver<Message>) -> bool {
    let stop = async {
        while let Some(message) = inbox.recv().await {
            if matches!(message, Message::Stop) {
                return true;
            }
        }
        false
    };
    tokio::time::timeout(STOP_FOLLOWS, stop).await.unwrap_or(false)
}

/// A running `cargo hmr dev`.
struct Session {
    options: Options,
    app: Arc<App>,
    toolchain: Option<Arc<Toolchain>>,
    coordinator: Coordinator,
    reporter: Reporter,
    shared: Arc<Shared>,
    watcher: Watcher,
    watched: Scope,
    /// The watched settings files outside of the application.
    settings: settings::Watched,
    messages: mpsc::UnboundedSender<Message>,
    build: CancelToken,
    bindgen: Arc<Bindgen>,
    /// The page, if the application has one that is built.
    site: Option<Arc<BuiltSite>>,
    /// What is known of the hooks of the project.
    hooks: hooks::HookState,
    /// What was reported and is not reported again.
    noted: BTreeSet<String>,
    /// Rehearsals, unless they are turned off.
    preflight: Option<Preflight>,
    /// Whether a build has succeeded.
    built_once: bool,
    /// When the last build started.
    build_started: Option<SystemTime>,
    /// Whether the application or the toolchain is being read.
    scanning: bool,
    /// The lock file's content after cargo has read the application the last time, which may have written it.
    lock: Vec<u8>,
}

impl Session {
    fn handle(&mut self, message: Message) {
        match message {
            Message::Changed(batch) => {
                let batch = self.without_own_writes(batch);
                let batch = self.with_hook_writes(batch);
                self.changed(batch);
            }
            Message::Site(rebuilt) => self.site_rebuilt(*rebuilt),
            Message::Report(event) => self.report(&event),
            Message::HooksRan => self.hooks_ran(),
            Message::Built { generation, outcome, staged } => {
                self.built(generation, outcome, staged);
            }
            Message::Server(ServerEvent::Client { page, event }) => {
                self.step(Input::Client { page, event });
            }
            Message::Server(ServerEvent::Backend { path, message, reached }) => {
                self.report(&if reached {
                    Event::Note { message }
                } else {
                    Event::Problem { page: path, message }
                });
            }
            // If the caller has disconnected, the answer is dropped.
            Message::Server(ServerEvent::Request { request, reply }) => {
                _ = reply.send(self.request(request));
            }
            Message::Preflight(event) => self.preflight_event(event),
            Message::Overdue { generation } => self.step(Input::Overdue { generation }),
            Message::Scanned(_) | Message::Stop => {}
        }
    }

    fn step(&mut self, input: Input) {
        let effects = self.coordinator.step(input);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        // Pages that connect from now on get the new state; connected pages get the messages.
        let rehearse = self.shared.rehearsing.load(Ordering::Relaxed);
        self.shared.publish(published(&self.coordinator));
        for effect in effects {
            match effect {
                Effect::Scan(what) => self.scan(what, true),
                Effect::Build { generation, modules } => self.start_build(generation, modules),
                Effect::Remind { generation, after } => self.remind(generation, after),
                Effect::Cancel => self.build.cancel(),
                Effect::Send(mut message) => {
                    message.set_rehearse(rehearse);
                    self.shared.send(&message);
                }
                Effect::SendTo { page, mut message } => {
                    message.set_rehearse(rehearse);
                    self.shared.send_to(&page, &message);
                }
                Effect::Report(event) => self.report(&event),
                Effect::PrepareRehearsals(versions) => self.prepare_rehearsals(versions),
                Effect::LearnState(state) => self.learn_state(state),
                Effect::Rehearse { page, request, version } => {
                    self.rehearse(page, request, version);
                }
            }
        }
    }

    fn start_build(&mut self, generation: u64, modules: Vec<String>) {
        let Some(toolchain) = self.toolchain.clone() else { return };
        self.build = CancelToken::new();
        self.build_started = Some(SystemTime::now());
        self.hooks.generation = generation;
        let job = build::BuildJob {
            app: Arc::clone(&self.app),
            toolchain,
            kept: self.coordinator.versions(),
            modules,
            bindgen: Arc::clone(&self.bindgen),
            loop_guard: self.options.loop_guard && self.app.config.loop_guard,
            auto_state: self.options.auto_state && self.app.config.auto_state,
            cancel: self.build.clone(),
            gates: self.options.gates,
            hook_times: self.hooks.times.clone(),
            staged: self.hooks.staged.clone(),
        };
        let messages = self.messages.clone();
        tokio::task::spawn_blocking(move || {
            let (outcome, staged) = job.run(&messages);
            _ = messages.send(Message::Built { generation, outcome, staged });
        });
    }

    fn remind(&self, generation: u64, after: Duration) {
        let messages = self.messages.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            _ = messages.send(Message::Overdue { generation });
        });
    }

    fn report(&mut self, event: &Event) {
        self.reporter.report(event);
    }

    fn stop(mut self) {
        self.build.cancel();
        self.report(&Event::Stopped);
    }
}

fn published(coordinator: &Coordinator) -> Published {
    Published {
        versions: coordinator.versions(),
        hello: coordinator.hello(),
        experiments: coordinator.experiments().clone(),
    }
}

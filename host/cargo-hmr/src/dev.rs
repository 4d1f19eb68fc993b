//! `cargo hmr dev`: the loop.
//!
//! Everything that happens (changes, builds that end, messages of pages, Ctrl-C) arrives on one channel as a
//! [`Message`]; the coordinator decides what to do about it, and this does it. Nothing is decided here. It owns
//! everything that runs on its own: the watcher, the server, the running build.

mod build;
mod requests;
mod scan;
mod settings;
mod signals;
mod watching;

use std::sync::{Arc, PoisonError, atomic::Ordering};
use std::time::{Duration, SystemTime};

use camino::Utf8PathBuf;
use hmr_build::{App, AppError, CancelToken, Toolchain, ToolchainError};
use tokio::sync::mpsc;

use crate::{
    coordinator::{Compiled, Coordinator, Effect, Input, Outcome, Said},
    events::Event,
    graph::{Graph, Scan},
    preflight::{Preflight, Told},
    report::Reporter,
    server::{self, FromPage, Greeting, Places, ServerError, Shared},
    snapshots,
    watch::{ChangeBatch, Scope, WatchError, Watcher},
};
use hmr_protocol::{
    ClientMessage, RehearsalOutcome, RehearsalTime, Rehearse, ServerMessage, Verdict,
};

/// What the command line asks for.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line are")]
pub struct Options {
    /// The application's folder or manifest.
    pub path: Utf8PathBuf,
    /// The port that was asked for.
    pub port: Option<u16>,
    /// The port if neither the command line nor the configuration names one.
    pub default_port: u16,
    /// The address to listen at.
    pub host: String,
    /// The names by which requests may call the server, besides those of the configuration.
    pub allowed_hosts: Vec<String>,
    /// Whether to open a browser.
    pub open: bool,
    /// Whether updates wait for the gates of their modules.
    pub gates: bool,
    /// Whether to print JSON lines.
    pub json: bool,
    /// Whether modules may get the loop guard; the configuration can also disable it.
    pub loop_guard: bool,
    /// Whether swaps may be rehearsed; the configuration can also disable it.
    pub preflight: bool,
}

/// Why the command ends in failure. What goes wrong later than the start is shown and survived.
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
    Tell(Event),
    Scanned(Box<scan::Scanned>),
    Built { generation: u64, outcome: Outcome },
    Overdue { generation: u64 },
    Page(FromPage),
    Preflight(Told),
    Stop,
}

/// Serves an application until it is stopped.
///
/// # Errors
/// [`DevError`], for what makes a start impossible.
pub async fn run(options: Options) -> Result<(), DevError> {
    let (messages, mut inbox) = mpsc::unbounded_channel();
    signals::stop_on_signals(&messages)?;
    let mut reporter = Reporter::new(options.json);
    let read = scan::read_app(&options.path, &messages);
    let Some(app) = scan::first(read, &mut inbox, &mut reporter).await? else {
        reporter.tell(&Event::Stopped);
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
    /// Rehearsals, unless they are turned off.
    preflight: Option<Preflight>,
    pages: usize,
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
    /// Starts the server and the watcher, then the search for a toolchain in the background.
    async fn start(
        options: &Options,
        app: App,
        messages: mpsc::UnboundedSender<Message>,
        reporter: Reporter,
    ) -> Result<Self, DevError> {
        let graph = Graph::new(&app)?;
        let folders = watching::scope(&app, &graph);
        let mut coordinator = Coordinator::new(server::random_name()?, graph);
        coordinator.keep(app.config.versions);
        let (from_pages, pages) = mpsc::unbounded_channel();
        let shared = Shared::new(
            greeting(&coordinator),
            app.config.versions,
            places(&app, options),
            identity(&app),
            from_pages,
        )?;
        let shared = Arc::new(shared);
        let changes = messages.clone();
        let watcher = Watcher::start(folders.clone(), move |notice| {
            _ = changes.send(watching::noticed(notice));
        })?;
        let preflight = (options.preflight && app.config.preflight).then(|| {
            let told = messages.clone();
            let shared = Arc::clone(&shared);
            Preflight::new(move |tell| {
                // Set at once, not when the loop handles the message: pages must not ask in vain, nor skip a rehearsal.
                if let Told::Ready(ready) = tell {
                    shared.rehearsing.store(ready, Ordering::Relaxed);
                }
                _ = told.send(Message::Preflight(tell));
            })
        });
        let settings = settings::Watched::start(&app, &folders, messages.clone());
        let mut session = Self {
            options: options.clone(),
            settings,
            preflight,
            lock: std::fs::read(app.workspace_root.join("Cargo.lock")).unwrap_or_default(),
            app: Arc::new(app),
            toolchain: None,
            coordinator,
            reporter,
            shared,
            watcher,
            watched: folders,
            messages,
            build: CancelToken::new(),
            pages: 0,
            built_once: false,
            build_started: None,
            scanning: false,
        };
        session.serve(pages).await?;
        session.move_snapshots();
        session.look_for_page();
        session.scan(Scan::Toolchain, false);
        Ok(session)
    }

    /// Listens, prints the addresses, and passes on the messages of pages.
    async fn serve(
        &mut self,
        mut pages: mpsc::UnboundedReceiver<FromPage>,
    ) -> Result<(), DevError> {
        let options = &self.options;
        let wanted = options.port.or(self.app.config.port).unwrap_or(options.default_port);
        let listener = server::listen(&options.host, wanted).await?;
        let at = listener.local_addr()?;
        let exposed = server::is_exposed(at.ip());
        let key_file = self.app.target_dir().join("key");
        let key = exposed.then(|| server::Key::load(&key_file, at.port())).transpose()?;
        let urls = server::addresses(&listener, &options.host, key.as_ref())?;
        let router = server::router(Arc::clone(&self.shared), key);
        let messages = self.messages.clone();
        tokio::spawn(server::serve(listener, router, move |message| {
            let page = "the server".to_owned();
            _ = messages.send(Message::Tell(Event::Problem { page, message }));
        }));
        let messages = self.messages.clone();
        tokio::spawn(async move {
            while let Some(from) = pages.recv().await {
                _ = messages.send(Message::Page(from));
            }
        });
        let url = urls.first().cloned().unwrap_or_default();
        let open = options.open.then(|| url.clone());
        self.reporter.tell(&Event::Ready {
            url,
            urls,
            app: self.app.root.to_string(),
            port_taken: (wanted != 0 && wanted != at.port()).then_some(wanted),
            warning: exposed.then(|| server::EXPOSED.to_owned()),
        });
        if let Some(url) = open
            && let Err(error) = open::that_detached(&url)
        {
            self.reporter.tell(&Event::Problem {
                page: "the terminal".to_owned(),
                message: format!("no browser could be opened: {error}"),
            });
        }
        Ok(())
    }

    /// Moves snapshots that an earlier version of the tool saved where `cargo clean` deletes them.
    fn move_snapshots(&mut self) {
        let old = self.app.target_dir().join("snapshots");
        let new = self.app.root.join(snapshots::FOLDER);
        match snapshots::move_from(&old, &new) {
            Ok(0) => {}
            Ok(moved) => {
                let message = format!(
                    "{moved} saved snapshots were moved from `{old}` to `{new}`, where `cargo clean` leaves them"
                );
                self.tell(Event::Note { message });
            }
            Err(error) => {
                let message = format!(
                    "saved snapshots cannot be moved from `{old}` to `{new}`: {error}\nhint: move them by hand; `cargo clean` deletes those that stay"
                );
                self.tell(Event::Problem { page: "the terminal".to_owned(), message });
            }
        }
    }

    /// Reports problems of the page early that a browser would report later.
    fn look_for_page(&mut self) {
        let page = self.app.root.join("index.html");
        if !page.exists() {
            let message = format!(
                "there is no `{page}`\nhint: make one that places a component: `<hmr-component module=\"…\" component=\"…\"></hmr-component>`"
            );
            self.tell(Event::Problem { page: "/".to_owned(), message });
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Changed(batch) => {
                let batch = self.without_own_writes(batch);
                self.step(Input::Changed(batch));
            }
            Message::Tell(event) => self.tell(event),
            Message::Built { generation, outcome } => self.built(generation, outcome),
            Message::Page(from) => self.page(from),
            Message::Preflight(told) => self.preflight_told(told),
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
        *self.shared.greeting.write().unwrap_or_else(PoisonError::into_inner) =
            greeting(&self.coordinator);
        let mut store = self.shared.store.lock().unwrap_or_else(PoisonError::into_inner);
        for (module, hashes) in self.coordinator.held() {
            store.hold(&module, hashes);
        }
        drop(store);
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
                Effect::Tell(event) => self.tell(event),
            }
        }
    }

    fn start_build(&mut self, generation: u64, modules: Vec<String>) {
        let Some(toolchain) = self.toolchain.clone() else { return };
        self.build = CancelToken::new();
        self.build_started = Some(SystemTime::now());
        let work = build::Work {
            app: Arc::clone(&self.app),
            toolchain,
            shared: Arc::clone(&self.shared),
            modules,
            loop_guard: self.options.loop_guard && self.app.config.loop_guard,
            cancel: self.build.clone(),
            gates: self.options.gates,
        };
        let messages = self.messages.clone();
        tokio::task::spawn_blocking(move || {
            let outcome = work.run(&|event| _ = messages.send(Message::Tell(event)));
            _ = messages.send(Message::Built { generation, outcome });
        });
    }

    fn remind(&self, generation: u64, after: Duration) {
        let messages = self.messages.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            _ = messages.send(Message::Overdue { generation });
        });
    }

    fn built(&mut self, generation: u64, outcome: Outcome) {
        let first = self.hand_to_preflight(&outcome);
        self.step(Input::Built { generation, outcome });
        self.watch();
        if let Some(preflight) = self.preflight.as_ref().filter(|_| first) {
            preflight.begin();
        }
    }

    /// Has new versions compiled for rehearsals while pages fetch them. Returns whether these are the first.
    fn hand_to_preflight(&mut self, outcome: &Outcome) -> bool {
        let (Some(preflight), Outcome::Succeeded { modules, .. }) = (&self.preflight, outcome)
        else {
            return false;
        };
        let store = self.shared.store.lock().unwrap_or_else(PoisonError::into_inner);
        for Compiled { version, .. } in modules {
            if let Some(bytes) = store.bytes(&version.module, &version.hash) {
                preflight.version(&version.module, &version.hash, bytes);
            }
        }
        !std::mem::replace(&mut self.built_once, true)
    }

    fn preflight_told(&mut self, told: Told) {
        match told {
            Told::State { ready, message } => self.tell(Event::Preflight { ready, message }),
            Told::Ready(true) => self.shared.send(&ServerMessage::Rehearsals {}),
            Told::Ready(false) => {}
            Told::Unavailable { message } => {
                self.tell(Event::Problem { page: "preflight".to_owned(), message });
            }
            Told::Verdict { page, verdict } => {
                let Verdict { outcome, step, error, duration, .. } = verdict.clone();
                self.shared.send_to(&page, &ServerMessage::Verdict(verdict));
                self.tell(Event::Rehearsal { page, outcome, step, error, duration });
            }
        }
    }

    /// Rehearses for a page, which waits for the verdict.
    fn rehearse(&mut self, page: String, request: Rehearse) {
        let store = self.shared.store.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = store.bytes(&request.module, &request.hash);
        drop(store);
        if let Some(preflight) = &self.preflight {
            preflight.rehearse(page, request, bytes);
            return;
        }
        let verdict = Verdict {
            id: request.id,
            outcome: RehearsalOutcome::Skipped,
            step: None,
            error: Some("rehearsals are turned off".to_owned()),
            duration: RehearsalTime::default(),
        };
        self.shared.send_to(&page, &ServerMessage::Verdict(verdict));
    }

    fn page(&mut self, from: FromPage) {
        match from {
            FromPage::Connected { page, id, greeted } => {
                self.pages += 1;
                self.step(Input::Page(page, Said::Connected { id, greeted }));
            }
            FromPage::Disconnected { page } => {
                self.pages = self.pages.saturating_sub(1);
                self.step(Input::Page(page, Said::Disconnected));
            }
            FromPage::Noted { page, message } => self.tell(Event::Problem { page, message }),
            // If the caller has gone, the answer is dropped.
            FromPage::Asked { request, reply } => _ = reply.send(self.asked(request)),
            FromPage::Said { page, message } => match message {
                ClientMessage::Ready { .. } => {}
                // Its number means nothing here: it is about an update of an earlier run of the tool.
                ClientMessage::Swap { server: Some(run), .. }
                | ClientMessage::Applied { server: Some(run), .. }
                    if !self.coordinator.is_run(&run) => {}
                ClientMessage::Swap { sequence, swaps, .. } => {
                    self.step(Input::Page(page, Said::Swapped { sequence, swaps }));
                }
                ClientMessage::Applied { sequence, what, count, .. } => {
                    self.tell(Event::Applied { sequence, page, what, count });
                }
                ClientMessage::Trap(trap) => self.step(Input::Page(page, Said::Trapped(trap))),
                ClientMessage::Slower(slower) => {
                    self.step(Input::Page(page, Said::Slowed(slower)));
                }
                ClientMessage::Rehearse(request) => self.rehearse(page, request),
                ClientMessage::State(state) => {
                    // A state of a version that is not in the store is of no use.
                    let store = self.shared.store.lock().unwrap_or_else(PoisonError::into_inner);
                    let known = store.get(&state.module, &state.hash).is_some();
                    drop(store);
                    if let Some(preflight) = self.preflight.as_ref().filter(|_| known) {
                        preflight.learn(state);
                    }
                }
                ClientMessage::Problem { message } => self.tell(Event::Problem { page, message }),
            },
        }
    }

    fn tell(&mut self, mut event: Event) {
        if let Event::Update { clients, .. } = &mut event {
            *clients = self.pages;
        }
        self.reporter.tell(&event);
    }

    fn stop(mut self) {
        self.build.cancel();
        self.tell(Event::Stopped);
    }
}

/// What names the application: the same in each run of the tool, and another one for each folder.
fn identity(app: &App) -> String {
    // However the folder was named on the command line.
    let root = app.root.canonicalize_utf8().unwrap_or_else(|_| app.root.clone());
    hmr_build::hash_of(root.as_str().as_bytes())
}

fn places(app: &App, options: &Options) -> Places {
    Places {
        hosts: app.config.allowed_hosts.iter().chain(&options.allowed_hosts).cloned().collect(),
        root: app.root.clone(),
        static_folder: app.static_folder(),
        snapshots: app.root.join(snapshots::FOLDER),
        loop_budget: app.config.loop_budget,
    }
}

fn greeting(coordinator: &Coordinator) -> Greeting {
    Greeting { hello: coordinator.hello(), experiments: coordinator.experiments().clone() }
}

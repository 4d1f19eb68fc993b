//! The start: the server, the watcher, the rehearsals, then the search for a toolchain.

use std::collections::BTreeSet;
use std::sync::{Arc, atomic::Ordering};

use hmr_build::{App, CancelToken, Module, Site};
use tokio::sync::mpsc;

use super::{DevError, Message, Options, Session, hooks::HookState, published, settings, watching};
use crate::{
    coordinator::Coordinator,
    events::Event,
    graph::{Graph, Scan},
    preflight::{Preflight, PreflightEvent},
    report::Reporter,
    server::{self, Bound, ServerConfig, ServerEvent, Shared},
    snapshots,
    watch::Watcher,
};

/// The address to listen at if nothing names another.
const HOST: &str = "127.0.0.1";

/// Where the server is to listen.
struct Place {
    hosts: Vec<String>,
    port: u16,
    /// Other names of the server, for people.
    aliases: Vec<String>,
    /// Whether a browser opens the page.
    opens: bool,
}

impl Session {
    /// Starts the server and the watcher, then the search for a toolchain in the background.
    pub(super) async fn start(
        options: &Options,
        app: App,
        messages: mpsc::UnboundedSender<Message>,
        reporter: Reporter,
    ) -> Result<Self, DevError> {
        let graph = Graph::new(&app)?;
        let folders = watching::scope(&app, &graph);
        let mut coordinator = Coordinator::new(server::random_name()?, graph);
        coordinator.keep(app.config.versions);
        let (events, server_events) = mpsc::unbounded_channel();
        let shared = Shared::new(
            published(&coordinator),
            server_config(&app, options),
            identity(&app),
            events,
        )?;
        let shared = Arc::new(shared);
        let changes = messages.clone();
        let watcher = Watcher::start(folders.clone(), move |event| {
            _ = changes.send(watching::message_of(event));
        })?;
        // Without a document, applications cannot be rehearsed.
        let has_native = app.modules.iter().any(Module::is_native);
        let preflight = (options.preflight && app.config.preflight && has_native).then(|| {
            let messages = messages.clone();
            let shared = Arc::clone(&shared);
            Preflight::new(move |event| {
                // Set at once, not when the loop handles the message: pages must not request rehearsals that nothing answers, nor skip one.
                if let PreflightEvent::Ready(ready) = event {
                    shared.rehearsing.store(ready, Ordering::Relaxed);
                }
                _ = messages.send(Message::Preflight(event));
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
            bindgen: Arc::default(),
            site: None,
            hooks: HookState::default(),
            noted: BTreeSet::new(),
            built_once: false,
            build_started: None,
            scanning: false,
        };
        session.build_site().await;
        session.serve(server_events)?;
        session.move_snapshots();
        session.check_page();
        session.scan(Scan::Toolchain, false);
        Ok(session)
    }

    /// Listens, prints the addresses, and passes on the messages of pages.
    fn serve(&mut self, mut events: mpsc::UnboundedReceiver<ServerEvent>) -> Result<(), DevError> {
        let place = self.place();
        let listeners = server::listen(&place.hosts, place.port)?;
        let Bound { port, exposed } = server::bound(&listeners)?;
        let key_file = self.app.target_dir().join("key");
        let key = exposed.then(|| server::Key::load(&key_file, port)).transpose()?;
        let urls = server::addresses(&listeners, &place.hosts, &place.aliases, key.as_ref())?;
        let router = server::router(Arc::clone(&self.shared), key);
        let messages = self.messages.clone();
        server::serve(listeners, &router, move |message| {
            let page = "the server".to_owned();
            _ = messages.send(Message::Report(Event::Problem { page, message }));
        });
        let messages = self.messages.clone();
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                _ = messages.send(Message::Server(event));
            }
        });
        let url = urls.first().cloned().unwrap_or_default();
        self.report(&Event::Ready {
            url: url.clone(),
            urls,
            app: self.app.root.to_string(),
            port_taken: (place.port != 0 && place.port != port).then_some(place.port),
            warning: exposed.then(|| server::EXPOSED.to_owned()),
        });
        if place.opens
            && let Err(error) = open::that_detached(&url)
        {
            self.report(&Event::Problem {
                page: "the terminal".to_owned(),
                message: format!("no browser could be opened: {error}"),
            });
        }
        Ok(())
    }

    /// Where the server is to listen: the command line wins over the configuration, and that over the settings of other tools.
    fn place(&self) -> Place {
        let (options, site) = (&self.options, self.app.site.as_deref());
        let port = options.port.or(self.app.config.port).or_else(|| site?.port());
        let of_site = || site.map(Site::addresses).unwrap_or_default();
        let mut hosts: Vec<String> = match &options.host {
            Some(host) => vec![host.clone()],
            None => of_site().iter().map(ToString::to_string).collect(),
        };
        if hosts.is_empty() {
            hosts.push(HOST.to_owned());
        }
        Place {
            hosts,
            port: port.unwrap_or(options.default_port),
            aliases: site.into_iter().flat_map(Site::aliases).filter_map(Result::ok).collect(),
            opens: options.open || site.is_some_and(|site| site.trunk.serve.open),
        }
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
                self.report(&Event::Note { message });
            }
            Err(error) => {
                let message = format!(
                    "saved snapshots cannot be moved from `{old}` to `{new}`: {error}\nhint: move them manually; `cargo clean` deletes those that stay"
                );
                self.report(&Event::Problem { page: "the terminal".to_owned(), message });
            }
        }
    }

    /// Reports problems of the page early that a browser would report later.
    fn check_page(&mut self) {
        let page = self.app.root.join("index.html");
        for message in self.app.notes.clone() {
            self.note_once(message);
        }
        if !page.exists() && self.app.site.is_none() {
            let message = format!(
                "there is no `{page}`\nhint: make one that places a component: `<hmr-component module=\"…\" component=\"…\"></hmr-component>`"
            );
            self.report(&Event::Problem { page: "/".to_owned(), message });
        }
    }
}

/// The name of the application: the same in each run of the tool, and another one for each folder.
fn identity(app: &App) -> String {
    // The folder may have several names on the command line.
    let root = app.root.canonicalize_utf8().unwrap_or_else(|_| app.root.clone());
    hmr_build::hash_of(root.as_str().as_bytes())
}

/// The server's configuration from the application and the command line.
pub(super) fn server_config(app: &App, options: &Options) -> ServerConfig {
    let aliases = app.site.iter().flat_map(|site| site.aliases().filter_map(Result::ok));
    let allowed = app.config.allowed_hosts.iter().chain(&options.allowed_hosts).cloned();
    ServerConfig {
        hosts: allowed.chain(aliases).collect(),
        root: app.root.clone(),
        static_folder: app.static_folder(),
        snapshots: app.root.join(snapshots::FOLDER),
        applications: app
            .modules
            .iter()
            .filter(|module| !module.is_native())
            .map(|module| (module.crate_name(), module.name.clone()))
            .collect(),
        site: None,
        proxies: Arc::default(),
        loop_budget: app.config.loop_budget,
    }
}

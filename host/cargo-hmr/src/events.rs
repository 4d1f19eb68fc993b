//! What happens, as data: every line that `--json` prints, and what the human lines are made from.
//!
//! `docs/events.md` describes each event. Fields are added, never renamed or removed.

mod texts;

use hmr_build::Diagnostic;
use serde::Serialize;

use hmr_protocol::{RehearsalOutcome, RehearsalTime, Slower, Swap, SwapStep, Trap};

/// A module and the version that it became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Built {
    /// The module's name.
    pub module: String,
    /// The hash of its bytes.
    pub hash: String,
    /// The size of its bytes.
    pub bytes: usize,
}

/// How long the phases of an update took, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Phases {
    /// From the first notification about a changed file to the decision.
    pub watch: f64,
    /// cargo, rustc and the linker.
    pub compile: f64,
    /// Checking and rewriting the bytes.
    pub prepare: f64,
}

/// What kind of update a change led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateKind {
    /// Stylesheets.
    CssUpdate,
    /// Other static files.
    AssetUpdate,
    /// Modules are swapped.
    HotUpdate,
    /// The page is loaded again, with its state.
    FullReload,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The server answers.
    Ready {
        /// The page's address for this machine's own browser.
        url: String,
        /// All addresses of the page, that one first.
        urls: Vec<String>,
        /// The application's folder.
        app: String,
        /// Set if the requested port was taken.
        #[serde(skip_serializing_if = "Option::is_none")]
        port_taken: Option<u16>,
        /// What others can do, if other machines can reach the server.
        #[serde(skip_serializing_if = "Option::is_none")]
        warning: Option<String>,
    },
    /// A step that takes time is running: setting up a toolchain, compiling dependencies.
    Progress {
        /// What, for people.
        message: String,
    },
    /// Something that was started waits: for a lock that another process holds, or for the network.
    Waiting {
        /// For what.
        what: String,
    },
    /// cargo was started.
    BuildStarted {
        /// The modules that are built.
        modules: Vec<String>,
        /// Why: the chains that led to the modules.
        reason: String,
    },
    /// The code does not compile, or the application cannot be read.
    BuildFailed {
        /// What failed.
        title: String,
        /// Why.
        diagnostics: Vec<Diagnostic>,
        /// Whether there is code from a previous build, which pages keep running.
        running: bool,
    },
    /// cargo has succeeded.
    BuildFinished {
        /// What was built.
        modules: Vec<Built>,
        /// How long it took in all, in milliseconds.
        duration_ms: f64,
        /// What the compiler warned of.
        warnings: Vec<Diagnostic>,
    },
    /// The bytes are what they were: there is nothing to swap.
    Unchanged {
        /// What was built.
        modules: Vec<String>,
        /// Which files changed.
        changed: Vec<String>,
    },
    /// An update was announced to the pages.
    Update {
        /// Its number.
        sequence: u64,
        /// What kind it is.
        kind: UpdateKind,
        /// Why this kind.
        reason: String,
        /// The modules of a hot update.
        modules: Vec<Built>,
        /// The URL paths of a style or static-file update.
        paths: Vec<String>,
        /// Which files changed, relative to the application.
        changed: Vec<String>,
        /// How long it took to get here.
        phases: Phases,
        /// How many pages are connected.
        clients: usize,
    },
    /// A page has acknowledged a hot update.
    Swap {
        /// The update's number.
        sequence: u64,
        /// The page.
        page: String,
        /// The result for each module.
        swaps: Vec<Swap>,
    },
    /// A page runs other code, or failed to, without an update: the first of a module, or what a script of the page chose.
    Loaded {
        /// The page.
        page: String,
        /// The result for each module.
        swaps: Vec<Swap>,
    },
    /// A page has acknowledged a style or static-file update.
    Applied {
        /// The update's number.
        sequence: u64,
        /// The page.
        page: String,
        /// `css` or `asset`.
        what: String,
        /// How many elements showed it.
        count: u64,
    },
    /// A page has opened its socket.
    ClientConnected {
        /// The page.
        page: String,
    },
    /// A page has closed its socket.
    ClientDisconnected {
        /// The page.
        page: String,
    },
    /// Running code has trapped in a page.
    Trap {
        /// The page.
        page: String,
        /// What and where.
        #[serde(flatten)]
        trap: Trap,
    },
    /// Calls take clearly longer in a page than before the update.
    Slower {
        /// The page.
        page: String,
        /// Which calls, and how long they take.
        #[serde(flatten)]
        slower: Slower,
    },
    /// A version failed in a page: no new page gets it.
    Refused {
        /// The page.
        page: String,
        /// The module.
        module: String,
        /// The version that failed.
        hash: String,
        /// The version that new pages get.
        serves: String,
        /// Why it failed.
        reason: String,
    },
    /// A new version of a pinned module is kept and not announced.
    HeldBack {
        /// The versions.
        modules: Vec<Built>,
    },
    /// A module was pinned to a version, or unpinned.
    Pinned {
        /// The module.
        module: String,
        /// The version; none if it was unpinned.
        hash: Option<String>,
    },
    /// An experiment was started or changed, or has ended.
    Experiment {
        /// The module.
        module: String,
        /// The hashes of its variants, or `newest`; empty if it has ended.
        variants: Vec<String>,
    },
    /// The gate of a module was started.
    GateStarted {
        /// The module.
        module: String,
        /// The command.
        command: String,
    },
    /// A gate has ended.
    GateFinished {
        /// The module.
        module: String,
        /// `passed`, `failed` or `cancelled`.
        outcome: &'static str,
        /// How long it took, in milliseconds.
        duration_ms: f64,
    },
    /// Rehearsals of swaps are available, will be, or are not.
    Preflight {
        /// Whether swaps are rehearsed now.
        ready: bool,
        /// The progress, and what to do about it.
        message: String,
    },
    /// A swap was rehearsed for a page.
    Rehearsal {
        /// The page.
        page: String,
        /// `passed`, `failed` or `skipped`.
        outcome: RehearsalOutcome,
        /// The step of the swap that would fail.
        step: Option<SwapStep>,
        /// Why it would fail, or why the rehearsal was skipped.
        error: Option<String>,
        /// How long it took.
        duration: RehearsalTime,
    },
    /// A page reports something that the developer should read.
    Problem {
        /// The page.
        page: String,
        /// What it is.
        message: String,
    },
    /// The tool has done something that the developer should know about.
    Note {
        /// What, for people.
        message: String,
    },
    /// The tool is ending.
    Stopped,
}

//! The input of the coordinator, and its output.

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use hmr_build::{CompiledModule, Diagnostic, Failure};
use hmr_protocol::{ClientMessage, ModuleState, Rehearse, ServerMessage};
use serde_json::Value;

use crate::{
    events::{Event, Phases},
    graph::{Graph, Scan},
    versions::ModuleVersion,
    watch::ChangeBatch,
};

/// What has happened.
#[derive(Debug)]
pub enum Input {
    /// Files have changed.
    Changed(ChangeBatch),
    /// The application was read (again), or could not be.
    Scanned(Result<Graph, Failure>),
    /// A build has ended.
    Built {
        /// The number of the build.
        generation: u64,
        /// How.
        outcome: Outcome,
    },
    /// The time of an [`Effect::Remind`] has passed.
    Overdue {
        /// The number of the build, from the effect.
        generation: u64,
    },
    /// A page has done something.
    Client {
        /// Which connection: the page's path and a number.
        page: String,
        /// What.
        event: ClientEvent,
    },
}

/// What a page has done.
#[derive(Debug)]
pub enum ClientEvent {
    /// It has opened its socket.
    Connected {
        /// The id that the page keeps when it is loaded again.
        id: String,
        /// The number of the last message before its greeting.
        greeted: u64,
    },
    /// It has sent a message.
    Message(ClientMessage),
    /// It has a problem that the developer should know about.
    Problem(String),
    /// It has closed its socket.
    Disconnected,
}

/// How a build ended.
#[derive(Debug)]
pub enum Outcome {
    /// Every module was compiled and prepared.
    Succeeded {
        /// The modules.
        modules: Vec<BuiltModule>,
        /// What the compiler warned of.
        warnings: Vec<Diagnostic>,
        /// How long the phases took; `watch` is not known here.
        phases: Phases,
    },
    /// It failed.
    Failed(Failure),
    /// Every module was compiled, but one cannot be used: it cannot be prepared, or its gate did not pass.
    Refused {
        /// Why.
        failure: Failure,
        /// What was compiled.
        compiled: Vec<CompiledModule>,
    },
    /// It was cancelled for a newer save.
    Cancelled,
}

/// A module that a build has made.
#[derive(Debug)]
pub struct BuiltModule {
    /// Its version.
    pub version: Arc<ModuleVersion>,
    /// Every file that it was made from; absolute.
    pub files: Vec<Utf8PathBuf>,
    /// Every folder that it was made from, with any content; absolute.
    pub folders: Vec<Utf8PathBuf>,
    /// The transform of the state, from the file next to its source.
    pub transform: Vec<Value>,
}

/// An action for the dev loop.
#[derive(Debug)]
pub enum Effect {
    /// Read the application again, and answer with [`Input::Scanned`].
    Scan(Scan),
    /// Start a build, and answer with [`Input::Built`].
    Build {
        /// The number of the build.
        generation: u64,
        /// What to build.
        modules: Vec<String>,
    },
    /// Answer with [`Input::Overdue`] after this time.
    Remind {
        /// The number of the build that runs, or has ended.
        generation: u64,
        /// When.
        after: Duration,
    },
    /// Cancel the build that runs.
    Cancel,
    /// Send to every page.
    Send(ServerMessage),
    /// Send to one page.
    SendTo {
        /// Which connection.
        page: String,
        /// What.
        message: ServerMessage,
    },
    /// Report to the developer.
    Report(Event),
    /// Have new versions compiled for rehearsals.
    PrepareRehearsals(Vec<Arc<ModuleVersion>>),
    /// Pass on the state of a page, so that its rehearsals can be prepared.
    LearnState(ModuleState),
    /// Rehearse for a page, which waits for the verdict.
    Rehearse {
        /// Which connection.
        page: String,
        /// What to rehearse.
        request: Rehearse,
        /// The version, if it is kept.
        version: Option<Arc<ModuleVersion>>,
    },
}

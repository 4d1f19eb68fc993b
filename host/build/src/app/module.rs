//! Modules: what an app consists of.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

/// A crate that becomes one wasm binary, the unit that is swapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The name by which pages refer to it.
    pub name: String,
    /// The name of its package.
    pub package: String,
    /// The package's manifest; absolute.
    pub manifest_path: Utf8PathBuf,
    /// The name of its target.
    pub target: String,
    /// Which kind of module it is.
    pub kind: ModuleKind,
    /// The command that must succeed before an update of it is announced.
    pub gate: Option<String>,
    /// How long that may take.
    pub gate_limit: Duration,
}

/// The kinds of modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModuleKind {
    /// Written with `hmr-sdk`.
    Native {
        /// The version of wasm-bindgen among its dependencies, if it is there.
        wasm_bindgen: Option<String>,
    },
    /// Made with wasm-bindgen.
    Application(ApplicationTarget),
}

impl Module {
    /// Whether it is written with `hmr-sdk`.
    #[must_use]
    pub fn is_native(&self) -> bool {
        matches!(self.kind, ModuleKind::Native { .. })
    }

    /// The name of its crate, as files of compiled code have it.
    #[must_use]
    pub fn crate_name(&self) -> String {
        self.target.replace('-', "_")
    }

    /// The folder of its package; absolute.
    #[must_use]
    pub fn folder(&self) -> &Utf8Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }
}

/// How an application is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationTarget {
    /// Whether it is a binary; otherwise a library.
    pub is_binary: bool,
    /// The features that the page asks for.
    pub features: Features,
    /// The profile that the page asks for in development.
    pub profile: Option<String>,
    /// The profile that the page asks for when it is deployed.
    pub release_profile: Option<String>,
    /// How `wasm-opt` optimises it when it is deployed: see [`hmr_trunk::RustLink::wasm_opt`].
    pub wasm_opt: Option<String>,
    /// More arguments for `wasm-opt`.
    pub wasm_opt_arguments: Vec<String>,
    /// The version of wasm-bindgen that it is compiled with.
    pub wasm_bindgen: String,
    /// The module that is called while it starts, relative to the page.
    pub initializer: Option<camino::Utf8PathBuf>,
}

/// The features that a package is compiled with.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Features {
    /// By name.
    pub named: Vec<String>,
    /// All of them.
    pub all: bool,
    /// Not the default ones.
    pub no_default: bool,
}

//! The versions of modules: what the tool keeps of each build, and which version pages get.
//!
//! A [`ModuleVersion`] is what a build made of one module. A [`VersionHistory`] keeps the versions of one module, decides
//! which of them pages get, and drops the oldest. [`KeptVersions`] is the view of all of them for the server and others that only read.

mod application;
mod glue;
mod history;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use hmr_build::{BoundModule, Commit, PreparedModule};
use hmr_protocol::Version;
use serde_json::Value;

pub use self::application::{ApplicationVersion, Start};
pub use self::glue::Glue;
pub use self::history::VersionHistory;

/// One version of a module.
#[derive(Debug)]
pub struct ModuleVersion {
    /// The module's name.
    pub module: String,
    /// The hash of the bytes.
    pub hash: String,
    /// What is served.
    pub bytes: Bytes,
    /// What engines other than browsers get: wasm-bindgen's program has not run on it.
    pub unbound: Bytes,
    /// The components that can be mounted.
    pub components: Vec<String>,
    /// What wasm-bindgen has made of it besides its bytes, if its program has run on it.
    pub glue: Option<Glue>,
    /// What it has besides, if it is an application.
    pub application: Option<ApplicationVersion>,
    /// When it was built, in milliseconds since the Unix epoch.
    pub built: u64,
    /// The commit that its source was checked out from, once that is known.
    pub commit: OnceLock<Commit>,
}

/// What a build has made of a module.
#[derive(Debug)]
pub enum Code {
    /// A native module, and what browsers get in its place if it calls their functions.
    Native(PreparedModule, Option<BoundModule>),
    /// An application, and how it is started.
    Application(BoundModule, Start),
}

impl Code {
    /// The hash of the version that it is.
    #[must_use]
    pub fn hash(&self) -> &str {
        match self {
            Self::Native(prepared, None) => &prepared.hash,
            Self::Native(_, Some(bound)) | Self::Application(bound, _) => &bound.hash,
        }
    }
}

impl ModuleVersion {
    /// The version that a build made at the time `built`, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn new(module: &str, code: Code, built: u64) -> Self {
        let hash = code.hash().to_owned();
        let (unbound, bound, components, application) = match code {
            Code::Native(prepared, bound) => {
                let components = prepared.manifest.components.into_iter();
                let names = components.map(|entry| entry.name).collect();
                (Bytes::from(prepared.bytes), bound, names, None)
            }
            Code::Application(mut bound, start) => {
                let assets = std::mem::take(&mut bound.assets);
                (Bytes::new(), Some(bound), Vec::new(), Some(ApplicationVersion { assets, start }))
            }
        };
        let glue = bound.as_ref().map(|bound| Glue::new(module, bound));
        Self {
            module: module.to_owned(),
            hash,
            bytes: bound.map_or_else(|| unbound.clone(), |bound| bound.wasm.into()),
            unbound,
            components,
            glue,
            application,
            built,
            commit: OnceLock::new(),
        }
    }

    /// The version as pages get it, with the operations to apply to the state once.
    #[must_use]
    pub fn announced(&self, transform: Vec<Value>) -> Version {
        Version {
            module: self.module.clone(),
            hash: self.hash.clone(),
            url: format!("/@hmr/module/{}/{}.wasm", self.module, self.hash),
            components: self.components.clone(),
            transform,
            rehearse: false,
            glue: self
                .glue
                .is_some()
                .then(|| format!("/@hmr/module/{}/{}/glue.js", self.module, self.hash)),
            application: self.application.as_ref().map(|it| it.start.announced()),
        }
    }

    /// An empty version, for tests.
    #[cfg(test)]
    pub(crate) fn example(module: &str, hash: &str) -> Arc<Self> {
        let manifest = hmr_abi::manifest::Manifest::default();
        let hash = hash.to_owned();
        let prepared = PreparedModule { bytes: vec![0], hash, manifest, uses_browser: false };
        Arc::new(Self::new(module, Code::Native(prepared, None), 0))
    }
}

/// All versions that are kept, by module, the newest last.
#[derive(Debug, Clone, Default)]
pub struct KeptVersions(BTreeMap<String, Vec<Arc<ModuleVersion>>>);

impl KeptVersions {
    /// A version, if it is kept.
    #[must_use]
    pub fn get(&self, module: &str, hash: &str) -> Option<&Arc<ModuleVersion>> {
        self.of(module).iter().find(|version| version.hash == hash)
    }

    /// All versions of all modules, the newest of each module first.
    pub fn all(&self) -> impl Iterator<Item = &ModuleVersion> {
        self.0.values().flat_map(|versions| versions.iter().rev()).map(|version| &**version)
    }

    /// All versions of a module, the newest last.
    #[must_use]
    pub fn of(&self, module: &str) -> &[Arc<ModuleVersion>] {
        self.0.get(module).map_or(&[], Vec::as_slice)
    }

    /// The newest version of a module.
    #[must_use]
    pub fn newest(&self, module: &str) -> Option<&Arc<ModuleVersion>> {
        self.of(module).last()
    }
}

impl FromIterator<(String, Vec<Arc<ModuleVersion>>)> for KeptVersions {
    fn from_iter<T: IntoIterator<Item = (String, Vec<Arc<ModuleVersion>>)>>(versions: T) -> Self {
        Self(versions.into_iter().collect())
    }
}

//! Manual requests of a developer: versions pinned and restored, experiments.

use std::sync::Arc;

use serde_json::{Value, json};

use hmr_protocol::ServerMessage;

use super::{Coordinator, Effect};
use crate::{
    events::{Event, Phases},
    experiment::{NEWEST, Variant},
    versions::{ModuleVersion, VersionHistory},
};

/// Why a manual request cannot be carried out; for people to read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The module does not exist, or was not built yet.
    #[error(
        "there is no module `{0}` that was built\nhint: `GET /@hmr/versions` lists the modules"
    )]
    NoModule(String),
    /// The version is not kept.
    #[error(
        "no version `{hash}` of `{module}` is kept\nhint: `GET /@hmr/versions` lists those that are; keep more with `versions = 64` in `[workspace.metadata.hmr]`"
    )]
    NoVersion {
        /// The module.
        module: String,
        /// The requested hash.
        hash: String,
    },
    /// The module is pinned.
    #[error("`{0}` is pinned\nhint: take the pin out first: pin it to `null`")]
    IsPinned(String),
    /// An experiment runs on the module.
    #[error("an experiment runs on `{0}`\nhint: end it first: start one without variants")]
    HasExperiment(String),
    /// The request is invalid.
    #[error("{0}")]
    Malformed(String),
}

/// A requested variant of an experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantRequest {
    /// The hash of its version, or `newest`.
    pub hash: String,
    /// Its weight.
    pub weight: u32,
}

impl Coordinator {
    /// Pins a module to a version, or unpins it.
    ///
    /// # Errors
    /// [`Denied`]; nothing has changed then.
    pub fn pin(&mut self, module: &str, hash: Option<&str>) -> Result<Vec<Effect>, Denied> {
        self.check_module(module)?;
        if self.experiments.runs(module) {
            return Err(Denied::HasExperiment(module.to_owned()));
        }
        let pinned = hash.map(|hash| self.kept_version(module, hash)).transpose()?;
        let current =
            |history: &VersionHistory| history.current().map(|current| current.hash.clone());
        let history = self.histories.entry(module.to_owned()).or_default();
        let before = current(history);
        history.pin(pinned.clone());
        // Pages that chose another version by themselves get the pinned one, too, even where all others have it.
        let now = if current(history) == before {
            pinned.map(|version| (Arc::clone(&version), version.announced(Vec::new())))
        } else {
            history.announce()
        };
        let mut effects = vec![Effect::Report(Event::Pinned {
            module: module.to_owned(),
            hash: hash.map(str::to_owned),
        })];
        if let Some(now) = now {
            let reason = if hash.is_some() { "pinned" } else { "no longer pinned" };
            self.hot_update(reason.to_owned(), &[now], Vec::new(), Phases::default(), &mut effects);
        }
        Ok(effects)
    }

    /// Restores a version: announces it as a hot update, and gives it to new pages until the next build that differs.
    ///
    /// # Errors
    /// [`Denied`]; nothing has changed then.
    pub fn restore(&mut self, module: &str, hash: &str) -> Result<Vec<Effect>, Denied> {
        self.check_module(module)?;
        let version = self.kept_version(module, hash)?;
        let history = self.histories.entry(module.to_owned()).or_default();
        if history.pinned().is_some() {
            return Err(Denied::IsPinned(module.to_owned()));
        }
        if self.experiments.runs(module) {
            return Err(Denied::HasExperiment(module.to_owned()));
        }
        history.restore(Arc::clone(&version));
        let news = [(Arc::clone(&version), version.announced(Vec::new()))];
        let mut effects = Vec::new();
        let reason = "an earlier version was restored".to_owned();
        self.hot_update(reason, &news, Vec::new(), Phases::default(), &mut effects);
        Ok(effects)
    }

    /// Starts an experiment on a module, which replaces the one that runs; without variants, only ends that.
    ///
    /// # Errors
    /// [`Denied`]; nothing has changed then.
    pub fn experiment(
        &mut self,
        module: &str,
        requested: &[VariantRequest],
    ) -> Result<Vec<Effect>, Denied> {
        self.check_experiment(module)?;
        if !requested.is_empty() && requested.iter().all(|requested| requested.weight == 0) {
            let text = "a variant must have a weight above 0\nhint: for instance `\"weight\": 1`";
            return Err(Denied::Malformed(text.to_owned()));
        }
        let variant = |requested: &VariantRequest| {
            let version = self.variant_version(module, &requested.hash)?;
            Ok(Variant::new(version, requested.weight))
        };
        let variants = requested.iter().map(variant).collect::<Result<_, Denied>>()?;
        self.experiments.start(module, variants);
        Ok(self.announce_experiment(module, |_| true))
    }

    /// Assigns a version of a module to one page.
    ///
    /// # Errors
    /// [`Denied`]; nothing has changed then.
    pub fn assign(&mut self, module: &str, page: &str, hash: &str) -> Result<Vec<Effect>, Denied> {
        self.check_experiment(module)?;
        let version = self.variant_version(module, hash)?;
        self.experiments.assign(module, page, version);
        Ok(self.announce_experiment(module, |id| id == page))
    }

    /// The experiments, as sent to pages and tools.
    #[must_use]
    pub fn listed_experiments(&self) -> Value {
        self.experiments.listed(&self.pages.values().map(String::as_str).collect())
    }

    /// The modules and their versions, as sent to pages and tools.
    #[must_use]
    pub fn listed_versions(&self) -> Value {
        let modules = self.histories.iter().map(|(module, history)| {
            let current = history.current().map(|current| &current.hash);
            let pinned = history.pinned();
            let versions = history.versions().rev().map(|version| {
                let hash = &version.hash;
                json!({
                    "hash": hash,
                    "bytes": version.bytes.len(),
                    "built": version.built,
                    "commit": version.commit.get().map(|commit| &commit.id),
                    "dirty": version.commit.get().map(|commit| commit.dirty),
                    "components": version.components,
                    "current": current == Some(hash),
                    "pinned": pinned == Some(hash.as_str()),
                    "refused": history.is_refused(hash),
                })
            });
            let versions: Vec<Value> = versions.collect();
            json!({"module": module, "current": current, "pinned": pinned, "versions": versions})
        });
        json!({ "modules": modules.collect::<Vec<_>>() })
    }

    fn check_module(&self, module: &str) -> Result<(), Denied> {
        let known = self.histories.contains_key(module);
        known.then_some(()).ok_or_else(|| Denied::NoModule(module.to_owned()))
    }

    fn check_experiment(&self, module: &str) -> Result<(), Denied> {
        self.check_module(module)?;
        let pinned = self.histories.get(module).is_some_and(|history| history.pinned().is_some());
        if pinned { Err(Denied::IsPinned(module.to_owned())) } else { Ok(()) }
    }

    /// Sends the pages that an experiment concerns their new version.
    fn announce_experiment(
        &mut self,
        module: &str,
        concerns: impl Fn(&str) -> bool,
    ) -> Vec<Effect> {
        let variants = self.experiments.variants(module);
        let mut effects =
            vec![Effect::Report(Event::Experiment { module: module.to_owned(), variants })];
        let sequence = self.next();
        for (page, id) in self.pages.iter().filter(|(_, id)| concerns(id)) {
            let mut hello = self.hello_for(id);
            hello.modules.retain(|version| version.module == module);
            let reason = "experiment".to_owned();
            let message = ServerMessage::HotUpdate { sequence, reason, modules: hello.modules };
            effects.push(Effect::SendTo { page: page.clone(), message });
        }
        effects
    }

    pub(super) fn kept_version(
        &self,
        module: &str,
        hash: &str,
    ) -> Result<Arc<ModuleVersion>, Denied> {
        let history = self.histories.get(module);
        let kept = history.and_then(|history| history.get(hash));
        let missing = || Denied::NoVersion { module: module.to_owned(), hash: hash.to_owned() };
        kept.cloned().ok_or_else(missing)
    }

    /// A variant's fixed version; none if it is each new build.
    fn variant_version(
        &self,
        module: &str,
        hash: &str,
    ) -> Result<Option<Arc<ModuleVersion>>, Denied> {
        if hash == NEWEST { Ok(None) } else { self.kept_version(module, hash).map(Some) }
    }
}

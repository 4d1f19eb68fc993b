//! Announcements: of files that need no build and of builds that succeed.

use std::collections::BTreeSet;
use std::sync::Arc;

use hmr_build::Diagnostic;
use hmr_protocol::{ServerMessage, Version};

use super::{BuiltModule, Coordinator, Effect};
use crate::{
    events::{Built, Event, Phases, UpdateKind},
    graph::UpdatePlan,
    versions::ModuleVersion,
};

impl Coordinator {
    /// Stylesheets and static files need no build.
    pub(super) fn announce_files(
        &mut self,
        plan: &UpdatePlan,
        phases: Phases,
        effects: &mut Vec<Effect>,
    ) {
        for (paths, kind) in
            [(&plan.styles, UpdateKind::CssUpdate), (&plan.assets, UpdateKind::AssetUpdate)]
        {
            if paths.is_empty() {
                continue;
            }
            let reason = format!("{} changed", quoted(paths));
            let sequence = self.next();
            self.files = sequence;
            let paths = paths.clone();
            effects.push(Effect::Report(Event::Update {
                sequence,
                kind,
                reason: reason.clone(),
                modules: Vec::new(),
                paths: paths.clone(),
                changed: plan.changed.clone(),
                phases,
                clients: self.pages.len(),
            }));
            effects.push(Effect::Send(match kind {
                UpdateKind::CssUpdate => ServerMessage::CssUpdate { sequence, reason, paths },
                _ => ServerMessage::AssetUpdate { sequence, reason, paths },
            }));
        }
    }

    /// Announces what a build has made.
    pub(super) fn succeeded(
        &mut self,
        modules: Vec<BuiltModule>,
        warnings: Vec<Diagnostic>,
        phases: Phases,
        effects: &mut Vec<Effect>,
    ) {
        self.failure = None;
        let sequence = self.next();
        effects.push(Effect::Send(ServerMessage::BuildSucceeded { sequence }));
        let built: Vec<Built> =
            modules.iter().map(|module| Built::from(&*module.version)).collect();
        // Without a document, an application cannot be rehearsed.
        let native = modules.iter().filter(|module| module.version.application.is_none());
        let versions = native.map(|module| Arc::clone(&module.version));
        effects.push(Effect::PrepareRehearsals(versions.collect()));
        effects.push(Effect::Report(Event::BuildFinished {
            modules: built.clone(),
            duration_ms: phases.compile + phases.prepare,
            warnings,
        }));
        let due = std::mem::take(&mut self.running);
        let reloads = due.reload.is_some() || !self.markup.is_empty();
        let (mut news, mut held) = (Vec::new(), Vec::new());
        for BuiltModule { version, files, folders, transform } in modules {
            self.graph.set_inputs(&version.module, files, folders);
            let assets = version.application.iter().flat_map(|application| &application.assets);
            self.graph.set_assets(&version.module, assets);
            let fixed = self.experiments.fixed(&version.module);
            let history = self.histories.entry(version.module.clone()).or_default();
            if !history.push(Arc::clone(&version), transform, self.kept, &fixed) {
                continue;
            }
            match history.pinned() {
                Some(_) => held.push(Built::from(&*version)),
                // A reload carries no transform: it stays due.
                None if !reloads => news.extend(history.announce()),
                None => {}
            }
        }
        let phases = Phases { watch: due.watch_ms, ..phases };
        if !held.is_empty() {
            effects.push(Effect::Report(Event::HeldBack { modules: held.clone() }));
        }
        if reloads {
            self.reload(due.reload, due.changed, phases, effects);
            return;
        }
        let changed = due.changed.into_iter().collect();
        if !news.is_empty() {
            let mut chains: Vec<String> = news
                .iter()
                .filter_map(|(version, _)| due.modules.get(&version.module).cloned())
                .collect();
            chains.dedup();
            self.hot_update(chains.join(", "), &news, changed, phases, effects);
        } else if held.is_empty() {
            let modules = built.into_iter().map(|built| built.module).collect();
            effects.push(Effect::Report(Event::Unchanged { modules, changed }));
        }
    }

    /// Announces versions to every page that follows them.
    pub(super) fn hot_update(
        &mut self,
        reason: String,
        news: &[(Arc<ModuleVersion>, Version)],
        changed: Vec<String>,
        phases: Phases,
        effects: &mut Vec<Effect>,
    ) {
        let sequence = self.next();
        effects.push(Effect::Report(Event::Update {
            sequence,
            kind: UpdateKind::HotUpdate,
            reason: reason.clone(),
            modules: news.iter().map(|(version, _)| Built::from(&**version)).collect(),
            paths: Vec::new(),
            changed,
            phases,
            clients: self.pages.len(),
        }));
        let modules: Vec<Version> = news.iter().map(|(_, announced)| announced.clone()).collect();
        if !modules.iter().any(|version| self.experiments.runs(&version.module)) {
            effects.push(Effect::Send(ServerMessage::HotUpdate { sequence, reason, modules }));
            return;
        }
        for (page, id) in &self.pages {
            let mut modules = modules.clone();
            modules.retain(|version| self.experiments.follows(&version.module, id));
            if !modules.is_empty() {
                let message =
                    ServerMessage::HotUpdate { sequence, reason: reason.clone(), modules };
                effects.push(Effect::SendTo { page: page.clone(), message });
            }
        }
    }

    /// Has pages loaded again whose own files have changed.
    pub(super) fn reload_markup(&mut self, effects: &mut Vec<Effect>) {
        if !self.markup.is_empty() {
            self.reload(None, BTreeSet::new(), Phases::default(), effects);
        }
    }

    /// Has pages loaded again, for this reason or because of their own files.
    fn reload(
        &mut self,
        reason: Option<String>,
        mut changed: BTreeSet<String>,
        phases: Phases,
        effects: &mut Vec<Effect>,
    ) {
        let markup: Vec<String> = std::mem::take(&mut self.markup).into_iter().collect();
        let reason = reason.unwrap_or_else(|| format!("{} changed", quoted(&markup)));
        changed.extend(markup);
        let sequence = self.next();
        self.reloaded = sequence;
        effects.push(Effect::Report(Event::Update {
            sequence,
            kind: UpdateKind::FullReload,
            reason: reason.clone(),
            modules: Vec::new(),
            paths: Vec::new(),
            changed: changed.into_iter().collect(),
            phases,
            clients: self.pages.len(),
        }));
        effects.push(Effect::Send(ServerMessage::FullReload { sequence, reason, restore: true }));
    }
}

impl From<&ModuleVersion> for Built {
    fn from(version: &ModuleVersion) -> Self {
        Self {
            module: version.module.clone(),
            hash: version.hash.clone(),
            bytes: version.bytes.len(),
        }
    }
}

fn quoted(paths: &[String]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    paths.join(", ")
}

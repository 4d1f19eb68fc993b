//! Announcements: of files that need no build and of builds that succeed.

use std::collections::BTreeSet;

use hmr_build::Diagnostic;

use super::{Candidate, Compiled, Coordinator, Effect};
use crate::{
    events::{Built, Event, Phases, UpdateKind},
    graph::UpdatePlan,
};
use hmr_protocol::{ServerMessage, Version};

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
            effects.push(Effect::Tell(Event::Update {
                sequence,
                kind,
                reason: reason.clone(),
                modules: Vec::new(),
                paths: paths.clone(),
                changed: plan.changed.clone(),
                phases,
                clients: 0,
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
        modules: Vec<Compiled>,
        warnings: Vec<Diagnostic>,
        phases: Phases,
        effects: &mut Vec<Effect>,
    ) {
        self.failure = None;
        let sequence = self.next();
        effects.push(Effect::Send(ServerMessage::BuildSucceeded { sequence }));
        let built: Vec<Built> = modules.iter().map(Built::from).collect();
        effects.push(Effect::Tell(Event::BuildFinished {
            modules: built.clone(),
            duration_ms: phases.compile + phases.prepare,
            warnings,
        }));
        let due = std::mem::take(&mut self.running);
        let reloads = due.reload.is_some() || !self.markup.is_empty();
        let (mut news, mut held) = (Vec::new(), Vec::new());
        for Compiled { version, bytes, files, folders, transform } in modules {
            self.graph.set_inputs(&version.module, files, folders);
            let line = self.histories.entry(version.module.clone()).or_default();
            let built = Candidate { version, bytes };
            if !line.push(built.clone(), transform, self.kept) {
                continue;
            }
            match line.pinned() {
                Some(_) => held.push(Built::from(&built)),
                // A reload carries no transform: it stays due.
                None if !reloads => news.extend(line.announce()),
                None => {}
            }
        }
        let phases = Phases { watch: due.watch_ms, ..phases };
        if !held.is_empty() {
            effects.push(Effect::Tell(Event::HeldBack { modules: held.clone() }));
        }
        if reloads {
            self.reload(due.reload, due.changed, phases, effects);
            return;
        }
        let changed = due.changed.into_iter().collect();
        if !news.is_empty() {
            let mut chains: Vec<String> = news
                .iter()
                .filter_map(|built| due.modules.get(&built.version.module).cloned())
                .collect();
            chains.dedup();
            self.hot_update(chains.join(", "), &news, changed, phases, effects);
        } else if held.is_empty() {
            let modules = built.into_iter().map(|built| built.module).collect();
            effects.push(Effect::Tell(Event::Unchanged { modules, changed }));
        }
    }

    /// Announces versions to every page that follows them.
    pub(super) fn hot_update(
        &mut self,
        reason: String,
        news: &[Candidate],
        changed: Vec<String>,
        phases: Phases,
        effects: &mut Vec<Effect>,
    ) {
        let sequence = self.next();
        effects.push(Effect::Tell(Event::Update {
            sequence,
            kind: UpdateKind::HotUpdate,
            reason: reason.clone(),
            modules: news.iter().map(Built::from).collect(),
            paths: Vec::new(),
            changed,
            phases,
            clients: 0,
        }));
        let modules: Vec<Version> = news.iter().map(|news| news.version.clone()).collect();
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
        effects.push(Effect::Tell(Event::Update {
            sequence,
            kind: UpdateKind::FullReload,
            reason: reason.clone(),
            modules: Vec::new(),
            paths: Vec::new(),
            changed: changed.into_iter().collect(),
            phases,
            clients: 0,
        }));
        effects.push(Effect::Send(ServerMessage::FullReload { sequence, reason, restore: true }));
    }
}

impl From<&Compiled> for Built {
    fn from(compiled: &Compiled) -> Self {
        Self {
            module: compiled.version.module.clone(),
            hash: compiled.version.hash.clone(),
            bytes: compiled.bytes,
        }
    }
}

fn quoted(paths: &[String]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    paths.join(", ")
}

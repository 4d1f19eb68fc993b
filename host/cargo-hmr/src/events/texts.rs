//! The texts in events. A new field does not compile until it is decided here whether it is one.

use super::{Built, Event};
use crate::text::{Kind, Texts};

impl Texts for Built {
    fn texts(&mut self, edit: &mut dyn FnMut(&mut String, Kind)) {
        let Self { module, hash, bytes: _ } = self;
        module.texts(edit);
        hash.texts(edit);
    }
}

impl Texts for Event {
    #[expect(clippy::too_many_lines, reason = "one list of all events, which the compiler checks")]
    fn texts(&mut self, edit: &mut dyn FnMut(&mut String, Kind)) {
        match self {
            Self::Ready { url, urls, app, port_taken: _, warning } => {
                url.texts(edit);
                urls.texts(edit);
                app.texts(edit);
                warning.texts(edit);
            }
            Self::Progress { message }
            | Self::Note { message }
            | Self::Preflight { ready: _, message } => {
                message.texts(edit);
            }
            Self::Waiting { what } => what.texts(edit),
            Self::BuildStarted { modules, reason } => {
                modules.texts(edit);
                reason.texts(edit);
            }
            Self::BuildFailed { title, diagnostics, running: _ } => {
                title.texts(edit);
                diagnostics.texts(edit);
            }
            Self::BuildFinished { modules, duration_ms: _, warnings } => {
                modules.texts(edit);
                warnings.texts(edit);
            }
            Self::Unchanged { modules, changed } => {
                modules.texts(edit);
                changed.texts(edit);
            }
            Self::Update {
                sequence: _,
                kind: _,
                reason,
                modules,
                paths,
                changed,
                phases: _,
                clients: _,
            } => {
                reason.texts(edit);
                modules.texts(edit);
                paths.texts(edit);
                changed.texts(edit);
            }
            Self::Swap { sequence: _, page, swaps } | Self::Loaded { page, swaps } => {
                page.texts(edit);
                swaps.texts(edit);
            }
            Self::Applied { sequence: _, page, what, count: _ } => {
                page.texts(edit);
                what.texts(edit);
            }
            Self::ClientConnected { page } | Self::ClientDisconnected { page } => page.texts(edit),
            Self::Trap { page, trap } => {
                page.texts(edit);
                trap.texts(edit);
            }
            Self::Slower { page, slower } => {
                page.texts(edit);
                slower.texts(edit);
            }
            Self::Refused { page, module, hash, serves, reason } => {
                for text in [page, module, hash, serves, reason] {
                    text.texts(edit);
                }
            }
            Self::HeldBack { modules } => modules.texts(edit),
            Self::Pinned { module, hash } => {
                module.texts(edit);
                hash.texts(edit);
            }
            Self::Experiment { module, variants } => {
                module.texts(edit);
                variants.texts(edit);
            }
            Self::GateStarted { module, command } => {
                module.texts(edit);
                command.texts(edit);
            }
            Self::GateFinished { module, outcome: _, duration_ms: _ } => module.texts(edit),
            Self::Rehearsal { page, outcome: _, step: _, error, duration: _ } => {
                page.texts(edit);
                error.texts(edit);
            }
            Self::Problem { page, message } => {
                page.texts(edit);
                message.texts(edit);
            }
            Self::Stopped => {}
        }
    }
}

//! Rehearsals: the requests of the loop to preflight, and the events of preflight.

use std::sync::Arc;

use hmr_protocol::{
    ModuleState, RehearsalOutcome, RehearsalTime, Rehearse, ServerMessage, Verdict,
};

use super::Session;
use crate::{events::Event, preflight::PreflightEvent, versions::ModuleVersion};

impl Session {
    /// Has new versions compiled for rehearsals while pages fetch them.
    pub(super) fn prepare_rehearsals(&mut self, versions: Vec<Arc<ModuleVersion>>) {
        let Some(preflight) = &self.preflight else { return };
        for version in versions {
            preflight.version(&version.module, &version.hash, version.unbound.clone());
        }
        if !std::mem::replace(&mut self.built_once, true) {
            preflight.begin();
        }
    }

    pub(super) fn learn_state(&self, state: ModuleState) {
        if let Some(preflight) = &self.preflight {
            preflight.learn(state);
        }
    }

    /// Rehearses for a page, which waits for the verdict.
    pub(super) fn rehearse(
        &self,
        page: String,
        request: Rehearse,
        version: Option<Arc<ModuleVersion>>,
    ) {
        if let Some(preflight) = &self.preflight {
            let bytes = version.map(|version| version.unbound.clone());
            return preflight.rehearse(page, request, bytes);
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

    pub(super) fn preflight_event(&mut self, event: PreflightEvent) {
        match event {
            PreflightEvent::State { ready, message } => {
                self.report(&Event::Preflight { ready, message });
            }
            PreflightEvent::Ready(true) => self.shared.send(&ServerMessage::Rehearsals {}),
            PreflightEvent::Ready(false) => {}
            PreflightEvent::Unavailable { message } => {
                self.report(&Event::Problem { page: "preflight".to_owned(), message });
            }
            PreflightEvent::Verdict { page, verdict } => {
                let Verdict { outcome, step, error, duration, .. } = verdict.clone();
                self.shared.send_to(&page, &ServerMessage::Verdict(verdict));
                self.report(&Event::Rehearsal { page, outcome, step, error, duration });
            }
        }
    }
}

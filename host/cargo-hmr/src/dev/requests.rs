//! Manual requests of people and their tools: the coordinator decides, and the answer is the state afterwards.

use std::sync::{Arc, PoisonError};

use super::Session;
use crate::server::{Answer, Request};

impl Session {
    /// Handles a manual request.
    pub(super) fn asked(&mut self, request: Request) -> Answer {
        let shared = Arc::clone(&self.shared);
        let store = shared.store.lock().unwrap_or_else(PoisonError::into_inner);
        let coordinator = &mut self.coordinator;
        let experiments = matches!(request, Request::Experiment { .. } | Request::Assign { .. });
        let effects = match request {
            Request::Versions => return Ok(coordinator.told_versions(&store)),
            Request::Experiments => return Ok(coordinator.told_experiments()),
            Request::Pin { module, hash } => coordinator.pin(&store, &module, hash.as_deref()),
            Request::Restore { module, hash } => coordinator.restore(&store, &module, &hash),
            Request::Experiment { module, variants } => {
                coordinator.experiment(&store, &module, &variants)
            }
            Request::Assign { module, page, hash } => {
                coordinator.assign(&store, &module, &page, &hash)
            }
        };
        drop(store);
        self.carry_out(effects?);
        let store = shared.store.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(if experiments {
            self.coordinator.told_experiments()
        } else {
            self.coordinator.told_versions(&store)
        })
    }
}

//! Manual requests of people and their tools: the coordinator decides, and the answer is the state afterwards.

use super::Session;
use crate::server::{Answer, Request};

impl Session {
    /// Handles a manual request.
    pub(super) fn request(&mut self, request: Request) -> Answer {
        let coordinator = &mut self.coordinator;
        let experiments = matches!(request, Request::Experiment { .. } | Request::Assign { .. });
        let effects = match request {
            Request::Versions => return Ok(coordinator.listed_versions()),
            Request::Experiments => return Ok(coordinator.listed_experiments()),
            Request::Pin { module, hash } => coordinator.pin(&module, hash.as_deref()),
            Request::Restore { module, hash } => coordinator.restore(&module, &hash),
            Request::Experiment { module, variants } => coordinator.experiment(&module, &variants),
            Request::Assign { module, page, hash } => coordinator.assign(&module, &page, &hash),
        };
        self.carry_out(effects?);
        Ok(if experiments {
            self.coordinator.listed_experiments()
        } else {
            self.coordinator.listed_versions()
        })
    }
}

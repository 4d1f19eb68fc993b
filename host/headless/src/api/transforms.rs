//! Running the transforms of connections.

use serde_json::Value;

use super::Page;
use crate::connections::Delivery;

impl Page {
    pub(super) fn run_transform(&self, mut delivery: Delivery) {
        let Some(function) = delivery.transform.take() else { return };
        let answer = match serde_json::from_str::<Value>(&delivery.value) {
            Ok(value) => self.run_function(&function, value),
            Err(error) => Some(Err(format!("the value is no JSON: {error}"))),
        };
        let why = match answer {
            Some(Ok(value)) => {
                delivery.value = value.to_string();
                delivery.fingerprint = None;
                self.state.borrow_mut().connections.transformed(&function, delivery);
                return;
            }
            Some(Err(why)) => why,
            None => format!("`{function}` does not answer at once"),
        };
        let (from, to) = &delivery.link.ends;
        let text = format!("a value of `{from}` did not reach `{to}`: {why}");
        let mut state = self.state.borrow_mut();
        if state.connections.transform_failed(function) {
            state.log.problem(text);
        }
    }
}

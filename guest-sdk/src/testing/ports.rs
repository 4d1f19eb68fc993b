//! The ports of a page: which there are, what was sent, and values that arrive.

use hmr_abi::event::EventData;
use hmr_abi::port::PortRequest;
use serde_json::Value;

use super::Page;

impl Page {
    /// The reports about ports since the page was created.
    #[must_use]
    pub fn ports(&self) -> &[PortRequest] {
        &self.ports
    }

    /// The ports that are there: `in pick: u32`, `out moved: u32`, `out stream level: f64`, sorted.
    #[must_use]
    pub fn open_ports(&self) -> Vec<String> {
        let mut open = std::collections::BTreeMap::new();
        for request in &self.ports {
            match request {
                PortRequest::Output { instance, port, kind, fingerprint } => {
                    let stream = match kind {
                        hmr_abi::port::PortKind::Port => "",
                        hmr_abi::port::PortKind::Stream => "stream ",
                    };
                    let line = format!("out {stream}{port}: {fingerprint}");
                    open.insert((*instance, false, port), line);
                }
                PortRequest::Input { instance, port, fingerprint, .. } => {
                    open.insert((*instance, true, port), format!("in {port}: {fingerprint}"));
                }
                PortRequest::Close { instance, port, input } => {
                    open.remove(&(*instance, *input, port));
                }
                PortRequest::Send { .. } => {}
            }
        }
        let mut lines: Vec<_> = open.into_values().collect();
        lines.sort();
        lines
    }

    /// Sends a value to an input port of this name; `false` if there is none.
    pub fn arrive(&mut self, port: &str, value: &Value) -> bool {
        let newest = self.ports.iter().rev().find_map(|request| match request {
            PortRequest::Input { port: own, handler, .. } if own == port => Some(Some(*handler)),
            PortRequest::Close { port: own, input: true, .. } if own == port => Some(None),
            _ => None,
        });
        let Some(handler) = newest.flatten() else { return false };
        let data = Some(value.to_string());
        self.dispatch(handler, &EventData { kind: "port".into(), data, ..EventData::default() })
            & hmr_abi::event::DISPATCH_INERT
            == 0
    }

    /// The values sent through the output ports of this name since the page was made.
    ///
    /// # Panics
    ///
    /// If it is not JSON, which is a bug of the SDK.
    #[must_use]
    pub fn sent_through(&self, port: &str) -> Vec<Value> {
        let sent = self.ports.iter().filter_map(|request| match request {
            PortRequest::Send { port: own, value, .. } if own == port => Some(value),
            _ => None,
        });
        sent.map(|value| {
            serde_json::from_str(value)
                .unwrap_or_else(|error| panic!("`{value}` was sent, which is not JSON: {error}"))
        })
        .collect()
    }
}

//! The resources of a page: which are open, and the engine's messages for them.

use std::collections::BTreeMap;

use hmr_abi::event::{EventData, Resource, ResourceRequest};
use serde_json::{Value, json};

use super::Page;
use crate::lifecycle::render;

impl Page {
    /// The resources that were requested and closed since the page was made.
    #[must_use]
    pub fn resources(&self) -> &[ResourceRequest] {
        &self.resources
    }

    /// The resources that are open, by key. One that fires once stays until it is closed.
    #[must_use]
    pub fn open_resources(&self) -> BTreeMap<String, Resource> {
        let mut open = BTreeMap::new();
        for request in &self.resources {
            match request {
                ResourceRequest::Open { key, resource, .. } => {
                    open.insert(key.clone(), resource.clone());
                }
                ResourceRequest::Close { key, .. } => _ = open.remove(key),
                ResourceRequest::Send { .. } => {}
            }
        }
        open
    }

    /// The handler and the kind of the open resource of this key.
    fn open_resource(&self, key: &str) -> Option<(u32, &'static str)> {
        let newest = self.resources.iter().rev().find_map(|request| match request {
            ResourceRequest::Open { key: open, handler, resource, .. } if open == key => {
                Some(Some((*handler, resource.kind())))
            }
            ResourceRequest::Close { key: closed, .. } if closed == key => Some(None),
            _ => None,
        });
        newest.flatten()
    }

    /// Fires the open resource of this key; `false` if there is none, or its handler was removed.
    pub fn fire_resource(&mut self, key: &str) -> bool {
        self.fire_resource_event(key, EventData::default())
    }

    /// Fires the open resource of this key with a message, as `docs/abi.md` describes it for each kind: a request
    /// with `{"status":200,"body":"[]"}`, for instance.
    pub fn fire_resource_with(&mut self, key: &str, data: &Value) -> bool {
        let data = Some(data.to_string());
        self.fire_resource_event(key, EventData { data, ..EventData::default() })
    }

    /// Fires the open listener of this key with an event. An empty `kind` is filled in.
    pub fn fire_resource_event(&mut self, key: &str, event: EventData) -> bool {
        let Some((handler, kind)) = self.open_resource(key) else { return false };
        let kind = if event.kind.is_empty() { kind.to_owned() } else { event.kind.clone() };
        self.dispatch(handler, &EventData { kind, ..event }) & hmr_abi::event::DISPATCH_INERT == 0
    }

    /// Answers the open request of this key with a status and a body.
    pub fn respond(&mut self, key: &str, status: u16, body: &str) -> bool {
        self.fire_resource_with(key, &json!({ "status": status, "headers": {}, "body": body }))
    }

    /// Answers the open call of a host function of this key.
    pub fn answer_call(&mut self, key: &str, value: &Value) -> bool {
        self.fire_resource_with(key, &json!({ "value": value }))
    }

    /// Answers a call of a function that is built in, if it is still open.
    pub(super) fn answer_open(&mut self, key: &str, handler: u32) {
        if self.open_resource(key).is_some_and(|(open, _)| open == handler) {
            self.answer_call(key, &Value::Null);
        }
    }

    /// Lets the open request or call of this key fail.
    pub fn fail(&mut self, key: &str, error: &str) -> bool {
        self.fire_resource_with(key, &json!({ "error": error }))
    }

    /// The messages sent through the web socket of this key since the page was made: text, or Base64 of bytes.
    #[must_use]
    pub fn sent(&self, key: &str) -> Vec<&str> {
        let sent = self.resources.iter().filter_map(|request| match request {
            ResourceRequest::Send { key: own, data, .. } if own == key => Some(data.as_str()),
            _ => None,
        });
        sent.collect()
    }

    /// Lets the tasks run that were woken by something else than the engine. After each call they have run already.
    pub fn run_tasks(&mut self) {
        render::finish();
        self.take_requests();
    }
}

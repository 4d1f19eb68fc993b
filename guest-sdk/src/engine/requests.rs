//! Requests of the engine, as JSON.

use hmr_abi::event::ResourceRequest;
use hmr_abi::port::PortRequest;
use hmr_abi::read::ReadRequest;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{read_now, send_log, send_port, send_resource};
use crate::encoding;

/// Opens a resource, or sends through one.
pub(crate) fn request_resource(request: &ResourceRequest) {
    send(send_resource, serde_json::to_string(request));
}

/// Closes a resource. Without the code that writes requests of all kinds, which is large.
pub(crate) fn close_resource(instance: u32, key: &str) {
    send(send_resource, encoding::text(&Closing { op: "close", instance, key }));
}

/// Closes a port, in the same way.
pub(crate) fn close_port(instance: u32, port: &str, input: bool) {
    send(send_port, encoding::text(&ClosingPort { op: "close", instance, port, input }));
}

/// [`ResourceRequest::Close`]
#[derive(Serialize)]
struct Closing<'a> {
    op: &'static str,
    instance: u32,
    key: &'a str,
}

/// [`PortRequest::Close`]
#[derive(Serialize)]
struct ClosingPort<'a> {
    op: &'static str,
    instance: u32,
    port: &'a str,
    input: bool,
}

fn send<E: std::fmt::Display>(how: fn(&str), request: Result<String, E>) {
    match request {
        Ok(json) => how(&json),
        Err(error) => send_log(3, &format!("a request could not be written: {error}")),
    }
}

/// Declares a port, or sends through one.
pub(crate) fn request_port(request: &PortRequest) {
    send(send_port, serde_json::to_string(request));
}

/// Reads something that the engine knows. Nothing if it does not know it, as in a rehearsal.
pub(crate) fn read<T: DeserializeOwned>(request: &ReadRequest) -> Option<T> {
    let request = serde_json::to_string(request).ok()?;
    serde_json::from_str(&read_now(&request)?).ok()
}

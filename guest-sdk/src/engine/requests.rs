//! Requests of the engine, as JSON.

use hmr_abi::event::ResourceRequest;
use hmr_abi::port::PortRequest;
use hmr_abi::read::ReadRequest;
use serde::de::DeserializeOwned;

use super::{read_now, send_log, send_port, send_resource};

/// Opens or closes a resource, or sends through one.
pub(crate) fn request_resource(request: &ResourceRequest) {
    match serde_json::to_string(request) {
        Ok(json) => send_resource(&json),
        Err(error) => send_log(3, &format!("a resource request could not be written: {error}")),
    }
}

/// Declares or closes a port, or sends through one.
pub(crate) fn request_port(request: &PortRequest) {
    match serde_json::to_string(request) {
        Ok(json) => send_port(&json),
        Err(error) => send_log(3, &format!("a port request could not be written: {error}")),
    }
}

/// Reads something that the engine knows. Nothing if it does not know it, as in a rehearsal.
pub(crate) fn read<T: DeserializeOwned>(request: &ReadRequest) -> Option<T> {
    let request = serde_json::to_string(request).ok()?;
    serde_json::from_str(&read_now(&request)?).ok()
}

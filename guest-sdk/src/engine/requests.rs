//! Requests about resources and ports, as JSON.

use hmr_abi::event::ResourceRequest;
use hmr_abi::port::PortRequest;

use super::{send_log, send_port, send_resource};

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

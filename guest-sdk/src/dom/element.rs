//! The elements themselves, for crates such as `web-sys`.

use hmr_abi::ops::NodeId;

#[cfg(target_arch = "wasm32")]
mod imported {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen(module = "hmr")]
    extern "C" {
        /// The element of a number. The engine provides it beside the imports of the ABI.
        pub(super) fn node(id: u32) -> Option<web_sys::Element>;
    }
}

/// The element of a number, if it is in the page.
#[cfg(target_arch = "wasm32")]
pub(super) fn element(id: NodeId) -> Option<web_sys::Element> {
    if id == 0 { None } else { imported::node(id) }
}

/// Unit tests have no elements.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn element(_id: NodeId) -> Option<web_sys::Element> {
    None
}

//! Native modules.

use std::collections::BTreeSet;

use hmr_abi::manifest::Manifest;
use hmr_abi::{IMPORT_MODULE, exports};
use walrus::{ExportItem, ModuleConfig};

use crate::transform::{PreparedModule, TransformError, prepare};
use crate::wasm::without_custom_sections;

/// The exports that only a swap calls.
const OF_SWAPS: [&str; 7] = [
    exports::CAPTURE_STATE,
    exports::RESTORE_STATE,
    exports::BEFORE_UPDATE,
    exports::MIGRATE,
    exports::HEALTH,
    exports::PRUNE,
    exports::PRUNE_SCOPES,
];

/// A native module as it is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedNative {
    /// The wasm binary: without custom sections, unless wasm-bindgen has to read it.
    pub wasm: Vec<u8>,
    /// The module's own description.
    pub manifest: Manifest,
    /// Whether it calls functions of the browser, so that wasm-bindgen has to run on it.
    pub uses_browser: bool,
    /// The functions of the engine that it calls ([`hmr_abi::imports`]).
    pub imports: BTreeSet<String>,
}

/// Checks a module against the ABI, and removes what only swaps need.
///
/// # Errors
/// It is not a module, or breaks a rule of the ABI.
pub fn native(module: &str, bytes: &[u8]) -> Result<DeployedNative, TransformError> {
    let prepared = prepare(module, bytes)?;
    let malformed =
        |reason: String| TransformError::Malformed { module: module.to_owned(), reason };
    let mut parsed = ModuleConfig::new()
        .generate_name_section(false)
        .generate_producers_section(false)
        .parse(bytes)
        .map_err(|error| malformed(format!("{error:#}")))?;
    let unneeded: Vec<_> = parsed
        .exports
        .iter()
        .filter(|export| {
            let is_address = matches!(export.item, ExportItem::Global(_));
            let name = export.name.as_str();
            let is_unused = name == exports::SETTLE && !prepared.uses_browser;
            is_address || is_unused || OF_SWAPS.contains(&name)
        })
        .map(walrus::Export::id)
        .collect();
    for export in unneeded {
        parsed.exports.delete(export);
    }
    walrus::passes::gc::run(&mut parsed);
    let of_engine = parsed.imports.iter().filter(|import| import.module == IMPORT_MODULE);
    let imports = of_engine.map(|import| import.name.clone()).collect();
    let PreparedModule { manifest, uses_browser, .. } = prepared;
    let mut wasm = parsed.emit_wasm();
    if !uses_browser {
        wasm = without_custom_sections(&wasm).map_err(malformed)?;
    }
    Ok(DeployedNative { wasm, manifest, uses_browser, imports })
}

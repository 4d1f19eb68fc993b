//! Preparing the linker's output for an engine.

use hmr_build::transform::PreparedModule;

/// Bytes of any content are prepared or refused. What is prepared from a valid module is valid, and preparing it again
/// changes nothing.
pub fn transform(input: &[u8]) {
    let valid = wasmparser::validate(input).is_ok();
    for prepare in [hmr_build::prepare, hmr_build::prepare_guarded] {
        let Ok(prepared) = prepare("app", input) else { continue };
        assert_eq!(
            prepare("app", input).as_ref(),
            Ok(&prepared),
            "the same bytes, the same module"
        );
        if !valid {
            continue;
        }
        if let Err(error) = wasmparser::validate(&prepared.bytes) {
            panic!("the prepared module is not valid: {error}");
        }
        let PreparedModule { bytes, .. } = prepare("app", &prepared.bytes).expect("it is a module");
        assert!(bytes == prepared.bytes, "preparing again changes the module");
    }
}

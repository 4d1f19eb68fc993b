//! Names of functions, as a browser's stack trace and a trap's message show them.

use wasm_encoder::{NameMap, NameSection, Section as _};

use crate::wasm::Section;

/// Writes a mangled name as people write it, without the compiler's hash:
/// `_ZN5board5Board17h0123456789abcdefE` becomes `board::Board`. Other names stay as they are.
#[must_use]
pub(crate) fn demangle(name: &str) -> String {
    let readable = match rustc_demangle::try_demangle(name) {
        Ok(demangled) => format!("{demangled:#}"),
        Err(_) => name.to_owned(),
    };
    readable.replace("{{", "{").replace("}}", "}")
}

/// Makes a name section, header included, with the module's name and demangled names of functions.
/// Nothing if the old section cannot be read.
pub(super) fn rewrite(module: &str, section: &Section<'_>) -> Option<Vec<u8>> {
    let mut functions = NameMap::new();
    for naming in section.function_names().ok()? {
        functions.append(naming.index, &demangle(naming.name));
    }
    let mut names = NameSection::new();
    names.module(module);
    names.functions(&functions);
    let mut bytes = Vec::new();
    names.append_to(&mut bytes);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::demangle;

    #[test]
    fn mangled_names_become_paths() {
        assert_eq!(demangle("_ZN5board5Board17h0123456789abcdefE"), "board::Board");
        assert_eq!(
            demangle("_ZN5board5Board28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE"),
            "board::Board::{closure}"
        );
        assert_eq!(demangle("_RNvCs1234_7mycrate3foo"), "mycrate::foo");
    }

    #[test]
    fn other_names_stay() {
        assert_eq!(demangle("hmr_dispatch"), "hmr_dispatch");
        assert_eq!(demangle("hmr_component:Board"), "hmr_component:Board");
    }
}

//! Functions of the browser that a module imports directly, through crates made with wasm-bindgen.
//!
//! The compiler names them under [`MODULES`]; wasm-bindgen's program replaces these imports by those of its glue. Only browsers have them:
//! other engines define each as a function that traps with [`trap_message`].

/// The modules that such imports name, as the compiler writes them.
pub const MODULES: [&str; 2] = ["__wbindgen_placeholder__", "__wbindgen_externref_xform__"];

/// What the SDK offers in place of functions of the browser, by their names.
const ALTERNATIVES: [(&[&str], &str); 7] = [
    (
        &["now", "new0", "new_0", "getTime", "getTimezoneOffset", "getHours", "getFullYear"],
        "`hmr_sdk::now` or `hmr_sdk::LocalTime`",
    ),
    (&["getRandomValues", "randomFillSync", "random"], "`hmr_sdk::random`"),
    (
        &["setTimeout", "setInterval", "requestAnimationFrame", "clearTimeout", "clearInterval"],
        "`hmr_sdk::timeout`, `interval` or `animation_frame`",
    ),
    (&["fetch"], "`hmr_sdk::http`"),
    (&["localStorage", "sessionStorage", "getItem", "setItem"], "`hmr_sdk::storage`"),
    (
        &["addEventListener", "removeEventListener"],
        "`hmr_sdk::on_window`, `on_document`, or `on:` in a view",
    ),
    (&["getContext"], "`hmr_sdk::Drawing`"),
];

/// Whether imports of a module are functions of the browser.
#[must_use]
pub fn is_module(name: &str) -> bool {
    MODULES.contains(&name)
}

/// The name of the function that an import means: `now` for `__wbg_now_0123456789abcdef`.
#[must_use]
pub fn function_name(import: &str) -> &str {
    let Some(name) = import.strip_prefix("__wbg_") else { return import };
    match name.rsplit_once('_') {
        Some((name, hash)) if is_hash(hash) && !name.is_empty() => name,
        _ => name,
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Why code that calls the import traps outside of a browser, and what to do.
#[must_use]
pub fn trap_message(import: &str) -> String {
    let name = function_name(import);
    let known = ALTERNATIVES.iter().find(|(names, _)| names.contains(&name));
    let hint = known.map_or_else(
        || "test what needs it in a browser".to_owned(),
        |(_, instead)| format!("use {instead}, which every engine has"),
    );
    // wasm-bindgen's own functions convert values and closures.
    let what = if name.starts_with("__wbindgen_") {
        "a value or a closure was passed to the browser".to_owned()
    } else {
        format!("`{name}` of the browser was called")
    };
    format!("{what} (through wasm-bindgen), which is not there\nhint: {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_named_as_people_know_them() {
        for (import, name) in [
            ("__wbg_now_0123456789abcdef", "now"),
            ("__wbg_get_context_0123456789abcdef", "get_context"),
            ("__wbg___wbindgen_throw_b855445ff6a94295", "__wbindgen_throw"),
            ("__wbindgen_string_new", "__wbindgen_string_new"),
            ("__wbg_log", "log"),
            ("__wbg__0123456789abcdef", "_0123456789abcdef"),
        ] {
            assert_eq!(function_name(import), name);
        }
    }

    #[test]
    fn a_trap_names_the_function_and_what_to_use() {
        let text = trap_message("__wbg_getRandomValues_0123456789abcdef");
        assert!(text.contains("`getRandomValues`") && text.contains("`hmr_sdk::random`"), "{text}");
        assert!(trap_message("__wbg_alert_0123456789abcdef").contains("in a browser"));
    }
}

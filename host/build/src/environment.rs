//! The environment of child processes: one policy, for every cargo, rustc and rustup that is started.
//!
//! The tool is often started by `cargo` itself, which sets variables that change the fingerprints of
//! what a child cargo compiles: the same code would be compiled again depending on how the tool was
//! called. So inherited variables that begin with `CARGO` or `RUST` do not reach a child, `RUSTFLAGS`
//! and `CARGO_TARGET_DIR` included: flags belong in `.cargo/config.toml`, which counts.
//!
//! Variables that locate things or configure downloads are kept: `CARGO_HOME`, the variables of rustup, and cargo's network and
//! registry settings. So are those that name a compiler cache or a build farm ([`WRAPPERS`]): cargo itself never sets them, and a team that has
//! them expects all builds to use them. All other variables, proxy settings and those of `sccache` among them, pass unchanged.
//!
//! `RUSTUP_TOOLCHAIN` passes if the user has chosen it (`cargo +nightly hmr`, or the variable itself). Where rustup has found it
//! by its files and settings, as its `RUSTUP_TOOLCHAIN_SOURCE` shows, each child finds it again, so that those files count
//! in the app's folder, and their changes too.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables of cargo that pass by prefix: how to reach registries.
const KEPT_PREFIXES: [&str; 5] =
    ["CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "CARGO_SOURCE_", "RUSTUP_"];

/// Variables that name a program which cargo calls instead of the compiler, such as `sccache`.
pub const WRAPPERS: [&str; 4] = [
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
];

/// Variables that people set for builds and that do not pass, with what to do instead.
const NOT_USED: [(&str, &str); 5] = [
    (
        "RUSTFLAGS",
        "write the flags into `.cargo/config.toml`, `[target.wasm32-unknown-unknown] rustflags = […]`",
    ),
    (
        "CARGO_ENCODED_RUSTFLAGS",
        "write the flags into `.cargo/config.toml`, `[target.wasm32-unknown-unknown] rustflags = […]`",
    ),
    (
        "CARGO_BUILD_RUSTFLAGS",
        "write the flags into `.cargo/config.toml`, `[target.wasm32-unknown-unknown] rustflags = […]`",
    ),
    ("CARGO_TARGET_DIR", "write it into `.cargo/config.toml`, `[build] target-dir = \"…\"`"),
    ("CARGO_BUILD_TARGET_DIR", "write it into `.cargo/config.toml`, `[build] target-dir = \"…\"`"),
];

/// What of the environment is set for builds but not used, in one sentence each. `is_set` says whether a variable is set.
pub(crate) fn not_used(is_set: impl Fn(&str) -> bool) -> Vec<String> {
    let set = NOT_USED.iter().filter(|(name, _)| is_set(name));
    set.map(|(name, instead)| format!("the environment variable `{name}` is not used; {instead}"))
        .collect()
}

/// Removes what must not be inherited from the environment that `command` will get.
pub fn clean(command: &mut Command) {
    let source = std::env::var("RUSTUP_TOOLCHAIN_SOURCE").ok();
    let chosen = is_chosen(source.as_deref());
    for (name, _) in std::env::vars_os() {
        let passes = |name: &str| passes(name) && (chosen || !name.starts_with("RUSTUP_TOOLCHAIN"));
        if name.to_str().is_some_and(|name| !passes(name)) {
            command.env_remove(&name);
        }
    }
    for name in WRAPPERS {
        let absolute = std::env::var_os(name).and_then(|value| absolute_program(value.as_ref()));
        if let Some(path) = absolute {
            command.env(name, path);
        }
    }
}

/// The absolute path of a program that is named by a relative one. None if it is absolute, or a name that is looked for on the
/// `PATH`. Children run in another folder than the tool, where a relative path would name another file.
fn absolute_program(program: &Path) -> Option<PathBuf> {
    let relative = program.is_relative() && program.components().nth(1).is_some();
    relative.then(|| std::path::absolute(program).ok()).flatten()
}

/// Whether the user has chosen the toolchain, according to rustup. Old versions of rustup do not report it.
fn is_chosen(source: Option<&str>) -> bool {
    source.is_none_or(|source| matches!(source, "cli" | "env"))
}

/// Whether a child process inherits the variable `name`.
fn passes(name: &str) -> bool {
    let rust = name.starts_with("CARGO") || name.starts_with("RUST");
    // rustup's proxies set this for themselves; a proxy in a child process would act as the wrong program.
    let proxy = name == "RUSTUP_FORCE_ARG0";
    !rust
        || name == "CARGO_HOME"
        || WRAPPERS.contains(&name)
        || (!proxy && KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{NOT_USED, absolute_program, is_chosen, not_used, passes};

    #[test]
    fn a_toolchain_that_rustup_found_is_found_again() {
        assert!(!is_chosen(Some("default")) && !is_chosen(Some("toolchain-file")));
        assert!(is_chosen(Some("cli")) && is_chosen(Some("env")) && is_chosen(None));
    }

    #[test]
    fn what_changes_fingerprints_is_not_inherited() {
        for name in
            ["CARGO", "CARGO_MANIFEST_DIR", "RUSTFLAGS", "RUSTC", "RUST_LOG", "CARGO_TARGET_DIR"]
        {
            assert!(!passes(name), "{name}");
        }
    }

    #[test]
    fn what_people_set_for_builds_and_is_not_used_is_named() {
        let notes = not_used(|name| name == "RUSTFLAGS");
        let [note] = &notes[..] else { panic!("{notes:?}") };
        assert!(note.contains("`RUSTFLAGS`") && note.contains(".cargo/config.toml"), "{note}");
        assert!(NOT_USED.iter().all(|(name, _)| !passes(name)));
    }

    #[test]
    fn a_compiler_cache_of_the_user_is_inherited() {
        for name in ["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER", "SCCACHE_DIR"] {
            assert!(passes(name), "{name}");
        }
    }

    #[test]
    fn a_relative_path_of_a_compiler_cache_is_made_absolute() {
        let absolute = absolute_program(Path::new("tools/cache")).expect("it is relative");
        assert!(absolute.is_absolute() && absolute.ends_with("tools/cache"), "{absolute:?}");
        assert_eq!(absolute_program(Path::new("sccache")), None);
        assert_eq!(absolute_program(&absolute), None);
    }

    #[test]
    fn where_things_are_and_how_to_fetch_them_is_inherited() {
        for name in [
            "PATH",
            "CARGO_HOME",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
            "CARGO_HTTP_PROXY",
            "https_proxy",
        ] {
            assert!(passes(name), "{name}");
        }
        assert!(passes("CARGO_REGISTRIES_OURS_INDEX") && passes("CARGO_REGISTRY_TOKEN"));
    }
}

//! The keys of cargo-leptos 0.3, from its `src/config/project.rs`.

use crate::keys::Treatment::{Honoured, Not, Unless};
use crate::keys::{Key, Keys};

const SERVER: &str = "there is no server of the project";
const TESTS: &str = "only `cargo leptos end-to-end` uses it";
const SERVER_FUNCTIONS: &str = "server functions need a server of the project";
const PLAIN: &str = "in development, files are not made smaller";

/// The keys of cargo-leptos.
pub(super) const KEYS: Keys = Keys { owner: "cargo-leptos", known: KNOWN };

const KNOWN: &[Key] = &[
    ("name", Honoured),
    // These say whether a server renders the pages.
    ("bin-package", Honoured),
    ("bin-features", Honoured),
    ("lib-package", Honoured),
    ("output-name", Honoured),
    ("site-addr", Honoured),
    ("site-root", Honoured),
    ("site-pkg-dir", Honoured),
    ("style-file", Honoured),
    ("tailwind-input-file", Honoured),
    ("tailwind-config-file", Honoured),
    ("assets-dir", Honoured),
    ("watch-additional-files", Honoured),
    ("features", Honoured),
    ("lib-features", Honoured),
    ("lib-default-features", Honoured),
    ("lib-profile-dev", Honoured),
    // Of no importance for a development server.
    ("lib-profile-release", Honoured),
    ("bin-profile-release", Honoured),
    ("wasm-opt-features", Honoured),
    ("separate-front-target-dir", Honoured),
    ("js-dir", Not("the files that the build has read are watched")),
    ("js-minify", Unless(&["false"], PLAIN)),
    ("browserquery", Not("stylesheets are not changed for older browsers")),
    ("hash-files", Unless(&["false"], "in development, names of files have no hash")),
    ("hash-file-name", Not("in development, names of files have no hash")),
    ("reload-port", Not("pages are connected to this tool in another way")),
    ("front-target-dir", Not("the tool has a target folder of its own")),
    ("lib-cargo-args", Not("the tool calls cargo with arguments of its own")),
    ("always-erase-components", Unless(&["false"], "the tool sets no flags for rustc")),
    ("disable-erase-components", Unless(&["true"], "the tool sets no flags for rustc")),
    ("bin-target", Not(SERVER)),
    ("bin-target-triple", Not(SERVER)),
    ("bin-target-dir", Not(SERVER)),
    ("bin-cargo-command", Not(SERVER)),
    ("bin-cargo-args", Not(SERVER)),
    ("bin-exe-name", Not(SERVER)),
    ("bin-default-features", Not(SERVER)),
    ("bin-profile-dev", Not(SERVER)),
    ("graceful-shutdown", Not(SERVER)),
    ("graceful-shutdown-timeout-secs", Not(SERVER)),
    ("graceful-shutdown-unix-signal", Not(SERVER)),
    ("end2end-cmd", Not(TESTS)),
    ("end2end-dir", Not(TESTS)),
    ("server-fn-prefix", Not(SERVER_FUNCTIONS)),
    ("disable-server-fn-hash", Unless(&["false"], SERVER_FUNCTIONS)),
    ("server-fn-mod-path", Unless(&["false"], SERVER_FUNCTIONS)),
];

//! The keys of dx 0.4 to 0.7, from its `packages/cli/src/config`.

use crate::keys::Treatment::{Honoured, Not, Unless};
use crate::keys::{Key, Keys};

const OLD: &str = "newer versions of dx do not have it";
const TLS: &str = "pages are served without TLS";

/// The keys of dx.
pub(super) const KEYS: Keys = Keys { owner: "dx", known: KNOWN };

const KNOWN: &[Key] = &[
    ("application.name", Honoured),
    ("application.asset_dir", Honoured),
    ("application.out_dir", Honoured),
    ("application.public_dir", Honoured),
    ("application.tailwind_input", Honoured),
    ("application.tailwind_output", Honoured),
    ("application.default_platform", Unless(&["\"web\""], "the application is built for the web")),
    ("application.sub_package", Not("the package is chosen in another way")),
    ("application.hot_reload", Unless(&["true"], "pages are updated after every save")),
    ("application.tools", Not(OLD)),
    ("application.plugins", Not(OLD)),
    ("plugin", Not(OLD)),
    ("web.app.name", Honoured),
    ("web.app.title", Honoured),
    ("web.app.base_path", Honoured),
    ("web.proxy.backend", Honoured),
    ("web.watcher.watch_path", Honoured),
    ("web.watcher.index_on_404", Honoured),
    ("web.watcher.reload_html", Unless(&["true"], "the page is always read again")),
    ("web.resource.style", Honoured),
    ("web.resource.script", Honoured),
    ("web.resource.dev.style", Honoured),
    ("web.resource.dev.script", Honoured),
    ("web.https", Not(TLS)),
    // Of no importance for a development server: releases, other platforms, and other commands of dx.
    ("web.pre_compress", Honoured),
    ("web.wasm_opt", Honoured),
    ("application.ios_info_plist", Honoured),
    ("application.macos_info_plist", Honoured),
    ("application.ios_entitlements", Honoured),
    ("application.macos_entitlements", Honoured),
    ("application.android_manifest", Honoured),
    ("application.android_main_activity", Honoured),
    ("application.android_min_sdk_version", Honoured),
    ("bundle", Honoured),
    ("bundler", Honoured),
    ("components", Honoured),
    ("permissions", Honoured),
    ("deep_links", Honoured),
    ("background", Honoured),
    ("ios", Honoured),
    ("android", Honoured),
    ("macos", Honoured),
    ("windows", Honoured),
    ("linux", Honoured),
    ("desktop", Honoured),
];

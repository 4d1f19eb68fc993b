//! The state of components in saved snapshots.

use hmr_tests::applications::AppSession;
use serde_json::json;

use super::{SHOWN, YEW, use_all};

/// Loads `window.saved`, and gives the outcomes and what was skipped.
fn load(session: &AppSession) -> serde_json::Value {
    session.browser.value(
        "window.__hmr.loadSnapshot(window.saved).then(({ swaps, skipped }) => [swaps.map(({ outcome }) => outcome), skipped])",
        &[],
    )
}

#[test]
fn a_saved_snapshot_brings_the_state_of_components_back() {
    let mut session = YEW.session();
    use_all(&session);
    let saved = session.browser.value(SHOWN, &[]);
    let save = "window.__hmr.saveSnapshot('used', { to: 'text' }).then((text) => { window.saved = text; return true; })";
    assert_eq!(session.browser.value(save, &[]), true);
    session.browser.click("#lower .add");
    session.browser.click(".counter .ones");
    session.browser.wait("document.querySelectorAll('li').length === 8");
    assert_eq!(load(&session), json!([["committed"], []]));
    assert_eq!(session.browser.value(SHOWN, &[]), saved);
    // It fits newer code, too.
    let (file, old, new) = YEW.edits[0];
    session.edit(file, old, new);
    session.browser.click(".counter .ones");
    assert_eq!(load(&session), json!([["committed"], []]));
    assert_eq!(session.browser.value(SHOWN, &[]), saved);
    assert_eq!(session.browser.value("document.querySelectorAll('[title=leaf]').length", &[]), 10);
}

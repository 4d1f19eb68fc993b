//! Values that are not made by a call in a component, or whose types are of other crates.

use hmr_tests::applications::AppSession;

use super::{DIOXUS, LEPTOS, Nested, SYCAMORE, YEW, outcomes};

/// A change of an example: a button with the id `value`, which counts its clicks.
struct Change {
    nested: Nested,
    /// Lines for the dependencies of the manifest.
    dependencies: &'static str,
    /// Texts of `src/main.rs`, and what replaces each.
    edits: &'static [(&'static str, &'static str)],
}

impl Change {
    fn session(&self) -> AppSession {
        self.nested.session_of(|app| {
            let dependencies = format!("[dependencies]\n{}", self.dependencies);
            app.edit("Cargo.toml", "[dependencies]\n", &dependencies);
            for (old, new) in self.edits {
                app.edit("src/main.rs", old, new);
            }
        })
    }

    /// The value is kept by a swap of other code. `key` is the end of its name in the report.
    fn is_kept(&self, key: &str) {
        let mut session = self.session();
        for count in ["1", "2"] {
            session.browser.click("#value");
            session.browser.wait_text("#value", count);
        }
        let (file, old, new) = self.nested.edits[0];
        let swap = session.edit(file, old, new);
        let outcome = outcomes(&swap).into_iter().find(|(found, _)| found.ends_with(key));
        assert_eq!(outcome.map(|(_, it)| it).as_deref(), Some("kept"), "{swap}");
        session.browser.wait_text("#value", "2");
        session.browser.click("#value");
        session.browser.wait_text("#value", "3");
    }
}

#[test]
fn a_value_of_another_crates_type_is_carried_by_serde() {
    Change {
        nested: YEW,
        dependencies: "serde = \"1\"\nserde_json = \"1\"\n",
        edits: &[
            (
                "let open = use_state(|| false);",
                "let open = use_state(|| false);\n    \
                let value = use_state(|| vec![serde_json::json!({\"clicks\": 0})]);\n    \
                let clicks = value[0][\"clicks\"].as_u64().unwrap_or(100);\n    \
                let click = { let value = value.clone(); move |_| value.set(vec![serde_json::json!({\"clicks\": clicks + 1})]) };",
            ),
            ("<main>", "<main>\n            <button id=\"value\" onclick={click}>{ clicks }</button>"),
        ],
    }
    .is_kept("App:value");
}

#[test]
fn a_store_of_leptos_is_kept() {
    Change {
        nested: LEPTOS,
        dependencies: "reactive_stores = \"0.4\"\n",
        edits: &[
            ("use leptos::prelude::*;", "use leptos::prelude::*;\nuse reactive_stores::Store;\n\n#[derive(Store, Default)]\nstruct Totals {\n    clicks: u32,\n}"),
            ("let (open, set_open)", "let totals = Store::new(Totals::default());\n    let (open, set_open)"),
            ("<main>", "<main>\n            <button id=\"value\" on:click=move |_| *totals.clicks().write() += 1>{move || totals.clicks().get()}</button>"),
        ],
    }
    .is_kept("App:totals");
}

#[test]
fn a_global_signal_of_dioxus_is_kept() {
    Change {
        nested: DIOXUS,
        dependencies: "",
        edits: &[
            ("#[component]\nfn App()", "static CLICKS: GlobalSignal<u32> = Signal::global(|| 0);\n\n#[component]\nfn App()"),
            ("main {\n", "main {\n            button { id: \"value\", onclick: move |_| *CLICKS.write() += 1, \"{CLICKS}\" }\n"),
        ],
    }
    .is_kept("CLICKS");
}

#[test]
fn an_atomic_variable_is_kept() {
    // The signal counts clicks since the last swap.
    Change {
        nested: SYCAMORE,
        dependencies: "",
        edits: &[
            (
                "#[component]\nfn App()",
                "static CLICKS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);\n\n#[component]\nfn App()",
            ),
            (
                "let open = create_signal(false);",
                "let open = create_signal(false);\n    \
                let before = CLICKS.load(std::sync::atomic::Ordering::Relaxed);\n    \
                // hmr: reset\n    let clicks = create_signal(0);\n    \
                let click = move |_| { clicks.set(clicks.get() + 1); CLICKS.fetch_add(1, std::sync::atomic::Ordering::Relaxed); };",
            ),
            ("main {\n", "main {\n            button(id=\"value\", on:click=click) { (before + clicks.get()) }\n"),
        ],
    }
    .is_kept("CLICKS");
}

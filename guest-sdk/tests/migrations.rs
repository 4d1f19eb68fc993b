//! Versions of a component's state, and the migrations between them.
#![allow(missing_docs)]

mod swap;

use hmr_abi::state::{Snapshot, TransformOp};
use hmr_sdk::prelude::*;
use hmr_sdk::testing::{Page, panic_of};
use swap::{lines, used};

mod unversioned {
    use super::*;
    #[component(export)]
    pub(crate) fn App(#[prop(default = 2)] factor: u32) -> View {
        let draft = signal(String::new());
        let count = signal(1);
        let all = move |_| {
            draft.set("milk".into());
            count.set(factor);
        };
        view! { <b on:click={all}>"set"</b> }
    }
}

mod v1_0_0 {
    use super::*;
    #[component(export, version = "1.0.0")]
    pub(crate) fn App() -> View {
        let draft = signal(String::new());
        let count = signal(1);
        let all = move |_| {
            draft.set("milk".into());
            count.set(2);
        };
        view! { <b on:click={all}>"set"</b> }
    }
}

/// A migration that no test names does not cause a warning.
#[deny(dead_code)]
mod unnamed {
    use super::*;
    #[component(export, version = "1.0.0")]
    pub(crate) fn Unnamed() -> View {
        view! { <b>"set"</b> }
    }

    #[migration(Unnamed, from = "0.0.0", to = "1.0.0")]
    fn from_nothing(_: &mut Saved) -> Result<(), MigrationError> {
        Ok(())
    }
}

#[test]
fn a_migration_that_no_test_names_is_no_dead_code() {
    // That this file compiles is the test; the page shows that the module is in use besides.
    let page = Page::new().with::<unnamed::UnnamedProps>();
    drop(page);
}

mod v1_2_0 {
    use super::*;
    #[component(export, version = "1.2.0")]
    pub(crate) fn App() -> View {
        let title = signal(String::new());
        let total = signal(0);
        let factor = signal(0);
        view! { <b>{title} " " {total} " " {factor}</b> }
    }

    #[migration(App, from = "1.0.0", to = "1.1.0")]
    pub(crate) fn rename_draft(saved: &mut Saved) -> Result<(), MigrationError> {
        assert_eq!(saved.keys(), ["count", "draft"]);
        saved.rename("draft", "title");
        Ok(())
    }

    #[migration(App, from = "1.1.0", to = "1.2.0")]
    pub(crate) fn count_to_total(saved: &mut Saved) -> Result<(), MigrationError> {
        let count: u32 = saved.get("count")?.ok_or("there is no count")?;
        saved.set("total", &(count * 10));
        saved.set("factor", &saved.prop::<u32>("factor")?.unwrap_or(7));
        saved.remove("count");
        saved.put("counted", &count);
        Ok(())
    }

    #[migration(App, from = "0.0.0", to = "1.0.0")]
    pub(crate) fn from_nothing(saved: &mut Saved) -> Result<(), MigrationError> {
        assert_eq!(saved.version(), None);
        Ok(())
    }

    #[migration(App, from = "1.1.0", to = "1.0.0")]
    pub(crate) fn back(saved: &mut Saved) -> Result<(), MigrationError> {
        saved.rename("title", "draft");
        Ok(())
    }
}

fn newest() -> Page {
    Page::new()
        .with::<v1_2_0::AppProps>()
        .with_migration::<v1_2_0::count_to_total>()
        .with_migration::<v1_2_0::back>()
        .with_migration::<v1_2_0::from_nothing>()
        .with_migration::<v1_2_0::rename_draft>()
}

fn saved_by_1_0_0() -> Snapshot {
    used(Page::new().with::<v1_0_0::AppProps>(), |page| _ = page.click("b"))
}

#[test]
fn a_chain_of_migrations_leads_to_the_declared_version() {
    let old = saved_by_1_0_0();
    assert_eq!(old.instances[0].version.as_deref(), Some("1.0.0"));
    let mut page = newest();
    let migrated = page.migrate(&old).expect("it migrates");
    let state = &migrated.instances[0];
    assert_eq!(state.version.as_deref(), Some("1.2.0"));
    assert_eq!(state.extra["counted"].get(), "2");
    let report = page.restore(&migrated);
    assert_eq!(page.html(), "<b>milk 20 7</b>");
    assert_eq!(
        lines(&report),
        "factor: migrated from 1.1.0 → 1.2.0\ntitle: migrated from 1.0.0 → 1.1.0\ntotal: migrated from 1.1.0 → 1.2.0\n"
    );
    assert_eq!(report.instances[0].version.as_deref(), Some("1.2.0"));
    assert_eq!(report.instances[0].migrations, ["1.0.0 → 1.1.0", "1.1.0 → 1.2.0"]);

    // The next swap has nothing to migrate, and marks no key.
    let again = page.capture();
    assert!(again.instances[0].signals.values().all(|state| state.migrated.is_none()));
    let mut page = newest();
    let migrated = page.migrate(&again).expect("it migrates");
    assert!(migrated.instances[0].migrations.is_empty());
    assert_eq!(lines(&page.restore(&migrated)), "factor: Kept\ntitle: Kept\ntotal: Kept\n");
}

#[test]
fn what_migrations_removed_comes_back_if_the_edit_is_undone_and_not_before() {
    let old = saved_by_1_0_0();
    let mut page = newest();
    let migrated = page.migrate(&old).expect("it migrates");
    page.restore(&migrated);
    let newer = page.capture();
    let orphans = &newer.instances[0].orphans;
    assert_eq!(orphans.keys().collect::<Vec<_>>(), ["count", "draft"]);
    // The same version again, and code of that version which has a signal of the key.
    let mut page = Page::new().with::<resurrected::AppProps>();
    let report = page.restore(&newer);
    assert_eq!(page.html(), "<b>new</b>");
    assert_eq!(
        lines(&report),
        "draft: Added\nfactor: Orphaned\ntitle: Orphaned\ntotal: Orphaned\n"
    );
    let mut page = Page::new().with::<v1_0_0::AppProps>();
    let older = page.migrate(&newer).expect("it goes back");
    let report = page.restore(&older);
    assert_eq!(
        lines(&report),
        "count: Recovered\ndraft: Recovered\nfactor: Orphaned\ntitle: Orphaned\ntotal: Orphaned\n"
    );
}

mod resurrected {
    use super::*;

    #[component(export, version = "1.2.0")]
    pub(crate) fn App() -> View {
        let draft = signal("new".to_owned());
        view! { <b>{draft}</b> }
    }
}

#[test]
fn state_without_a_version_is_migrated_from_0_0_0_if_a_migration_begins_there() {
    let mut page = Page::new().with::<unversioned::AppProps>();
    page.mount(1, "App", &json!({ "factor": 3 })).expect("it mounts");
    page.click("b");
    let old = page.capture();
    assert_eq!(old.instances[0].version, None);
    let mut page = newest();
    let migrated = page.migrate(&old).expect("it migrates");
    assert_eq!(
        migrated.instances[0].migrations,
        ["0.0.0 → 1.0.0", "1.0.0 → 1.1.0", "1.1.0 → 1.2.0"]
    );
    page.restore(&migrated);
    assert_eq!(page.html(), "<b>milk 30 3</b>");

    // Without any, the version is only taken on.
    let mut page = Page::new().with::<v1_0_0::AppProps>();
    let migrated = page.migrate(&old).expect("there is nothing to do");
    assert!(migrated.instances[0].migrations.is_empty());
    assert_eq!(lines(&page.restore(&migrated)), "count: migrated from u32\ndraft: Kept\n");
}

#[test]
fn a_gap_is_an_error_that_names_what_is_missing() {
    let old = saved_by_1_0_0();
    let mut page = Page::new().with::<v1_2_0::AppProps>().with_migration::<v1_2_0::rename_draft>();
    let error = page.migrate(&old).expect_err("a gap");
    assert_eq!(
        error,
        "the state of `App` was saved by its version 1.0.0, the new code declares 1.2.0, and no migration leads from 1.1.0 to 1.2.0\n\
         hint: write one, `#[migration(App, from = \"1.1.0\", to = \"1.2.0\")]`, even if it has nothing to do"
    );
    let mut page = Page::new().with::<v1_2_0::AppProps>();
    let error = page.migrate(&old).expect_err("a gap");
    assert!(error.contains("no migration leads from 1.0.0 to 1.2.0"), "{error}");
    let mut older = old.clone();
    older.instances[0].version = Some("0.9.0".into());
    let error = newest().migrate(&older).expect_err("a gap");
    assert!(error.contains("no migration leads from 0.9.0 to 1.0.0"), "{error}");
    let mut odd = old;
    odd.instances[0].version = Some("newest".into());
    let error = newest().migrate(&odd).expect_err("no version");
    assert_eq!(
        error,
        "`App` was saved as `newest`, which is not a version, so no migration leads to 1.2.0"
    );
}

#[test]
fn state_of_a_later_version_is_restored_as_it_is_or_migrated_back() {
    let mut newer = saved_by_1_0_0();
    newer.instances[0].version = Some("1.1.0".into());
    let mut page = Page::new().with::<v1_0_0::AppProps>();
    let migrated = page.migrate(&newer).expect("it is restored");
    assert_eq!(lines(&page.restore(&migrated)), "count: Kept\ndraft: Kept\n");

    let mut page = Page::new().with::<v1_0_0::AppProps>().with_migration::<v1_2_0::back>();
    let migrated = page.migrate(&newer).expect("it migrates");
    assert_eq!(migrated.instances[0].migrations, ["1.1.0 → 1.0.0"]);
}

mod fails {
    use super::*;
    #[component(export, version = "1.1.0")]
    pub(crate) fn App() -> View {
        view! {}
    }

    #[migration(App, from = "1.0.0", to = "1.1.0")]
    pub(crate) fn refuse(saved: &mut Saved) -> Result<(), MigrationError> {
        let count: String = saved.get("count")?.unwrap_or_default();
        Err(MigrationError::new(count))
    }

    #[migration(App, from = "1.0.0", to = "1.1.0")]
    pub(crate) fn unwritable(saved: &mut Saved) -> Result<(), MigrationError> {
        saved.set("count", &swap::Unwritable);
        Ok(())
    }

    #[migration(App, from = "1.0.0", to = "1.1.0")]
    pub(crate) fn explode(_: &mut Saved) -> Result<(), MigrationError> {
        panic!("no way")
    }
}

#[test]
fn a_migration_that_fails_is_reported_and_one_that_panics_traps() {
    let old = saved_by_1_0_0();
    let with = || Page::new().with::<fails::AppProps>();
    let error = with().with_migration::<fails::refuse>().migrate(&old).expect_err("it fails");
    assert_eq!(
        error,
        "the migration `refuse` of `App`, 1.0.0 → 1.1.0, failed: the signal `count` could not be read: invalid type: integer `2`, expected a string"
    );
    let error = with().with_migration::<fails::unwritable>().migrate(&old).expect_err("it fails");
    assert_eq!(
        error,
        "the migration `unwritable` of `App`, 1.0.0 → 1.1.0, failed: the signal `count` could not be written: it refuses"
    );
    let old = std::panic::AssertUnwindSafe(old);
    let report = panic_of(move || {
        _ = with().with_migration::<fails::explode>().migrate(&old);
    });
    assert_eq!(report.expect("it panics").message, "no way");
}

mod scopes {
    use super::*;
    #[component(export, version = "2.0.0")]
    pub(crate) fn App() -> View {
        view! {}
    }

    #[migration(App, from = "1.0.0", to = "2.0.0")]
    pub(crate) fn all(saved: &mut Saved) -> Result<(), MigrationError> {
        assert_eq!(saved.rename_scope("Card", "Card:Card"), 2);
        assert_eq!((saved.component(), saved.instance()), ("App", 1));
        assert!(!saved.rename("nothing", "something") && !saved.remove("nothing"));
        assert_eq!(saved.extra::<u32>("nothing")?, None);
        Ok(())
    }

    #[migration(App, from = "1.0.0", to = "1.5.0")]
    pub(crate) fn detour(_: &mut Saved) -> Result<(), MigrationError> {
        Ok(())
    }

    #[migration(App, from = "1.5.0", to = "1.0.0")]
    pub(crate) fn round(_: &mut Saved) -> Result<(), MigrationError> {
        Ok(())
    }

    #[migration(App, from = "1.5.0", to = "2.0.0")]
    pub(crate) fn arrive(_: &mut Saved) -> Result<(), MigrationError> {
        Ok(())
    }
}

#[test]
fn the_shortest_chain_is_taken_and_scopes_are_renamed_as_a_whole() {
    let mut old = saved_by_1_0_0();
    let plain = old.clone();
    let signals = &mut old.instances[0].signals;
    let state = signals["draft"].clone();
    for key in ["Card:a", "Card:Card:a", "Cards:a"] {
        signals.insert(key.into(), state.clone());
    }
    let mut page = Page::new()
        .with::<scopes::AppProps>()
        .with_migration::<scopes::detour>()
        .with_migration::<scopes::round>()
        .with_migration::<scopes::arrive>()
        .with_migration::<scopes::all>();
    let migrated = page.migrate(&old).expect("it migrates");
    assert_eq!(migrated.instances[0].migrations, ["1.0.0 → 2.0.0"]);
    let keys: Vec<_> = migrated.instances[0].signals.keys().collect();
    assert_eq!(keys, ["Card:Card:Card:a", "Card:Card:a", "Cards:a", "count", "draft"]);

    let mut page = Page::new()
        .with::<scopes::AppProps>()
        .with_migration::<scopes::arrive>()
        .with_migration::<scopes::round>()
        .with_migration::<scopes::detour>();
    let migrated = page.migrate(&plain).expect("it migrates");
    assert_eq!(migrated.instances[0].migrations, ["1.0.0 → 1.5.0", "1.5.0 → 2.0.0"]);
}

#[test]
fn an_updates_transform_is_applied_once_before_the_migrations() {
    let mut old = used(Page::new().with::<unversioned::AppProps>(), |page| _ = page.click("b"));
    let ops = r#"[{"op":"rename","component":"App","from":"draft","to":"label"},{"op":"remove","key":"nothing"},
        {"op":"set","key":"count","value":41},{"op":"set","component":"Other","key":"label","value":"no"},
        {"op":"rename","from":"label","to":"draft"}]"#;
    old.transform = serde_json::from_str::<Vec<TransformOp>>(ops).expect("operations");
    let mut page = Page::new().with::<unversioned::AppProps>();
    let migrated = page.migrate(&old).expect("it migrates");
    assert!(migrated.transform.is_empty());
    assert_eq!(
        lines(&page.restore(&migrated)),
        "count: migrated from transform\ndraft: migrated from transform\n"
    );
    let state = page.capture();
    let value = |key: &str| {
        state.instances[0].signals[key].value.as_ref().map(|value| value.get().to_owned())
    };
    assert_eq!(
        (value("count").as_deref(), value("draft").as_deref()),
        (Some("41"), Some("\"milk\""))
    );
}

#[test]
fn an_instance_of_a_missing_component_is_reported_by_the_restore() {
    let old = saved_by_1_0_0();
    let mut page = Page::new();
    let migrated = page.migrate(&old).expect("nothing to do");
    let report = page.restore(&migrated);
    assert_eq!(lines(&report), "error: there is no component `App`; exported: none\n");
}

#[test]
fn bytes_of_any_content_are_an_error_and_no_trap() {
    let mut page = newest();
    for bytes in [&b""[..], b"nonsense", b"[1,2]", b"\xff\xfe", br#"{"abi":1,"instances":[{}]}"#] {
        let error = page.migrate_bytes(bytes).expect_err("no snapshot");
        assert!(error.starts_with("the snapshot does not parse: "), "{error}");
    }
    let odd = br#"{"abi":1,"transform":[{"op":"rename","from":"","to":"x"}],"instances":[{"instance":1,"component":"App","props":7,"version":""}]}"#;
    assert!(page.migrate_bytes(odd).is_err());
}

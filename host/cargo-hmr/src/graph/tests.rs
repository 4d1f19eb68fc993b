use super::*;
use crate::watch::{Change, ChangeKind};

pub(super) fn package(name: &str, folder: &str, dependencies: &[&str]) -> LocalPackage {
    LocalPackage {
        is_member: true,
        name: name.into(),
        folder: folder.into(),
        manifest_path: format!("{folder}/Cargo.toml").into(),
        dependencies: dependencies.iter().map(|&name| name.to_owned()).collect(),
        build_script: (name == "board").then(|| format!("{folder}/build.rs").into()),
    }
}

pub(super) fn graph_of(modules: &[&str], packages: Vec<LocalPackage>) -> Graph {
    Graph {
        root: "/app".into(),
        static_folder: "/app/static".into(),
        packages,
        settings: Settings {
            toolchain: vec!["/rust-toolchain.toml".into()],
            cargo: vec!["/.cargo/config.toml".into()],
        },
        modules: modules.iter().map(|&name| (name.into(), name.into())).collect(),
        site: None,
        assets: BTreeMap::new(),
        inputs: BTreeMap::new(),
        unfinished: BTreeMap::new(),
        manifests: ["Cargo.toml", "Cargo.lock", ".cargo/config.toml"]
            .map(|name| Utf8Path::new("/app").join(name))
            .into(),
        root_globs: globs(&["data/*.json".into()]).expect("globs"),
        threshold: 10,
    }
}

/// `board` and `list` use `ui`, `ui` uses `text`, which is outside; `clock` has no dependencies.
fn graph() -> Graph {
    let mut graph = graph_of(
        &["board", "list", "clock"],
        vec![
            package("board", "/app/board", &["ui"]),
            package("list", "/app/list", &["ui"]),
            package("clock", "/app/clock", &[]),
            package("ui", "/app/ui", &["text"]),
            package("text", "/elsewhere/text", &[]),
        ],
    );
    let ui = ["/app/ui/src/lib.rs", "/elsewhere/text/src/lib.rs", "/app/board/names.txt"];
    let files = |own: &str, more: &[&str]| -> Vec<Utf8PathBuf> {
        [own].iter().chain(more).map(Utf8PathBuf::from).collect()
    };
    let templates = ["/far/templates".into(), "/app/board/.parts".into()];
    graph.set_inputs("board", files("/app/board/src/lib.rs", &ui), templates);
    graph.set_inputs("list", files("/app/list/src/lib.rs", &ui[..2]), []);
    graph.set_inputs("clock", files("/app/clock/src/lib.rs", &[]), ["/app/clock".into()]);
    graph
}

fn plan(paths: &[&str], failing: bool) -> UpdatePlan {
    let changes = paths
        .iter()
        .map(|path| Change { path: (*path).into(), kind: ChangeKind::Modified })
        .collect();
    graph().plan(&ChangeBatch { changes, ..ChangeBatch::default() }, failing)
}

fn chains(plan: &UpdatePlan) -> Vec<&str> {
    plan.modules.values().map(String::as_str).collect()
}

#[test]
fn a_module_s_own_file_is_a_hot_update_of_it_alone() {
    let plan = plan(&["/app/clock/src/lib.rs"], false);
    assert_eq!(chains(&plan), ["clock/src/lib.rs → clock"]);
    assert_eq!((plan.reload, plan.scan), (None, None));
}

#[test]
fn a_shared_crate_updates_all_that_use_it_by_name() {
    assert_eq!(
        chains(&plan(&["/elsewhere/text/src/lib.rs"], false)),
        [
            "/elsewhere/text/src/lib.rs → text → ui → board",
            "/elsewhere/text/src/lib.rs → text → ui → list"
        ]
    );
}

#[test]
fn an_included_file_counts() {
    assert_eq!(chains(&plan(&["/app/board/names.txt"], false)), ["board/names.txt → board"]);
}

#[test]
fn a_file_in_a_folder_that_a_build_script_watches_counts() {
    for (path, chain) in [
        ("/far/templates/deep/a.html", "/far/templates/deep/a.html → board"),
        ("/app/board/.parts/a", "board/.parts/a → board"),
        ("/app/clock/face.svg", "clock/face.svg → clock"),
    ] {
        assert_eq!(chains(&plan(&[path], false)), [chain]);
    }
    assert!(plan(&["/far/templates.txt"], false).is_empty());
    let graph = graph();
    let trees: Vec<_> = graph.trees().map(|tree| tree.as_str()).collect();
    assert_eq!(trees, ["/app/board/.parts", "/far/templates"], "packages are watched anyway");
}

#[test]
fn what_a_failed_build_has_read_counts_until_a_build_succeeds() {
    let mut graph = graph();
    let path = Utf8PathBuf::from("/far/new.rs");
    let plan = |graph: &Graph| {
        let change = Change { path: path.clone(), kind: ChangeKind::Modified };
        graph.plan(&ChangeBatch { changes: vec![change], ..ChangeBatch::default() }, true)
    };
    assert!(plan(&graph).is_empty());
    graph.set_unfinished([&"list".to_owned()], std::slice::from_ref(&path));
    assert_eq!(chains(&plan(&graph)), ["/far/new.rs → list"]);
    graph.set_inputs("list", [], []);
    assert!(plan(&graph).is_empty());
}

#[test]
fn a_transform_belongs_to_its_module_alone() {
    assert_eq!(
        chains(&plan(&["/app/board/hmr-transform.json"], false)),
        ["board/hmr-transform.json → board"]
    );
    assert!(plan(&["/app/ui/hmr-transform.json"], false).is_empty(), "`ui` is not a module");
}

#[test]
fn a_new_source_belongs_to_its_package() {
    assert_eq!(
        chains(&plan(&["/app/ui/src/new.rs"], false)),
        ["ui/src/new.rs → ui → board", "ui/src/new.rs → ui → list"]
    );
}

#[test]
fn an_unread_data_file_counts_only_while_a_build_is_failing() {
    assert!(plan(&["/app/board/other.txt"], false).is_empty());
    assert!(
        plan(&["/app/board/tests/board.rs"], true).is_empty(),
        "tests are not part of a module"
    );
    assert_eq!(chains(&plan(&["/app/board/other.txt"], true)), ["board/other.txt → board"]);
}

#[test]
fn root_files_reload_with_the_reason() {
    for path in ["/app/index.html", "/app/about.html", "/app/data/x.json"] {
        let plan = plan(&[path], false);
        assert_eq!(plan.markup, [path[5..].to_owned()].into());
        assert!(!plan.needs_build(), "{path}");
    }
    let plan = plan(&["/app/board/build.rs"], false);
    assert_eq!(plan.reload, Some("`board/build.rs` changed".into()));
    assert!(plan.scan.is_none() && plan.needs_build());
}

#[test]
fn manifests_read_the_application_again_and_build_everything() {
    for path in [
        "/app/Cargo.toml",
        "/app/Cargo.lock",
        "/elsewhere/text/Cargo.toml",
        "/app/.cargo/config.toml",
    ] {
        let plan = plan(&[path], false);
        assert!(plan.scan == Some(Scan::App) && plan.reload.is_some(), "{path}");
        assert_eq!(plan.modules.len(), 3);
    }
}

#[test]
fn a_toolchain_file_has_the_toolchain_found_again_and_everything_built() {
    let plan = plan(&["/rust-toolchain.toml", "/.cargo/config.toml"], false);
    assert_eq!(plan.scan, Some(Scan::Toolchain));
    assert_eq!(plan.modules.len(), 3);
    assert_eq!(plan.reload, Some("`/.cargo/config.toml` changed".into()));
}

#[test]
fn static_files_never_touch_rust() {
    let plan = plan(&["/app/static/a/style.css", "/app/static/logo.svg"], true);
    assert_eq!((plan.styles, plan.assets), (vec!["/a/style.css".into()], vec!["/logo.svg".into()]));
    assert!(plan.modules.is_empty() && plan.reload.is_none());
}

#[test]
fn more_files_than_the_threshold_reload() {
    let paths: Vec<String> = (0..11).map(|n| format!("/app/clock/src/{n}.rs")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    assert_eq!(plan(&paths[..10], false).reload, None);
    assert_eq!(plan(&paths, false).reload, Some("11 source files changed at once".into()));
}

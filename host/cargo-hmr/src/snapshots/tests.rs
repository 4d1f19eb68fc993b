use serde_json::json;

use super::*;

fn text(name: &str) -> String {
    format!(
        r#"{{"hmr":1,"name":"{name}","modules":[{{"module":"board","hash":"b","snapshot":{{"abi":1,"n":18446744073709551616}}}}]}}"#
    )
}

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let keep = tempfile::tempdir().expect("a temporary folder");
    let path = Utf8Path::from_path(keep.path()).expect("UTF-8").join("hmr/snapshots");
    (keep, path)
}

#[test]
fn what_is_written_is_read_unchanged_and_listed_until_it_is_removed() {
    let (_keep, folder) = folder();
    assert_eq!(list(&folder).expect("a list"), []);
    for name in ["full-cart", "a.b_C"] {
        write(&folder, name, text(name).as_bytes()).expect("saved");
    }
    write(&folder, "a.b_C", text("a.b_C").as_bytes()).expect("saved again");
    assert_eq!(read(&folder, "a.b_C").expect("the text"), text("a.b_C"));
    let names: Vec<String> =
        list(&folder).expect("a list").into_iter().map(|saved| saved.name).collect();
    assert_eq!(names, ["a.b_C", "full-cart"]);
    remove(&folder, "a.b_C").expect("removed");
    assert!(matches!(read(&folder, "a.b_C"), Err(SnapshotError::Missing(_))));
    assert!(matches!(remove(&folder, "a.b_C"), Err(SnapshotError::Missing(_))));
}

/// Names of all kinds, each different from the others.
fn names() -> Vec<String> {
    let mut names: Vec<String> = [
        "half-filled form",
        "a",
        "A",
        "b.c",
        "../x",
        "..\\x",
        "a/b",
        ".hidden",
        "...",
        "%41",
        "100 %",
        "é",
        "e\u{301}",
        "日本",
        "👩\u{200d}🚀",
        "con",
        "CON",
        "com1",
        "a:b*c?\"<d>|",
        "a+b",
    ]
    .map(str::to_owned)
    .into();
    names.extend(["a", "b", "日"].map(|letter| letter.repeat(LONGEST_NAME)));
    names.push("a".repeat(LONGEST_NAME - 1));
    names.sort();
    names
}

#[test]
fn any_name_that_can_be_printed_is_allowed() {
    let (keep, folder) = folder();
    let text = |name: &str| json!({"hmr": 1, "name": name, "modules": []}).to_string();
    for name in names() {
        write(&folder, &name, text(&name).as_bytes()).expect(&name);
    }
    let listed: Vec<String> =
        list(&folder).expect("a list").into_iter().map(|saved| saved.name).collect();
    assert_eq!(listed, names());
    for name in names() {
        assert_eq!(read(&folder, &name).expect(&name), text(&name));
    }
    let mut files = std::collections::BTreeSet::new();
    for entry in folder.read_dir_utf8().expect("the folder") {
        let name = entry.expect("an entry").file_name().to_owned();
        assert!(name.len() < 200 && !name.starts_with('.'), "{name}");
        assert!(files.insert(name.to_lowercase()), "{name} is one of two where case is ignored");
    }
    for name in names() {
        remove(&folder, &name).expect(&name);
    }
    assert_eq!(list(&folder).expect("a list"), []);
    let outside = std::fs::read_dir(keep.path()).expect("the outer folder").count();
    assert_eq!(outside, 1, "nothing was written elsewhere");
}

#[test]
fn the_folder_keeps_itself_out_of_version_control() {
    let (_keep, folder) = folder();
    write(&folder, "a", text("a").as_bytes()).expect("saved");
    let ignore = folder.with_file_name(".gitignore");
    assert!(fs::read_to_string(&ignore).expect("a file").ends_with("\n*\n"));
    fs::remove_file(&ignore).expect("removed");
    write(&folder, "b", text("b").as_bytes()).expect("saved");
    assert!(!ignore.exists(), "without this file, snapshots can be kept in version control");
}

#[test]
fn what_was_saved_elsewhere_is_moved_once() {
    let (keep, folder) = folder();
    let old = Utf8Path::from_path(keep.path()).expect("UTF-8").join("old");
    assert_eq!(move_from(&old, &folder).expect("nothing to do"), 0);
    fs::create_dir_all(&old).expect("a folder");
    for name in ["full.Cart", "b"] {
        fs::write(old.join(format!("{name}.json")), text(name)).expect("written");
    }
    fs::write(old.join("notes.txt"), "").expect("written");
    write(&folder, "b", text("b").as_bytes()).expect("saved");
    assert_eq!(move_from(&old, &folder).expect("moved"), 1);
    assert_eq!(read(&folder, "full.Cart").expect("moved"), text("full.Cart"));
    assert!(old.join("b.json").exists() && !old.join("full.Cart.json").exists());
    assert_eq!(move_from(&old, &folder).expect("nothing to do"), 0);
}

#[test]
fn other_names_are_refused() {
    let (_keep, folder) = folder();
    let long = "a".repeat(LONGEST_NAME + 1);
    for name in ["", " ", ".", "..", " a", "a ", "a\0", "a\nb", "a\u{202e}b", "\u{1b}[2J", &long] {
        for outcome in [
            write(&folder, name, text(name).as_bytes()),
            read(&folder, name).map(drop),
            remove(&folder, name),
        ] {
            assert!(matches!(outcome, Err(SnapshotError::Name(_))), "{name}: {outcome:?}");
        }
    }
    assert!(!folder.exists());
}

#[test]
fn only_saved_snapshots_are_saved() {
    let (_keep, folder) = folder();
    for content in [
        "",
        "[]",
        r#"{"hmr":1,"name":"x"}"#,
        r#"{"hmr":2,"name":"x","modules":[]}"#,
        r#"{"hmr":1,"name":"y","modules":[]}"#,
        r#"{"hmr":1,"name":"x","modules":[{"module":"a","hash":"b"}]}"#,
        r#"{"hmr":1,"name":"x","modules":[{"module":"a","hash":"b","snapshot":7}]}"#,
    ] {
        let outcome = write(&folder, "x", content.as_bytes());
        assert!(matches!(outcome, Err(SnapshotError::Content(_))), "{content}: {outcome:?}");
    }
    assert_eq!(list(&folder).expect("a list"), []);
}

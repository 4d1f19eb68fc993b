//! Folders that cannot be written, and code that fails in this build only: the folder from before stays as it was.

use std::fs;
use std::os::unix::fs::symlink;

use hmr_tests::web_app::WebApp;

use super::{fails, files, succeeds, with_files};

/// Builds into a path beside the application.
fn build_into(app: &WebApp, path: &str) -> std::process::Command {
    let mut command = app.tool("build");
    command.arg("--dist").arg(app.path(path));
    command
}

/// The folders that builds leave beside the ones that they write.
fn left(app: &WebApp, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(app.path(folder)).expect("the folder").flatten();
    let names = entries.map(|it| it.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(".cargo-hmr-build")).collect()
}

#[test]
fn code_that_fails_in_release_only_leaves_the_folder_as_it_was() {
    let app = with_files();
    succeeds(app.tool("build"));
    let before = files(&app.path("app/dist"));
    let code = "#[cfg(not(debug_assertions))]\ncompile_error!(\"only for development\");";
    app.write("app/src/lib.rs", code);
    let text = fails(app.tool("build"), 101);
    assert!(text.contains("only for development") && text.contains("src/lib.rs"), "{text}");
    assert_eq!(files(&app.path("app/dist")), before);
    assert_eq!(left(&app, "app"), Vec::<String>::new());
}

#[test]
fn a_link_to_the_folder_stays() {
    let app = with_files();
    fs::create_dir(app.path("real")).expect("a folder");
    symlink(app.path("real"), app.path("link")).expect("a link");
    for _ in 0..2 {
        succeeds(build_into(&app, "link"));
        assert!(app.path("link").is_symlink());
        assert!(files(&app.path("real")).contains_key("index.html"));
    }
    symlink(app.path("nothing"), app.path("dangling")).expect("a link");
    let text = fails(build_into(&app, "dangling"), 1);
    assert!(text.contains("is a link to nothing") && text.contains("\nhint: "), "{text}");
    assert!(app.path("dangling").is_symlink());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let app = with_files();
    app.write("file", "mine");
    let text = fails(build_into(&app, "file/inside/dist"), 1);
    assert!(text.contains("/file` is a file") && text.contains("--dist"), "{text}");
    assert_eq!(fs::read(app.path("file")).expect("it is there"), b"mine");
    // The kernel's own folder: nobody may make one there.
    let mut command = app.tool("build");
    command.args(["--dist", "/proc/dist"]);
    let text = fails(command, 1);
    assert!(text.contains("`/proc` cannot be written") && text.contains("\nhint: "), "{text}");
}

/// Memory is mounted there, on Linux.
#[test]
#[cfg(target_os = "linux")]
fn a_folder_where_a_disk_is_mounted_is_not_replaced() {
    let app = with_files();
    let mut command = app.tool("build");
    command.args(["--dist", "/dev/shm"]);
    let text = fails(command, 1);
    assert!(text.contains("is mounted") && text.contains("--dist /dev/shm/dist"), "{text}");
}

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::Receiver,
    },
};

use camino::Utf8Path;
use notify::{RecommendedWatcher, RecursiveMode};

use super::*;

struct Bench {
    folder: Utf8PathBuf,
    events: Receiver<WatchEvent>,
    scope: Scope,
    watcher: Watcher,
    _keep: tempfile::TempDir,
}

fn watch(prepare: impl FnOnce(&Utf8Path)) -> Bench {
    let keep = tempfile::tempdir().expect("a temporary folder");
    let folder = Utf8PathBuf::try_from(keep.path().canonicalize().expect("a path")).expect("UTF-8");
    fs::create_dir(folder.join("src")).expect("a folder");
    fs::write(folder.join("src/lib.rs"), "one").expect("a file");
    prepare(&folder);
    let scope = Scope {
        folders: [folder.clone()].into(),
        ignore: vec!["left-out".into()],
        ..Scope::default()
    };
    let (send, events) = mpsc::channel();
    let watcher =
        Watcher::start(scope.clone(), move |event| _ = send.send(event)).expect("a watcher");
    Bench { folder, events, scope, watcher, _keep: keep }
}

impl Bench {
    /// Collects changes until one of `path`. The earlier ones are in the list as well.
    fn until(&self, path: &str) -> Vec<(String, ChangeKind)> {
        let mut seen = Vec::new();
        loop {
            let event = self
                .events
                .recv_timeout(Duration::from_secs(20))
                .unwrap_or_else(|_| panic!("no change of `{path}`; received {seen:?}"));
            let WatchEvent::Changed(batch) = event else { continue };
            for Change { path, kind } in batch.changes {
                let path =
                    path.strip_prefix(&self.folder).map_or(path.to_string(), ToString::to_string);
                seen.push((path, kind));
            }
            if seen.iter().any(|(seen, _)| seen == path) {
                return seen;
            }
        }
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.folder.join(path), text).expect("a write");
    }
}

fn change(path: &str, kind: ChangeKind) -> (String, ChangeKind) {
    (path.to_owned(), kind)
}

#[test]
fn a_save_is_one_modification() {
    let bench = watch(|_| ());
    bench.write("src/lib.rs", "two");
    assert_eq!(bench.until("src/lib.rs"), [change("src/lib.rs", ChangeKind::Modified)]);
}

#[test]
fn a_rename_over_the_file_is_one_modification_and_the_temporary_file_is_not_reported() {
    let bench = watch(|_| ());
    bench.write("src/.lib.rs.tmp", "two");
    fs::rename(bench.folder.join("src/.lib.rs.tmp"), bench.folder.join("src/lib.rs"))
        .expect("a rename");
    assert_eq!(bench.until("src/lib.rs"), [change("src/lib.rs", ChangeKind::Modified)]);
}

#[test]
fn unlink_then_write_is_seen() {
    let bench = watch(|_| ());
    fs::remove_file(bench.folder.join("src/lib.rs")).expect("an unlink");
    bench.write("src/lib.rs", "two");
    // A slow machine may see the gap between the two; the last word must be that the file is there.
    let mut seen = bench.until("src/lib.rs");
    while seen.last().is_some_and(|(_, kind)| *kind == ChangeKind::Removed) {
        seen = bench.until("src/lib.rs");
    }
}

#[test]
fn a_new_folder_is_watched_with_what_is_in_it() {
    let bench = watch(|_| ());
    fs::create_dir_all(bench.folder.join("src/deep/er")).expect("folders");
    bench.write("src/deep/er/new.rs", "one");
    assert!(
        bench
            .until("src/deep/er/new.rs")
            .contains(&change("src/deep/er/new.rs", ChangeKind::Added))
    );
    bench.write("src/deep/er/new.rs", "two!");
    assert!(
        bench
            .until("src/deep/er/new.rs")
            .contains(&change("src/deep/er/new.rs", ChangeKind::Modified))
    );
}

#[test]
fn a_renamed_folder_removes_and_adds_its_files() {
    let bench = watch(|folder| {
        fs::create_dir(folder.join("src/a")).expect("a folder");
        fs::write(folder.join("src/a/x.rs"), "x").expect("a file");
    });
    fs::rename(bench.folder.join("src/a"), bench.folder.join("src/b")).expect("a rename");
    let mut seen = bench.until("src/b/x.rs");
    if !seen.iter().any(|(path, _)| path == "src/a/x.rs") {
        seen.extend(bench.until("src/a/x.rs"));
    }
    assert!(seen.contains(&change("src/a/x.rs", ChangeKind::Removed)), "{seen:?}");
    assert!(seen.contains(&change("src/b/x.rs", ChangeKind::Added)), "{seen:?}");
}

#[test]
fn target_hidden_and_ignored_files_are_left_out() {
    let bench = watch(|folder| {
        fs::write(folder.join("Cargo.toml"), "").expect("a file");
        for name in ["target", ".git", "left-out", "src/target"] {
            fs::create_dir(folder.join(name)).expect("a folder");
        }
    });
    for path in ["target/a", ".git/a", "left-out/a", "src/lib.rs~", "src/.lib.rs.swp"] {
        bench.write(path, "noise");
    }
    bench.write("src/target/mod.rs", "signal");
    assert_eq!(bench.until("src/target/mod.rs"), [change("src/target/mod.rs", ChangeKind::Added)]);
}

#[test]
fn a_single_file_elsewhere_is_watched_without_its_neighbours() {
    let bench = watch(|_| ());
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let folder =
        Utf8PathBuf::try_from(elsewhere.path().canonicalize().expect("a path")).expect("UTF-8");
    fs::write(folder.join("data.txt"), "one").expect("a file");
    bench
        .watcher
        .rescope(Scope { files: [folder.join("data.txt")].into(), ..bench.scope.clone() }, None)
        .expect("a scope");
    fs::write(folder.join("neighbour.txt"), "noise").expect("a file");
    fs::write(folder.join("data.txt"), "two").expect("a file");
    let data = folder.join("data.txt");
    assert_eq!(bench.until(data.as_str()), [change(data.as_str(), ChangeKind::Modified)]);
}

#[test]
fn a_file_that_is_written_the_same_again_has_not_changed() {
    let bench = watch(|_| ());
    bench.write("src/lib.rs", "one");
    bench.write("src/other.rs", "one");
    assert_eq!(bench.until("src/other.rs"), [change("src/other.rs", ChangeKind::Added)]);
}

#[test]
fn what_a_build_has_read_counts_in_hidden_folders_and_in_build_output() {
    let bench = watch(|folder| {
        for path in [".snippets/a.html", "out/hmr/made.rs", "out/read.txt", "out/other.txt"] {
            fs::create_dir_all(folder.join(path).parent().expect("a folder")).expect("folders");
            fs::write(folder.join(path), "one").expect("a file");
        }
    });
    let at = |path: &str| bench.folder.join(path);
    let files = [".snippets/a.html", "out/hmr/made.rs", "out/read.txt"].map(at);
    let scope = Scope {
        files: files.into(),
        outputs: [at("out/hmr")].into(),
        caches: [at("out")].into(),
        ..bench.scope.clone()
    };
    bench.watcher.rescope(scope, None).expect("a scope");
    bench.write("out/hmr/made.rs", "two");
    bench.write("out/other.txt", "two");
    bench.write(".snippets/b.html", "two");
    bench.write("out/read.txt", "two");
    assert_eq!(bench.until("out/read.txt"), [change("out/read.txt", ChangeKind::Modified)]);
    bench.write(".snippets/a.html", "two");
    assert_eq!(bench.until(".snippets/a.html"), [change(".snippets/a.html", ChangeKind::Modified)]);
}

#[test]
fn a_file_that_a_build_was_reading_while_it_was_written_has_changed() {
    let bench = watch(|_| ());
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let data = Utf8Path::from_path(elsewhere.path()).expect("UTF-8").join("data.txt");
    let since = SystemTime::now();
    fs::write(&data, "two").expect("a file");
    let scope = Scope { files: [data.clone()].into(), ..bench.scope.clone() };
    bench.watcher.rescope(scope, Some(since)).expect("a scope");
    assert_eq!(bench.until(data.as_str()), [change(data.as_str(), ChangeKind::Modified)]);
}

#[test]
fn a_missing_file_elsewhere_is_seen_when_it_is_created_with_its_folder() {
    let bench = watch(|_| ());
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let data = Utf8Path::from_path(elsewhere.path()).expect("UTF-8").join("deep/er/data.txt");
    let scope = Scope { files: [data.clone()].into(), ..bench.scope.clone() };
    bench.watcher.rescope(scope, None).expect("a scope");
    for text in ["one", "two"] {
        fs::create_dir_all(data.parent().expect("a folder")).expect("folders");
        fs::write(&data, text).expect("a file");
        assert_eq!(bench.until(data.as_str()), [change(data.as_str(), ChangeKind::Added)]);
        fs::remove_dir_all(elsewhere.path().join("deep")).expect("a folder that can be removed");
        assert_eq!(bench.until(data.as_str()), [change(data.as_str(), ChangeKind::Removed)]);
    }
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_folder_is_seen_under_both_its_paths_and_under_one_when_the_link_is_removed() {
        let bench = watch(|folder| fs::create_dir(folder.join("static")).expect("a folder"));
        symlink("../src", bench.folder.join("static/src")).expect("a link");
        bench.until("static/src/lib.rs");
        bench.write("src/lib.rs", "two");
        let both =
            ["src/lib.rs", "static/src/lib.rs"].map(|path| change(path, ChangeKind::Modified));
        assert_eq!(bench.until("src/lib.rs"), both);
        fs::remove_file(bench.folder.join("static/src")).expect("a link that can be removed");
        bench.until("static/src/lib.rs");
        bench.write("src/lib.rs", "three");
        assert_eq!(bench.until("src/lib.rs"), [change("src/lib.rs", ChangeKind::Modified)]);
    }

    #[test]
    fn the_target_of_a_linked_file_is_watched_and_so_is_the_link() {
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| elsewhere.path().join(name);
        fs::write(at("one.rs"), "one").expect("a file");
        fs::write(at("two.rs"), "two").expect("a file");
        let bench =
            watch(|folder| symlink(at("one.rs"), folder.join("src/far.rs")).expect("a link"));
        let seen = [change("src/far.rs", ChangeKind::Modified)];
        fs::write(at("one.rs"), "one more").expect("a file");
        assert_eq!(bench.until("src/far.rs"), seen);
        // As an editor replaces it.
        fs::write(at("new"), "one again").expect("a file");
        fs::rename(at("new"), at("one.rs")).expect("a rename");
        assert_eq!(bench.until("src/far.rs"), seen);
        symlink(at("two.rs"), bench.folder.join("src/.new")).expect("a link");
        fs::rename(bench.folder.join("src/.new"), bench.folder.join("src/far.rs"))
            .expect("a rename");
        assert_eq!(bench.until("src/far.rs"), seen);
        fs::write(at("two.rs"), "two more").expect("a file");
        assert_eq!(bench.until("src/far.rs"), seen);
        fs::remove_file(at("two.rs")).expect("a file that can be removed");
        assert_eq!(bench.until("src/far.rs"), [change("src/far.rs", ChangeKind::Removed)]);
        fs::write(at("two.rs"), "two again").expect("a file");
        assert_eq!(bench.until("src/far.rs"), [change("src/far.rs", ChangeKind::Added)]);
    }

    #[test]
    fn a_link_in_the_path_of_a_file_elsewhere_may_change_its_target() {
        let bench = watch(|_| ());
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| elsewhere.path().join(name);
        for version in ["v1", "v2"] {
            fs::create_dir(at(version)).expect("a folder");
            fs::write(at(version).join("data.txt"), version).expect("a file");
        }
        symlink("v1", at("now")).expect("a link");
        let data = Utf8PathBuf::try_from(at("now/data.txt")).expect("UTF-8");
        let scope = Scope { files: [data.clone()].into(), ..bench.scope.clone() };
        bench.watcher.rescope(scope, None).expect("a scope");
        symlink("v2", at("new")).expect("a link");
        fs::rename(at("new"), at("now")).expect("a rename");
        let seen = [change(data.as_str(), ChangeKind::Modified)];
        assert_eq!(bench.until(data.as_str()), seen);
        fs::write(at("v2/data.txt"), "more").expect("a file");
        assert_eq!(bench.until(data.as_str()), seen);
    }
}

/// A system that watches only so many folders.
struct Limited {
    inner: RecommendedWatcher,
    left: Arc<AtomicUsize>,
}

impl notify::Watcher for Limited {
    fn new<F: notify::EventHandler>(_: F, _: notify::Config) -> notify::Result<Self> {
        Err(notify::Error::generic("not used"))
    }

    fn watch(&mut self, path: &Path, mode: RecursiveMode) -> notify::Result<()> {
        let take = |left: usize| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_err() {
            return Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch));
        }
        self.inner.watch(path, mode)
    }

    fn unwatch(&mut self, path: &Path) -> notify::Result<()> {
        self.inner.unwatch(path)
    }

    fn kind() -> notify::WatcherKind {
        RecommendedWatcher::kind()
    }
}

#[test]
fn folders_beyond_the_limit_are_reported_once_polled_and_tried_again() {
    let left = Arc::new(AtomicUsize::new(usize::MAX));
    let keep = tempfile::tempdir().expect("a temporary folder");
    let folder = Utf8Path::from_path(keep.path()).expect("UTF-8");
    let folder = folder.canonicalize_utf8().expect("it exists");
    fs::create_dir(folder.join("src")).expect("a folder");
    let scope = Scope { folders: [folder.clone()].into(), ..Scope::default() };
    let (send, events) = mpsc::channel();
    let limit = Arc::clone(&left);
    let watcher = Watcher::start_with(
        scope.clone(),
        move |event| _ = send.send(event),
        move |hints| {
            let inner = notify::recommended_watcher(move |hint| {
                _ = hints.send(Message::Hint(hint));
            })?;
            Ok(Box::new(Limited { inner, left: Arc::clone(&limit) }))
        },
    );
    let bench = Bench {
        folder: folder.clone(),
        events,
        scope,
        watcher: watcher.expect("a watcher"),
        _keep: keep,
    };
    let next = || bench.events.recv_timeout(Duration::from_secs(20)).expect("an event");

    left.store(0, Ordering::SeqCst);
    fs::create_dir_all(folder.join("src/new/er")).expect("folders");
    let WatchEvent::Polling { message } = next() else { panic!("it is reported first") };
    assert!(message.contains("src/new") && message.contains("max_user_watches"), "{message}");
    bench.write("src/new/er/a.rs", "one");
    bench.until("src/new/er/a.rs");
    bench.write("src/new/er/a.rs", "two");
    assert_eq!(bench.until("src/new/er/a.rs"), [change("src/new/er/a.rs", ChangeKind::Modified)]);

    left.store(usize::MAX, Ordering::SeqCst);
    bench.watcher.rescope(bench.scope.clone(), None).expect("a scope");
    assert_eq!(next(), WatchEvent::Watching);
    bench.write("src/new/er/a.rs", "three");
    assert_eq!(bench.until("src/new/er/a.rs"), [change("src/new/er/a.rs", ChangeKind::Modified)]);
}

#[test]
fn without_any_watcher_everything_is_polled() {
    let keep = tempfile::tempdir().expect("a temporary folder");
    let folder = Utf8Path::from_path(keep.path()).expect("UTF-8");
    let folder = folder.canonicalize_utf8().expect("it exists");
    fs::write(folder.join("a.rs"), "one").expect("a file");
    let scope = Scope { folders: [folder.clone()].into(), ..Scope::default() };
    let (send, events) = mpsc::channel();
    let none = |_| Err(notify::Error::io(std::io::Error::from_raw_os_error(24)));
    let watcher = Watcher::start_with(scope.clone(), move |event| _ = send.send(event), none);
    let watcher = watcher.expect("a watcher");
    let bench = Bench { folder, events, scope, watcher, _keep: keep };
    let Ok(WatchEvent::Polling { message }) = bench.events.recv_timeout(Duration::from_secs(20))
    else {
        panic!("it is reported");
    };
    assert!(message.contains("max_user_instances"), "{message}");
    bench.write("a.rs", "two");
    assert_eq!(bench.until("a.rs"), [change("a.rs", ChangeKind::Modified)]);
}

#[test]
fn a_large_file_that_gets_the_same_content_again_and_again_has_changed_once() {
    let text = "line\n".repeat(100_000);
    let bench = watch(|folder| fs::write(folder.join("src/made.rs"), &text).expect("a file"));
    bench.write("src/made.rs", &text);
    assert_eq!(bench.until("src/made.rs"), [change("src/made.rs", ChangeKind::Modified)]);
    bench.write("src/made.rs", &text);
    bench.write("src/lib.rs", "two");
    assert_eq!(bench.until("src/lib.rs"), [change("src/lib.rs", ChangeKind::Modified)]);
    bench.write("src/made.rs", &text.replace("line", "list"));
    assert_eq!(bench.until("src/made.rs"), [change("src/made.rs", ChangeKind::Modified)]);
}

#[test]
fn a_file_of_a_build_script_s_folder_that_was_written_during_the_build_has_changed() {
    let bench = watch(|_| ());
    let keep = tempfile::tempdir().expect("a temporary folder");
    let far = Utf8PathBuf::try_from(keep.path().canonicalize().expect("a path")).expect("UTF-8");
    let since = SystemTime::now();
    fs::write(far.join("a.html"), "new").expect("a file");
    let scope = Scope { trees: [far.clone()].into(), ..bench.scope.clone() };
    bench.watcher.rescope(scope, Some(since)).expect("a scope");
    let path = far.join("a.html").to_string();
    assert_eq!(bench.until(&path), [(path.clone(), ChangeKind::Modified)]);
}

#[test]
fn a_watcher_ends_with_its_owner() {
    let bench = watch(|_| ());
    let Bench { watcher, events, .. } = bench;
    drop(watcher);
    // The thread drops its sender.
    assert!(
        events
            .recv_timeout(Duration::from_secs(20))
            .is_err_and(|error| { error == RecvTimeoutError::Disconnected })
    );
}

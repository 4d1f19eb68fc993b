//! An application made with wasm-bindgen, served by the real tool and open in a real browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use walkdir::WalkDir;

use crate::browser::Browser;
use crate::dev::{Dev, SOON};

/// How long the first build of a framework may take, with the program of wasm-bindgen.
const FIRST_BUILD: Duration = Duration::from_mins(15);

/// A copy of an application that a test may edit.
#[derive(Debug)]
pub struct AppCopy {
    folder: TempDir,
}

impl AppCopy {
    /// A copy of the application in `source`, a folder of the repository. It is compiled into `target`, which applications may share.
    ///
    /// # Panics
    ///
    /// If the temporary folder cannot be written.
    #[must_use]
    pub fn of(source: &str, target: &Path) -> Self {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let copy = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let source = repository.join(source);
        let entries =
            WalkDir::new(&source).into_iter().filter_entry(|it| it.file_name() != "target");
        for entry in entries.map(|entry| entry.expect("the application can be read")) {
            let inside = entry.path().strip_prefix(&source).expect("it is inside");
            if entry.file_type().is_file() {
                copy.write(&inside.to_string_lossy(), fs::read(entry.path()).expect("a file"));
            }
        }
        // An example may depend on the SDK, by its path from the example.
        let manifest = copy.read("Cargo.toml");
        let root = fs::canonicalize(&repository).expect("the repository");
        let root = format!("path = \"{}/", root.display());
        let own = manifest.replace("path = \"../../../", &root).replace("path = \"../../", &root);
        copy.write("Cargo.toml", own);
        let config = format!("[build]\ntarget-dir = {:?}\n", target.display().to_string());
        copy.write(".cargo/config.toml", config);
        copy
    }

    /// The folder of the copy.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where `path`, relative to the folder, is.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The text of a file.
    ///
    /// # Panics
    ///
    /// If it cannot be read.
    #[must_use]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes a file, and the folders around it.
    ///
    /// # Panics
    ///
    /// If it cannot be written.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let file = self.path(path);
        fs::create_dir_all(file.parent().unwrap_or(Path::new("/"))).expect("folders can be made");
        fs::write(file, content).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Replaces the one occurrence of `old` in a file.
    ///
    /// # Panics
    ///
    /// If it does not occur exactly once.
    pub fn edit(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(old).count(), 1, "`{old}` in {path}");
        self.write(path, text.replace(old, new));
    }
}

/// An application in use.
#[derive(Debug)]
pub struct AppSession {
    /// The page.
    pub browser: Browser,
    /// The tool.
    pub dev: Dev,
    /// The application.
    pub app: AppCopy,
    /// The name of its module.
    pub module: String,
}

impl AppSession {
    /// Serves a copy of an application and opens its page; returns when `ready`, a JavaScript expression, is true there.
    ///
    /// # Panics
    ///
    /// If any of it fails.
    #[must_use]
    pub fn start(app: AppCopy, module: &str, ready: &str) -> Self {
        let mut dev = Dev::start(app.folder());
        dev.wait_until("the first build", FIRST_BUILD, |event| {
            assert_ne!(event["event"], "build-failed", "{event}");
            event["event"] == "update"
        });
        let browser = Browser::start();
        browser.open(dev.url());
        browser.wait(ready);
        browser.run("window.untouched = true", &[]);
        // Otherwise the report of this start could pass for that of the first edit.
        dev.wait_until("the report of the start", SOON, |event| {
            matches!(event["event"].as_str(), Some("loaded" | "swap"))
        });
        Self { browser, dev, app, module: module.to_owned() }
    }

    /// Edits a file and waits until the page has swapped to the result.
    ///
    /// # Panics
    ///
    /// If it does not, or the page was loaded again.
    pub fn edit(&mut self, path: &str, old: &str, new: &str) -> Value {
        self.app.edit(path, old, new);
        self.swapped("committed")
    }

    /// Waits for a swap that ends like this.
    ///
    /// # Panics
    ///
    /// If it does not come, or the page was loaded again.
    pub fn swapped(&mut self, outcome: &str) -> Value {
        let module = self.module.clone();
        let report = self.dev.wait_swap(&module, outcome);
        assert_eq!(self.browser.value("window.untouched === true", &[]), true, "a reload");
        let swaps = report["swaps"].as_array().cloned().unwrap_or_default();
        swaps.into_iter().find(|swap| swap["module"] == *module).unwrap_or_default()
    }
}

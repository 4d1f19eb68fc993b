//! An application as visitors get it: built with `cargo hmr build`, on a plain server below a path, with a strict content security policy.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::browser::Browser;
use crate::dev::tool;
use crate::static_files::{POLICY, StaticFiles};

/// The path below which the applications are served.
pub const PATH: &str = "/sub/path/";

/// A deployed application that is open in a browser.
#[derive(Debug)]
pub struct Deployed {
    /// The page.
    pub browser: Browser,
    /// The folder that was built.
    pub dist: PathBuf,
    server: StaticFiles,
    _keep: TempDir,
}

impl Deployed {
    /// Builds the application in a folder, and opens it; returns when `ready`, a JavaScript expression, is true.
    ///
    /// # Panics
    ///
    /// If any of it fails.
    #[must_use]
    pub fn of(folder: &Path, ready: &str) -> Self {
        Self::with_policy(folder, ready, POLICY)
    }

    /// The same with another policy.
    ///
    /// # Panics
    ///
    /// If any of it fails.
    #[must_use]
    pub fn with_policy(folder: &Path, ready: &str, policy: &'static str) -> Self {
        let keep = tempfile::tempdir().expect("a temporary folder");
        let dist = keep.path().join("dist");
        let mut command = tool();
        command.arg("build").arg(folder).arg("--dist").arg(&dist).args(["--public-url", PATH]);
        let output = command.output().expect("the tool can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let server = StaticFiles::serve_with(&dist, PATH, policy);
        let browser = Browser::start();
        browser.open(&server.url());
        browser.wait(ready);
        Self { browser, dist, server, _keep: keep }
    }

    /// The address of the page.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Checks that the browser has reported no error: neither a file that is missing nor a breach of the policy.
    ///
    /// # Panics
    ///
    /// If it has.
    pub fn assert_no_errors(&self) {
        assert_eq!(self.browser.console(), Vec::<String>::new());
    }
}

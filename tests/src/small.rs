//! A small application that compiles in a second: one module, with a stand-in for `hmr-sdk` so that nothing else is built.
//!
//! For tests of what the tool watches and builds. Its module does nothing in a page.

use std::ops::Deref;

use crate::app_folder::AppFolder;
use crate::dev::{Dev, tool};

/// The required exports of a module, without the SDK. The test's own code is the module `text`.
const MODULE: &str = r#"
pub mod text;
pub extern crate hmr_sdk;
#[unsafe(no_mangle)] pub extern "C" fn hmr_alloc(_: u32) -> u32 { 8 }
#[unsafe(no_mangle)] pub extern "C" fn hmr_mount(_: u32, _: u32) -> u32 { text::length() }
#[unsafe(no_mangle)] pub extern "C" fn hmr_unmount(_: u32) {}
#[unsafe(no_mangle)] pub extern "C" fn hmr_dispatch(_: u32, _: u32, _: u32) -> u32 { 0 }
#[unsafe(no_mangle)] pub extern "C" fn capture_state() -> u32 { 0 }
#[unsafe(no_mangle)] pub extern "C" fn restore_state(_: u32, _: u32) -> u32 { 0 }
#[unsafe(no_mangle)] pub extern "C" fn hmr_dispose() {}
#[unsafe(link_section = "hmr.manifest")]
#[used]
pub static MANIFEST: [u8; 6] = *b"abi\t1\n";
"#;

const SDK: &str = "[package]\nname = \"hmr-sdk\"\nedition = \"2024\"\n";

/// A folder with the application in `app`, beside which tests may put files of their own.
#[derive(Debug)]
pub struct SmallApp {
    folder: AppFolder,
}

impl Deref for SmallApp {
    type Target = AppFolder;

    fn deref(&self) -> &AppFolder {
        &self.folder
    }
}

impl SmallApp {
    /// An application of one package, which is the workspace's root. `manifest` is what its manifest has in addition, and `text` the
    /// source of `src/text.rs`, with a function `length() -> u32`.
    ///
    /// # Panics
    ///
    /// If the temporary folder cannot be written.
    #[must_use]
    pub fn new(manifest: &str, text: &str) -> Self {
        let app = Self { folder: AppFolder::new() };
        app.write("sdk/Cargo.toml", SDK);
        app.write("sdk/src/lib.rs", "");
        let start = "[package]\nname = \"board\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\nhmr-sdk = { path = \"../sdk\" }\n";
        app.write("app/Cargo.toml", format!("{start}{manifest}\n[workspace]\n"));
        app.write("app/index.html", "<hmr-component module=\"board\"></hmr-component>");
        app.write("app/static/a.css", "p { color: red }");
        app.write("app/src/lib.rs", MODULE);
        app.write("app/src/text.rs", text);
        app
    }

    /// Serves it, and returns once its first build is done.
    ///
    /// # Panics
    ///
    /// If that fails.
    #[must_use]
    pub fn serve(&self) -> Dev {
        let mut command = tool();
        command.arg("dev").arg(self.path("app")).args(["--json", "--port", "0", "--no-preflight"]);
        let mut dev = Dev::run(command);
        dev.wait_built();
        dev
    }
}

//! A small application of wasm-bindgen, with settings for Trunk or dx, that compiles in a second: with stand-ins for the crate and the
//! program of wasm-bindgen.
//!
//! For tests of how the tool serves and builds. Its code does nothing in a page.

use std::fs;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::app_folder::AppFolder;
use crate::dev::{Dev, tool};

/// The version of the stand-ins.
const VERSION: &str = "0.2.100";

/// What the stand-in for the program writes as glue.
const GLUE: &str = "let wasm;\nasync function init(module_or_path) {\n}\nexport default init;\n";

/// A folder with the application in `app`, beside which tests may put files of their own.
#[derive(Debug)]
pub struct WebApp {
    folder: AppFolder,
}

impl Deref for WebApp {
    type Target = AppFolder;

    fn deref(&self) -> &AppFolder {
        &self.folder
    }
}

impl WebApp {
    /// An application with these files, by their paths in its folder: `Trunk.toml` for instance.
    ///
    /// # Panics
    ///
    /// If the temporary folder cannot be written.
    #[must_use]
    pub fn new(files: &[(&str, &str)]) -> Self {
        let app = Self { folder: AppFolder::new() };
        let package = |name: &str, version: &str| {
            format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2024\"\n")
        };
        app.write("wasm-bindgen/Cargo.toml", package("wasm-bindgen", VERSION));
        app.write("wasm-bindgen/src/lib.rs", "");
        app.write("app/Cargo.toml", Self::manifest(""));
        app.write("app/index.html", "<html><head><link data-trunk rel=\"rust\"></head></html>");
        app.write(
            "app/src/lib.rs",
            "#[unsafe(no_mangle)]\npub extern \"C\" fn one() -> u32 { 1 }\n",
        );
        app.write("glue.js", GLUE);
        let program = format!(
            "[ \"$1\" = --version ] && echo \"wasm-bindgen {VERSION}\" && exit\n\
             out=\nwhile [ $# -gt 1 ]; do [ \"$1\" = --out-dir ] && out=$2; shift; done\n\
             mkdir -p \"$out\"\ncp \"$1\" \"$out/application_bg.wasm\"\ncp '{}' \"$out/application.js\"\n",
            app.path("glue.js").display()
        );
        app.program("wasm-bindgen", &program);
        for (path, text) in files {
            app.write(&format!("app/{path}"), text);
        }
        app
    }

    /// Makes a program of a shell script, which commands of the tool find before all others.
    ///
    /// # Panics
    ///
    /// If it cannot be written.
    pub fn program(&self, name: &str, script: &str) {
        let path = format!("bin/{name}");
        self.write(&path, format!("#!/bin/sh\nset -e\n{script}\n"));
        fs::set_permissions(self.path(&path), fs::Permissions::from_mode(0o755))
            .expect("a program can be made executable");
    }

    /// The manifest of the application, with this in addition.
    #[must_use]
    pub fn manifest(more: &str) -> String {
        format!(
            "[package]\nname = \"site\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n\
             [dependencies]\nwasm-bindgen = {{ path = \"../wasm-bindgen\" }}\n{more}\n[workspace]\n"
        )
    }

    /// Serves it, with further arguments of the command; it need not be built yet.
    ///
    /// # Panics
    ///
    /// If that fails.
    #[must_use]
    pub fn serve(&self, arguments: &[&str]) -> Dev {
        Dev::run(self.command(arguments))
    }

    /// The command that serves it, with further arguments.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.tool("dev");
        command.args(["--json", "--no-preflight"]).args(arguments);
        command
    }

    /// A command of the tool, for this application.
    #[must_use]
    pub fn tool(&self, name: &str) -> Command {
        let mut command = tool();
        let programs = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{programs}", self.path("bin").display()));
        command.arg(name).arg(self.path("app"));
        command
    }
}

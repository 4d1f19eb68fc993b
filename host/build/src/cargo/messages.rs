//! The collected output of cargo during a build: wasm files, warnings and errors.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read};

use camino::Utf8PathBuf;
use cargo_metadata::diagnostic::{self as rustc, DiagnosticLevel};
use cargo_metadata::{Message, PackageId};

use super::{BuildEvent, Failure};
use crate::diagnostics::{from_cargo, from_rustc};
use crate::{Diagnostic, Level, Module, ModuleKind};

/// The messages of one cargo call.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// By the package's name, the target's, and whether that is a binary: a binary and a library may have one name.
    wasm_files: BTreeMap<(String, String, bool), WasmFile>,
    /// With the names of the packages that they are about.
    diagnostics: Vec<(String, Diagnostic)>,
    /// The folders in which build scripts ran, by package.
    runs: BTreeMap<String, Vec<Utf8PathBuf>>,
    /// Paths in error messages, as the compiler wrote them.
    paths_in_errors: BTreeSet<String>,
    compiled: usize,
}

/// A wasm file that cargo has made, or has found up to date.
#[derive(Debug, Clone)]
pub(super) struct WasmFile {
    pub(super) wasm: Utf8PathBuf,
    pub(super) fresh: bool,
}

impl Messages {
    /// Reads cargo's JSON messages to the end.
    pub(super) fn read(&mut self, stdout: impl Read, on: &mut dyn FnMut(BuildEvent)) {
        for message in Message::parse_stream(BufReader::new(stdout)) {
            match message {
                Ok(Message::CompilerArtifact(artifact)) => self.note_artifact(artifact, on),
                Ok(Message::CompilerMessage(message)) => {
                    let package = name_of(&message.package_id);
                    if matches!(message.message.level, DiagnosticLevel::Error) {
                        self.paths_in_errors.extend(paths(&message.message));
                    }
                    let diagnostic = from_rustc(&message.message);
                    self.diagnostics.extend(diagnostic.map(|diagnostic| (package, diagnostic)));
                }
                Ok(Message::BuildScriptExecuted(script)) => {
                    let run = script.out_dir.parent().map(ToOwned::to_owned);
                    self.runs.entry(name_of(&script.package_id)).or_default().extend(run);
                }
                Ok(_) => {}
                // The pipe broke; the exit status reports the rest.
                Err(_) => return,
            }
        }
    }

    fn note_artifact(
        &mut self,
        artifact: cargo_metadata::Artifact,
        on: &mut dyn FnMut(BuildEvent),
    ) {
        let package = name_of(&artifact.package_id);
        if !artifact.fresh {
            self.compiled += 1;
            on(BuildEvent::Compiling { package: package.clone(), done: self.compiled });
        }
        let wasm = artifact.filenames.into_iter().find(|file| file.extension() == Some("wasm"));
        if let Some(wasm) = wasm {
            let file = WasmFile { wasm, fresh: artifact.fresh };
            let is_binary = artifact.target.is_bin();
            self.wasm_files.insert((package, artifact.target.name, is_binary), file);
        }
    }

    /// The wasm file of `module`.
    pub(super) fn wasm_file(&self, module: &Module) -> Option<WasmFile> {
        let is_binary = matches!(&module.kind, ModuleKind::Application(target) if target.is_binary);
        self.wasm_files.get(&(module.package.clone(), module.target.clone(), is_binary)).cloned()
    }

    /// The folders in which the build script of `package` ran.
    pub(super) fn runs(&self, package: &str) -> &[Utf8PathBuf] {
        self.runs.get(package).map_or(&[], Vec::as_slice)
    }

    /// Paths in error messages, as the compiler wrote them.
    pub(super) fn paths_in_errors(&self) -> impl Iterator<Item = &str> {
        self.paths_in_errors.iter().map(String::as_str)
    }

    /// The warnings about any of `packages`.
    pub(super) fn warnings(&self, packages: &[&str]) -> Vec<Diagnostic> {
        self.diagnostics
            .iter()
            .filter(|(package, diagnostic)| {
                diagnostic.level == Level::Warning && packages.contains(&package.as_str())
            })
            .map(|(_, diagnostic)| diagnostic.clone())
            .collect()
    }

    /// Why the build failed: the compiler's errors, or cargo's own error if there are none.
    pub(super) fn into_failure(self, stderr: &str) -> Failure {
        let errors: Vec<_> =
            self.diagnostics.into_iter().filter(|(_, it)| it.level == Level::Error).collect();
        if errors.is_empty() {
            let diagnostic = from_cargo(stderr);
            return Failure {
                title: cargo_title(stderr).into(),
                diagnostics: vec![diagnostic],
                files: Vec::new(),
            };
        }
        let mut packages: Vec<&str> = errors.iter().map(|(package, _)| package.as_str()).collect();
        packages.dedup();
        let links = errors.iter().all(|(_, error)| error.message.starts_with("linking with"));
        let title = title(&packages, if links { "link" } else { "compile" });
        let diagnostics = errors.into_iter().map(|(_, error)| error).collect();
        Failure { title, diagnostics, files: Vec::new() }
    }
}

/// The files that an error points into, and all quoted text that looks like a path: a missing file is named only there.
fn paths(error: &rustc::Diagnostic) -> Vec<String> {
    let quoted = error.message.split('`').skip(1).step_by(2);
    let quoted = quoted.filter(|text| text.contains(['/', '\\'])).map(ToOwned::to_owned);
    let spans = error.spans.iter().filter(|span| span.is_primary);
    spans.map(|span| span.file_name.clone()).chain(quoted).collect()
}

/// `board does not compile`, `board and list do not compile`.
fn title(packages: &[&str], verb: &str) -> String {
    match packages {
        [one] => format!("{one} does not {verb}"),
        [first @ .., last] => format!("{} and {last} do not {verb}", first.join(", ")),
        [] => format!("a package does not {verb}"),
    }
}

/// A headline for an error of cargo itself.
fn cargo_title(stderr: &str) -> &'static str {
    if stderr.contains("custom build command") {
        "a build script failed"
    } else if stderr.contains("manifest") || stderr.contains("Cargo.toml") {
        "cargo does not accept a manifest"
    } else {
        "cargo could not build"
    }
}

/// The package's name in its id: `path+file:///a/board#0.1.0`, `registry+…#serde@1.0.0`, or in the
/// form of older versions `serde 1.0.0 (registry+…)`.
fn name_of(id: &PackageId) -> String {
    let id = id.repr.as_str();
    let Some((source, fragment)) = id.rsplit_once('#') else {
        return id.split(' ').next().unwrap_or(id).to_owned();
    };
    let named = fragment.split_once('@').map(|(name, _)| name);
    let folder = || source.split('?').next().unwrap_or(source).rsplit('/').next();
    named.or_else(folder).unwrap_or(fragment).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_every_form_of_id() {
        let name = |repr: &str| name_of(&PackageId { repr: repr.into() });
        assert_eq!(name("path+file:///apps/board#0.1.0"), "board");
        assert_eq!(name("path+file:///apps/b#board@0.1.0"), "board");
        assert_eq!(name("registry+https://example.org/index#serde@1.0.0"), "serde");
        assert_eq!(name("git+https://example.org/x/shapes?rev=1#0.1.0"), "shapes");
    }

    #[test]
    fn titles_name_the_packages_that_fail() {
        assert_eq!(title(&["board"], "compile"), "board does not compile");
        assert_eq!(title(&["a", "b", "c"], "compile"), "a, b and c do not compile");
    }

    #[test]
    fn without_a_compiler_error_the_message_is_cargos() {
        let failure =
            Messages::default().into_failure("error: no matching package named `x` found");
        assert_eq!(failure.title, "cargo could not build");
        assert_eq!(failure.diagnostics[0].message, "no matching package named `x` found");
    }
}

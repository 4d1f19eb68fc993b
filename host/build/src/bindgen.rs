//! Runs wasm-bindgen on compiled applications.
//!
//! The input is the wasm file that the linker wrote; the output is a [`BoundModule`]: the wasm binary that pages get, its glue, and
//! the modules that come with crates. wasm-bindgen must have exactly the version that the application's lock file has, since the
//! format between its two halves changes with each: [`program`] finds the program of that version, or builds it once. [`glue`]
//! makes what it writes into a script that a page can run again and again without keeping it in memory.
//!
//! Debug information is left out before wasm-bindgen reads the binary: it would take several times as long, and its rewriting makes
//! that information useless anyway.

mod dioxus;
mod glue;
mod panics;
mod program;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use camino::Utf8Path;
use wasmparser::{BinaryReaderError, ExternalKind};

pub use self::dioxus::BoundAsset;
pub use self::glue::{GlueError, GlueExport, GlueExportKind};
use self::program::Program;
pub use self::program::check_wasm_bindgen;
use crate::app::ApplicationTarget;
use crate::hash::hash_of;
use crate::process::{self, CancelToken, Ended};
use crate::splice::{Part, splice};
use crate::wasm::Binary;
use crate::{CompiledModule, Failure};

/// The name of wasm-bindgen's output, before its endings.
const NAME: &str = "application";

/// Functions that only manage memory, by how their names begin. Newer versions of wasm-bindgen export them under other names.
const DIRECT: [&str; 6] = [
    "__wbindgen_malloc",
    "__wbindgen_realloc",
    "__wbindgen_free",
    "__wbindgen_exn_store",
    "__wbindgen_add_to_stack_pointer",
    "__externref_",
];

/// Why an application with shared memory is not run.
const SHARED_MEMORY: &str = "it is compiled for threads (its memory is shared), which a page cannot swap\nhint: compile it without `-C target-feature=+atomics` and `-C link-arg=--shared-memory` while you develop";

/// An application as engines get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundModule {
    /// The wasm binary.
    pub wasm: Vec<u8>,
    /// The glue, as the expression of a function.
    pub glue: String,
    /// What the glue imports: `./snippets/…`, or the names of other modules.
    pub imports: Vec<String>,
    /// What scripts of a page can import from the glue.
    pub exports: Vec<GlueExport>,
    /// The exports of the binary that only manage memory.
    pub direct: Vec<String>,
    /// The modules that come with crates.
    pub snippets: Vec<Snippet>,
    /// The files that it names with Dioxus' `asset!`.
    pub assets: Vec<BoundAsset>,
    /// SHA-256 of all of it, the first 32 hexadecimal digits.
    pub hash: String,
}

/// A JavaScript module that comes with a crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// Its path in the folder `snippets`, with `/`.
    pub path: String,
    /// Its text.
    pub bytes: Vec<u8>,
}

/// Runs wasm-bindgen, and remembers its last result for each module.
#[derive(Debug, Default)]
pub struct Bindgen {
    last: Mutex<BTreeMap<String, (String, BoundModule)>>,
    programs: Mutex<BTreeMap<String, Program>>,
}

/// Why there is no result.
#[derive(Debug)]
pub enum BindError {
    /// It failed.
    Failed(Failure),
    /// The token was cancelled.
    Cancelled,
}

impl From<Failure> for BindError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Bindgen {
    /// Runs wasm-bindgen on a compiled application. A binary that is the same as the last time is not processed again. `on` is called
    /// with what takes time.
    ///
    /// # Errors
    /// wasm-bindgen cannot be obtained, or does not accept the binary; or it was cancelled.
    pub fn bind(
        &self,
        compiled: &CompiledModule,
        target: &ApplicationTarget,
        cancel: &CancelToken,
        on: &mut (dyn FnMut(String) + Send),
    ) -> Result<BoundModule, BindError> {
        let module = &compiled.module;
        let failed = |text: &str| Failure::plain(&format!("`{module}` cannot be used"), text);
        let bytes = std::fs::read(&compiled.wasm)
            .map_err(|error| failed(&format!("cannot read `{}`: {error}", compiled.wasm)))?;
        let hash = hash_of(&bytes);
        if let Some((_, bound)) = self.last().get(module).filter(|(last, _)| *last == hash) {
            return Ok(bound.clone());
        }
        let malformed = |reason: String| {
            failed(&format!(
                "the wasm binary is malformed: {reason}\nhint: save again to rebuild it"
            ))
        };
        let binary = Binary::read(&bytes).map_err(malformed)?;
        if binary.has_shared_memory().map_err(|error| malformed(error.to_string()))? {
            return Err(failed(SHARED_MEMORY).into());
        }
        let stripped = prepared(&binary).map_err(|error| malformed(error.to_string()))?;
        let program = self.program(&target.wasm_bindgen, cancel, on)?;
        let bound = run(&program, module, &stripped, cancel)?;
        self.last().insert(module.clone(), (hash, bound.clone()));
        Ok(bound)
    }

    fn program(
        &self,
        version: &str,
        cancel: &CancelToken,
        on: &mut (dyn FnMut(String) + Send),
    ) -> Result<Program, BindError> {
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = programs.get(version) {
            return Ok(program.clone());
        }
        let program = Program::obtain(version, cancel, on)?;
        programs.insert(version.to_owned(), program.clone());
        Ok(program)
    }

    fn last(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (String, BoundModule)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The binary without the sections that only debuggers read, and with what it panics with in globals.
fn prepared(binary: &Binary<'_>) -> Result<Vec<u8>, BinaryReaderError> {
    let replaced = panics::with_globals(binary)?;
    let mut prepared = wasm_encoder::Module::HEADER.to_vec();
    for part in splice(binary, replaced) {
        let for_debuggers =
            matches!(&part, Part::Same(it) if it.is_custom() && it.name.starts_with(".debug_"));
        if !for_debuggers {
            part.append_to(&mut prepared);
        }
    }
    Ok(prepared)
}

/// Runs the program on a binary, and reads what it wrote.
fn run(
    program: &Program,
    module: &str,
    wasm: &[u8],
    cancel: &CancelToken,
) -> Result<BoundModule, BindError> {
    let failed = |text: &str| {
        BindError::Failed(Failure::plain(&format!("wasm-bindgen does not accept `{module}`"), text))
    };
    let written =
        |error: std::io::Error| failed(&format!("a temporary file cannot be used: {error}"));
    let folder = tempfile::tempdir().map_err(written)?;
    let folder = Utf8Path::from_path(folder.path())
        .ok_or_else(|| failed("the name of the folder for temporary files is not UTF-8"))?;
    let input = folder.join("input.wasm");
    std::fs::write(&input, wasm).map_err(written)?;
    let output = folder.join("output");
    let ended =
        process::run(program.command(&input, &output, NAME), cancel, None, drop, &mut |_| {});
    match ended.map_err(|error| failed(&format!("it cannot be started: {error}")))? {
        Ended::Exited { success: true, .. } => {}
        Ended::Exited { success: false, stderr } => return Err(failed(&explained(&stderr))),
        Ended::Cancelled | Ended::Late => return Err(BindError::Cancelled),
    }
    let read = |name: &str| std::fs::read(output.join(name)).map_err(written);
    let mut wasm = read(&format!("{NAME}_bg.wasm"))?;
    let assets = dioxus::fill_in(&mut wasm).map_err(|reason| failed(&reason))?;
    let text = String::from_utf8_lossy(&read(&format!("{NAME}.js"))?).into_owned();
    let glue = glue::function(&text).map_err(|error| failed(&error.to_string()))?;
    let snippets = snippets(&output.join("snippets")).map_err(written)?;
    let direct = direct_exports(&wasm).map_err(|reason| failed(&reason))?;
    let mut all = wasm.clone();
    all.extend_from_slice(glue.text.as_bytes());
    for Snippet { path, bytes } in &snippets {
        all.extend_from_slice(path.as_bytes());
        all.extend_from_slice(bytes);
    }
    Ok(BoundModule {
        hash: hash_of(&all),
        wasm,
        glue: glue.text,
        imports: glue.imports,
        exports: glue.exports,
        direct,
        assets,
        snippets,
    })
}

/// What wasm-bindgen has written about a failure, with what to do if that is known.
fn explained(stderr: &str) -> String {
    let text = stderr.trim();
    if text.contains("schema version") {
        return format!(
            "{text}\nhint: the application's lock file and what it was compiled from differ: run `cargo update -p wasm-bindgen`, and save again"
        );
    }
    text.to_owned()
}

/// All files in the folder of snippets, sorted; none if there is no such folder.
fn snippets(folder: &Utf8Path) -> std::io::Result<Vec<Snippet>> {
    let mut snippets = Vec::new();
    if !folder.is_dir() {
        return Ok(snippets);
    }
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        let path = Utf8Path::from_path(entry.path()).filter(|path| path.is_file());
        let Some(path) = path else { continue };
        let inside = path.strip_prefix(folder).unwrap_or(path);
        snippets.push(Snippet {
            path: inside.as_str().replace('\\', "/"),
            bytes: std::fs::read(path)?,
        });
    }
    Ok(snippets)
}

/// The names under which a binary exports functions that only manage memory.
fn direct_exports(wasm: &[u8]) -> Result<Vec<String>, String> {
    let binary = Binary::read(wasm)?;
    let mut names = BTreeMap::new();
    for section in binary.custom("name") {
        // Without names, only those that are exported by their own are found.
        for naming in section.function_names().unwrap_or_default() {
            names.insert(naming.index, naming.name);
        }
    }
    let is_direct = |name: &str| DIRECT.iter().any(|start| name.starts_with(start));
    let exports = binary.exports().map_err(|error| error.to_string())?;
    let direct = exports.iter().filter(|export| {
        export.kind == ExternalKind::Func
            && (is_direct(export.name)
                || names.get(&export.index).is_some_and(|name| is_direct(name)))
    });
    Ok(direct.map(|export| export.name.to_owned()).collect())
}

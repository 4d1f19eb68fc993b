//! Runs wasm-bindgen on compiled applications, and on native modules that call functions of the browser.
//!
//! The input is the wasm file that the linker wrote, or a prepared native module; the output is a [`BoundModule`]: the wasm binary that pages get, its glue, and
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
mod skeleton;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use camino::Utf8Path;
use hmr_abi::lines::SECTION;
use wasmparser::{BinaryReaderError, ExternalKind};

pub use self::dioxus::BoundAsset;
pub use self::glue::{GlueError, GlueExport, GlueExportKind};
use self::program::Program;
pub use self::program::check_wasm_bindgen;
use self::skeleton::Skeleton;
use crate::app::ApplicationTarget;
use crate::hash::hash_of;
use crate::process::{self, CancelToken, Ended};
use crate::splice::splice;
use crate::transform::{PreparedModule, guarded};
use crate::wasm::{Binary, without_custom_sections};
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

/// An application as engines get it, or a native module as browsers get it.
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

/// An application as it is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedApplication {
    /// The wasm binary, without custom sections.
    pub wasm: Vec<u8>,
    /// The glue: a JavaScript module, as wasm-bindgen has written it.
    pub glue: String,
    /// The modules that come with crates.
    pub snippets: Vec<Snippet>,
    /// The files that it names with Dioxus' `asset!`.
    pub assets: Vec<BoundAsset>,
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
    /// Runs wasm-bindgen on a compiled application. A binary that is the same as the last time is not processed again. With
    /// `loop_guard`, the code counts loops and calls, so that the client can end it. `on` is called with what takes time.
    ///
    /// # Errors
    /// wasm-bindgen cannot be obtained, or does not accept the binary; or it was cancelled.
    pub fn bind(
        &self,
        compiled: &CompiledModule,
        target: &ApplicationTarget,
        loop_guard: bool,
        cancel: &CancelToken,
        on: &mut (dyn FnMut(String) + Send),
    ) -> Result<BoundModule, BindError> {
        let module = &compiled.module;
        let bytes = read_compiled(compiled)?;
        let hash = hash_of(&bytes);
        if let Some((_, bound)) = self.last().get(module).filter(|(last, _)| *last == hash) {
            return Ok(bound.clone());
        }
        let mut stripped = checked(module, &bytes, panics::with_globals)?;
        if loop_guard {
            let binary = Binary::read(&stripped).map_err(|reason| malformed(module, &reason))?;
            stripped = guarded(&binary).map_err(|error| malformed(module, &error.to_string()))?;
        }
        let program = self.program(&target.wasm_bindgen, cancel, on)?;
        let bound = bound(&program, module, &stripped, cancel)?;
        self.last().insert(module.clone(), (hash, bound.clone()));
        Ok(bound)
    }

    /// Runs wasm-bindgen on a native module that calls functions of the browser. `version` is that of wasm-bindgen.
    ///
    /// # Errors
    /// As for [`Self::bind`].
    pub fn bind_native(
        &self,
        module: &str,
        prepared: &PreparedModule,
        version: &str,
        cancel: &CancelToken,
        on: &mut (dyn FnMut(String) + Send),
    ) -> Result<BoundModule, BindError> {
        if let Some((_, bound)) = self.last().get(module).filter(|(last, _)| *last == prepared.hash)
        {
            return Ok(bound.clone());
        }
        let program = self.program(version, cancel, on)?;
        let bound = bound(&program, module, &prepared.bytes, cancel)?;
        self.last().insert(module.to_owned(), (prepared.hash.clone(), bound.clone()));
        Ok(bound)
    }

    /// Runs wasm-bindgen on a native module that is deployed. It gets the glue as a function.
    ///
    /// # Errors
    /// As for [`Self::bind`].
    pub fn deploy_native(
        &self,
        module: &str,
        wasm: &[u8],
        version: &str,
        cancel: &CancelToken,
        on: &mut (dyn FnMut(String) + Send),
    ) -> Result<BoundModule, BindError> {
        let program = self.program(version, cancel, on)?;
        let mut bound = run(&program, module, wasm, cancel)?.into_module(module)?;
        bound.wasm =
            without_custom_sections(&bound.wasm).map_err(|reason| not_accepted(module, &reason))?;
        Ok(bound)
    }

    /// Runs wasm-bindgen on an application that is deployed. `wasm_file` is the name that its binary gets. `on` is called with what takes time.
    ///
    /// # Errors
    /// As for [`Self::bind`].
    pub fn deploy(
        &self,
        compiled: &CompiledModule,
        target: &ApplicationTarget,
        wasm_file: &str,
        cancel: &CancelToken,
        on: &mut (dyn FnMut(String) + Send),
    ) -> Result<DeployedApplication, BindError> {
        let module = &compiled.module;
        let stripped = checked(module, &read_compiled(compiled)?, |_| Ok(Vec::new()))?;
        let program = self.program(&target.wasm_bindgen, cancel, on)?;
        let Output { wasm, glue, snippets } = run(&program, module, &stripped, cancel)?;
        let failed = |reason: String| not_accepted(module, &reason);
        let mut wasm = without_custom_sections(&wasm).map_err(failed)?;
        let assets = dioxus::fill_in(&mut wasm).map_err(failed)?;
        let glue = glue.replace(&format!("{NAME}_bg.wasm"), wasm_file);
        Ok(DeployedApplication { wasm, glue, snippets, assets })
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

fn read_compiled(compiled: &CompiledModule) -> Result<Vec<u8>, Failure> {
    std::fs::read(&compiled.wasm).map_err(|error| {
        let text = format!("cannot read `{}`: {error}", compiled.wasm);
        Failure::plain(&unusable(&compiled.module), &text)
    })
}

fn unusable(module: &str) -> String {
    format!("`{module}` cannot be used")
}

fn malformed(module: &str, reason: &str) -> Failure {
    let text = format!("the wasm binary is malformed: {reason}\nhint: save again to rebuild it");
    Failure::plain(&unusable(module), &text)
}

/// The binary without the sections that only debuggers read, and with these sections replaced.
fn checked(
    module: &str,
    bytes: &[u8],
    replaced: impl Fn(&Binary<'_>) -> Result<Vec<(u8, Vec<u8>)>, BinaryReaderError>,
) -> Result<Vec<u8>, Failure> {
    let wrong = |error: BinaryReaderError| malformed(module, &error.to_string());
    let binary = Binary::read(bytes).map_err(|reason| malformed(module, &reason))?;
    if binary.has_shared_memory().map_err(wrong)? {
        return Err(Failure::plain(&unusable(module), SHARED_MEMORY));
    }
    let replaced = replaced(&binary).map_err(wrong)?;
    Ok(without_debug_information(&binary, replaced))
}

fn without_debug_information(binary: &Binary<'_>, replaced: Vec<(u8, Vec<u8>)>) -> Vec<u8> {
    let mut prepared = wasm_encoder::Module::HEADER.to_vec();
    for part in splice(binary, replaced) {
        if part.custom_name().is_none_or(|name| !name.starts_with(".debug_")) {
            part.append_to(&mut prepared);
        }
    }
    prepared
}

/// What the program makes of a binary: from its skeleton if that is possible, else from all of it.
fn bound(
    program: &Program,
    module: &str,
    wasm: &[u8],
    cancel: &CancelToken,
) -> Result<BoundModule, BindError> {
    let binary = Binary::read(wasm).map_err(|reason| not_accepted(module, &reason))?;
    let skeleton =
        Skeleton::of(&binary).map_err(|error| not_accepted(module, &error.to_string()))?;
    if let Some(skeleton) = skeleton {
        match run(program, module, skeleton.wasm(), cancel) {
            Ok(mut output) => {
                if let Ok(filled) = skeleton.fill(&output.wasm) {
                    output.wasm = filled;
                    return output.into_module(module);
                }
            }
            // What it says about all of the binary is what people can understand.
            Err(BindError::Failed(_)) => {}
            Err(BindError::Cancelled) => return Err(BindError::Cancelled),
        }
    }
    let mut output = run(program, module, wasm, cancel)?;
    // The lines are those of the code before.
    output.wasm = without_lines(&output.wasm).map_err(|reason| not_accepted(module, &reason))?;
    output.into_module(module)
}

fn without_lines(wasm: &[u8]) -> Result<Vec<u8>, String> {
    let binary = Binary::read(wasm)?;
    let mut without = wasm_encoder::Module::HEADER.to_vec();
    for section in &binary.sections {
        if !(section.is_custom() && section.name == SECTION) {
            without.extend_from_slice(section.whole);
        }
    }
    Ok(without)
}

/// What the program has written.
struct Output {
    wasm: Vec<u8>,
    glue: String,
    snippets: Vec<Snippet>,
}

/// Runs the program on a binary, and reads what it wrote.
fn run(
    program: &Program,
    module: &str,
    wasm: &[u8],
    cancel: &CancelToken,
) -> Result<Output, BindError> {
    let failed = |text: &str| not_accepted(module, text);
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
    Ok(Output {
        wasm: read(&format!("{NAME}_bg.wasm"))?,
        glue: String::from_utf8_lossy(&read(&format!("{NAME}.js"))?).into_owned(),
        snippets: snippets(&output.join("snippets")).map_err(written)?,
    })
}

impl Output {
    fn into_module(self, module: &str) -> Result<BoundModule, BindError> {
        let failed = |text: &str| not_accepted(module, text);
        let Self { mut wasm, glue, snippets } = self;
        let assets = dioxus::fill_in(&mut wasm).map_err(|reason| failed(&reason))?;
        let glue = glue::function(&glue).map_err(|error| failed(&error.to_string()))?;
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
}

fn not_accepted(module: &str, text: &str) -> BindError {
    BindError::Failed(Failure::plain(&format!("wasm-bindgen does not accept `{module}`"), text))
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

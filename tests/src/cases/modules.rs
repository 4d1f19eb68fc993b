//! Compiles the versions that cases are made of, once each.
//!
//! In: all cases. Out: bytes by case, module and version. A version's key is the hash of its source and of the SDK; what has been compiled before is not compiled again.
//!
//! All versions of one module of one case are compiled as the same crate, as an edit would make them: otherwise no type
//! would be the same before and after. A few crates ([`LANES`]) take turns at being a module, and are compiled together.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use camino::Utf8PathBuf;
use hmr_build::{App, BuildOutcome, BuildRequest, CancelToken, Toolchain};

use super::Case;
use super::read::Source;

/// How many crates are compiled in one call.
const LANES: usize = 4;

/// The bytes of every version of every case.
#[derive(Debug, Clone, Default)]
pub struct Modules(BTreeMap<(String, String, String), Vec<u8>>);

/// A version that is compiled in a lane, and where its bytes go.
struct Job {
    names: (String, String, String),
    source: String,
    file: PathBuf,
}

impl Modules {
    /// Compiles what has not been compiled yet, into a folder below `folder`.
    ///
    /// # Panics
    ///
    /// If a version does not compile, with the compiler's output.
    #[must_use]
    pub fn of(cases: &[Case], folder: &Path) -> Self {
        let folder = folder.join("hmr-cases");
        fs::create_dir_all(&folder).expect("the build's folder can be written");
        // Suites that run at the same time take turns, and the second finds everything done.
        let turn = File::create(folder.join("turn")).expect("the build's folder can be written");
        turn.lock().expect("a file can be locked");

        let sdk = fingerprint();
        let mut all = Self::default();
        let mut lanes: Vec<Vec<Job>> = (0..LANES).map(|_| Vec::new()).collect();
        let modules = cases
            .iter()
            .flat_map(|case| case.modules().into_iter().map(move |module| (case, module)));
        for (case, module) in modules {
            // The same lane whichever cases are selected: what was compiled is found again.
            let lane =
                usize::try_from(hash(&(&case.name, &module)) % LANES as u64).unwrap_or_default();
            let versions = case.versions.iter().filter(|((of, _), _)| *of == module);
            for ((_, version), source) in versions {
                let names = (case.name.clone(), module.clone(), version.clone());
                match source {
                    Source::Bytes(bytes) => _ = all.0.insert(names, bytes.clone()),
                    Source::Wat(text) => {
                        let bytes = wat::parse_str(text)
                            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
                        all.0.insert(names, bytes);
                    }
                    Source::Rust(source) => {
                        let file = folder.join(format!("{:016x}.wasm", hash(&(lane, source, sdk))));
                        if let Ok(bytes) = fs::read(&file) {
                            all.prepare(names, &bytes);
                        } else {
                            lanes[lane].push(Job { names, source: source.clone(), file });
                        }
                    }
                }
            }
        }
        compile(&folder, lanes, &mut all);
        all
    }

    /// Prepares the linker's output as the tool does.
    fn prepare(&mut self, names: (String, String, String), bytes: &[u8]) {
        let prepared = hmr_build::prepare_guarded(&names.1, bytes)
            .unwrap_or_else(|error| panic!("{names:?}: {error}"));
        self.0.insert(names, prepared.bytes);
    }

    /// The bytes of a version.
    ///
    /// # Panics
    ///
    /// If the case lacks the version.
    #[must_use]
    pub fn bytes(&self, case: &Case, module: &str, version: &str) -> &[u8] {
        let names = (case.name.clone(), module.to_owned(), version.to_owned());
        self.0
            .get(&names)
            .unwrap_or_else(|| panic!("{}: there is no version {version} of `{module}`", case.name))
    }
}

/// The name in a case's text for a crate that was compiled in some lane.
#[must_use]
pub fn without_lanes(text: &str) -> String {
    (0..LANES).fold(text.to_owned(), |text, lane| {
        text.replace(&format!("lane{lane}/src/"), "src/").replace(&format!("lane{lane}::"), "")
    })
}

fn compile(folder: &Path, mut lanes: Vec<Vec<Job>>, all: &mut Modules) {
    if lanes.iter().all(Vec::is_empty) {
        return;
    }
    let project = folder.join("project");
    lay_out(&project);
    let project = Utf8PathBuf::from_path_buf(project).expect("the path is UTF-8");
    let app = App::load(&project).unwrap_or_else(|error| panic!("{error}"));
    let toolchain =
        Toolchain::find(&app.workspace_root, &mut |_| {}).unwrap_or_else(|error| panic!("{error}"));
    let mut failures = String::new();
    loop {
        let mut round = Vec::new();
        for (lane, jobs) in lanes.iter_mut().enumerate() {
            if let Some(job) = jobs.pop() {
                let source = format!("use hmr_sdk::prelude::*;\n{}", job.source);
                fs::write(project.join(format!("lane{lane}/src/lib.rs")), source)
                    .expect("the project can be written");
                round.push((format!("lane{lane}"), job));
            }
        }
        if round.is_empty() {
            assert!(failures.is_empty(), "{failures}");
            return;
        }
        let modules: Vec<String> = round.iter().map(|(name, _)| name.clone()).collect();
        let request = BuildRequest::new(&app, &toolchain, &modules);
        let built = match hmr_build::build(&request, &CancelToken::default(), &mut |_| {}) {
            BuildOutcome::Built(built) => built,
            BuildOutcome::Cancelled => unreachable!("it is never cancelled"),
            BuildOutcome::Failed(failure) => {
                for (lane, job) in &round {
                    let (case, module, version) = &job.names;
                    _ = writeln!(failures, "{lane} is {module} {version} of {case}");
                }
                for diagnostic in failure.diagnostics {
                    failures.push_str(&diagnostic.rendered);
                }
                continue;
            }
        };
        for (artifact, (_, job)) in built.into_iter().zip(round) {
            let bytes = fs::read(&artifact.wasm).expect("what was built can be read");
            fs::write(&job.file, &bytes).expect("the build's folder can be written");
            all.prepare(job.names, &bytes);
        }
    }
}

/// A workspace with one crate for each lane.
fn lay_out(project: &Path) {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk");
    let members: Vec<String> = (0..LANES).map(|lane| format!("\"lane{lane}\"")).collect();
    let workspace = format!("[workspace]\nresolver = \"3\"\nmembers = [{}]\n", members.join(", "));
    write(&project.join("Cargo.toml"), &workspace);
    for lane in 0..LANES {
        let manifest = format!(
            "[package]\nname = \"lane{lane}\"\nedition = \"2024\"\n\n[lib]\ncrate-type = [\"cdylib\"]\n\n\
             [dependencies]\nhmr-sdk = {{ path = '{}' }}\nserde = {{ version = \"1\", features = [\"derive\"] }}\n",
            sdk.display()
        );
        write(&project.join(format!("lane{lane}/Cargo.toml")), &manifest);
        write(&project.join(format!("lane{lane}/src/lib.rs")), "");
    }
}

fn write(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().expect("a file is in a folder"))
        .expect("a folder can be made");
    if fs::read_to_string(file).is_ok_and(|there| there == text) {
        return;
    }
    fs::write(file, text).expect("the project can be written");
}

/// The common dependency of all compiled code: the SDK.
fn fingerprint() -> u64 {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk");
    let mut files: Vec<_> = walkdir::WalkDir::new(sdk)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        fs::read(file).unwrap_or_default().hash(&mut hasher);
    }
    hasher.finish()
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

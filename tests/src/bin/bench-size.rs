//! Measures what a visitor of a deployed application loads, how long it takes until the page can be used, and how long the build takes.
//!
//! Out: a table on standard output. The same counter and the same to-do list are written with the SDK and in four frameworks
//! (`tests/fixtures/size`). They are built by this tool and, where `trunk` is on the `PATH`, by `trunk build --release`; both without
//! `wasm-opt`. Everything that is compared comes from one run on one machine.

use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;
use hmr_tests::dev::tool;
use hmr_tests::developer_tools::DeveloperTools;
use hmr_tests::measure::median;
use hmr_tests::static_files::StaticFiles;
use serde_json::json;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Instant, SystemTime};
use walkdir::WalkDir;

/// How often each page is loaded.
const LOADS: usize = 9;

const FRAMEWORKS: [&str; 5] = ["native", "yew", "leptos", "sycamore", "dioxus"];

/// An application, and what is done in the page to see that it works: statements, and the condition that holds after them.
struct Application {
    name: &'static str,
    there: &'static str,
    act: &'static str,
    done: &'static str,
}

const APPLICATIONS: [Application; 2] = [
    Application {
        name: "counter",
        there: "document.querySelector('#more')",
        act: "document.querySelector('#more').click()",
        done: "document.querySelector('output').textContent === '1'",
    },
    Application {
        name: "todo",
        there: "document.querySelector('#add')",
        act: "{ const field = document.querySelector('#title'); field.value = 'Bread'; \
              field.dispatchEvent(new InputEvent('input', { bubbles: true })); \
              setTimeout(() => document.querySelector('#add').click()); }",
        done: "document.querySelector('li span')?.textContent === 'Bread'",
    },
];

/// What builds an application.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Builder {
    Ours,
    Trunk,
}

impl Builder {
    fn name(self) -> &'static str {
        match self {
            Self::Ours => "cargo hmr",
            Self::Trunk => "trunk",
        }
    }

    fn command(self, folder: &Path, dist: &Path) -> Command {
        let mut command = match self {
            Self::Ours => tool(),
            Self::Trunk => Command::new("trunk"),
        };
        command.current_dir(folder).arg("build");
        match self {
            Self::Ours => command.arg("--no-wasm-opt"),
            Self::Trunk => command.args(["--release", "--offline"]),
        };
        command.arg("--dist").arg(dist);
        command
    }
}

/// Bytes in all.
#[derive(Debug, Default, Clone, Copy)]
struct Sizes {
    raw: usize,
    gzip: usize,
    brotli: usize,
}

/// What was measured of one application and one builder.
struct Measured {
    sizes: Sizes,
    /// Seconds.
    build: f64,
    /// Milliseconds from the start of the navigation.
    interactive: f64,
}

fn main() -> ExitCode {
    match print() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print() -> io::Result<()> {
    let mut builders = vec![Builder::Ours];
    if which::which("trunk").is_ok() {
        builders.push(Builder::Trunk);
    } else {
        eprintln!("trunk is not on the PATH: its rows are left out");
    }
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "sizes in kB; build: seconds after an edit, with all dependencies compiled; interactive: ms, median of {LOADS} loads with an empty cache"
    )?;
    writeln!(
        out,
        "{:<20}{:<12}{:>8}{:>8}{:>8}{:>8}{:>13}",
        "", "", "raw", "gzip", "brotli", "build", "interactive"
    )?;
    for application in &APPLICATIONS {
        for framework in FRAMEWORKS {
            for &builder in &builders {
                if framework == "native" && builder == Builder::Trunk {
                    continue;
                }
                match measure(framework, application, builder) {
                    Ok(measured) => row(&mut out, framework, application, builder, &measured)?,
                    Err(problem) => eprintln!(
                        "{framework} {}: {} does not build it: {problem}",
                        application.name,
                        builder.name()
                    ),
                }
            }
        }
    }
    Ok(())
}

fn row(
    out: &mut impl Write,
    framework: &str,
    application: &Application,
    builder: Builder,
    measured: &Measured,
) -> io::Result<()> {
    let Sizes { raw, gzip, brotli } = measured.sizes;
    writeln!(
        out,
        "{:<20}{:<12}{:>8.1}{:>8.1}{:>8.1}{:>8.1}{:>13.0}",
        format!("{framework} {}", application.name),
        builder.name(),
        kilo(raw),
        kilo(gzip),
        kilo(brotli),
        measured.build,
        measured.interactive
    )?;
    out.flush()
}

#[expect(clippy::cast_precision_loss, reason = "applications are far smaller than 2^52 bytes")]
fn kilo(bytes: usize) -> f64 {
    bytes as f64 / 1000.0
}

fn measure(
    framework: &str,
    application: &Application,
    builder: Builder,
) -> Result<Measured, String> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/size");
    let folder = fixtures.join(framework).join(application.name);
    let keep = tempfile::tempdir().map_err(|error| error.to_string())?;
    let dist = keep.path().join("dist");
    build(builder, &folder, &dist)?;
    touch(&folder).map_err(|error| error.to_string())?;
    let started = Instant::now();
    build(builder, &folder, &dist)?;
    let took = started.elapsed().as_secs_f64();
    let sizes = sizes(&dist).map_err(|error| error.to_string())?;
    Ok(Measured { sizes, build: took, interactive: interactive(&dist, application) })
}

fn build(builder: Builder, folder: &Path, dist: &Path) -> Result<(), String> {
    let output = builder.command(folder, dist).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Has cargo compile the application again.
fn touch(folder: &Path) -> io::Result<()> {
    let is_there = |path: &PathBuf| path.is_file();
    let sources = ["src/main.rs", "src/lib.rs"].map(|name| folder.join(name));
    for source in sources.iter().filter(|path| is_there(path)) {
        fs::File::options().append(true).open(source)?.set_modified(SystemTime::now())?;
    }
    Ok(())
}

/// The sizes of all files that a visitor loads. Each counts as it is if compressing makes it larger.
fn sizes(dist: &Path) -> io::Result<Sizes> {
    let mut all = Sizes::default();
    for entry in WalkDir::new(dist).into_iter().filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_copy = [".br", ".gz"].iter().any(|ending| name.ends_with(ending));
        if !entry.file_type().is_file() || is_copy || name.starts_with('.') {
            continue;
        }
        let content = fs::read(entry.path())?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&content)?;
        let mut brotli = Vec::new();
        let parameters = BrotliEncoderParams { quality: 11, lgwin: 24, ..Default::default() };
        brotli::BrotliCompress(&mut &content[..], &mut brotli, &parameters)?;
        all.raw += content.len();
        all.gzip += gzip.finish()?.len().min(content.len());
        all.brotli += brotli.len().min(content.len());
    }
    Ok(all)
}

/// How long it takes until the application answers to the reader, from the start of the navigation, in milliseconds.
fn interactive(dist: &Path, application: &Application) -> f64 {
    let server = StaticFiles::without_policy(dist);
    let mut page = DeveloperTools::open("about:blank");
    let Application { there, act, done, .. } = application;
    let source = format!(
        "{{ let acted = false; const look = () => {{ \
             if (!acted && {there}) {{ acted = true; {act}; }} \
             if (acted && {done}) {{ observer.disconnect(); window.usableAt = performance.now(); }} }}; \
         const observer = new MutationObserver(look); \
         observer.observe(document, {{ subtree: true, childList: true, characterData: true }}); }}"
    );
    page.call("Page.enable", &json!({}));
    page.call("Network.enable", &json!({}));
    page.call("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": source }));
    let mut load = || {
        page.call("Page.navigate", &json!({ "url": "about:blank" }));
        page.wait("location.href === 'about:blank'");
        page.call("Network.clearBrowserCache", &json!({}));
        page.call("Page.navigate", &json!({ "url": server.url() }));
        page.wait("window.usableAt !== undefined");
        page.value("window.usableAt").as_f64().unwrap_or(f64::NAN)
    };
    let times: Vec<_> = (0..LOADS).map(|_| load()).collect();
    median(&times)
}

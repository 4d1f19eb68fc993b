//! Measures what a visitor of a deployed application loads, how long it takes until the page can be used, and how long the build takes.
//!
//! Out: a table on standard output. The same counter and the same to-do list are written with the SDK and in four frameworks
//! (`tests/fixtures/size`). They are built by this tool and by `trunk build --release`, without `wasm-opt` and, where it is installed, with it,
//! as both tools run it unless a page says something else. Arguments are names of applications, such as `yew` or `todo`; without any, all are
//! measured. Everything that is compared comes from one run on one machine.

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

/// How often each page is loaded.
const LOADS: usize = 9;

/// How much longer each answer takes than on this machine, in milliseconds: otherwise it would cost nothing to load files one after another.
const LATENCY: u32 = 40;

/// The version of Trunk that the applications are written for.
const TRUNK: &str = "0.21.14";

/// The version of wasm-bindgen in the lock files of the applications. Trunk needs the program of the same version.
const WASM_BINDGEN: &str = "0.2.130";

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

    fn command(self, folder: &Path, dist: &Path, optimised: bool) -> Command {
        let mut command = match self {
            Self::Ours => tool(),
            Self::Trunk => Command::new("trunk"),
        };
        command.current_dir(folder).arg("build");
        match self {
            Self::Ours if optimised => &mut command,
            Self::Ours => command.arg("--no-wasm-opt"),
            Self::Trunk if optimised => command.args(["--release", "--offline=true"]),
            Self::Trunk => command.args(["--release", "--offline=true", PLAIN]),
        };
        command.arg("--dist").arg(dist);
        command
    }
}

/// The page for Trunk that says that `wasm-opt` is not to run. There is no option for that.
const PLAIN: &str = "plain.html";

/// One line of the table.
#[derive(Clone, Copy)]
struct Case<'a> {
    framework: &'a str,
    application: &'a Application,
    builder: Builder,
    /// Whether `wasm-opt` runs.
    optimised: bool,
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
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let builders = builders();
    let with_wasm_opt = which::which("wasm-opt").is_ok();
    if !with_wasm_opt {
        eprintln!(
            "`wasm-opt` is not on the PATH: the lines with it are left out\nhint: `npm install -g binaryen`"
        );
    }
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "what a visitor loads, in kB; build: seconds after an edit, with all dependencies compiled; interactive: ms, median of {LOADS} loads with an \
         empty cache, where each answer takes {LATENCY} ms longer than on this machine"
    )?;
    writeln!(
        out,
        "{:<18}{:<21}{:>9}{:>9}{:>9}{:>8}{:>13}",
        "", "", "raw", "gzip", "brotli", "build", "interactive"
    )?;
    let mut failures = 0;
    for case in cases(&builders, with_wasm_opt) {
        let names = [case.framework, case.application.name];
        if !wanted.iter().all(|name| names.contains(&name.as_str())) {
            continue;
        }
        match measure(case) {
            Ok(measured) => row(&mut out, case, &measured)?,
            Err(problem) => {
                failures += 1;
                eprintln!("{}: {} fails: {problem}", names.join(" "), case.builder.name());
            }
        }
    }
    if failures > 0 {
        return Err(io::Error::other(format!("{failures} applications were not measured")));
    }
    Ok(())
}

/// The tools that are installed.
fn builders() -> Vec<Builder> {
    let missing: Vec<_> =
        ["trunk", "wasm-bindgen"].into_iter().filter(|it| which::which(it).is_err()).collect();
    if missing.is_empty() {
        return vec![Builder::Ours, Builder::Trunk];
    }
    eprintln!(
        "not on the PATH: {}; the lines of Trunk are left out\nhint: `cargo install trunk --locked --version {TRUNK}` and `cargo install wasm-bindgen-cli \
         --version {WASM_BINDGEN}`",
        missing.join(", ")
    );
    vec![Builder::Ours]
}

/// All lines of the table, those that are compared one after the other.
fn cases(builders: &[Builder], with_wasm_opt: bool) -> Vec<Case<'static>> {
    let mut cases = Vec::new();
    for application in &APPLICATIONS {
        for framework in FRAMEWORKS {
            for optimised in [false, true] {
                for &builder in builders {
                    // Trunk does not build modules of the SDK.
                    let is_built = framework != "native" || builder == Builder::Ours;
                    if is_built && (with_wasm_opt || !optimised) {
                        cases.push(Case { framework, application, builder, optimised });
                    }
                }
            }
        }
    }
    cases
}

fn row(out: &mut impl Write, case: Case<'_>, measured: &Measured) -> io::Result<()> {
    let Sizes { raw, gzip, brotli } = measured.sizes;
    let optimised = if case.optimised { " + wasm-opt" } else { "" };
    writeln!(
        out,
        "{:<18}{:<21}{:>9.1}{:>9.1}{:>9.1}{:>8.1}{:>13.0}",
        format!("{} {}", case.framework, case.application.name),
        format!("{}{optimised}", case.builder.name()),
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

fn measure(case: Case<'_>) -> Result<Measured, String> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/size");
    let folder = fixtures.join(case.framework).join(case.application.name);
    let keep = tempfile::tempdir().map_err(|error| error.to_string())?;
    let dist = keep.path().join("dist");
    build(case, &folder, &dist)?;
    touch(&folder).map_err(|error| error.to_string())?;
    let started = Instant::now();
    build(case, &folder, &dist)?;
    let build = started.elapsed().as_secs_f64();
    let Visit { files, interactive } = visit(&dist, case.application);
    let sizes = sizes(&dist, &files).map_err(|error| error.to_string())?;
    Ok(Measured { sizes, build, interactive })
}

fn build(case: Case<'_>, folder: &Path, dist: &Path) -> Result<(), String> {
    let mut command = case.builder.command(folder, dist, case.optimised);
    let output = command.output().map_err(|error| error.to_string())?;
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

/// The sizes of files. Each counts as it is if compressing makes it larger.
fn sizes(dist: &Path, files: &[String]) -> io::Result<Sizes> {
    let mut all = Sizes::default();
    for file in files {
        let content = fs::read(dist.join(file))?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&content)?;
        let mut brotli = Vec::new();
        let parameters = BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
        brotli::BrotliCompress(&mut &content[..], &mut brotli, &parameters)?;
        all.raw += content.len();
        all.gzip += gzip.finish()?.len().min(content.len());
        all.brotli += brotli.len().min(content.len());
    }
    Ok(all)
}

/// What a visitor has loaded, and how long it took until the application answered.
struct Visit {
    /// The paths of the files.
    files: Vec<String>,
    /// Milliseconds from the start of the navigation.
    interactive: f64,
}

/// Loads the page and uses the application, several times.
fn visit(dist: &Path, application: &Application) -> Visit {
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
    let slower = json!({ "offline": false, "latency": LATENCY, "downloadThroughput": -1, "uploadThroughput": -1 });
    page.call("Network.emulateNetworkConditions", &slower);
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
    let paths = "[...new Set(performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname.slice(1)))]";
    let loaded = page.value(paths);
    let loaded = loaded.as_array().into_iter().flatten().filter_map(|path| path.as_str());
    let files = loaded.filter(|path| dist.join(path).is_file()).map(str::to_owned);
    let files = std::iter::once("index.html".to_owned()).chain(files).collect();
    Visit { files, interactive: median(&times) }
}

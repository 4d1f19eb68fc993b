//! Measures what the loop guard costs: putting it in, its size, and the code that runs with it, each beside the same
//! without it, in one run.
//!
//! Out: a table on standard output. Code runs in wasmtime, compiled without optimisation, as `hmr-headless` does it; a
//! browser compiles it otherwise, so the ratios of run times are wasmtime's.

use hmr_build::{App, BuildOutcome, BuildRequest, CancelToken, Prepared, Toolchain};
use hmr_headless::Page;
use hmr_tests::demo::DemoCopy;
use hmr_tests::guests::Guest;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

/// How often each thing is measured.
const TIMES: usize = 15;

/// How many rounds the hot loop has.
const ROUNDS: u32 = 20_000_000;

type Prepare = fn(&str, &[u8]) -> Result<Prepared, hmr_build::TransformError>;

/// Without the guard, and with it.
const WAYS: [Prepare; 2] = [hmr_build::prepare, hmr_build::prepare_guarded];

fn main() -> ExitCode {
    match print() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn print() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "medians of {TIMES}")?;
    writeln!(out, "{:<28}{:>12}{:>12}{:>8}", "", "without", "with", "ratio")?;
    let modules = modules();
    for (name, bytes) in &modules {
        let times = WAYS.map(|way| median(|| drop(way(name, bytes))));
        line(&mut out, &format!("{name}: transform, ms"), times)?;
        let sizes = WAYS.map(|way| made(way, name, bytes).len());
        line(&mut out, &format!("{name}: size, kB"), sizes.map(kilo))?;
    }
    line(&mut out, "hot loop, ms", WAYS.map(hot_loop))?;
    if let Some((name, bytes)) = modules.iter().find(|(name, _)| name == "catalog") {
        line(&mut out, "catalog: rendering, ms", WAYS.map(|way| render(&made(way, name, bytes))))?;
    }
    Ok(())
}

fn line(out: &mut impl Write, what: &str, [without, with]: [f64; 2]) -> io::Result<()> {
    writeln!(out, "{what:<28}{without:>12.1}{with:>12.1}{:>8.2}", with / without)
}

#[expect(clippy::cast_precision_loss, reason = "modules are far smaller than 2^52 bytes")]
fn kilo(bytes: usize) -> f64 {
    bytes as f64 / 1000.0
}

/// The demo's modules, as the linker wrote them.
fn modules() -> Vec<(String, Vec<u8>)> {
    let demo = DemoCopy::take();
    let folder = demo.folder().try_into().expect("the temporary folder's path is UTF-8");
    let app = App::load(folder).unwrap_or_else(|error| panic!("{error}"));
    let toolchain = Toolchain::find(folder, &mut |_| {}).unwrap_or_else(|error| panic!("{error}"));
    let modules: Vec<String> = app.modules.iter().map(|module| module.name.clone()).collect();
    let request = BuildRequest { app: &app, toolchain: &toolchain, modules: &modules };
    match hmr_build::build(&request, &CancelToken::new(), &mut |_| {}) {
        BuildOutcome::Built(artifacts) => artifacts
            .into_iter()
            .map(|artifact| {
                let bytes = std::fs::read(&artifact.wasm).expect("what was built can be read");
                (artifact.module, bytes)
            })
            .collect(),
        other => panic!("the demo does not compile: {other:?}"),
    }
}

fn made(way: Prepare, name: &str, bytes: &[u8]) -> Vec<u8> {
    way(name, bytes).unwrap_or_else(|error| panic!("{error}")).bytes
}

/// A click whose handler counts in a loop.
fn hot_loop(way: Prepare) -> f64 {
    let counting = format!(
        "(global.set $spin (i32.const {ROUNDS})) \
         (loop $again (global.set $spin (i32.sub (global.get $spin) (i32.const 1))) \
             (br_if $again (global.get $spin)))"
    );
    let guest = Guest::counter(1)
        .with("(global $spin (mut i32) (i32.const 0))")
        .first(hmr_abi::exports::DISPATCH, &counting);
    let page = opened("counter", "Counter", &made(way, "counter", &guest.bytes()));
    median(|| {
        let button = page.find("button.add").expect("the counter has a button");
        button.click().expect("the button can be clicked");
    })
}

/// Opens the catalog, all its rows included. The code is compiled before the first measurement.
fn render(bytes: &[u8]) -> f64 {
    drop(opened("catalog", "Catalog", bytes));
    median(|| drop(opened("catalog", "Catalog", bytes)))
}

fn opened(module: &str, component: &str, bytes: &[u8]) -> Page {
    let html =
        format!(r#"<hmr-component module="{module}" component="{component}"></hmr-component>"#);
    let page = Page::builder().html(&html).module(module, bytes).open();
    let page = page.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(page.problems(), Vec::<String>::new(), "the module runs");
    page
}

/// How long `run` takes as a rule, in milliseconds.
fn median(mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..TIMES)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[TIMES / 2]
}

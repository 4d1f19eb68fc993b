//! Measures what the loop guard costs: putting it in, its size, and the code that runs with it, each beside the same
//! without it, in one run.
//!
//! Out: a table on standard output. Code runs in wasmtime, compiled without optimisation, as `hmr-headless` does it, and in
//! Chromium, where nothing observes it: the time is that of the module's code alone.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use camino::Utf8Path;
use hmr_build::{
    App, ApplicationTarget, Bindgen, BoundModule, BuildOutcome, BuildRequest, CancelToken,
    CompiledModule, ModuleKind, PreparedModule, Toolchain,
};
use hmr_headless::Page;
use hmr_tests::applications::AppCopy;
use hmr_tests::browser::Browser;
use hmr_tests::demo::DemoCopy;
use hmr_tests::guests::Guest;
use hmr_tests::measure::APPLICATIONS;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

/// How often each thing is measured.
const TIMES: usize = 15;

/// How many rounds the hot loop has.
const ROUNDS: u32 = 20_000_000;

type Prepare = fn(&str, &[u8]) -> Result<PreparedModule, hmr_build::TransformError>;

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
    for edit in &APPLICATIONS {
        let (name, compiled, target) = application(edit.module);
        let bind = |guard: bool| bound(&compiled, &target, guard);
        let times = [false, true].map(|guard| median(|| drop(bind(guard))));
        line(&mut out, &format!("{name}: wasm-bindgen, ms"), times)?;
        let sizes = [false, true].map(|guard| bind(guard).wasm.len());
        line(&mut out, &format!("{name}: size, kB"), sizes.map(kilo))?;
    }
    let hot = WAYS.map(|way| made(way, "counter", &hot_loop()));
    line(&mut out, "hot loop, ms", hot.each_ref().map(|bytes| click(bytes)))?;
    let (name, bytes) = modules.iter().find(|(name, _)| name == "catalog").expect("the catalog");
    let catalog = WAYS.map(|way| made(way, name, bytes));
    line(&mut out, "catalog: rendering, ms", catalog.each_ref().map(|bytes| render(bytes)))?;
    let browser = Browser::start();
    browser.open("about:blank");
    let measured = |component: &str, bytes: &[u8]| in_browser(&browser, component, bytes);
    let loops = hot.each_ref().map(|bytes| measured("Counter", bytes).dispatch);
    line(&mut out, "Chromium: hot loop, ms", loops)?;
    let mounts = catalog.each_ref().map(|bytes| measured("Catalog", bytes).mount);
    line(&mut out, "Chromium: catalog, ms", mounts)
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
    let compiled = compile(&app, folder).into_iter();
    let bytes = |wasm: &Utf8Path| std::fs::read(wasm).expect("what was built can be read");
    compiled.map(|module| (module.module, bytes(&module.wasm))).collect()
}

/// An example that is made with wasm-bindgen, as the linker wrote it.
fn application(name: &str) -> (String, CompiledModule, ApplicationTarget) {
    // The tests compile into the same folder.
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tmp/applications");
    let copy = AppCopy::of(&format!("examples/{name}"), &target);
    let folder = copy.folder().try_into().expect("the temporary folder's path is UTF-8");
    let app = App::load(folder).unwrap_or_else(|error| panic!("{error}"));
    let ModuleKind::Application(target) = &app.modules[0].kind else { panic!("{name}") };
    let compiled = compile(&app, folder).remove(0);
    (app.modules[0].name.clone(), compiled, target.clone())
}

/// What pages get for it. Each time, nothing is known from before.
fn bound(compiled: &CompiledModule, target: &ApplicationTarget, guard: bool) -> BoundModule {
    let bindgen = Bindgen::default();
    let bound = bindgen.bind(compiled, target, guard, &CancelToken::new(), &mut |_| {});
    bound.unwrap_or_else(|error| panic!("{error:?}"))
}

fn compile(app: &App, folder: &Utf8Path) -> Vec<CompiledModule> {
    let toolchain = Toolchain::find(folder, &mut |_| {}).unwrap_or_else(|error| panic!("{error}"));
    let modules: Vec<String> = app.modules.iter().map(|module| module.name.clone()).collect();
    let request = BuildRequest::new(app, &toolchain, &modules);
    match hmr_build::build(&request, &CancelToken::new(), &mut |_| {}) {
        BuildOutcome::Built(compiled) => compiled,
        other => panic!("it does not compile: {other:?}"),
    }
}

fn made(way: Prepare, name: &str, bytes: &[u8]) -> Vec<u8> {
    way(name, bytes).unwrap_or_else(|error| panic!("{error}")).bytes
}

/// Medians of calls, in milliseconds.
#[derive(serde::Deserialize)]
struct Measured {
    /// Mounting a component.
    mount: f64,
    /// A click.
    dispatch: f64,
}

/// Runs a module by itself in the browser: each import answers 0.
fn in_browser(browser: &Browser, component: &str, bytes: &[u8]) -> Measured {
    let script = r#"((base64, component, count) => {
        const module = new WebAssembly.Module(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
        const imports = {};
        for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = () => 0;
        const { exports } = new WebAssembly.Instance(module, imports);
        exports[`hmr_component:${component}`]?.();
        const refill = () => { if (exports.hmr_budget) exports.hmr_budget.value = 2147483647; };
        const given = (text) => {
          const bytes = new TextEncoder().encode(text);
          const at = exports.hmr_alloc(bytes.length);
          new Uint8Array(exports.memory.buffer).set(bytes, at);
          return [at, bytes.length];
        };
        const median = (call) => {
          const times = Array.from({ length: count }, () => {
            refill();
            const begun = performance.now();
            call();
            return performance.now() - begun;
          });
          return times.sort((a, b) => a - b)[times.length >> 1];
        };
        let instance = 0;
        const mount = median(() => {
          const request = { instance: ++instance, component, props: {} };
          exports.hmr_mount(...given(JSON.stringify(request)));
          exports.hmr_unmount(instance);
        });
        return { mount, dispatch: median(() => exports.hmr_dispatch(1, ...given('{"type":"click"}'))) };
    })(...arguments)"#;
    let arguments = [BASE64_STANDARD.encode(bytes).into(), component.into(), TIMES.into()];
    let measured = browser.value(script, &arguments);
    serde_json::from_value(measured).expect("the script answers two numbers")
}

/// A counter whose handler counts in a loop.
fn hot_loop() -> Vec<u8> {
    let counting = format!(
        "(global.set $spin (i32.const {ROUNDS})) \
         (loop $again (global.set $spin (i32.sub (global.get $spin) (i32.const 1))) \
             (br_if $again (global.get $spin)))"
    );
    Guest::counter(1)
        .with("(global $spin (mut i32) (i32.const 0))")
        .first(hmr_abi::exports::DISPATCH, &counting)
        .bytes()
}

/// A click on the counter.
fn click(bytes: &[u8]) -> f64 {
    let page = opened("counter", "Counter", bytes);
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

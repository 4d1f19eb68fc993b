//! What every application goes through. Each step is watched in the page and in the reports of the tool.
//!
//! Three tests for each framework share it: [`edits`], [`failures`] and [`endurance`].

use std::fs;
use std::path::Path;

use hmr_tests::applications::{AppCopy, AppSession};
use hmr_tests::dev::{Dev, FIRST_BUILD, SOON};
use hmr_tests::developer_tools::DeveloperTools;
use serde_json::json;

/// How often an application is swapped before its events are counted.
const SWAPS: u32 = 20;

/// A part of a file, what replaces it, and the condition in JavaScript that is true in the page after that.
#[derive(Debug)]
pub(crate) struct Edit {
    pub(crate) file: &'static str,
    pub(crate) old: &'static str,
    pub(crate) new: &'static str,
    pub(crate) shows: &'static str,
}

/// An example, and how it is edited.
pub(crate) struct Application {
    /// The name of its folder.
    pub(crate) name: &'static str,
    /// The condition in JavaScript that is true when it has been started.
    pub(crate) ready: &'static str,
    /// A change of what it shows.
    pub(crate) markup: Edit,
    /// A change of what it does.
    pub(crate) logic: Edit,
    /// A change of a component in a file of its own.
    pub(crate) child: Edit,
    /// The text of `src/greeting.rs`, which shows an element with the id `greeting`, and the edits that use it.
    pub(crate) component: (&'static str, [Edit; 2]),
    /// The line of the manifest for a dependency that the lock file already has, and an edit that uses it.
    pub(crate) dependency: (&'static str, Edit),
    /// A change of a stylesheet.
    pub(crate) style: Edit,
    /// The file and the line with which the start begins.
    pub(crate) start: (&'static str, &'static str),
    /// A change that makes a click on an element panic with the message `broken by an edit`.
    pub(crate) panic: (Edit, &'static str),
    /// Uses the page, and checks that each event has had one effect.
    pub(crate) acts_once: fn(&AppSession),
}

impl Application {
    /// A copy of it in use.
    pub(crate) fn session(&self) -> AppSession {
        let app = copy_of(&format!("examples/{}", self.name));
        AppSession::start(app, self.name, self.ready)
    }
}

/// A copy of an application in a folder of the repository. All are compiled into one folder.
pub(crate) fn copy_of(source: &str) -> AppCopy {
    AppCopy::of(source, &Path::new(env!("CARGO_TARGET_TMPDIR")).join("applications"))
}

/// Every kind of edit arrives in the page without a reload. The value of `kept`, an expression in JavaScript, stays the same.
pub(crate) fn edits(session: &mut AppSession, application: &Application, kept: &str) {
    let before = session.browser.value(kept, &[]);
    let is_kept = format!("JSON.stringify({kept}) === JSON.stringify({before})");
    for edit in [&application.markup, &application.logic, &application.child] {
        swap(session, edit);
        session.browser.wait(&is_kept);
    }
    component_added_and_removed(session, application);
    session.browser.wait(&is_kept);
    let style = &application.style;
    session.app.edit(style.file, style.old, style.new);
    session.browser.wait(style.shows);
    let (line, edit) = &application.dependency;
    session.app.edit("Cargo.toml", "\n[dependencies]\n", &format!("\n[dependencies]\n{line}\n"));
    swap(session, edit);
    session.browser.wait(&is_kept);
    (application.acts_once)(session);
}

/// Code that cannot be used leaves the page as it was, and the fix is swapped in.
pub(crate) fn failures(application: &Application) {
    let mut session = application.session();
    let session = &mut session;
    compile_error_and_fix(session, application);
    panic_at_start_and_fix(session, application);
    endless_loop_at_start_and_fix(session, application);
    panic_of_a_click_and_fix(session, application);
    (application.acts_once)(session);
}

/// What is used for long: several pages, many swaps, and the tool started again.
pub(crate) fn endurance(application: &Application) {
    let mut session = application.session();
    two_tabs(&mut session, application);
    swap_many_times(&session, application.ready);
    (application.acts_once)(&session);
    many_swaps_leak_nothing(&session, application.ready);
    restart_of_the_tool(session, application);
}

/// Edits a file and waits until the page shows the result.
fn swap(session: &mut AppSession, edit: &Edit) {
    session.edit(edit.file, edit.old, edit.new);
    session.browser.wait(edit.shows);
}

/// A component in a new file is used, and then removed with its file.
fn component_added_and_removed(session: &mut AppSession, application: &Application) {
    let (text, uses) = &application.component;
    let before: Vec<_> = uses.iter().map(|edit| (edit.file, session.app.read(edit.file))).collect();
    session.app.write("src/greeting.rs", text);
    for edit in uses {
        session.app.edit(edit.file, edit.old, edit.new);
    }
    session.browser.wait("document.querySelector('#greeting').textContent === 'Hello'");
    // The earliest is the one from before all edits of its file.
    for (file, text) in before.into_iter().rev() {
        session.app.write(file, text);
    }
    fs::remove_file(session.app.path("src/greeting.rs")).expect("the file was written");
    session.browser.wait("document.querySelector('#greeting') === null");
    session.browser.wait(application.ready);
    assert_eq!(session.browser.value("window.untouched === true", &[]), true, "a reload");
}

fn compile_error_and_fix(session: &mut AppSession, application: &Application) {
    let file = application.child.file;
    let good = session.app.read(file);
    session.app.write(file, format!("{good}\nfn broken() -> u32 {{ \"text\" }}\n"));
    session.browser.wait("document.querySelector('hmr-overlay').hasAttribute('open')");
    session.browser.wait(application.ready);
    session.app.write(file, good);
    session.browser.wait("!document.querySelector('hmr-overlay').hasAttribute('open')");
    session.browser.wait(application.ready);
}

/// A version that panics when it starts is rolled back, and the one before goes on.
fn panic_at_start_and_fix(session: &mut AppSession, application: &Application) {
    let (file, line) = application.start;
    let good = session.app.read(file);
    session.app.edit(file, line, &format!("{line}\n    if true {{ panic!(\"at the start\"); }}"));
    let swap = session.swapped("rolled-back");
    assert_eq!(swap["running"], true, "{swap}");
    session.browser.wait(application.ready);
    fix(session, file, &good);
    session.browser.wait(application.ready);
}

/// A version that never returns is ended and rolled back.
fn endless_loop_at_start_and_fix(session: &mut AppSession, application: &Application) {
    let (file, line) = application.start;
    let good = session.app.read(file);
    session.app.edit(file, line, &format!("{line}\n    while std::hint::black_box(true) {{}}"));
    let swap = session.swapped("rolled-back");
    assert!(swap["error"].to_string().contains("ran for too long"), "{swap}");
    session.browser.wait(application.ready);
    fix(session, file, &good);
    session.browser.wait(application.ready);
}

/// Writes code that has run before a version that was rolled back.
pub(crate) fn fix(session: &mut AppSession, file: &str, good: &str) {
    session.app.write(file, good);
    session.dev.wait_until("the fix", SOON, |event| {
        matches!(event["event"].as_str(), Some("unchanged" | "swap"))
    });
}

/// A panic of running code is shown with its place, and the application starts again.
fn panic_of_a_click_and_fix(session: &mut AppSession, application: &Application) {
    let (edit, selector) = &application.panic;
    let good = session.app.read(edit.file);
    session.edit(edit.file, edit.old, edit.new);
    session.browser.click(selector);
    let trap = session.dev.wait("trap");
    let (message, file) = (trap["message"].to_string(), trap["file"].to_string());
    assert!(message.contains("broken by an edit") && file.contains(edit.file), "{trap}");
    session.browser.wait(application.ready);
    // It stays while the application runs again.
    let overlay = "document.querySelector('hmr-overlay')";
    session.browser.wait(&format!(
        "{overlay}.hasAttribute('open') && {overlay}.shadowRoot.textContent.includes('broken by an edit')"
    ));
    session.app.write(edit.file, good);
    session.swapped("committed");
    session.browser.wait(application.ready);
    session.browser.wait(&format!("!{overlay}.hasAttribute('open')"));
}

/// A second tab swaps, too.
fn two_tabs(session: &mut AppSession, application: &Application) {
    let edit = &application.markup;
    let first = session.browser.tab();
    let second = session.browser.new_tab();
    session.browser.open(session.dev.url());
    session.browser.wait(application.ready);
    session.app.edit(edit.file, edit.old, edit.new);
    session.browser.wait(edit.shows);
    session.browser.switch_to(&first);
    session.browser.wait(edit.shows);
    session.browser.switch_to(&second);
    session.browser.run("window.close()", &[]);
    session.browser.switch_to(&first);
    // Both pages have reported it.
    session.swapped("committed");
    session.swapped("committed");
}

/// The statements that swap between the two newest versions `times` times, and give the outcomes.
fn alternating(module: &str, times: u32) -> String {
    let module = json!(module);
    format!(
        "(async () => {{ const {{ versions }} = await window.__hmr.versions({module}); const outcomes = new Set(); \
         for (let time = 0; time < {times}; time++) \
         {{ const {{ outcome, error }} = await window.__hmr.use({module}, versions[1 - time % 2].hash); \
         outcomes.add(error ? `${{outcome}}: ${{error}}` : outcome); }} \
         return [...outcomes].join(); }})()"
    )
}

/// Swaps between the two newest versions, and ends with the newest.
pub(crate) fn swap_many_times(session: &AppSession, ready: &str) {
    let outcomes = session.browser.value(&alternating(&session.module, SWAPS), &[]);
    assert_eq!(outcomes, "committed");
    session.browser.wait(ready);
}

/// Compares what the page uses after a few swaps and after many.
pub(crate) fn many_swaps_leak_nothing(session: &AppSession, ready: &str) {
    let mut page = DeveloperTools::open(session.dev.url());
    page.wait("window.__hmr.modules().some(({ running }) => running)");
    page.wait(ready);
    page.note_memories();
    let swap = |page: &mut DeveloperTools, times: u32| {
        let outcomes = page.value(&alternating(&session.module, times));
        let allowed = ["committed", "unchanged,committed", "committed,unchanged"];
        assert!(outcomes.as_str().is_some_and(|it| allowed.contains(&it)), "{outcomes}");
    };
    swap(&mut page, 5);
    let few = page.usage();
    swap(&mut page, 100);
    let many = page.usage();
    assert!(many.memories <= few.memories && many.memories <= 1.0, "{few:?} {many:?}");
    assert!(many.nodes <= few.nodes + 20.0, "{few:?} {many:?}");
    assert!(many.listeners <= few.listeners + 2.0, "{few:?} {many:?}");
    let grown = (many.heap - few.heap) / 100.0;
    assert!(grown < 10_000.0, "{grown} bytes for each swap: {few:?} {many:?}");
}

/// A tool that was ended and started again gets its page back, and swaps it.
fn restart_of_the_tool(session: AppSession, application: &Application) {
    let AppSession { browser, dev, app, .. } = session;
    let port = dev.port();
    dev.stop();
    let mut dev = Dev::start_on(app.folder(), port);
    // In either order: what was compiled before needs no time.
    dev.wait_within("build-finished", FIRST_BUILD);
    dev.wait_any("client-connected");
    let edit = &application.child;
    app.edit(edit.file, edit.old, edit.new);
    browser.wait(edit.shows);
    assert_eq!(browser.value("window.untouched === true", &[]), true, "a reload");
}

/// How often a JavaScript expression gives another value within two seconds.
pub(crate) fn changes(session: &AppSession, expression: &str) -> f64 {
    let counted = format!(
        "new Promise((resolve) => {{ let last = {expression}; let changes = 0; \
         const observer = new MutationObserver(() => {{ const value = {expression}; if (value !== last) changes++; last = value; }}); \
         observer.observe(document.body, {{ childList: true, characterData: true, subtree: true }}); \
         setTimeout(() => {{ observer.disconnect(); resolve(changes); }}, 2000); }})"
    );
    session.browser.value(&counted, &[]).as_f64().unwrap_or_default()
}

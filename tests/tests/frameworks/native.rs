//! Native modules with crates that are made with wasm-bindgen: what they start in the page ends with their code.

use hmr_tests::applications::AppSession;

use crate::scenario::{changes, copy_of, many_swaps_leak_nothing, swap_many_times};

/// The clock is drawn.
const READY: &str = "Number(document.querySelector('output')?.textContent) >= 2";

/// How the example ends what it has started.
const ENDS: &str = "on_cleanup(move || drop((timer, keys)));";

fn session() -> AppSession {
    AppSession::start(copy_of("examples/stamps"), "stamps", READY)
}

fn stamps(session: &AppSession) -> usize {
    let count = session.browser.value("document.querySelectorAll('li').length", &[]);
    count.as_u64().and_then(|count| usize::try_from(count).ok()).expect("a number")
}

/// Presses the key, and checks that it has had one effect.
fn press(session: &AppSession) {
    let before = stamps(session);
    session.browser.keys("body", "s");
    session.browser.wait(&format!("document.querySelectorAll('li').length === {}", before + 1));
}

/// The condition that the clock's hands have this colour.
fn is_drawn_in(red: u32, green: u32, blue: u32) -> String {
    format!(
        "(() => {{ const {{ data }} = document.querySelector('canvas').getContext('2d').getImageData(60, 60, 1, 1); \
         return data[0] === {red} && data[1] === {green} && data[2] === {blue}; }})()"
    )
}

#[test]
fn a_module_that_calls_the_browser_is_swapped_with_its_state() {
    let mut session = session();
    session.dev.wait_preflight();
    session.browser.click("button");
    press(&session);
    let first = session.browser.text("li");
    assert!(first.split(':').count() == 3, "{first}");
    let id = session.browser.value("document.querySelector('li').title", &[]);
    assert_eq!(id.as_str().map(str::len), Some(36), "{id}");
    session.browser.wait(&is_drawn_in(46, 139, 87));

    // The first rehearsal compiles everything, which may take longer than a page waits.
    let mut skipped = String::new();
    let swap = session.edit("src/face.rs", "seagreen", "rgb(200, 0, 0)");
    skipped.push_str(&swap["rehearsal"]["skipped"].to_string());
    session.browser.wait(&is_drawn_in(200, 0, 0));
    assert_eq!(session.browser.value("document.querySelector('li').title", &[]), id);
    press(&session);
    assert!(changes(&session, "document.querySelector('output').textContent") < 16.0);

    // It ends although the code does not end it.
    session.edit("src/lib.rs", ENDS, "std::mem::forget((timer, keys));");
    for colour in ["rgb(0, 200, 0)", "rgb(0, 0, 200)"] {
        let before = session.app.read("src/face.rs");
        let old = before.lines().find(|line| line.contains("const COLOUR")).expect("the line");
        let swap = session.edit("src/face.rs", old, &format!("const COLOUR: &str = \"{colour}\";"));
        skipped.push_str(&swap["rehearsal"]["skipped"].to_string());
    }
    assert!(skipped.contains("through wasm-bindgen") && skipped.contains("hint"), "{skipped}");
    press(&session);
    session.browser.wait(&is_drawn_in(0, 0, 200));
    assert!(changes(&session, "document.querySelector('output').textContent") < 16.0);
    swap_many_times(&session, READY);
    press(&session);
    assert_eq!(session.browser.value("document.querySelector('li').title", &[]), id);
    many_swaps_leak_nothing(&session, READY);
}

#[test]
fn a_module_that_calls_the_browser_and_fails_goes_on_as_it_was() {
    let mut session = session();
    press(&session);
    let good = session.app.read("src/lib.rs");
    // After it has started something.
    session.app.edit(
        "src/lib.rs",
        ENDS,
        &format!("{ENDS}\n    assert!(draws.get_untracked() > 9999, \"at the start\");"),
    );
    let swap = session.swapped("rolled-back");
    assert!(swap["error"].to_string().contains("at the start (src/lib.rs:"), "{swap}");
    press(&session);
    assert!(changes(&session, "document.querySelector('output').textContent") < 16.0);

    // In a callback of the browser, while the new code is on probation.
    session.app.write(
        "src/lib.rs",
        good.replace(
            "if face::draw",
            "assert!(now.year() < 2000, \"in a callback\");\n        if face::draw",
        )
        .replace("use chrono::{Local", "use chrono::{Datelike, Local"),
    );
    let swap = session.swapped("undone");
    assert!(swap["error"].to_string().contains("in a callback (src/lib.rs:"), "{swap}");
    press(&session);

    // Later, it is started again with its state.
    session.app.write(
        "src/lib.rs",
        good.replace(
            "event.key() == \"s\"",
            "{ assert!(event.key() != \"x\", \"in a callback\"); event.key() == \"s\" }",
        ),
    );
    session.swapped("committed");
    // So many calls end the probation.
    let drawn: u32 = session.browser.text("output").parse().expect("a number");
    session
        .browser
        .wait(&format!("Number(document.querySelector('output').textContent) > {drawn} + 10"));
    let before = stamps(&session);
    session.browser.keys("body", "x");
    let trap = session.dev.wait("trap");
    assert!(trap["message"].to_string().contains("in a callback"), "{trap}");
    assert!(trap["file"].to_string().contains("src/lib.rs"), "{trap}");
    session.browser.wait("window.__hmr.modules().every(({ running }) => running)");
    assert_eq!(stamps(&session), before);
    press(&session);
}

#[test]
fn code_of_a_module_that_never_returns_to_the_browser_is_ended() {
    let mut session = session();
    press(&session);
    session.app.edit(
        "src/face.rs",
        "context.clear_rect(",
        "while std::hint::black_box(true) {}\n    context.clear_rect(",
    );
    let swap = session.swapped("undone");
    let error = swap["error"].to_string();
    assert!(error.contains("ran for too long in `") && error.contains("(src/face.rs:"), "{swap}");
    session.browser.wait(READY);
    press(&session);
}

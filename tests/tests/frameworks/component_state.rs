//! The state of components, kept in applications that contain nothing of this project.

mod copy;
mod parts;
mod snapshots;
mod unsupported;
mod values;

use hmr_tests::applications::{AppCopy, AppSession};
use hmr_tests::nested::{self, READY, TextEdit};
use serde_json::{Value, json};

use crate::scenario::{self, copy_of};

/// An example with lists in lists. All of them show the same.
struct Nested {
    name: &'static str,
    /// Edits of a leaf, its parent and the root: the file, a text in it, and what replaces that.
    edits: [TextEdit; 3],
    /// The first counter of the root, and another one of the same name.
    first: (&'static str, &'static str),
    /// The end of the code that makes a book.
    book: &'static str,
    /// Why the books are reset if they get a field that the old ones do not have.
    reason: &'static str,
    /// The beginning of the line that makes the state of the root.
    open: &'static str,
    /// The value of a counter, as its component reads it, and the line that follows.
    ones: (&'static str, &'static str),
}

const YEW: Nested = Nested {
    name: nested::YEW.name,
    edits: nested::YEW.edits,
    first: ("<Counter label=\"visitors\" />", "<Counter label=\"new\" />"),
    book: "place: Place::Shelf }",
    reason: "books: missing field `pages`",
    open: "let open = use_state",
    ones: ("ones", "    html! {"),
};

const LEPTOS: Nested = Nested {
    name: nested::LEPTOS.name,
    edits: nested::LEPTOS.edits,
    first: ("<Counter label=\"visitors\" />", "<Counter label=\"new\" />"),
    book: "place: RwSignal::new(Place::Shelf) }",
    reason: "missing field `pages`",
    open: "let (open, set_open) = signal",
    ones: ("ones.get_untracked()", "    view! {"),
};

const SYCAMORE: Nested = Nested {
    name: nested::SYCAMORE.name,
    edits: nested::SYCAMORE.edits,
    first: ("Counter(label=\"visitors\".to_string())", "Counter(label=\"new\".to_string())"),
    book: "place: create_signal(Place::Shelf) }",
    reason: "missing field `pages`",
    open: "let open = create_signal",
    ones: ("ones.get_untracked()", "    view! {"),
};

const DIOXUS: Nested = Nested {
    name: nested::DIOXUS.name,
    edits: nested::DIOXUS.edits,
    first: ("Counter { label: \"visitors\" }", "Counter { label: \"new\" }"),
    book: "place: Place::Shelf }",
    reason: "missing field `pages`",
    open: "let mut open = use_signal",
    ones: ("ones()", "    rsx! {"),
};

/// Everything that the components of the example show.
const SHOWN: &str = "[[...document.querySelectorAll('.counter')].map((it) => [it.dataset.label, it.innerText]), \
    [...document.querySelectorAll('li .title')].map((it) => it.textContent), \
    [...document.querySelectorAll('.lend')].map((it) => it.textContent), \
    [...document.querySelectorAll('.clicks')].map((it) => it.textContent)]";

impl Nested {
    /// The example in use, with the setting.
    fn session(&self) -> AppSession {
        self.session_of(|_| {})
    }

    /// The same with changes before the first build.
    fn session_of(&self, change: impl FnOnce(&AppCopy)) -> AppSession {
        let app = copy_of(&format!("examples/{}", self.name));
        change(&app);
        let manifest = app.read("Cargo.toml");
        app.write("Cargo.toml", format!("{manifest}\n[package.metadata.hmr]\nauto-state = true\n"));
        AppSession::start(app, self.name, READY)
    }
}

/// Gives each counter another value, and the lists another content.
fn use_all(session: &AppSession) {
    let browser = &session.browser;
    browser.click("#upper .add");
    browser.click("#upper .add");
    browser.click("#upper .reverse");
    browser.click("#lower .add");
    browser.click("#lower li:nth-child(2) .lend");
    browser.click("#open");
    browser.wait("document.querySelectorAll('.counter').length === 10");
    browser.run(
        "[...document.querySelectorAll('.counter button')].forEach((button, at) => { for (let i = 0; i <= at; i++) button.click(); })",
        &[],
    );
    // One click of each button counts, until the component has rendered.
    browser.wait(
        "[...document.querySelectorAll('.counter .ones')].every((it) => it.textContent !== '0')",
    );
    for at in 0..10 {
        for _ in 0..at {
            let button = format!("document.querySelectorAll('.counter .ones')[{at}]");
            let before = browser.value(&format!("{button}.textContent"), &[]);
            browser.run(&format!("{button}.click()"), &[]);
            browser.wait(&format!("{button}.textContent !== {before}"));
        }
    }
}

fn outcomes(swap: &Value) -> Vec<(String, String)> {
    let keys = swap["report"]["instances"][0]["keys"].as_object().cloned().unwrap_or_default();
    let outcome = |it: &Value| it["outcome"].as_str().unwrap_or_default().to_owned();
    keys.iter().map(|(key, it)| (key.clone(), outcome(it))).collect()
}

macro_rules! tests {
    ($($framework:ident: $nested:expr;)*) => {$(
        mod $framework {
            #[test]
            fn every_component_keeps_its_state_through_edits_of_any() {
                super::every_component_keeps_its_state(&$nested);
            }

            #[test]
            fn what_cannot_be_kept_is_reset_and_what_comes_back_is_recovered() {
                super::what_cannot_be_kept_is_reset(&$nested);
            }
        }
    )*};
}

tests! {
    dioxus: super::DIOXUS;
    leptos: super::LEPTOS;
    sycamore: super::SYCAMORE;
    yew: super::YEW;
}

fn every_component_keeps_its_state(nested: &Nested) {
    let mut session = nested.session();
    use_all(&session);
    let before = session.browser.value(SHOWN, &[]);
    let is_kept = format!("JSON.stringify({SHOWN}) === JSON.stringify({before})");
    let ones =
        "[...new Set([...document.querySelectorAll('.ones')].map((it) => it.textContent))].sort()";
    let expected = session.browser.value(ones, &[]);
    // What an observer sees, the reader could see, too.
    session.browser.run(
        "window.seen = new Set(); \
         const see = () => { for (const it of document.querySelectorAll('.ones')) window.seen.add(it.textContent); }; \
         new MutationObserver(see).observe(document, { subtree: true, childList: true, characterData: true });",
        &[],
    );
    for (file, old, new) in nested.edits {
        let swap = session.edit(file, old, new);
        let lost: Vec<_> = outcomes(&swap).into_iter().filter(|(_, it)| it != "kept").collect();
        assert!(lost.is_empty() && outcomes(&swap).len() > 20, "{file}: {lost:?} {swap}");
        assert_eq!(session.browser.value(SHOWN, &[]), before, "{file}");
    }
    session.browser.wait(&is_kept);
    // Nothing but the values that were there before.
    assert_eq!(session.browser.value("[...window.seen].sort()", &[]), expected);
    assert_eq!(session.browser.value("document.querySelectorAll('[title=leaf]').length", &[]), 10);
    assert_eq!(
        session.browser.value("document.querySelector('h1').textContent", &[]),
        json!("Root")
    );
    // Back and forth between the last two versions.
    scenario::swap_many_times(&session, &is_kept);
    scenario::many_swaps_leak_nothing(&session, READY);
}

/// The values of all counters, by their labels.
fn counters(session: &AppSession) -> Value {
    session.browser.value(&format!("{SHOWN}[0]"), &[])
}

fn what_cannot_be_kept_is_reset(nested: &Nested) {
    let mut session = nested.session();
    use_all(&session);
    let before = counters(&session);
    insertion(&mut session, nested, &before);
    let before = counters(&session);
    renaming(&mut session, &before);
    fields(&mut session, nested);
    mark(&mut session, nested);
    failing_start(&mut session, nested);
}

/// A tag of the same name before the others shifts no value.
fn insertion(session: &mut AppSession, nested: &Nested, before: &Value) {
    let (first, another) = nested.first;
    let swap = session.edit("src/main.rs", first, &format!("{another}\n            {first}"));
    assert!(swap["report"].to_string().contains("\"added\""), "{swap}");
    let mut expected = vec![json!(["new", "00"])];
    expected.extend(before.as_array().cloned().unwrap_or_default());
    assert_eq!(counters(session), json!(expected));
}

/// Another name has no value; the old name finds its own again.
fn renaming(session: &mut AppSession, before: &Value) {
    let file = "src/counter.rs";
    let good = session.app.read(file);
    session.app.write(file, renamed(&good, "count", "total"));
    let swap = session.swapped("committed");
    let found = outcomes(&swap);
    for outcome in ["added", "orphaned"] {
        assert_eq!(found.iter().filter(|(_, it)| it == outcome).count(), 22, "{swap}");
    }
    let numbers = counters(session);
    let numbers = numbers.as_array().cloned().unwrap_or_default();
    assert!(numbers.len() == 11 && numbers.iter().all(|it| it[1] == "00"), "{numbers:?}");
    session.app.write(file, good);
    let swap = session.swapped("committed");
    let recovered = outcomes(&swap).iter().filter(|(_, it)| it == "recovered").count();
    // A counter that still has its initial value takes that of the source.
    assert!(recovered >= 18, "{swap}");
    assert_eq!(counters(session), *before);
}

/// The text with another name for a word.
fn renamed(text: &str, old: &str, new: &str) -> String {
    let is_part = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '_');
    let mut parts = text.split(old);
    let mut renamed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_word = !is_part(renamed.chars().last()) && !is_part(part.chars().next());
        renamed.push_str(if is_word { new } else { old });
        renamed.push_str(part);
    }
    renamed
}

/// A new field that may be missing changes nothing; another one resets the value, and says why.
fn fields(session: &mut AppSession, nested: &Nested) {
    let titles = format!("{SHOWN}[1]");
    let before = session.browser.value(&titles, &[]);
    let file = "src/shelf.rs";
    let (book, place) = (nested.book, place_of(&session.app.read("src/shelf.rs")));
    let with = |fields: &str| book.replace(" }", &format!(", {fields} }}"));
    session.app.edit(file, &place, &format!("{place}\n    pub year: Option<u32>,"));
    session.edit(file, book, &with("year: None"));
    assert_eq!(session.browser.value(&titles, &[]), before);
    session.app.edit(file, "pub year: Option<u32>,", "pub year: Option<u32>,\n    pub pages: u32,");
    let swap = session.edit(file, &with("year: None"), &with("year: None, pages: 1"));
    let keys = swap["report"]["instances"][0]["keys"].as_object().cloned().unwrap_or_default();
    let books = keys.iter().find(|(key, _)| key.ends_with("Shelf#1:books")).map(|(_, it)| it);
    assert_eq!(books, Some(&json!({"outcome": "reset", "reason": nested.reason})), "{swap}");
    session.browser.wait("document.querySelectorAll('li').length === 4");
}

/// The line with the field `place`.
fn place_of(text: &str) -> String {
    let line = text.lines().find(|it| it.trim_start().starts_with("pub place: "));
    line.unwrap_or_default().trim_start().to_owned()
}

/// A comment resets a value with each swap.
fn mark(session: &mut AppSession, nested: &Nested) {
    let opened = "document.querySelector('#open').textContent === 'Close'";
    session.browser.wait(opened);
    let Nested { open, .. } = nested;
    session.edit("src/main.rs", open, &format!("// hmr: reset\n    {open}"));
    session.browser.wait(&format!("!({opened})"));
}

/// A version that panics leaves the page as it is. One that panics only with the old state starts without it.
fn failing_start(session: &mut AppSession, nested: &Nested) {
    session.browser.click(".counter .ones");
    session.browser.wait("document.querySelector('.counter .ones').textContent === '1'");
    let before = counters(session);
    let good = session.app.read("src/main.rs");
    session.app.edit(
        "src/main.rs",
        "fn main() {",
        "fn main() {\n    if true { panic!(\"at the start\"); }",
    );
    session.swapped("rolled-back");
    assert_eq!(counters(session), before);
    scenario::fix(session, "src/main.rs", &good);
    let (ones, next) = nested.ones;
    let swap = session.edit(
        "src/counter.rs",
        next,
        &format!("    assert!({ones} == 0, \"too many\");\n{next}"),
    );
    let keys = &swap["report"]["instances"][0]["keys"];
    let reason = keys["all components"]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("too many"), "{swap}");
    session.browser.wait("document.querySelector('.counter .ones').textContent === '0'");
}

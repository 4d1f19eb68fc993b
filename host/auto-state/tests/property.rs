//! What holds for each file: it still parses, and nothing but the sites changes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use hmr_auto_state::{Framework, Options, Rewritten, rewrite};
use proptest::prelude::*;
use walkdir::WalkDir;

/// Checks the properties for one text. Returns how many sites it has in all frameworks.
fn check(text: &str) -> usize {
    Framework::ALL.map(|framework| check_with(text, framework).sites.len()).iter().sum()
}

fn check_with(text: &str, framework: Framework) -> Rewritten {
    let excluded = BTreeSet::new();
    let options = Options { framework, unit: "unit", excluded: &excluded, earlier: &[] };
    let rewritten = rewrite(text, &options);
    if syn::parse_file(text).is_err() {
        assert_eq!(rewritten.text, text, "a text that is not Rust");
        return rewritten;
    }
    assert!(syn::parse_file(&rewritten.text).is_ok(), "{}", rewritten.text);
    // What is left without the insertions is the original, line by line.
    assert_eq!(text.matches('\n').count(), rewritten.text.matches('\n').count());
    let mut at = 0;
    for (new, old) in rewritten.text.split_inclusive('\n').zip(text.split_inclusive('\n')) {
        let originals: BTreeSet<usize> =
            (at..at + new.len()).map(|it| rewritten.map.to_original(it)).collect();
        let start = rewritten.map.to_original(at + new.len()) - old.len();
        assert!(originals.iter().all(|it| (start..=start + old.len()).contains(it)), "{new}{old}");
        at += new.len();
    }
    // Outside of sites, each byte is where it was.
    let mut in_site = vec![false; text.len() + 1];
    for site in &rewritten.sites {
        in_site[site.range.start..=site.range.end].fill(true);
    }
    for (at, byte) in text.bytes().enumerate().filter(|(at, _)| !in_site[*at]) {
        let is_same = |new: usize| rewritten.map.to_original(new) == at;
        let new = rewritten.map.to_rewritten(at);
        assert!(is_same(new) && rewritten.text.as_bytes()[new] == byte, "byte {at} of\n{text}");
    }
    rewritten
}

#[test]
fn the_sources_of_this_repository() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut files, mut sites) = (0, 0);
    for folder in ["guest-sdk/grammar", "examples", "demo-app", "host/auto-state"] {
        let entries = WalkDir::new(repository.join(folder))
            .into_iter()
            .filter_entry(|it| it.file_name() != "target")
            .map(|it| it.expect("it can be read"));
        for entry in entries.filter(|it| it.path().extension().is_some_and(|it| it == "rs")) {
            let text = fs::read_to_string(entry.path()).expect("a text");
            sites += check(&text);
            files += 1;
        }
    }
    assert!(files > 60 && sites > 100, "{files} files, {sites} sites");
}

/// Parts of files, put together at random.
const PARTS: [&str; 25] = [
    "struct Old { a: u8, r#type: Vec<(u8,\n Self)> }\nimpl yew::Component for Old {\n    fn create(ctx: &Context<Self>) -> Self {\n        if x { return Self::new(); }\n        Self { a: 1 }\n    }\n    fn view(&self, _: &Context<Self>) -> Html { html! { <Row /> } }\n}\n",
    "#[component]\nfn Part() -> Html {\n    let a = use_state(|| 0);\n    html! { <Row>{ *a }</Row> }\n}\n",
    "#[hook]\npub fn use_part<T: Default + 'static>(x: T) -> UseStateHandle<T> {\n    let (y, z) = (use_state(T::default), use_other::<u8>(1,\n 2));\n    y\n}\n",
    "#[derive(Clone)]\npub(crate) struct Both<A, B>(pub A, Vec<B>);\n",
    "enum Many {\n    // a comment\n    One, Two(u8, String), Three { x: Option<Box<Self>> },\n}\n",
    "macro_rules! rules { ($x:tt) => { html! { <Row a={$x} /> } }; }\n",
    "mod inner { use super::*; #[component] pub fn Row() -> Html { html! { <A><B /><C>{ \"x\" }</C></A> } } }\n",
    "impl Component for Old { fn view(&self, _: &Context<Self>) -> Html { html! {} } }\n",
    "fn f() { let s = r#\"<A />\"#; let c = 'x'; /* use_state(|| 0) */ async move { g().await }; }\n",
    "#[cfg(feature = \"x\")]\nstruct Unit;\n",
    "#[function_component(Named)]\nfn named() -> Html {\n    let x = { let y = use_reducer(|| X { a: 1 }); y };\n    html! { <>{ for v.iter().map(|i| html!{ <Item key={i.id} ..p.clone() /> }) }</> }\n}\n",
    "#[component]\nfn Wide() -> Html { let ö = use_state(|| \"ü\"); html! { if let Some(x) = &*ö { <Ä/> } else { <p/> } } }\n",
    "/// doc\nconst X: u32 = 1 << 3;\n",
    "#[hook] fn use_long() { let x = yew\n    ::use_state(|| 0); let y = use_mut_ref(\n        Vec::new\n    ); }\n",
    "struct Generic<T: Clone, const N: usize> where T: Copy { t: [T; N] }\n",
    "static V: fn() -> Html = || html! { <Row /> };\n",
    "#[component]\npub fn Leptos(#[prop(into)] x: Signal<u8>, y: impl Fn() + 'static) -> impl IntoView {\n    let (a, set_a) = signal(0); let b = RwSignal::<Vec<u8>>::new(\n        vec![]); provide_context(a);\n    view! { <p class:x=move || a.get()>text <br> {move || view! { <Row a on:click=move |_| { y(); } /> }}</p><For each=f key=|k| k.0 let:item><Row slot/><Row {..} a=\"1\"/></For> }\n}\n",
    "#[component]\nfn Any() -> AnyView { let s = StoredValue::new(1); if x { return view! { <A/> }.into_any(); } view! { class=c, <B/> }.into_any() }\n",
    "#[component(inline_props)]\nfn Syc(a: u8) -> View {\n    let (s, d) = create_reducer(0, |x, m: u8| x + m);\n    view! { div(class=\"a\", on:click=move |_| d(1)) { Row(a=1, b=view! { Row() }) (if s.get() > 1 { view! { Row {} } } else { view! {} }) \"text\" Keyed(list=l, view=|x| view! { Row(x=x) }, key=|x| x.0) \"my-element\"() {} } }\n}\n",
    "#[component]\nfn Diox(a: u8, children: Element) -> Element {\n    let mut s = use_signal(|| 0); let c = use_context_provider(|| State { n: Signal::new(1), m: 2 });\n    let x = use_thing(1)?;\n    rsx! { div { class: \"a\", onclick: move |_| s += 1, \"data-x\": \"{x}\", if s() > 1 { Row { a: 1 } } else if x { Row { ..p } } else { \"t\" } for i in 0..3 { Row { key: \"{i}\", b: rsx! { Row {} } } } {children} match x { 1 => rsx! { Row {} }, _ => rsx! {} } Gen::<u8> { a: 1 } } }\n}\n",
    "fn app() -> Element { rsx!(Row {}) }\n",
    "fn main() { let s = create_signal(1); let (a, b) = leptos::prelude::signal(f(signal(2),\n 3)); mount_to_body(move || leptos::view! { <Row a=s/> }); }\n",
    "impl Store { pub const fn new() -> Self { Self { a: Signal::new(0) } } fn add(&mut self) { self.items.push(Item { done: RwSignal::new(false), at: create_signal(|| 1) }); } }\n",
    "thread_local! {\n    static A: RefCell<Vec<(u8,\n u8)>> = const { RefCell::new(vec![]) }; pub(crate) static B: Cell<u8> = Cell::new(1) }\n",
    "trait T { fn view(&self) -> Html { html! { <Row /> } } }\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn files_put_together_at_random(
        parts in prop::collection::vec(prop::sample::select(&PARTS[..]), 0..6),
        start in prop::sample::select(&["", "\u{feff}", "#!/usr/bin/env run\n", "#![allow(unused)]\n"][..]),
        windows in any::<bool>(),
    ) {
        let text = format!("{start}{}", parts.concat());
        check(&if windows { text.replace('\n', "\r\n") } else { text });
    }

    /// Most of these are not Rust any more.
    #[test]
    fn files_with_a_missing_piece(
        parts in prop::collection::vec(prop::sample::select(&PARTS[..]), 1..4),
        start in 0_usize..200,
        length in 1_usize..20,
    ) {
        let text: Vec<char> = parts.concat().chars().collect();
        let end = (start + length).min(text.len());
        let rest: String = text.iter().take(start).chain(text.iter().skip(end)).collect();
        check(&rest);
    }
}

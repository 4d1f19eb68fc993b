//! What is rewritten, and what is left alone.

use std::collections::BTreeSet;

use expect_test::{Expect, expect};
use hmr_auto_state::{Framework, Options, SiteKind, rewrite};

fn rewritten(text: &str, excluded: &[&str]) -> hmr_auto_state::Rewritten {
    rewritten_with(Framework::Yew, text, excluded)
}

fn rewritten_with(
    framework: Framework,
    text: &str,
    excluded: &[&str],
) -> hmr_auto_state::Rewritten {
    let excluded: BTreeSet<String> = excluded.iter().map(|id| (*id).to_owned()).collect();
    rewrite(text, &Options { framework, unit: "unit", excluded: &excluded, earlier: &[] })
}

#[expect(clippy::needless_pass_by_value, reason = "so that it can be written in place")]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&rewritten(text, &[]).text);
}

#[expect(clippy::needless_pass_by_value, reason = "so that it can be written in place")]
fn check_with(framework: Framework, text: &str, expected: Expect) {
    expected.assert_eq(&rewritten_with(framework, text, &[]).text);
}

/// A text that is not changed.
fn unchanged(text: &str) {
    assert_eq!(rewritten(text, &[]).text, text);
}

#[test]
fn the_state_of_a_component_has_the_names_of_its_bindings() {
    check(
        "#[component]\nfn App() -> Html {\n    let count = use_state(|| 0);\n    let (list, _) = (yew::use_reducer(List::default), 1);\n    let list = use_state_eq::<u32, _>(|| 1,);\n    Html::default()\n}\n",
        expect![[r#"
            #[component]
            fn App() -> Html { let _hmr_render = ::hmr_yew::begin("App");
                let count = ::hmr_yew::use_kept_state(::hmr_yew::kept!("count", || 0));
                let (list, _) = (::hmr_yew::use_kept_reducer(::hmr_yew::kept!("list", List::default)), 1);
                let list = ::hmr_yew::use_kept_state_eq::<u32, _>(::hmr_yew::kept!("list#1", || 1),);
                Html::default()
            }
        "#]],
    );
}

#[test]
fn the_name_of_a_hooks_result_is_part_of_the_key() {
    check(
        "#[hook]\nfn use_field() -> UseStateHandle<u32> {\n    use_state(|| 0)\n}\n#[function_component(Form)]\nfn form() -> Html {\n    let first = use_field();\n    use_field();\n    use_effect(|| {});\n    html! { <p>{ *first }</p> }\n}\n",
        expect![[r#"
            #[hook]
            fn use_field() -> UseStateHandle<u32> {
                ::hmr_yew::use_kept_state(::hmr_yew::kept!("state", || 0))
            }
            #[function_component(Form)]
            fn form() -> Html { let _hmr_render = ::hmr_yew::begin("Form");
                let first = ::hmr_yew::leave(::hmr_yew::enter("first"), use_field());
                ::hmr_yew::leave(::hmr_yew::enter("use_field"), use_field());
                use_effect(|| {});
                html! { <p>{ *first }</p> }
            }
        "#]],
    );
}

#[test]
fn tags_are_found_in_all_parts_of_markup() {
    check(
        "#[component]\nfn App() -> Html {\n    html! {\n        <Panel title={html! { <b><Icon /></b> }} on={|x: u32| x > 1}>\n            if *open && 1 < 2 { <Row /> } else if x { <Row a=\"1\" /> } else { <><ui::Row /></> }\n            { for rows.iter().map(|row| html! { <Row key={row.id} /> }) }\n            for x in 0..3 { <Field<u32> /> }\n        </Panel>\n    }\n}\nfn line() -> Html { html! { <Row /> } }\n",
        expect![[r#"
            #[component]
            fn App() -> Html { let _hmr_render = ::hmr_yew::begin("App");
                html! {
                    {::hmr_yew::at("Panel", ::yew::html!{<Panel title={html! { <b>{::hmr_yew::at("Icon", ::yew::html!{<Icon />})}</b> }} on={|x: u32| x > 1}>
                        if *open && 1 < 2 { {::hmr_yew::at("Row", ::yew::html!{<Row />})} } else if x { {::hmr_yew::at("Row#1", ::yew::html!{<Row a="1" />})} } else { <>{::hmr_yew::at("Row#2", ::yew::html!{<ui::Row />})}</> }
                        { for rows.iter().map(|row| html! { {::hmr_yew::at("Row#3", ::yew::html!{<Row key={row.id} />})} }) }
                        for x in 0..3 { {::hmr_yew::at("Field", ::yew::html!{<Field<u32> />})} }
                    </Panel>})}
                }
            }
            fn line() -> Html { html! { {::hmr_yew::at("line.Row", ::yew::html!{<Row />})} } }
        "#]],
    );
}

#[test]
fn a_component_that_is_a_type_begins_in_its_view() {
    check(
        "impl Component for App {\n    fn view(&self, ctx: &Context<Self>) -> Html {\n        #![allow(unused)]\n        html! { <Row /> }\n    }\n}\n",
        expect![[r#"
            impl Component for App {
                fn view(&self, ctx: &Context<Self>) -> Html {
                    #![allow(unused)] let _hmr_render = ::hmr_yew::begin("App");
                    html! { {::hmr_yew::at("Row", ::yew::html!{<Row />})} }
                }
            }
        "#]],
    );
}

#[test]
fn names_that_mean_something_else_are_left_alone() {
    // The file's own functions, and imports from elsewhere, are custom hooks.
    let text = "use my::use_state;\n#[hook]\nfn use_mine() {\n    let a = use_state(|| 0);\n}\n";
    let sites = rewritten(text, &[]).sites;
    assert_eq!(sites.iter().map(|it| it.kind).collect::<Vec<_>>(), [SiteKind::Hook]);
    let text = "use yew::{prelude::*, use_state as use_local};\n#[hook]\nfn use_mine() {\n    let a = use_local(|| 0);\n}\n";
    let sites = rewritten(text, &[]).sites;
    assert_eq!(sites.iter().map(|it| it.kind).collect::<Vec<_>>(), [SiteKind::State]);
    unchanged("fn plain() { let a = use_state(|| 0); }\n");
}

#[test]
fn what_is_not_understood_is_left_alone() {
    unchanged("macro_rules! m { () => { html! { <Row /> } } }\n");
    unchanged("fn f() { other! { html! { <Row /> } } }\n");
    unchanged("this is not Rust {\n");
    unchanged("fn f() { html! { < } }\n");
    unchanged(
        "struct A<'a> { a: &'a str }\nenum Never {}\nstruct B { #[cfg(x)] b: u32 }\nunion C { a: u32 }\n",
    );
    unchanged("static VIEW: Markup = html! { <Row /> };\n");
    let in_closure = "#[component]\nfn A() -> Html {\n    let f = || { let a = use_state(|| 0); };\n    async { use_x() };\n    Html::default()\n}\n";
    assert_eq!(rewritten(in_closure, &[]).sites.len(), 1);
}

#[test]
fn a_comment_keeps_a_site_as_it_is() {
    let text = "#[hook]\nfn use_a() {\n    // hmr: reset\n    let a = use_state(|| 0);\n    let b = use_state(|| 0); // hmr: reset\n    let c = use_state(|| 0);\n}\n";
    let sites = rewritten(text, &[]).sites;
    assert_eq!(sites.iter().map(|it| &*it.key).collect::<Vec<_>>(), ["c"]);
}

#[test]
fn a_site_has_an_id_a_place_and_a_range_and_can_be_excluded() {
    let text = "#[hook]\nfn use_a() {\n    let ä = 1; let a = use_state(|| 0);\n}\n";
    let sites = rewritten(text, &[]).sites;
    let [site] = &sites[..] else { panic!("{sites:?}") };
    assert_eq!((&*site.id, site.line, site.column), ("state:use_a/a", 3, 24));
    assert_eq!(&text[site.range.clone()], "use_state(|| 0)");
    assert_eq!(rewritten(text, &["state:use_a/a"]).text, text);
}

#[test]
fn positions_are_brought_back() {
    let text = "#[hook]\nfn use_a() {\n    let a = use_state(|| first());\n    second();\n}\n";
    let rewritten = rewritten(text, &[]);
    for word in ["let a", "|| first", "first()", ");\n", "second()"] {
        let [new, old] = [&*rewritten.text, text].map(|it| it.rfind(word).expect("it is there"));
        assert_eq!(rewritten.map.to_original(new), old, "{word}");
    }
    let inserted = rewritten.text.find("hmr_yew").expect("it is there");
    assert_eq!(rewritten.map.to_original(inserted), text.find("use_state").expect("a call"));
}

#[test]
fn types_get_code_behind_them() {
    check(
        "#[cfg(a)]\nenum Shape<T> {\n    Dot,\n    Round(f64),\n    Box { w: T, r#type: u8 },\n}\n",
        expect![[r#"
            #[cfg(a)]
            enum Shape<T> {
                Dot,
                Round(f64),
                Box { w: T, r#type: u8 },
            } #[cfg(a)] impl<T: ::hmr_yew::state::Keep> ::hmr_yew::state::Keep for Shape<T> { fn write(&self) -> ::core::result::Result<::hmr_yew::state::Value, ::hmr_yew::state::NotCarried> { ::core::result::Result::Ok(match self { Self::Dot {  } => ::hmr_yew::state::shape::variant("Dot", ::hmr_yew::state::shape::unit([])), Self::Round { 0: hmr_0 } => ::hmr_yew::state::shape::variant("Round", ::hmr_yew::state::shape::newtype([("0", ::hmr_yew::state::write_field!(f64, hmr_0, "Shape::Round.0")?)])), Self::Box { w: hmr_0, r#type: hmr_1 } => ::hmr_yew::state::shape::variant("Box", ::hmr_yew::state::shape::named([("w", ::hmr_yew::state::write_field!(T, hmr_0, "Shape::Box.w")?), ("type", ::hmr_yew::state::write_field!(u8, hmr_1, "Shape::Box.type")?)])),  }) } fn read(hmr_value: &::hmr_yew::state::Value) -> ::core::result::Result<Self, ::hmr_yew::state::ReadError> { let hmr_variant = ::hmr_yew::state::Variant::of(hmr_value)?; match hmr_variant.name() { "Dot" => { let hmr_fields = hmr_variant.unit(); _ = &hmr_fields; ::core::result::Result::Ok(Self::Dot {  }) }, "Round" => { let hmr_fields = hmr_variant.newtype(); _ = &hmr_fields; ::core::result::Result::Ok(Self::Round { 0: ::hmr_yew::state::read_field!(f64, hmr_fields, "0")? }) }, "Box" => { let hmr_fields = hmr_variant.named(); _ = &hmr_fields; ::core::result::Result::Ok(Self::Box { w: ::hmr_yew::state::read_field!(T, hmr_fields, "w")?, r#type: ::hmr_yew::state::read_field!(u8, hmr_fields, "type")? }) },  hmr_other => ::core::result::Result::Err(::hmr_yew::state::ReadError::variant("Shape", hmr_other)) } } }
        "#]],
    );
}

#[test]
fn the_fields_of_a_component_that_is_a_type_are_its_state() {
    check(
        "struct App {\n    count: u32,\n    list: Vec<String>,\n}\nimpl Component for App {\n    fn create(_: &Context<Self>) -> Self {\n        Self { count: 0, list: vec![] }\n    }\n}\n",
        expect![[r#"
            struct App {
                count: u32,
                list: Vec<String>,
            } impl ::hmr_yew::state::Keep for App { fn write(&self) -> ::core::result::Result<::hmr_yew::state::Value, ::hmr_yew::state::NotCarried> { ::core::result::Result::Ok(match self { Self { count: hmr_0, list: hmr_1 } => ::hmr_yew::state::shape::named([("count", ::hmr_yew::state::write_field!(u32, hmr_0, "App.count")?), ("list", ::hmr_yew::state::write_field!(Vec < String >, hmr_1, "App.list")?)]),  }) } fn read(hmr_value: &::hmr_yew::state::Value) -> ::core::result::Result<Self, ::hmr_yew::state::ReadError> { let hmr_fields = ::hmr_yew::state::Fields::named(hmr_value); _ = &hmr_fields; ::core::result::Result::Ok(Self { count: ::hmr_yew::state::read_field!(u32, hmr_fields, "count")?, list: ::hmr_yew::state::read_field!(Vec < String >, hmr_fields, "list")? }) } }
            impl Component for App {
                fn create(hmr_context: &Context<Self>) -> Self { let hmr_made = (|| -> Self {
                    Self { count: 0, list: vec![] }
                })(); ::hmr_yew::created("App", hmr_context, hmr_made) }
            } impl ::hmr_yew::Fields for App { const NAMES: &'static [&'static str] = &["count", "list"]; fn started(self, hmr_start: &mut ::hmr_yew::FieldsStart) -> Self { let Self { count: hmr_0, list: hmr_1 } = self; Self { count: hmr_start.field("count", ::hmr_yew::state::codec!(u32), hmr_0), list: hmr_start.field("list", ::hmr_yew::state::codec!(Vec < String >), hmr_1) } } fn field(&self, hmr_at: usize) -> ::core::result::Result<::hmr_yew::state::Value, ::hmr_yew::state::NotCarried> { match hmr_at { 0 => ::hmr_yew::state::write_field!(u32, &self.count, "App.count"), 1 => ::hmr_yew::state::write_field!(Vec < String >, &self.list, "App.list"), _ => ::core::result::Result::Err(::hmr_yew::state::NotCarried::new("no field")) } } }
        "#]],
    );
    let sites = |text: &str| -> Vec<SiteKind> {
        rewritten(text, &[]).sites.iter().map(|it| it.kind).collect()
    };
    // Elsewhere, or with fields that do not always exist.
    assert_eq!(
        sites("impl Component for App { fn create(c: &Context<Self>) -> Self { App::new() } }"),
        []
    );
    let text = "struct A { #[cfg(x)] a: u8 }\nimpl Component for A { fn create(c: &Context<Self>) -> Self { todo!() } }";
    assert_eq!(sites(text), []);
}

#[test]
fn a_component_of_leptos_is_a_scope() {
    check_with(
        Framework::Leptos,
        "#[component]\npub fn Counter(label: String) -> impl IntoView {\n    #![allow(unused)]\n    let (count, set_count) = signal(0);\n    let list = RwSignal::<Vec<u8>>::new(\n        Vec::new());\n    let ones = use_count(1);\n    provide_context(list);\n    view! { <p>{count}</p> }\n}\n\n#[component]\nfn Any() -> AnyView {\n    ().into_any()\n}\n\n#[component(transparent)]\nfn Slot() -> impl IntoView {\n    ()\n}\n\nimpl Todo {\n    fn new() -> Self {\n        Self { done: leptos::prelude::RwSignal::new(false) }\n    }\n}\n",
        expect![[r#"
            #[component]
            pub fn Counter(label: String) -> impl IntoView {
                #![allow(unused)] ::hmr_leptos::scope("Counter", move || {
                let (count, set_count) = ::hmr_leptos::keep!("count", signal, 0);
                let list = ::hmr_leptos::keep!("list", RwSignal::<Vec<u8>>::new, 
                    Vec::new());
                let ones = ::hmr_leptos::leave(::hmr_leptos::enter("ones"), use_count(1));
                ::hmr_leptos::provide_context(list);
                view! { <p>{count}</p> }
            })}

            #[component]
            fn Any() -> AnyView { ::hmr_leptos::any_scope("Any", move || {
                ().into_any()
            })}

            #[component(transparent)]
            fn Slot() -> impl IntoView {
                ()
            }

            impl Todo {
                fn new() -> Self {
                    Self { done: ::hmr_leptos::keep!("Todo::new.done", leptos::prelude::RwSignal::new, false) }
                }
            }
        "#]],
    );
}

#[test]
fn tags_of_leptos_are_found_in_all_parts_of_markup() {
    check_with(
        Framework::Leptos,
        "#[component]\nfn App() -> impl IntoView {\n    view! {\n        <input type=\"text\">\n        Text, and <Row/> more\n        <Show when=move || on.get() fallback=|| view! { <Row name=\"a\"/> }>\n            <ui::Panel on:click=move |_| act()><Then slot><Row/></Then></ui::Panel>\n        </Show>\n        <For each=move || rows.get() key=|row| row.id let:row>\n            {move || leptos::view! { <Row name=row.name/> }}\n        </For>\n        <Router><Route path=\"/\" view=Home/></Router>\n    }\n}\n",
        expect![[r#"
            #[component]
            fn App() -> impl IntoView { ::hmr_leptos::scope("App", move || {
                view! {
                    <input type="text">
                    Text, and {::hmr_leptos::at("Row", || view!{<Row/>})} more
                    <Show when=move || on.get() fallback=|| view! { {::hmr_leptos::at("Row#1", || view!{<Row name="a"/>})} }>
                        {::hmr_leptos::at("Panel", || view!{<ui::Panel on:click=move |_| act()><Then slot>{::hmr_leptos::at("Row#2", || view!{<Row/>})}</Then></ui::Panel>})}
                    </Show>
                    {::hmr_leptos::at("For", || view!{<hmr_leptos::For each=move || rows.get() key=|row| row.id let:row>
                        {move || leptos::view! { {::hmr_leptos::at("Row#3", || leptos::view!{<Row name=row.name/>})} }}
                    </hmr_leptos::For>})}
                    <Router><Route path="/" view=Home/></Router>
                }
            })}
        "#]],
    );
    let with_class = "fn f() { view! { class=\"a\", <Row/> } }\n";
    assert_eq!(rewritten_with(Framework::Leptos, with_class, &[]).text, with_class);
}

#[test]
fn sycamore() {
    check_with(
        Framework::Sycamore,
        "#[component(inline_props)]\nfn App(on: bool) -> View {\n    let count = create_signal(0);\n    let (total, add) = create_reducer(0, |total, more: u32| total + more);\n    view! {\n        div(class=\"a\") {\n            Row(name=view! { Row() })\n            Panel { Row() }\n            (if on { view! { Row(name=\"b\") } } else { view! {} })\n            Keyed(list=rows, view=|row| view! { Row(name=row) }, key=|row| *row)\n        }\n    }\n}\n\n#[component]\nasync fn Later() -> View {\n    View::new()\n}\n",
        expect![[r#"
            #[component(inline_props)]
            fn App(on: bool) -> View { ::hmr_sycamore::scope("App", move || {
                let count = ::hmr_sycamore::keep!("count", create_signal, 0);
                let (total, add) = ::hmr_sycamore::keep!("total", create_reducer, 0, |total, more: u32| total + more);
                view! {
                    div(class="a") {
                        ({let _hmr_tagged = ::hmr_sycamore::TAG + "Row"; view!{Row(name=view! { ({let _hmr_tagged = ::hmr_sycamore::TAG + "Row#1"; view!{Row()}}) })}})
                        ({let _hmr_tagged = ::hmr_sycamore::TAG + "Panel"; view!{Panel { ({let _hmr_tagged = ::hmr_sycamore::TAG + "Row#2"; view!{Row()}}) }}})
                        (if on { view! { ({let _hmr_tagged = ::hmr_sycamore::TAG + "Row#3"; view!{Row(name="b")}}) } } else { view! {} })
                        ({let _hmr_tagged = ::hmr_sycamore::TAG + "Keyed"; view!{hmr_sycamore::Keyed(list=rows, view=|row| view! { ({let _hmr_tagged = ::hmr_sycamore::TAG + "Row#4"; view!{Row(name=row)}}) }, key=|row| *row)}})
                    }
                }
            })}

            #[component]
            async fn Later() -> View {
                View::new()
            }
        "#]],
    );
}

#[test]
fn dioxus() {
    check_with(
        Framework::Dioxus,
        "#[component]\nfn App(on: bool) -> Element {\n    let mut count = use_signal(|| 0);\n    let state = use_context_provider(|| State { total: Signal::new(1) });\n    let rows = use_rows(2)?;\n    rsx! {\n        div { class: \"a\", \"data-x\": \"b\", onclick: move |_| count += 1,\n            Row { name: rsx! { Row {} } }\n            if on { ui::Row { ..rest } } else { \"no\" }\n            for row in rows { Row { key: \"{row}\" } }\n            {on.then(|| rsx!(Row {}))}\n            match on { _ => rsx! { Panel { Row { name: \"c\" } } } }\n            document::Title { \"text\" }\n        }\n    }\n}\n",
        expect![[r#"
            #[component]
            fn App(on: bool) -> Element { ::hmr_dioxus::view("App", move || -> ::hmr_dioxus::Element {
                let mut count = ::hmr_dioxus::keep_hook!("count", use_signal, || 0);
                let state = use_context_provider(|| State { total: ::hmr_dioxus::keep!("total", Signal::new, 1) });
                let rows = ::hmr_dioxus::leave(::hmr_dioxus::enter("rows"), use_rows(2))?;
                rsx! {
                    div { class: "a", "data-x": "b", onclick: move |_| count += 1,
                        {::hmr_dioxus::at("Row", rsx!{Row { name: rsx! { {::hmr_dioxus::at("Row#1", rsx!{Row {}})} } }})}
                        if on { {::hmr_dioxus::at("Row#2", rsx!{ui::Row { ..rest }})} } else { "no" }
                        for row in rows { Row { key: "{row}" } }
                        {on.then(|| rsx!({::hmr_dioxus::at("Row#3", rsx!{Row {}})}))}
                        match on { _ => rsx! { {::hmr_dioxus::at("Panel", rsx!{Panel { {::hmr_dioxus::at("Row#4", rsx!{Row { name: "c" }})} }})} } }
                        document::Title { "text" }
                    }
                }
            })}
        "#]],
    );
}

#[test]
fn variables_in_cells() {
    check_with(
        Framework::Leptos,
        "thread_local! {\n    #[allow(unused)]\n    pub static LOG: RefCell<Vec<u8>> = RefCell::new(\n        Vec::new(),\n    );\n    static OPEN: std::cell::Cell<bool> = const { Cell::new(false) };\n    static PLAIN: u8 = 1;\n    #[cfg(x)]\n    static SOME: Cell<u8> = Cell::new(1);\n    // hmr: reset\n    static MARKED: Cell<u8> = Cell::new(1)\n}\nstatic COUNT: AtomicU32 = AtomicU32::new(0);\n",
        expect![[r#"
            thread_local! {
                #[allow(unused)]
                pub static LOG: RefCell<Vec<u8>> = ::hmr_leptos::state::keep_ref_cell!(LOG, Vec < u8 >, RefCell::new(
                    Vec::new(),
                ));
                static OPEN: std::cell::Cell<bool> = ::hmr_leptos::state::keep_cell!(OPEN, bool,  { Cell::new(false) });
                static PLAIN: u8 = 1;
                #[cfg(x)]
                static SOME: Cell<u8> = Cell::new(1);
                // hmr: reset
                static MARKED: Cell<u8> = Cell::new(1)
            }
            static COUNT: AtomicU32 = AtomicU32::new(0); const _: () = { #[unsafe(export_name = "hmr_variable_unit_0")] extern "C" fn hmr_variable() { ::hmr_leptos::state::keep_static!(COUNT, AtomicU32); } };
        "#]],
    );
}

#[test]
fn calls_in_markup() {
    check_with(
        Framework::Leptos,
        "#[component]\nfn App() -> impl IntoView {\n    view! {\n        <For each=rows key=|row| row.id children=|row| {\n            let (open, set_open) = signal(false);\n            let list = RwSignal::<Vec<u8>>::new(vec![]);\n            other.signal(1);\n            view! { <Row row open=RwSignal::new(false)/> }\n        } />\n    }\n}\n",
        expect![[r#"
            #[component]
            fn App() -> impl IntoView { ::hmr_leptos::scope("App", move || {
                view! {
                    {::hmr_leptos::at("For", || view!{<hmr_leptos::For each=rows key=|row| row.id children=|row| {
                        let (open, set_open) = ::hmr_leptos::keep!("markup.open", signal, false);
                        let list = ::hmr_leptos::keep!("markup.list", RwSignal::<Vec<u8>>::new, vec![]);
                        other.signal(1);
                        view! { {::hmr_leptos::at("Row", || view!{<Row row open=::hmr_leptos::keep!("markup.state", RwSignal::new, false)/>})} }
                    } />})}
                }
            })}
        "#]],
    );
}

#[test]
fn functions_of_dioxus_that_are_no_components_have_names_of_their_own() {
    check_with(
        Framework::Dioxus,
        "fn App() -> Element {\n    let count = use_signal(|| 0);\n    rsx! { Row {} {part(count)} }\n}\n\nfn part(count: Signal<u8>) -> Element {\n    let count = use_signal(|| 1);\n    rsx! { Row {} }\n}\n",
        expect![[r#"
            fn App() -> Element { ::hmr_dioxus::view("App", move || -> ::hmr_dioxus::Element {
                let count = ::hmr_dioxus::keep_hook!("count", use_signal, || 0);
                rsx! { {::hmr_dioxus::at("Row", rsx!{Row {}})} {part(count)} }
            })}

            fn part(count: Signal<u8>) -> Element { ::hmr_dioxus::view("part", move || -> ::hmr_dioxus::Element {
                let count = ::hmr_dioxus::keep_hook!("part.count", use_signal, || 1);
                rsx! { {::hmr_dioxus::at("part.Row", rsx!{Row {}})} }
            })}
        "#]],
    );
}

#[test]
fn global_signals_of_dioxus_are_kept() {
    check_with(
        Framework::Dioxus,
        "static COUNT: GlobalSignal<u32> = Signal::global(|| 0);\npub static ROWS: GlobalStore<Vec<Row>> = Global::new(rows);\nstatic TWICE: GlobalMemo<u32> = Signal::global_memo(|| COUNT() * 2);\n",
        expect![[r"
            static COUNT: GlobalSignal<u32> = Signal::global(|| ::hmr_dioxus::keep_global!(COUNT, u32, || 0));
            pub static ROWS: GlobalStore<Vec<Row>> = Global::new(|| ::hmr_dioxus::keep_global!(ROWS, Vec < Row >, rows));
            static TWICE: GlobalMemo<u32> = Signal::global_memo(|| COUNT() * 2);
        "]],
    );
}

#[test]
fn stores_of_leptos_are_kept() {
    check_with(
        Framework::Leptos,
        "use reactive_stores::Store;\nfn rows() {\n    let rows = Store::new(Rows::default());\n    let other = leptos::prelude::signal(0);\n}\n",
        expect![[r#"
            use reactive_stores::Store;
            fn rows() {
                let rows = ::hmr_leptos::keep_readable!("rows.rows", Store::new, Rows::default());
                let other = ::hmr_leptos::keep!("rows.other", leptos::prelude::signal, 0);
            }
        "#]],
    );
}

#[test]
fn a_name_before_another_statement_is_not_that_of_a_value() {
    check_with(
        Framework::Leptos,
        "fn f() -> impl IntoView { view! { <p>{move || { let a = 1; b = signal(0); let c = signal(1); }}</p> } }\n",
        expect![[r#"
            fn f() -> impl IntoView { view! { <p>{move || { let a = 1; b = ::hmr_leptos::keep!("f.markup.state", signal, 0); let c = ::hmr_leptos::keep!("f.markup.c", signal, 1); }}</p> } }
        "#]],
    );
}

//! Expansions of the macros, as tokens. `UPDATE_EXPECT=1` rewrites the expectations.
#![allow(missing_docs)]

use expect_test::{Expect, expect};
use proc_macro2::TokenStream;

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("tokens")
}

/// The expansion, with the paths of the SDK cut short.
fn short(expansion: &TokenStream) -> String {
    let text =
        expansion.to_string().replace(":: hmr_sdk :: rt :: ", "").replace(":: hmr_sdk :: ", "");
    text.replace(" . ", ".")
        .replace("& ", "&")
        .replace(" (", "(")
        .replace("( ", "(")
        .replace(" )", ")")
}

fn check_view(markup: &str, expected: &Expect) {
    expected.assert_eq(&short(&hmr_grammar::view(tokens(markup))));
}

/// The prelude's names that start with a small letter.
fn prelude() -> Vec<String> {
    let source = include_str!("../../src/lib.rs");
    let (_, prelude) = source.split_once("pub mod prelude {").expect("there is a prelude");
    let (prelude, _) = prelude.split_once("\n}").expect("its end");
    // Macros, and the SDK's own name, are not functions.
    let uses = prelude.split("pub use ").skip(1);
    let uses = uses.filter(|it| !it.starts_with("hmr_macros") && !it.starts_with("crate as"));
    let names = uses.flat_map(|it| {
        let (_, names) = it.split_once('{').expect("several names");
        let (names, _) = names.split_once('}').expect("their end");
        names.split(',').map(|name| name.trim().to_owned())
    });
    names.filter(|name| name.starts_with(char::is_lowercase)).collect()
}

#[test]
fn a_call_of_the_sdk_s_own_functions_has_no_scope_of_its_own() {
    let names = prelude();
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        let modules = ["clipboard", "host", "http", "location", "log", "random", "storage"];
        let is_module = modules.contains(&name.as_str());
        let call = if is_module { format!("{name}::call(1)") } else { format!("{name}(1)") };
        let scoped = hmr_grammar::scoped(
            TokenStream::new(),
            &tokens(&format!("fn of_a_user() {{ {call}; }}")),
        );
        assert!(name == "json" || !short(&scoped).contains("enter_call"), "{call}: {scoped}");
    }
}

#[test]
fn an_element_is_one_chain() {
    check_view(
        r#"<p class="a" class:on={move || on.get()} on:click:prevent={go}>"Hi " {name}</p>"#,
        &expect![[
            r#"IntoView :: into_view(html("p").attr_text("class" , "a").class("on" , move | | on.get()).on("click" , 1u8 , go).text("Hi ").child(name))"#
        ]],
    );
}

#[test]
fn what_a_select_shows_is_set_after_its_options() {
    check_view(
        r#"<select bind:value={v}><option>"a"</option></select>"#,
        &expect![[
            r#"IntoView :: into_view(html("select").child(html("option").text("a")).bind_value(v))"#
        ]],
    );
}

#[test]
fn namespaces_come_from_the_element_around_or_the_name() {
    check_view(
        r"<svg><a/><foreignObject><a/></foreignObject></svg>",
        &expect![[
            r#"IntoView :: into_view(svg("svg").child(svg("a")).child(svg("foreignObject").child(html("a"))))"#
        ]],
    );
    check_view(r"<circle/>", &expect![[r#"IntoView :: into_view(svg("circle"))"#]]);
}

#[test]
fn components_fill_a_builder() {
    check_view(
        r#"<ui::Card title="T" key={id}><br>"x"</ui::Card>"#,
        &expect![[
            r#"IntoView :: into_view(child("Card" , :: core :: option :: Option :: Some(:: std :: string :: ToString :: to_string(&id)) , builder(ui :: Card).title("T").children(move || { IntoView :: into_view(:: std :: vec ! [IntoView :: into_view(html("br")) , IntoView :: into_view("x")]) }).__build() , ui :: Card))"#
        ]],
    );
}

#[test]
fn closures_that_render_have_a_scope_named_after_what_they_render() {
    check_view(
        r"{move || view! { <Row /> }} {move || n.get()}",
        &expect![[
            r#"IntoView :: into_view(:: std :: vec ! [IntoView :: into_view(region("?Row" , move | | view ! { < Row /> })) , IntoView :: into_view(move | | n.get())])"#
        ]],
    );
}

#[test]
fn bindings_are_named_around_the_expression() {
    let function = tokens(
        "fn use_it() -> A {
            let a = signal(0)?;
            let (b, c) = (signal(1), 2);
            let d = Form { e: signal(3), f };
            let g = 5;
            let h = move || { let i = make(); };
            a
        }",
    );
    expect![[r#"fn use_it() -> A { let __hmr_scope = enter_function("use_it") ; let __hmr_binding = bind("a" , 7050417839912408353u64) ; let a = signal(0) ? ; :: core :: mem :: drop(__hmr_binding) ; let(b , c) =({ let __hmr_binding = bind("b" , 8665832825550165259u64) ; signal(1) } , 2) ; let __hmr_binding = bind("d" , 6613036910262304088u64) ; let d = Form { e : { let __hmr_binding = bind_field("e" , 8482452119021600505u64) ; signal(3) } , f } ; :: core :: mem :: drop(__hmr_binding) ; let g = 5 ; let h = move | | { let __hmr_binding = bind("i" , 14807947794555344584u64) ; let i = leave(enter_call("make") , make()) ; :: core :: mem :: drop(__hmr_binding) ; } ; a }"#]].assert_eq(&short(&hmr_grammar::scoped(TokenStream::new(), &function)));
}

#[test]
fn an_exported_component_has_a_manifest_line_and_reads_its_props() {
    let function =
        tokens("fn Counter(start: i32, #[prop(default = 3)] step: i32) -> View { view! {} }");
    let expansion = short(&hmr_grammar::component(tokens("export"), &function));
    for part in [
        r#"export_name = "hmr_component:Counter""#,
        r#"link_section = "hmr.manifest""#,
        r#"start : props.required::<i32>("start") ?"#,
        r#"match props.optional::<i32>("step") ?"#,
    ] {
        let part = part.replace(' ', "");
        assert!(expansion.replace(' ', "").contains(&part), "{part} in {expansion}");
    }
}

/// Asserts that an expansion has all these parts, ignoring spaces.
fn check_parts(expansion: &TokenStream, parts: &[&str]) {
    let expansion = short(expansion).replace(' ', "");
    for part in parts {
        let part = part.replace(' ', "");
        assert!(expansion.contains(&part), "{part} in {expansion}");
    }
}

#[test]
fn versions_reasons_and_marks_reach_the_module_and_its_manifest() {
    let function = tokens("fn Board() -> View { view! {} }");
    let attribute = tokens(r#"export, reset, version = "1.1.0", decline = "it\tdraws""#);
    check_parts(
        &hmr_grammar::component(attribute, &function),
        &[
            r#"version : :: core :: option :: Option :: Some("1.1.0")"#,
            r#""version\tBoard\t1.1.0\ndecline\tBoard\tit draws\n""#,
            r#"reset_scope("Board");"#,
        ],
    );
}

#[test]
fn a_migration_registers_itself_and_has_a_manifest_line() {
    let function = tokens("fn rename(saved: &mut Saved) -> Result<(), MigrationError> { Ok(()) }");
    let attribute = tokens(r#"cards::Board, from = "1.0.0", to = "1.1.0""#);
    check_parts(
        &hmr_grammar::migration(attribute, &function),
        &[
            r#"export_name = "hmr_component:Board/1.0.0/1.1.0""#,
            r#""abi\t1\nmigration\tBoard\t1.0.0\t1.1.0\n""#,
            r"component : < cards :: BoardProps as Exported > :: NAME",
            "struct rename {}",
        ],
    );
}

#[test]
fn a_mark_on_a_binding_is_taken_off_it() {
    let function = tokens(
        "fn Board() -> View {
            #[reset] let a = signal(0);
            #[reset] let (b, c) = (signal(1), signal(2));
            let each = move || { #[reset] let d = signal(3); d };
            view! {}
        }",
    );
    let expansion = hmr_grammar::component(TokenStream::new(), &function);
    let binds =
        [r#"bind_reset("a","#, r#"bind_reset("b","#, r#"bind_reset("c","#, r#"bind_reset("d","#];
    check_parts(&expansion, &binds);
    assert!(!short(&expansion).contains("# [reset]"));
}

#[test]
fn every_mistake_is_reported() {
    let expansion =
        hmr_grammar::view(tokens(r#"<dvi on:click:once={f} style:x="1" style:x="2">text</dvi>"#))
            .to_string();
    for part in
        ["there is no element", "does not know the modifier", "is given twice", "quotation marks"]
    {
        assert!(expansion.contains(part), "{part} in {expansion}");
    }
}

#[test]
fn an_expansion_reaches_the_sdk_by_another_name() {
    let check = |expansion: &str, named: &str, in_scope: &str| {
        let reached = |sdk| hmr_grammar::reach(tokens(expansion), &sdk).to_string();
        let same = |left: String, right: &str| assert_eq!(left, tokens(right).to_string());
        same(reached(hmr_grammar::Sdk::Named("ui".into())), named);
        same(reached(hmr_grammar::Sdk::InScope), in_scope);
    };
    check(
        "<A as ::hmr_sdk::rt::Exported>::NAME; { ::hmr_sdk::View::empty() }",
        "<A as ::ui::rt::Exported>::NAME; { ::ui::View::empty() }",
        "<A as hmr_sdk::rt::Exported>::NAME; { hmr_sdk::View::empty() }",
    );
    let of_the_user = "use a::hmr_sdk::b; hmr_sdk::c(); crate::hmr_sdk::d(); \"::hmr_sdk\"";
    check(of_the_user, of_the_user, of_the_user);
}

#[test]
fn every_macro_reaches_the_sdk_by_global_paths_alone() {
    let sources = [
        include_str!("../src/view.rs"),
        include_str!("../src/view/attributes.rs"),
        include_str!("../src/view/components.rs"),
        include_str!("../src/component.rs"),
        include_str!("../src/component/props.rs"),
        include_str!("../src/migration.rs"),
        include_str!("../src/naming.rs"),
        include_str!("../src/route.rs"),
    ];
    for source in sources {
        for (at, _) in source.match_indices("hmr_sdk::") {
            assert!(source[..at].ends_with("::"), "{}", &source[at.saturating_sub(60)..at + 20]);
        }
    }
}

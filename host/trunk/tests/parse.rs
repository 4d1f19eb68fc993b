//! What is read from a page, and what is wrong with it.

use hmr_trunk::{Page, RustLink, RustLinkKind};

fn error(html: &str) -> String {
    Page::parse(html).expect_err("a page that is wrong").to_string()
}

fn notes(html: &str) -> Vec<String> {
    Page::parse(html).expect("a page that is right").notes().to_vec()
}

#[test]
fn every_attribute_of_an_application_is_read() {
    let page = Page::parse(
        r#"<head>
<link data-trunk rel="rust" href="app/Cargo.toml" data-bin="app" data-target-name="app" data-type="main"
  data-cargo-features="one, two three" data-cargo-no-default-features data-cargo-profile="all" data-cargo-profile-dev="quick"
  data-initializer="start.mjs" data-wasm-import-name="app" data-wasm-no-import data-target-path="pkg/"
  data-wasm-opt="z" data-wasm-opt-params="--all" data-keep-debug data-no-demangle data-reference-types data-weak-refs
  data-typescript data-cross-origin="anonymous" data-integrity="none" data-cargo-profile-release="slow" />
<link rel="rust" data-trunk="" data-type="worker" data-bin="worker" data-bindgen-target="web" data-loader-shim
  data-cargo-all-features data-cargo-profile="all">
</head>"#,
    )
    .expect("a page that is right");
    let links: Vec<_> = page.rust_links().cloned().collect();
    let main = RustLink {
        href: Some("app/Cargo.toml".into()),
        bin: Some("app".to_owned()),
        target_name: Some("app".to_owned()),
        features: vec!["one".to_owned(), "two".to_owned(), "three".to_owned()],
        no_default_features: true,
        profile: Some("quick".to_owned()),
        release_profile: Some("slow".to_owned()),
        wasm_opt: Some("z".to_owned()),
        wasm_opt_arguments: vec!["--all".to_owned()],
        initializer: Some("start.mjs".into()),
        no_import: true,
        import_name: Some("app".to_owned()),
        target_path: Some("pkg".into()),
        ..RustLink::default()
    };
    let worker = RustLink {
        bin: Some("worker".to_owned()),
        kind: RustLinkKind::Worker,
        all_features: true,
        profile: Some("all".to_owned()),
        release_profile: Some("all".to_owned()),
        bindgen_target: Some("web".to_owned()),
        loader_shim: true,
        ..RustLink::default()
    };
    assert_eq!(links, [main.clone(), worker]);
    assert_eq!(page.main_link(), Some(&main));
    assert_eq!(page.notes(), [] as [&str; 0]);
}

#[test]
fn a_page_may_have_nothing_for_trunk() {
    let page = Page::parse("<link rel=\"stylesheet\" href=\"a.css\"><!-- <link data-trunk> -->");
    let page = page.expect("a page that is right");
    assert_eq!(page.rust_links().count(), 0);
    assert_eq!(page.main_link(), None);
}

#[test]
fn an_element_may_be_in_the_body() {
    let page = Page::parse("<body><main></main>\n<link data-trunk rel=rust data-bin=app></body>");
    let page = page.expect("a page that is right");
    assert_eq!(page.main_link().and_then(|link| link.bin.as_deref()), Some("app"));
}

#[test]
fn an_unknown_kind_names_the_known_ones_and_the_line() {
    let text = error("<head>\n\n<link data-trunk rel=\"scs\" href=\"a.scss\">");
    assert_eq!(
        text,
        "line 3: `rel=\"scs\"` is not a kind of asset\nhint: did you mean `scss`? The kinds are `rust`, `css`, `scss`, `sass`, \
         `tailwind-css`, `tailwind-css-extra`, `inline`, `icon`, `copy-file`, `copy-dir`"
    );
    assert!(error("<link data-trunk rel=\"zzz\">").contains("hint: the kinds are `rust`"));
    assert!(error("<link data-trunk rel=\"CSS\" href=\"a\">").contains("did you mean `css`?"));
    assert!(
        error("<p>\n<link data-trunk href=\"a\">")
            .starts_with("line 2: `<link data-trunk>` has no `rel`")
    );
}

#[test]
fn a_path_that_is_missing_is_named() {
    for kind in ["css", "scss", "sass", "tailwind-css", "inline", "icon", "copy-file", "copy-dir"] {
        let text = error(&format!("<link data-trunk rel=\"{kind}\">"));
        let expected = format!("line 1: `<link data-trunk rel=\"{kind}\">` has no `href`\nhint: ");
        assert!(text.starts_with(&expected), "{text}");
    }
    assert!(error("<script data-trunk></script>").contains("`<script data-trunk>` has no `src`"));
}

#[test]
fn values_that_are_not_possible_are_named() {
    assert_eq!(
        error("<link data-trunk rel=rust data-type=service>"),
        "line 1: `data-type` is `service`\nhint: it may be `main` or `worker`"
    );
    assert!(error("<link data-trunk rel=inline href=notes.txt>").contains("`type` is `txt`"));
    assert!(error("<link data-trunk rel=inline href=notes>").contains("hint: it may be `html`"));
    for path in ["../up", "/root"] {
        let text = error(&format!("<link data-trunk rel=css href=a.css data-target-path={path}>"));
        assert!(text.contains("a relative path without `..`"), "{text}");
    }
    let all = "<link data-trunk rel=rust data-cargo-all-features data-cargo-features=a>";
    assert!(error(all).contains("`data-cargo-all-features` cannot be combined"));
}

#[test]
fn a_page_starts_one_application() {
    let link = "<link data-trunk rel=rust>\n";
    let text = error(&link.repeat(2));
    assert!(text.starts_with("line 2: a second application; the first is in line 1"), "{text}");
    let worker = "<link data-trunk rel=rust data-type=worker>\n";
    assert!(Page::parse(&format!("{link}{worker}{worker}")).is_ok());
}

#[test]
fn what_is_not_honoured_is_noted() {
    assert_eq!(
        notes(
            "\n<link data-trunk rel=rust data-cargo-feature=a>\n<link data-trunk rel=icon href=a.png data-sizes=1 data-integrity=none>"
        ),
        [
            "line 2: `data-cargo-feature` of `rel=\"rust\"` is not honoured; did you mean `data-cargo-features`?",
            "line 3: `data-sizes` of `rel=\"icon\"` is not honoured",
        ]
    );
    // These are in the output, so they are honoured.
    assert_eq!(notes("<link data-trunk rel=css href=a.css data-theme=dark>"), [] as [&str; 0]);
    assert!(
        notes("\n<script src=\"a.js\" />")[0].starts_with("line 2: `<script …/>` is not closed")
    );
}

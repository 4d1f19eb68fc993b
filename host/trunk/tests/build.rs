//! Pages with their files on disk: what is served, and what a change makes stale.

use std::cell::RefCell;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use hmr_trunk::{
    BuildOptions, BuiltPage, Found, Page, PageError, ServedFile, Source, ToolCall, ToolError,
};
use tempfile::TempDir;

/// A folder with files.
struct Project {
    folder: TempDir,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    fn path(&self, path: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).expect("a path in UTF-8").join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn with<T>(&self, public_url: &str, use_it: impl FnOnce(&BuildOptions<'_>) -> T) -> T {
        let folder = self.path("");
        use_it(&BuildOptions {
            page_folder: &folder,
            project_folder: &folder,
            public_url,
            app_html: "<app>",
            hashed: false,
            minify: false,
        })
    }

    fn build(&self, html: &str) -> Result<BuiltPage, PageError> {
        let page = Page::parse(html).expect("a page that is right");
        self.with("/", |options| page.build(options, &no_tool))
    }

    fn built(&self, html: &str) -> BuiltPage {
        let built = self.build(html).expect("a page that can be built");
        assert_eq!(built.errors, []);
        built
    }

    /// Why the one asset that is wrong is left out of the page.
    fn wrong(&self, html: &str) -> PageError {
        let mut built = self.build(html).expect("a page that can be read");
        let error = built.errors.pop().expect("an error");
        assert_eq!((built.errors, error.inputs()), (Vec::new(), built.inlined));
        error
    }

    fn served(&self, url_path: &str, source: Source, inputs: &[&str]) -> ServedFile {
        let inputs = inputs.iter().map(|path| self.path(path)).collect();
        ServedFile { url_path: url_path.to_owned(), source, inputs, scans_sources: false }
    }
}

fn no_tool(_: &ToolCall) -> Result<Vec<u8>, ToolError> {
    Err(ToolError::Missing)
}

fn css(text: &str) -> Source {
    Source::Bytes { content: text.into(), media_type: "text/css" }
}

/// A page with each kind of asset.
const EACH_KIND: &str = r#"<!DOCTYPE html>
<html><head><base data-trunk-public-url/>
<link data-trunk rel="css" href="styles/site.css" media="print" data-theme='d"k' disabled data-target-path="css/">
<link data-trunk rel="scss" href="styles/theme.scss" id=theme>
<link data-trunk rel="sass" href="styles/small.sass" data-inline type="text/css" id="small"/>
<link data-trunk rel="icon" href="icon.png">
<link data-trunk rel="copy-file" href="robots.txt">
<link data-trunk rel="copy-dir" href="img">
<script data-trunk src="js/run.js" type="module" defer></script>
</head><body  class=x>
<link data-trunk rel="inline" href="part.html"><link data-trunk rel="inline" href="part.svg">
<link data-trunk rel="inline" href="part.css"><link data-trunk rel="inline" href="part.js">
<link data-trunk rel="inline" href="part.mjs"><link data-trunk rel="inline" href="part.js" type="module">
<link data-trunk rel="rust" data-type="worker"><link data-trunk rel="rust">
<P>é &amp; <br/></P></body></html>"#;
/// The same page as it is served.
const EACH_KIND_BUILT: &str = r#"<!DOCTYPE html>
<html><head><base href="/" />
<link rel="stylesheet" href="/css/site.css" media="print" data-theme="d&quot;k" disabled/>
<link rel="stylesheet" href="/theme.css" id="theme"/>
<style id="small">a {
  color: blue;
}
</style>
<link rel="icon" href="/icon.png"/>


<script src="/run.js" type="module" defer></script>
</head><body  class=x>
<p>part</p><svg/>
<style>p{}</style><script>1</script>
<script type="module">2</script><script type="module">1</script>
<app>
<P>é &amp; <br/></P></body></html>"#;

#[test]
fn each_kind_is_replaced_as_by_trunk() {
    let project = Project::new(&[
        ("styles/site.css", "a{}"),
        ("styles/theme.scss", "$c: red; a { b { color: $c; } }"),
        ("styles/small.sass", "a\n  color: blue\n"),
        ("icon.png", "png"),
        ("js/run.js", "run()"),
        ("robots.txt", "all"),
        ("img/deep/cat.png", "cat"),
        ("part.html", "<p>part</p>"),
        ("part.svg", "<svg/>"),
        ("part.css", "p{}"),
        ("part.js", "1"),
        ("part.mjs", "2"),
    ]);
    let built = project.built(EACH_KIND);
    assert_eq!(built.html, EACH_KIND_BUILT);
    let file = |path: &str| Source::File(project.path(path));
    assert_eq!(
        built.files,
        [
            project.served("css/site.css", file("styles/site.css"), &["styles/site.css"]),
            project.served("theme.css", css("a b {\n  color: red;\n}\n"), &["styles/theme.scss"]),
            project.served("icon.png", file("icon.png"), &["icon.png"]),
            project.served("robots.txt", file("robots.txt"), &["robots.txt"]),
            project.served("img", Source::Folder(project.path("img")), &["img"]),
            project.served("run.js", file("js/run.js"), &["js/run.js"]),
        ]
    );
    assert_eq!(built.notes, [] as [&str; 0]);
    assert!(built.inlined.contains(&project.path("styles/small.sass")));
}

#[test]
fn a_page_without_a_link_starts_its_application_at_the_end() {
    let project = Project::new(&[]);
    assert_eq!(
        project.built("<html><body><p></p></body></html>").html,
        "<html><body><p></p><app></body></html>"
    );
    assert_eq!(project.built("<p>no body").html, "<p>no body<app>");
    let skipped = "<html><body><link data-trunk rel=rust data-trunk-skip></body></html>";
    assert_eq!(project.built(skipped).html, "<html><body></body></html>");
}

#[test]
fn urls_begin_with_the_public_url() {
    let project = Project::new(&[("a.css", "a{}")]);
    let html = "<html><head><base data-trunk-public-url><link data-trunk rel=css href=a.css>";
    let page = Page::parse(html).expect("a page that is right");
    let built = project.with("/app/", |options| page.build(options, &no_tool)).expect("a page");
    let expected = r#"<base href="/app/"><link rel="stylesheet" href="/app/a.css"/>"#;
    assert_eq!(built.html, format!("<html><head>{expected}<app>"));
    assert_eq!(built.files[0].url_path, "a.css");
}

#[test]
fn imports_of_a_stylesheet_are_its_inputs() {
    let project = Project::new(&[
        (
            "styles/site.scss",
            "@use 'parts/colors'; @import '../shared/base'; a { color: colors.$c }",
        ),
        ("styles/parts/_colors.scss", "$c: red;"),
        ("shared/_base.scss", "b { margin: 0 }"),
    ]);
    let html = "<link data-trunk rel=scss href=./styles/../styles/site.scss>";
    let mut built = project.built(html);
    let inputs = ["shared/_base.scss", "styles/parts/_colors.scss", "styles/site.scss"];
    assert_eq!(built.files[0].inputs, inputs.map(|path| project.path(path)));
    let affected = |built: &BuiltPage, path: &str| built.affected(&[project.path(path)]).files;
    assert_eq!(affected(&built, "styles/parts/_colors.scss"), ["site.css"]);
    assert_eq!(affected(&built, "styles/other.scss"), [] as [&str; 0]);

    project.write("styles/parts/_colors.scss", "$c: blue;");
    let page = Page::parse(html).expect("a page that is right");
    let again = project.with("/", |options| page.build_style("site.css", options, &no_tool));
    built.replace(again.expect("a stylesheet"));
    let Some(Found::Bytes { content, media_type }) = built.find("site.css") else {
        panic!("{built:?}");
    };
    assert!(String::from_utf8_lossy(content).contains("color: blue"));
    assert_eq!((media_type, built.files.len()), ("text/css", 1));
    let missing = project.with("/", |options| page.build_style("no.css", options, &no_tool));
    assert!(missing.expect_err("no such sheet").to_string().contains("`no.css`"));
}

#[test]
fn a_stylesheet_that_is_wrong_names_its_place_and_its_inputs() {
    let project = Project::new(&[
        ("site.scss", "@use 'part';\na { color: part.$none; }"),
        ("_part.scss", "$c: red;"),
    ]);
    let error = project.wrong("<link data-trunk rel=scss href=site.scss>");
    let text = error.to_string();
    assert!(text.starts_with(project.path("site.scss").as_str()), "{text}");
    assert!(text.contains("Undefined variable") && text.contains("site.scss:2:"), "{text}");
    assert!(text.contains("\nhint: "), "{text}");
    let PageError::Style { inputs, .. } = error else { panic!("{text}") };
    assert_eq!(inputs, [project.path("_part.scss"), project.path("site.scss")]);
}

#[test]
fn warnings_of_a_stylesheet_are_notes() {
    let project = Project::new(&[("a.scss", "@warn 'old';\na { b: c }")]);
    let notes = project.built("<link data-trunk rel=scss href=a.scss>").notes;
    assert!(notes[0].ends_with("a.scss:1: \"old\""), "{notes:?}");
}

#[test]
fn a_missing_file_is_named_with_its_path_and_line() {
    let project = Project::new(&[]);
    for link in ["rel=css href=no/a.css", "rel=scss href=no/a.css", "rel=inline href=no/a.css"] {
        let error = project.wrong(&format!("\n<link data-trunk {link}>"));
        let path = project.path("no/a.css");
        let expected = format!("line 2: {path}: the file does not exist\nhint: ");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
    let error = project.wrong("<link data-trunk rel=copy-dir href=img>");
    assert!(error.to_string().contains("the folder does not exist"), "{error}");
}

#[test]
fn a_slash_at_the_start_of_a_link_means_the_folder_of_the_page() {
    let project = Project::new(&[("public/a.ico", "")]);
    let built = project.built("<link data-trunk rel=icon href=/public/a.ico>");
    let source = Source::File(project.path("public/a.ico"));
    assert_eq!(built.files, [project.served("a.ico", source, &["public/a.ico"])]);
    let error = project.wrong("<link data-trunk rel=icon href=/no/a.ico>");
    assert!(error.to_string().contains("line 1: /no/a.ico: the file does not exist"), "{error}");
}

#[test]
fn an_initializer_is_served_under_its_file_name() {
    let project = Project::new(&[("src/init.mjs", "")]);
    let built = project.built("<link data-trunk rel=rust data-initializer=src/init.mjs>");
    let source = Source::File(project.path("src/init.mjs"));
    assert_eq!(built.files, [project.served("init.mjs", source, &["src/init.mjs"])]);
    let missing = "<link data-trunk rel=rust data-initializer=init.mjs>";
    assert!(project.wrong(missing).to_string().contains("init.mjs"));
    // The application starts without it.
    assert_eq!(project.build(missing).expect("a page").html, "<app>");
}

#[test]
fn what_is_wrong_with_one_asset_leaves_out_that_one_alone() {
    let project = Project::new(&[("a.css", ""), ("wrong.scss", "p {")]);
    let built = project.build(
        "<link data-trunk rel=css href=a.css><link data-trunk rel=css href=no.css><link data-trunk rel=scss href=wrong.scss><link data-trunk rel=rust>",
    );
    let built = built.expect("a page that can be read");
    assert_eq!(built.html, r#"<link rel="stylesheet" href="/a.css"/><app>"#);
    assert_eq!(built.errors.len(), 2, "{:?}", built.errors);
    assert_eq!(built.inlined, [project.path("no.css"), project.path("wrong.scss")]);
    assert!(built.affected(&[project.path("no.css")]).page);
}

#[test]
fn two_files_of_one_name_get_two_paths() {
    let project =
        Project::new(&[("a/s.css", ""), ("b/s.css", ""), ("c/s.scss", ""), ("s.css", "")]);
    let built = project.built(
        "<link data-trunk rel=css href=a/s.css><link data-trunk rel=css href=a/s.css media=print>\
         <link data-trunk rel=css href=b/s.css><link data-trunk rel=scss href=c/s.scss>\
         <link data-trunk rel=copy-file href=s.css>",
    );
    let paths: Vec<_> = built.files.iter().map(|file| file.url_path.as_str()).collect();
    // The copy keeps its name, although it comes last: programs use it.
    assert_eq!(paths, ["s-2.css", "s-3.css", "s-4.css", "s.css"]);
    assert_eq!(built.html.matches("href=\"/s-2.css\"").count(), 2);
    assert_eq!(built.notes, [] as [&str; 0]);

    let copies = "<link data-trunk rel=copy-file href=a/s.css>\n<link data-trunk rel=copy-file href=b/s.css>";
    let built = project.built(copies);
    assert_eq!(built.find("s.css"), Some(Found::File(project.path("b/s.css"))));
    assert_eq!(built.notes, ["line 2: `b/s.css` replaces another file that is copied to `s.css`"]);
}

#[test]
fn folders_are_served_as_they_are() {
    let project = Project::new(&[("img/cat.png", ""), ("public/a.txt", "")]);
    let built = project.built(
        "<link data-trunk rel=copy-dir href=img data-target-path=pictures/all>\
         <link data-trunk rel=copy-dir href=public data-target-path=.>",
    );
    let found = |path: &str| match built.find(path) {
        Some(Found::File(path)) => Some(path),
        _ => None,
    };
    assert_eq!(found("pictures/all/cat.png"), Some(project.path("img/cat.png")));
    assert_eq!(found("pictures/all/new/dog.png"), Some(project.path("img/new/dog.png")));
    assert_eq!(found("a.txt"), Some(project.path("public/a.txt")));
    assert_eq!(found("pictures/all/../../Trunk.toml"), None);
    let changed = [project.path("img/cat.png"), project.path("public/a.txt"), project.path("x")];
    assert_eq!(built.affected(&changed).files, ["pictures/all/cat.png", "a.txt"]);
}

#[test]
fn what_is_inlined_makes_the_page_stale() {
    let project = Project::new(&[("part.html", ""), ("a.css", "")]);
    let built = project
        .built("<link data-trunk rel=inline href=part.html><link data-trunk rel=css href=a.css>");
    assert!(built.affected(&[project.path("part.html")]).page);
    let sheet = built.affected(&[project.path("a.css")]);
    assert_eq!((sheet.page, sheet.files), (false, vec!["a.css".to_owned()]));
}

#[test]
fn tailwind_is_called_as_by_trunk() {
    let project = Project::new(&[("tailwind.css", "@import 'tailwindcss'")]);
    let html = "<link data-trunk rel=tailwind-css href=tailwind.css data-config=tw.js>\
                <link data-trunk rel=tailwind-css-extra href=tailwind.css data-inline>";
    let page = Page::parse(html).expect("a page that is right");
    let calls = RefCell::new(Vec::new());
    let run = |call: &ToolCall| {
        calls.borrow_mut().push(call.clone());
        Ok(b".flex{}".to_vec())
    };
    let built = project.with("/", |options| page.build(options, &run)).expect("a page");
    let input = project.path("tailwind.css").to_string();
    let calls = calls.into_inner();
    assert_eq!(calls[0].program, "tailwindcss");
    assert_eq!(calls[0].arguments, ["--input", &input, "--config", "tw.js"]);
    assert_eq!(calls[0].folder, project.path(""));
    assert_eq!(calls[1].program, "tailwindcss-extra");
    assert_eq!(calls[1].arguments, ["--input", &input]);
    assert_eq!(
        built.html,
        r#"<link rel="stylesheet" href="/tailwind.css" data-config="tw.js"/><style>.flex{}</style><app>"#
    );
    assert_eq!((&built.files[0].source, built.files[0].scans_sources), (&css(".flex{}"), true));
    assert!(built.scans_sources);
}

#[test]
fn without_tailwind_the_rest_of_the_page_works() {
    let project = Project::new(&[("tailwind.css", ""), ("a.css", "")]);
    let html =
        "<link data-trunk rel=tailwind-css href=tailwind.css><link data-trunk rel=css href=a.css>";
    let built = project.built(html);
    assert_eq!(built.html, r#"<link rel="stylesheet" href="/a.css"/><app>"#);
    assert_eq!(built.files.len(), 1);
    let note = &built.notes[0];
    assert!(note.starts_with("line 1: `tailwindcss` was not found"), "{note}");
    assert!(note.contains("`npm install -g @tailwindcss/cli`"), "{note}");

    let page = Page::parse(html).expect("a page that is right");
    let failing = |_: &ToolCall| Err(ToolError::Failed { message: "missing }".to_owned() });
    let built = project.with("/", |options| page.build(options, &failing)).expect("a page");
    let [error] = &built.errors[..] else { panic!("{:?}", built.errors) };
    assert!(error.to_string().contains("tailwindcss: missing }"), "{error}");
}

//! The settings of cargo-leptos and of dx.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use hmr_trunk::{
    Dioxus, Page, SettingsError, Source, ToolCall, ToolError, default_dioxus_page, leptos_metadata,
};
use serde_json::json;
use tempfile::TempDir;

/// The folder of a project with a `Dioxus.toml`.
struct Project {
    folder: TempDir,
}

impl Project {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("Dioxus.toml"), text).expect("a file");
        Self { folder }
    }

    fn path(&self, path: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).expect("a path in UTF-8").join(path)
    }

    fn read(&self) -> Result<Dioxus, SettingsError> {
        Dioxus::read(&self.path("")).map(|settings| settings.expect("a file"))
    }
}

#[test]
fn a_package_for_cargo_leptos_is_read() {
    let metadata = json!({"leptos": {
        "output-name": "site", "site-addr": "127.0.0.1:3000", "site-root": "target/site", "site-pkg-dir": "out",
        "style-file": "style/main.scss", "tailwind-input-file": "style/tw.css", "tailwind-config-file": "tw.js",
        "assets-dir": "public", "watch-additional-files": ["data"], "features": ["b"], "lib-features": ["csr"],
        "lib-default-features": true, "lib-profile-dev": "quick", "reload-port": 3001, "js-minify": false, "env": "DEV",
        "browserquery": "defaults"
    }});
    let projects = leptos_metadata(&metadata).expect("settings that are right");
    let [project] = projects.as_slice() else { panic!("{projects:?}") };
    assert_eq!(project.output_name.as_deref(), Some("site"));
    assert_eq!(project.site_addr.map(|address| address.port()), Some(3000));
    assert_eq!((project.site_root.as_str(), project.site_pkg_dir.as_str()), ("target/site", "out"));
    assert_eq!(project.style_file.as_deref(), Some("style/main.scss".into()));
    assert_eq!(project.tailwind_input_file.as_deref(), Some("style/tw.css".into()));
    assert_eq!(project.tailwind_config_file.as_deref(), Some("tw.js".into()));
    assert_eq!(project.assets_dir.as_deref(), Some("public".into()));
    assert_eq!(
        (&*project.features, project.default_features),
        (&["csr".to_owned(), "b".to_owned()][..], true)
    );
    assert_eq!((project.watch.len(), project.profile.as_deref()), (1, Some("quick")));
    assert_eq!(project.server_rendered, None);
    assert_eq!(
        project.not_honoured,
        [
            "`browserquery` is not honoured: stylesheets are not changed for older browsers",
            "`env` is not a key of cargo-leptos",
            "`reload-port` is not honoured: pages are connected to this tool in another way",
        ]
    );
    assert_eq!(leptos_metadata(&json!({"hmr": {}})), Ok(Vec::new()));
}

#[test]
fn a_project_that_a_server_renders_says_why() {
    let reason = |leptos: serde_json::Value| {
        let projects = leptos_metadata(&json!({ "leptos": leptos })).expect("settings");
        projects[0].server_rendered.clone()
    };
    assert_eq!(
        reason(json!([{"name": "site", "bin-package": "server", "lib-package": "front"}]))
            .as_deref(),
        Some("`bin-package` is `server`, a server that renders the pages")
    );
    assert_eq!(
        reason(json!({"bin-features": ["ssr"], "lib-features": ["hydrate"]})).as_deref(),
        Some("`bin-features` has `ssr`, for pages that a server renders")
    );
    assert_eq!(reason(json!({"lib-features": ["csr"]})), None);
}

#[test]
fn wrong_values_for_cargo_leptos_are_named() {
    let error = leptos_metadata(&json!({"leptos": {"site-addr": 3000}})).expect_err("a number");
    let text = error.to_string();
    assert!(text.starts_with("`[package.metadata.leptos]`: `site-addr`: "), "{text}");
    assert!(text.contains("\nhint: "), "{text}");
}

#[test]
fn the_settings_of_dx_are_read() {
    let project = Project::new(
        "[application]\nname = \"demo\"\nasset_dir = \"assets\"\npublic_dir = \"static\"\ndefault_platform = \"desktop\"\n\
         [web.app]\ntitle = \"A & B\"\nbase_path = \"/demo/\"\n[web.watcher]\nwatch_path = [\"src\", \"data\"]\nindex_on_404 = false\n\
         [web.resource]\nstyle = [\"/a.css\"]\nscript = []\n[web.resource.dev]\nstyle = [\"/dev.css\"]\nscript = [\"/dev.js\"]\n\
         [[web.proxy]]\nbackend = \"http://localhost:8000/api/\"\n[web.https]\nenabled = true\n[bundle]\nidentifier = \"x\"\n[web.ap]\nx = 1\n",
    );
    let settings = project.read().expect("settings that are right");
    assert_eq!(settings.file, project.path("Dioxus.toml"));
    assert_eq!(settings.name.as_deref(), Some("demo"));
    assert_eq!(settings.public_dir, Some(project.path("static")));
    assert_eq!(settings.asset_dir, Some(project.path("assets")));
    assert_eq!((settings.title.as_str(), settings.base_path.as_deref()), ("A & B", Some("demo")));
    assert_eq!(
        (&settings.styles[..], &settings.dev_styles[..]),
        (&["/a.css".to_owned()][..], &["/dev.css".to_owned()][..])
    );
    assert_eq!(
        (settings.scripts.len(), &settings.dev_scripts[..]),
        (0, &["/dev.js".to_owned()][..])
    );
    let proxy = &settings.proxies[0];
    assert_eq!((proxy.path.as_str(), proxy.backend.path()), ("/api", "/api"));
    assert!(proxy.ws && proxy.no_redirect && proxy.no_system_proxy);
    assert_eq!(settings.watch, [project.path("src"), project.path("data")]);
    assert!(!settings.index_on_404);
    assert_eq!(
        settings.not_honoured,
        [
            "`application.default_platform` is not honoured: the application is built for the web",
            "`web.ap` is not a key of dx; did you mean `app`?",
            "`web.https` is not honoured: pages are served without TLS",
        ]
    );
    let page = settings.page(None);
    let head = "<title>A &amp; B</title>\n<link rel=\"stylesheet\" href=\"/a.css\">\n<link rel=\"stylesheet\" href=\"/dev.css\">\n\
                <script src=\"/dev.js\"></script>\n<meta name=\"DIOXUS_ASSET_ROOT\" content=\"demo\">\n</head>";
    assert!(page.contains(head), "{page}");
    let own =
        "<head><title>{app_title}</title>{style_include}</head><img src=\"/{base_path}/a.png\">";
    let page = settings.page(Some(own));
    assert!(page.starts_with("<head><title>A &amp; B</title><link "), "{page}");
    assert!(page.ends_with("</head><img src=\"/demo/a.png\">"), "{page}");
    let page = settings.deployed(Some("x/y".to_owned())).page(None);
    assert!(page.contains("/a.css") && page.contains("content=\"x/y\""), "{page}");
    assert!(!page.contains("dev."), "{page}");
}

#[test]
fn the_defaults_of_dx_are_filled_in() {
    let project = Project::new("");
    let settings = project.read().expect("the defaults");
    assert_eq!(settings.public_dir, Some(project.path("public")));
    assert_eq!((settings.title.as_str(), settings.index_on_404), ("dioxus | ⛺", true));
    assert_eq!(settings.watch, [project.path("src"), project.path("examples")]);
    assert_eq!(settings.page(None), default_dioxus_page("dioxus | ⛺"));
    assert_eq!(
        Project::new("[application]\npublic_dir = \"\"").read().expect("settings").public_dir,
        None
    );
    assert_eq!(Dioxus::read("/no/such/folder".into()), Ok(None));
}

#[test]
fn tailwind_is_called_as_by_dx() {
    let project = Project::new("");
    assert_eq!(project.read().expect("settings").tailwind(), None);
    fs::write(project.path("tailwind.css"), "").expect("a file");
    let call = project.read().expect("settings").tailwind().expect("a call");
    let paths = [project.path("tailwind.css"), project.path("assets/tailwind.css")];
    assert_eq!(call.arguments, ["--input", paths[0].as_str(), "--output", paths[1].as_str()]);
}

#[test]
fn wrong_settings_of_dx_name_their_place() {
    let text = Project::new("[web.app]\ntitle = 1").read().expect_err("a number").to_string();
    assert!(text.contains("Dioxus.toml:2:9: `web.app.title`: invalid type"), "{text}");
    let text = Project::new("[web").read().expect_err("no table").to_string();
    assert!(text.contains("Dioxus.toml:1:5: ") && text.contains("\nhint: "), "{text}");
}

#[test]
fn the_default_page_of_dx_has_an_element_for_the_application() {
    let page = default_dioxus_page("a < b");
    assert!(page.contains("<title>a &lt; b</title>") && page.contains("<div id=\"main\"></div>"));
    assert!(Page::parse(&page).is_ok());
}

#[test]
fn the_stylesheet_of_cargo_leptos_is_made_as_it_makes_it() {
    let project = Project::new("");
    let write = |path: &str, text: &str| fs::write(project.path(path), text).expect("a file");
    write("a.scss", "p { b { color: red } }");
    write("a.css", "i {}");
    let folder = project.path("");
    let style = |settings: serde_json::Value, css: Result<Vec<u8>, ToolError>| {
        let leptos = leptos_metadata(&json!({ "leptos": settings })).expect("settings").remove(0);
        let css = std::cell::RefCell::new(Some(css));
        leptos.style(&folder, "my-app", &|call: &ToolCall| {
            assert_eq!(call.program, "tailwindcss");
            css.borrow_mut().take().expect("it is called once")
        })
    };
    let missing = || Err(ToolError::Missing);
    assert_eq!(style(json!({}), missing()), Ok(None));
    let plain = style(json!({"style-file": "a.css"}), missing()).expect("it is right");
    let plain = plain.expect("a stylesheet").file;
    assert_eq!(plain.url_path, "pkg/my-app.css");
    assert_eq!(plain.source, Source::File(project.path("a.css")));
    let settings = json!({"style-file": "a.scss", "tailwind-input-file": "t.css", "output-name": "out", "site-pkg-dir": "x/y"});
    let both = style(settings.clone(), Ok(b"tw".to_vec())).expect("it is right");
    let both = both.expect("a stylesheet").file;
    assert_eq!((both.url_path.as_str(), both.scans_sources), ("x/y/out.css", true));
    assert_eq!(both.inputs, [project.path("a.scss"), project.path("t.css")]);
    let Source::Bytes { content, .. } = both.source else { panic!("it is made") };
    assert_eq!(String::from_utf8_lossy(&content), "p b {\n  color: red;\n}\n\ntw");
    let without = style(settings, missing()).expect("it is right").expect("a stylesheet");
    assert!(without.notes[0].starts_with("`tailwind-input-file`: `tailwindcss` was not found"));
    for file in ["none.scss", "none.css", "a.txt"] {
        let error = style(json!({ "style-file": file }), missing()).expect_err("it is wrong");
        assert_eq!(error.inputs(), [project.path(file)]);
        assert!(error.to_string().contains(file), "{error}");
    }
}

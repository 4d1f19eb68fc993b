//! `Trunk.toml`, the files that can replace it, and the environment.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use camino::{Utf8Path, Utf8PathBuf};
use hmr_trunk::{AddressFamily, Config, RustLink, SettingsError, Stage};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The folder of a project with one settings file.
struct Project {
    folder: TempDir,
}

impl Project {
    fn new(name: &str, text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join(name), text).expect("a file");
        Self { folder }
    }

    fn path(&self, path: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).expect("a path in UTF-8").join(path)
    }

    fn read(&self, environment: &[(&str, &str)]) -> Result<Config, SettingsError> {
        let variables =
            environment.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        Config::read(&self.path(""), None, variables)
    }
}

fn read(text: &str) -> Config {
    Project::new("Trunk.toml", text).read(&[]).expect("settings that are right")
}

fn error(text: &str) -> String {
    let project = Project::new("Trunk.toml", text);
    let error = project.read(&[]).expect_err("settings that are wrong").to_string();
    error.replace(project.path("").as_str(), "")
}

#[expect(clippy::needless_pass_by_value, reason = "callers make the value in place")]
fn metadata(table: Value) -> Result<Config, SettingsError> {
    Config::read("/app".into(), Some(&json!({ "trunk": table, "other": 1 })), [])
}

#[test]
fn nothing_set_is_the_default() {
    let config = Config::read("/app".into(), None, []).expect("the defaults");
    assert_eq!((config.file.as_deref(), config.folder.as_str()), (None, "/app"));
    let build = &config.build;
    assert_eq!((build.target.as_str(), build.dist.as_str()), ("/app/index.html", "/app/dist"));
    assert_eq!((build.public_url.as_str(), build.inject_scripts), ("/", true));
    assert_eq!(
        (config.watch.watch.as_slice(), config.watch.ignore.len()),
        (&["/app".into()][..], 0)
    );
    assert_eq!((config.serve.port, config.serve.serve_base.as_str()), (None, "/"));
    assert_eq!((config.proxies.len(), config.hooks.len(), config.not_honoured.len()), (0, 0, 0));
    assert_eq!(metadata(json!({})), Ok(config));
}

#[test]
fn the_build_section_is_read() {
    let project = Project::new(
        "Trunk.toml",
        "trunk-version = \"^0.21.1\"\n[build]\ntarget = \"web/index.html\"\ndist = \"out\"\nrelease = true\npublic_url = \"/app\"\n\
         features = [\"a\", \"b\"]\nno_default_features = true\nexample = \"demo\"\noffline = true\nfrozen = true\nlocked = true\n\
         inject_scripts = false\n",
    );
    let config = project.read(&[]).expect("settings that are right");
    assert_eq!(config.file, Some(project.path("Trunk.toml")));
    let build = &config.build;
    assert_eq!(
        (&build.target, &build.dist),
        (&project.path("web/index.html"), &project.path("out"))
    );
    assert_eq!((build.public_url.as_str(), config.serve.serve_base.as_str()), ("/app/", "/app/"));
    assert_eq!(
        (&*build.features, build.no_default_features),
        (&["a".to_owned(), "b".to_owned()][..], true)
    );
    assert_eq!(
        (build.offline, build.frozen, build.locked, build.inject_scripts),
        (true, true, true, false)
    );
    assert_eq!(
        (build.example.as_deref(), config.watch.watch),
        (Some("demo"), vec![project.path("web")])
    );
    assert_eq!(config.not_honoured, [] as [&str; 0]);
    assert_eq!(read("[build]\nfeatures = \"a\"").build.features, ["a"]);
}

#[test]
fn a_link_is_completed_by_the_settings() {
    let build = read("[build]\nfeatures = [\"a\"]\nrelease = true").build;
    let completed = build.complete(&RustLink::default());
    assert_eq!(
        (&*completed.features, completed.profile.as_deref()),
        (&["a".to_owned()][..], Some("release"))
    );
    let own = RustLink {
        no_default_features: true,
        profile: Some("quick".to_owned()),
        ..RustLink::default()
    };
    assert_eq!(build.complete(&own), own);
    let build = read("[build]\ncargo_profile = \"web\"\nrelease = true").build;
    assert_eq!(build.complete(&RustLink::default()).profile.as_deref(), Some("web"));
}

#[test]
fn the_serve_and_watch_sections_are_read() {
    let project = Project::new(
        "Trunk.toml",
        "[watch]\nwatch = [\"src\", \"../shared\"]\nignore = [\"generated\"]\n\
         [serve]\naddress = \"127.0.0.1\"\naddresses = [\"::1\"]\nprefer_address_family = \"ipv4\"\nport = 9000\naliases = [\"dev.local\"]\n\
         open = true\nno_spa = true\nserve_base = \"/x\"\n[serve.headers]\nX-Test = \"1\"\n",
    );
    let Config { watch, serve, not_honoured, .. } = project.read(&[]).expect("settings");
    let here = project.path("src");
    let above = here.parent().and_then(Utf8Path::parent).expect("a folder above");
    let shared = above.join("shared");
    assert_eq!(watch.watch, [project.path("src"), shared]);
    assert_eq!(watch.ignore, [project.path("generated")]);
    let addresses = [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)];
    assert_eq!(serve.addresses, addresses);
    assert_eq!((serve.prefer_address_family, serve.port), (Some(AddressFamily::Ipv4), Some(9000)));
    assert_eq!(
        (serve.aliases, serve.open, serve.no_spa),
        (vec!["dev.local".to_owned()], true, true)
    );
    assert_eq!(
        (serve.headers["X-Test"].to_str().unwrap_or_default(), serve.serve_base.as_str()),
        ("1", "/x")
    );
    assert_eq!(not_honoured, [] as [&str; 0]);
}

#[test]
fn headers_that_open_the_page_to_other_sites_are_left_out() {
    let config = read(
        "[serve.headers]\nAccess-Control-Allow-Origin = \"*\"\nX-Frame-Options = \"DENY\"\nX-Content-Type-Options = \"none\"\n\
         Cross-Origin-Opener-Policy = \"same-origin\"\n",
    );
    let headers = config.serve.headers;
    let mut names: Vec<_> = headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["cross-origin-opener-policy", "x-frame-options"]);
    let why = "is not honoured: pages of other sites may not read or show this one";
    assert_eq!(
        config.not_honoured,
        [
            format!("`serve.headers.access-control-allow-origin` {why}"),
            format!("`serve.headers.x-content-type-options` {why}"),
        ]
    );
}

#[test]
fn the_base_follows_from_the_public_url() {
    let base = |url: &str| {
        let config = read(&format!("[build]\npublic_url = \"{url}\""));
        (config.build.public_url, config.serve.serve_base)
    };
    let pair = |url: &str, base: &str| (url.to_owned(), base.to_owned());
    assert_eq!(base(""), pair("/", "/"));
    assert_eq!(base("./"), pair("./", "/"));
    assert_eq!(base("app"), pair("app/", "/app/"));
    assert_eq!(base("https://example.org"), pair("https://example.org/", "/"));
    assert_eq!(base("https://example.org/a/b"), pair("https://example.org/a/b/", "/a/b/"));
    let fixed = read("[build]\npublic_url = \"/a\"\npublic_url_no_trailing_slash_fix = true");
    assert_eq!(fixed.build.public_url, "/a");
}

#[test]
fn proxies_are_read_in_both_forms() {
    let config = read(
        "[[proxy]]\nbackend = \"http://localhost:9000/api/v1\"\n[[proxy]]\nbackend = \"https://example.org\"\nrewrite = \"/api/\"\nws = true\n\
         insecure = true\nno-system-proxy = true\nno_redirect = true\nrequest_headers = { X-Key = \"k\" }\n\
         [serve]\nproxy_backend = \"ws://localhost:1/socket\"\n",
    );
    let paths: Vec<_> = config.proxies.iter().map(|proxy| &*proxy.path).collect();
    assert_eq!(paths, ["/api/v1", "/api/", "/socket"]);
    let backends: Vec<_> = config.proxies.iter().map(|proxy| proxy.backend.as_str()).collect();
    assert_eq!(
        backends,
        ["http://localhost:9000/api/v1", "https://example.org/", "http://localhost:1/socket"]
    );
    let proxy = &config.proxies[1];
    assert!(proxy.ws && proxy.insecure && proxy.no_system_proxy && proxy.no_redirect);
    assert_eq!(proxy.request_headers["X-Key"], "k");
    assert!(config.proxies[2].ws);
    assert_eq!(config.not_honoured, [] as [&str; 0]);
    assert_eq!(
        read("[[proxies]]\nbackend = \"http://a/b\"\nrewrit = true").not_honoured,
        ["`proxy.rewrit` is not a key of Trunk; did you mean `rewrite`?"]
    );
}

#[test]
fn hooks_are_those_of_this_system() {
    let system = std::env::consts::OS;
    let project = Project::new(
        "Trunk.toml",
        &format!(
            "[[hooks]]\nstage = \"pre_build\"\ncommand = \"sh\"\ncommand_arguments = [\"-c\", \"x\"]\n\
             [[hooks]]\nstage = \"post_build\"\ncommand = \"sh\"\ncommand_arguments = [\"x\"]\n[hooks.{system}]\ncommand = \"own\"\n"
        ),
    );
    let config = project.read(&[]).expect("settings that are right");
    let hooks: Vec<_> = config
        .hooks
        .iter()
        .map(|hook| (hook.stage, &*hook.command, hook.arguments.len()))
        .collect();
    assert_eq!(hooks, [(Stage::PreBuild, "sh", 2), (Stage::PostBuild, "own", 0)]);
    let folder = project.path("");
    let folder = folder.as_str().trim_end_matches('/');
    assert_eq!(
        config.hook_environment("/stage".into()),
        [
            ("TRUNK_PROFILE", "debug".to_owned()),
            ("TRUNK_HTML_FILE", format!("{folder}/index.html")),
            ("TRUNK_SOURCE_DIR", folder.to_owned()),
            ("TRUNK_STAGING_DIR", "/stage".to_owned()),
            ("TRUNK_DIST_DIR", format!("{folder}/dist")),
            ("TRUNK_PUBLIC_URL", "/".to_owned()),
        ]
    );
}

#[test]
fn other_files_and_the_manifest_take_its_place() {
    let project = Project::new(".trunk.json", "{\"serve\": {\"port\": 1}}");
    assert_eq!(project.read(&[]).expect("settings").serve.port, Some(1));
    fs::write(project.path("Trunk.toml"), "[serve]\nport = 2").expect("a file");
    assert_eq!(project.read(&[]).expect("settings").serve.port, Some(2));
    assert_eq!(metadata(json!({"serve": {"port": 3}})).expect("settings").serve.port, Some(3));
    let yaml = Project::new("Trunk.yaml", "serve:\n  port: 4\nbuild:\n  features: [a]\n");
    let config = yaml.read(&[]).expect("settings");
    assert_eq!((config.serve.port, &*config.build.features), (Some(4), &["a".to_owned()][..]));
}

#[test]
fn what_is_not_honoured_is_said_once() {
    let config = read(
        "trunk_version = \">=0.30\"\ndist = \"x\"\n[build]\nminify = \"always\"\nfilehash = true\nno_sri = true\npublic-url = \"/x\"\n\
         [serve]\ntls_key_path = \"k\"\nno_autoreload = false\n[tools]\nsass = \"1\"\n[[proxy]]\nbackend = \"http://a/b\"\nx = 1\n\
         [[proxy]]\nbackend = \"http://a/c\"\nx = 1\n[unknown]\na = 1\n",
    );
    let mut notes = config.not_honoured;
    notes.sort();
    assert_eq!(
        notes,
        [
            "`build.filehash` is not honoured: in development, names of files have no hash",
            "`build.public-url` is not a key of Trunk; did you mean `public_url`?",
            "`dist` is not honoured: only `trunk clean` uses it",
            "`proxy.x` is not a key of Trunk",
            "`serve.tls_key_path` is not honoured: pages are served without TLS",
            "`tools.sass` is not honoured: the Sass compiler is part of this tool",
            "`trunk-version` is `>=0.30`: settings are read as by Trunk 0.21 and 0.22",
            "`unknown` is not a key of Trunk",
        ]
    );
}

#[test]
fn errors_name_the_place_and_what_helps() {
    assert_eq!(
        error("[serve]\n  port = \"8080\"\n"),
        "Trunk.toml:2:10: `serve.port`: invalid type: string \"8080\", expected u16\nhint: the keys and their values are described in \
         https://trunk-rs.github.io/trunk/guide/configuration/"
    );
    let text = error("[serve\nport = 1");
    assert!(text.starts_with("Trunk.toml:1:7: ") && text.contains("\nhint: "), "{text}");
    let text = error("[[hooks]]\nstage = \"later\"\ncommand = \"a\"");
    assert!(
        text.starts_with("Trunk.toml:2:9: `hooks[0].stage`: unknown variant `later`"),
        "{text}"
    );
    let text = error("[build]\nfeatures = 1");
    assert!(text.contains("`build.features`: expected a text or a list of texts"), "{text}");
    let text = error("[serve]\nserve_base = \"app\"");
    assert!(text.contains("hint: begin it with `/`: `serve_base = \"/app\"`"), "{text}");
    let text = error("[build]\nall_features = true\nfeatures = [\"a\"]");
    assert!(text.contains("`build.all_features`: it cannot be combined"), "{text}");
    let text = error("trunk-version = \"newest\"");
    assert!(text.contains("`trunk-version`") && text.contains("\nhint: "), "{text}");
    let text = metadata(json!({"serve": {"port": "x"}})).expect_err("a text").to_string();
    assert!(
        text.starts_with("/app/Cargo.toml: `[package.metadata.trunk]`: `serve.port`: invalid type"),
        "{text}"
    );
    let text =
        Project::new("Trunk.json", "{\n\"serve\": }").read(&[]).expect_err("JSON").to_string();
    assert!(text.contains("Trunk.json:2:10: "), "{text}");
    let text = Project::new("Trunk.yaml", "a: 1\nb: [").read(&[]).expect_err("YAML").to_string();
    assert!(text.contains("Trunk.yaml:2:4: unclosed bracket '['\nhint: "), "{text}");
    assert!(
        error("build = 1")
            .contains("Trunk.toml:1:9: `build`: invalid type: integer `1`, expected a table")
    );
}

#[test]
fn proxies_that_cannot_be_used_are_errors() {
    let wrong = |settings: &str| {
        let project = Project::new("Trunk.toml", settings);
        project.read(&[]).expect_err("settings that are wrong").to_string()
    };
    for (settings, message) in [
        (
            "backend = \"localhost:9000/api\"",
            "`proxy.backend`: `localhost:9000/api` is not the URL of a server",
        ),
        ("backend = \"/api\"", "`proxy.backend`: `/api` is not the URL of a server"),
        ("backend = \"ftp://a/b\"", "`proxy.backend`: `ftp://a/b` is not the URL of a server"),
        (
            "backend = \"http://a\"",
            "`proxy.backend`: all requests would be passed on to `http://a/`",
        ),
        (
            "backend = \"http://a/b\"\nrewrite = \"/\"",
            "`proxy.backend`: all requests would be passed on",
        ),
        (
            "backend = \"http://a/b\"\nrewrite = \"api\"",
            "`proxy.rewrite`: `api` is not the path of a URL",
        ),
        ("backend = \"http://a/@hmr/b\"", "`proxy.rewrite`: `/@hmr/b` is a path of this tool"),
        (
            "backend = \"http://a/b\"\nrequest_headers = { \"X Y\" = \"1\" }",
            "`proxy.request_headers`: `X Y` is not the name of a header",
        ),
        (
            "backend = \"http://a/b\"\nrequest_headers = { X = \"a\\nb\" }",
            "`proxy.request_headers`: the value of `X` is not one of a header",
        ),
        (
            "backend = \"http://a/b\"\n[[proxy]]\nbackend = \"http://c/d\"\nrewrite = \"/b/\"",
            "`proxy`: two proxies have the path `/b/`: those of `http://a/b` and of `http://c/d`",
        ),
    ] {
        let text = wrong(&format!("[[proxy]]\n{settings}\n"));
        assert!(text.contains(message) && text.contains("\nhint: "), "{settings}: {text}");
    }
    let text = wrong("[serve.headers]\n\"a b\" = \"c\"\n");
    assert!(text.contains("`serve.headers`: `a b` is not the name of a header\nhint: "), "{text}");
}

#[test]
fn the_environment_replaces_the_file() {
    let project = Project::new(
        "Trunk.toml",
        "trunk-version = \"0.21\"\n[serve]\nport = 1\naddress = \"127.0.0.1\"\n[[proxy]]\nbackend = \"http://a/b\"\n",
    );
    let config = project
        .read(&[
            ("PATH", "/bin"),
            ("TRUNK_SERVE_PORT", "9999"),
            ("TRUNK_SERVE_ADDRESS", "::1"),
            ("TRUNK_SERVE_OPEN", "true"),
            ("TRUNK_SERVE_PROXY_BACKEND", "http://b/x"),
            ("TRUNK_BUILD_PUBLIC_URL", "/base"),
            ("TRUNK_BUILD_FEATURES", "a,b"),
            ("TRUNK_REQUIRED_VERSION", "0.22"),
            ("TRUNK_BUILD_FILEHASH", "true"),
            ("TRUNK_BUILD_MINIFY", "true"),
            ("TRUNK_SKIP_VERSION_CHECK", "true"),
        ])
        .expect("settings that are right");
    let serve = config.serve;
    assert_eq!((serve.port, serve.open, serve.serve_base.as_str()), (Some(9999), true, "/base/"));
    assert_eq!(serve.addresses, [IpAddr::V6(Ipv6Addr::LOCALHOST)]);
    assert_eq!(config.build.features, ["a", "b"]);
    let backends: Vec<_> = config.proxies.iter().map(|proxy| proxy.backend.as_str()).collect();
    assert_eq!(backends, ["http://b/x"]);
    assert_eq!(
        config.not_honoured,
        [
            "the environment variable `TRUNK_BUILD_MINIFY` is not honoured",
            "`build.filehash` is not honoured: in development, names of files have no hash",
        ]
    );
    let wrong =
        |name, value| project.read(&[(name, value)]).expect_err("a wrong value").to_string();
    assert_eq!(
        wrong("TRUNK_SERVE_PORT", "many"),
        "the environment variable `TRUNK_SERVE_PORT` is `many`\nhint: it must be a number from 0 to 65535, or absent"
    );
    assert!(wrong("TRUNK_SERVE_OPEN", "on").contains("hint: it must be `true` or `false`"));
}

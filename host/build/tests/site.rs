//! What the settings of other tools mean for a site.

use camino::{Utf8Path, Utf8PathBuf};
use hmr_build::Site;
use serde_json::{Value, json};
use tempfile::TempDir;

struct Project {
    folder: TempDir,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        for (path, text) in files {
            let path = project.path(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        project
    }

    fn path(&self, path: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).expect("UTF-8").join(path)
    }

    fn site(&self, metadata: &Value) -> Site {
        Site::read(&self.path(""), Some(("app", metadata))).expect("settings that are right")
    }
}

#[test]
fn of_two_proxies_for_a_path_that_of_dx_counts() {
    let project = Project::new(&[
        (
            "Trunk.toml",
            "[[proxy]]\nbackend = \"http://a/api/\"\n[[proxy]]\nbackend = \"http://a/x\"\n",
        ),
        ("Dioxus.toml", "[[web.proxy]]\nbackend = \"http://b/api\"\n"),
    ]);
    let site = project.site(&json!({}));
    let backends: Vec<&str> = site.proxies().map(|proxy| proxy.backend.as_str()).collect();
    assert_eq!(backends, ["http://b/api", "http://a/x"]);
    let note = "requests for `/api/` are passed on as `Dioxus.toml` says, not `Trunk.toml`";
    assert!(site.notes().iter().any(|it| it == note), "{:?}", site.notes());
}

#[test]
fn addresses_and_the_port_are_those_of_trunk_then_of_cargo_leptos() {
    let leptos = json!({"leptos": {"site-addr": "127.0.0.5:3000"}});
    let found = |trunk: &str| {
        let site = Project::new(&[("Trunk.toml", trunk)]).site(&leptos);
        let addresses: Vec<String> = site.addresses().iter().map(ToString::to_string).collect();
        (addresses.join(" "), site.port())
    };
    assert_eq!(found(""), ("127.0.0.5".to_owned(), Some(3000)));
    let trunk = "[serve]\nprefer_address_family = \"ipv6\"\nport = 9000\n";
    assert_eq!(found(trunk), ("::1".to_owned(), Some(9000)));
    let trunk = "[serve]\naddresses = [\"127.0.0.1\", \"::1\"]\nprefer_address_family = \"ipv4\"\n";
    assert_eq!(found(trunk), ("127.0.0.1 ::1".to_owned(), Some(3000)));
    assert!(Project::new(&[]).site(&json!({})).addresses().is_empty());
}

#[test]
fn hooks_run_for_what_is_watched() {
    let hook = "[[hooks]]\nstage = \"build\"\ncommand = \"true\"\n";
    let watch =
        "[watch]\nwatch = [\"src\", \"styles\"]\nignore = [\"styles/made\", \"src/*.txt\"]\n";
    let project = Project::new(&[("Trunk.toml", &format!("{hook}{watch}")), ("src/a.rs", "")]);
    let site = project.site(&json!({}));
    let is_for_hooks = |path: &str| site.is_for_hooks(&project.path(path));
    assert!(is_for_hooks("src/a.rs") && is_for_hooks("styles/x.css"));
    assert!(!is_for_hooks("README.md") && !is_for_hooks("styles/made/x.css"));
    assert!(!is_for_hooks("src/notes.txt"));
    assert_eq!(site.hook_folders().collect::<Vec<_>>(), [&project.path("src")]);

    let project = Project::new(&[("Trunk.toml", hook)]);
    let site = project.site(&json!({}));
    assert!(site.is_for_hooks(&project.path("README.md")), "the folder of the page");
    assert!(!site.is_for_hooks(&project.path("dist/a.css")));
    let project = Project::new(&[]);
    assert!(!project.site(&json!({})).is_for_hooks(&project.path("README.md")), "no hooks");
}

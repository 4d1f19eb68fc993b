//! What projects say for [dx](https://dioxuslabs.com), the command of Dioxus, in `Dioxus.toml`, and the page that dx makes for them.

mod keys;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use serde_json::Value;

use crate::page::ToolCall;
use crate::paths;
use crate::proxy::{self, Proxy, RawProxy};
use crate::settings::{self, SettingsError};

pub(crate) const FILES: [&str; 2] = ["Dioxus.toml", "dioxus.toml"];
const HINT: &str = "the settings of dx are described in https://dioxuslabs.com/learn/0.7/";
/// dx gives this title to a project that names none.
const TITLE: &str = "dioxus | ⛺";

/// The settings of a project for dx, as far as they concern the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dioxus {
    /// The file that they were read from.
    pub file: Utf8PathBuf,
    /// `[application] name`.
    pub name: Option<String>,
    /// `[application] public_dir`, absolute: its content is served from the root. Nothing if it is set to an empty text. It need not exist.
    pub public_dir: Option<Utf8PathBuf>,
    /// `[application] asset_dir`, absolute. Before dx 0.6, it was what `public_dir` is now.
    pub asset_dir: Option<Utf8PathBuf>,
    /// `[application] out_dir`, absolute: the folder that dx writes. It must not be watched.
    pub out_dir: Option<Utf8PathBuf>,
    /// `[application] tailwind_input`, absolute.
    pub tailwind_input: Option<Utf8PathBuf>,
    /// `[application] tailwind_output`, absolute.
    pub tailwind_output: Option<Utf8PathBuf>,
    /// `[web.app] title`.
    pub title: String,
    /// `[web.app] base_path`, without a `/` at either end: the path that all served paths begin with.
    pub base_path: Option<String>,
    /// `[web.resource] style`: URLs of stylesheets.
    pub styles: Vec<String>,
    /// `[web.resource] script`: URLs of scripts.
    pub scripts: Vec<String>,
    /// `[web.resource.dev] style`: URLs of stylesheets for development only.
    pub dev_styles: Vec<String>,
    /// `[web.resource.dev] script`: URLs of scripts for development only.
    pub dev_scripts: Vec<String>,
    /// `[[web.proxy]]`.
    pub proxies: Vec<Proxy>,
    /// `[web.watcher] watch_path`, absolute; `src` and `examples` if it is not set.
    pub watch: Vec<Utf8PathBuf>,
    /// `[web.watcher] index_on_404`: unknown paths are answered with the page.
    pub index_on_404: bool,
    /// What is not honoured, in one sentence each.
    pub not_honoured: Vec<String>,
}

/// What is read. Every key may be absent.
#[derive(Default, Deserialize)]
#[serde(default, expecting = "a table")]
struct Raw {
    application: Application,
    web: Web,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "a table")]
struct Application {
    name: Option<String>,
    public_dir: Option<Utf8PathBuf>,
    asset_dir: Option<Utf8PathBuf>,
    out_dir: Option<Utf8PathBuf>,
    tailwind_input: Option<Utf8PathBuf>,
    tailwind_output: Option<Utf8PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "a table")]
struct Web {
    app: WebApp,
    proxy: Vec<Backend>,
    watcher: Watcher,
    resource: Resource,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "a table")]
struct WebApp {
    title: Option<String>,
    base_path: Option<String>,
}

#[derive(Deserialize)]
#[serde(expecting = "a table")]
struct Backend {
    backend: String,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "a table")]
struct Watcher {
    watch_path: Option<Vec<Utf8PathBuf>>,
    index_on_404: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "a table")]
struct Resource {
    #[serde(flatten)]
    all: Files,
    dev: Files,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "a table")]
struct Files {
    style: Vec<String>,
    script: Vec<String>,
}

impl Dioxus {
    /// Reads the `Dioxus.toml` in `folder`, which is absolute; nothing if there is none.
    pub fn read(folder: &Utf8Path) -> Result<Option<Self>, SettingsError> {
        let file = FILES.iter().map(|name| folder.join(name)).find(|file| file.is_file());
        let Some(file) = file else { return Ok(None) };
        let values = settings::toml::<Raw>(&file, &settings::text(&file)?, HINT)?;
        let raw: Raw = settings::values(file.as_str(), &values, HINT)?;
        Self::complete(folder, file, raw, &values).map(Some)
    }

    /// The settings of a project without `Dioxus.toml`: the defaults of dx.
    ///
    /// # Errors
    /// A default is not valid, which would be a fault of this crate.
    pub fn without_file(folder: &Utf8Path) -> Result<Self, SettingsError> {
        let file = folder.join(FILES[0]);
        let raw = settings::values(file.as_str(), &Value::Object(serde_json::Map::new()), HINT)?;
        Self::complete(folder, file, raw, &Value::Null)
    }

    /// Fills in the defaults of dx.
    fn complete(
        folder: &Utf8Path,
        file: Utf8PathBuf,
        raw: Raw,
        values: &Value,
    ) -> Result<Self, SettingsError> {
        let Raw { application, web } = raw;
        let path = |path: Utf8PathBuf| paths::join(folder, &path);
        let public_dir = application.public_dir.unwrap_or_else(|| "public".into());
        let watch = web.watcher.watch_path.unwrap_or_else(|| vec!["src".into(), "examples".into()]);
        let base_path = web.app.base_path.map(|base| base.trim_matches('/').to_owned());
        let Resource { all, dev } = web.resource;
        let proxies = web.proxy.into_iter().map(proxy).collect();
        let proxies = proxy::check(file.as_str(), "web.proxy", proxies)?;
        Ok(Self {
            file,
            name: application.name,
            public_dir: Some(public_dir).filter(|dir| dir != "").map(path),
            asset_dir: application.asset_dir.map(path),
            out_dir: application.out_dir.map(path),
            tailwind_input: application.tailwind_input.map(path),
            tailwind_output: application.tailwind_output.map(path),
            title: web.app.title.unwrap_or_else(|| TITLE.to_owned()),
            base_path: base_path.filter(|base| !base.is_empty()),
            styles: all.style,
            scripts: all.script,
            dev_styles: dev.style,
            dev_scripts: dev.script,
            proxies,
            watch: watch.into_iter().map(path).collect(),
            index_on_404: web.watcher.index_on_404.unwrap_or(true),
            not_honoured: keys::KEYS.notes(values),
        })
    }

    /// The settings for a page that is deployed: without what is for development only, and below `base_path`, without a `/` at either end.
    #[must_use]
    pub fn deployed(self, base_path: Option<String>) -> Self {
        Self { base_path, dev_styles: Vec::new(), dev_scripts: Vec::new(), ..self }
    }

    /// The page of the project: `own`, the text of its `index.html`, or the page that dx makes if it has none; with the title, the base path, the
    /// stylesheets and the scripts that the settings name.
    #[must_use]
    pub fn page(&self, own: Option<&str>) -> String {
        let title = escape(&self.title);
        let html = own.map_or_else(|| default_dioxus_page(&self.title), str::to_owned);
        let styles = self.styles.iter().chain(&self.dev_styles);
        let styles =
            styles.map(|url| format!("<link rel=\"stylesheet\" href=\"{}\">\n", escape(url)));
        let scripts = self.scripts.iter().chain(&self.dev_scripts);
        let scripts = scripts.map(|url| format!("<script src=\"{}\"></script>\n", escape(url)));
        // Applications built for development read their base path there.
        let base = self.base_path.iter().map(|base| {
            format!("<meta name=\"DIOXUS_ASSET_ROOT\" content=\"{}\">\n", escape(base))
        });
        let head: String = styles.chain(scripts).chain(base).collect();
        let html = html.replace("{app_title}", &title);
        let html = html.replace("{base_path}", self.base_path.as_deref().unwrap_or("."));
        if html.contains("{style_include}") {
            return html.replace("{style_include}", &head);
        }
        html.replacen("</head", &format!("{head}</head"), 1)
    }

    /// How Tailwind is called, if the project uses it as dx expects it: with the input that the settings name or a `tailwind.css` next to
    /// `Dioxus.toml`. The program writes a file that the application links, so its standard output is of no use.
    #[must_use]
    pub fn tailwind(&self) -> Option<ToolCall> {
        let folder = self.file.parent()?.to_owned();
        let input = self.tailwind_input.clone().unwrap_or_else(|| folder.join("tailwind.css"));
        if !input.is_file() {
            return None;
        }
        let output = self.tailwind_output.clone();
        let output = output.unwrap_or_else(|| folder.join("assets").join("tailwind.css"));
        let arguments = ["--input", input.as_str(), "--output", output.as_str()];
        Some(ToolCall {
            program: "tailwindcss",
            arguments: arguments.map(str::to_owned).to_vec(),
            folder,
            environment: Vec::new(),
        })
    }
}

/// The page of a project that has no `index.html` of its own: dx gives the application an element with the id `main`.
#[must_use]
pub fn default_dioxus_page(title: &str) -> String {
    let title = escape(title);
    format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n</head>\n<body>\n<div id=\"main\"></div>\n</body>\n</html>\n"
    )
}

/// dx passes on web sockets with all other requests, does not follow redirects, and knows no proxy of the system. A `/` at the end of the path
/// has no meaning.
fn proxy(Backend { backend }: Backend) -> RawProxy {
    RawProxy {
        backend: backend.trim_end_matches('/').to_owned(),
        ws: true,
        no_system_proxy: true,
        no_redirect: true,
        ..RawProxy::default()
    }
}

/// A text as it is written in markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

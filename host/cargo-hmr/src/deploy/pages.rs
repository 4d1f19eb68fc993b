//! The pages of an app and their files, as they are deployed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};
use hmr_build::{App, Site};
use hmr_trunk::{BuiltPage, Source, has_hash, hashed_name, integrity};

use super::applications::{add_application, wasm_preload};
use super::dist::{Dist, files_in};
use super::markup::{self, Changes, PublicUrl};
use super::modules::Modules;
use super::natives;
use super::{DeployError, DistError};
use crate::{served::is_served, site::is_web_file};

/// Where scripts of a page find the engine in development.
const DEVELOPMENT_CLIENT: &str = "/@hmr/client/main.js";

/// The page that a server answers requests for a folder with.
const INDEX: &str = "index.html";

/// Whether paths that are not files are answered with the page, so that a router may have them.
pub(super) fn has_router(app: &App) -> bool {
    app.site.as_ref().is_none_or(|site| site.has_router())
}

/// Adds everything to the folder. Returns what should be known, in one sentence each.
pub(super) fn write(
    app: &App,
    modules: &Modules,
    public_url: &PublicUrl,
    dist: &mut Dist,
) -> Result<Vec<String>, DeployError> {
    let client = match modules.natives.as_slice() {
        [] => None,
        natives => Some(natives::add_all(natives, dist)?),
    };
    let mut starts = String::new();
    for application in &modules.applications {
        starts.push_str(&add_application(app, application, public_url, dist)?);
    }
    let (pages, notes) = match &app.site {
        Some(site) => {
            let (page, notes) = add_site(site, &starts, public_url, dist)?;
            (vec![(INDEX.to_owned(), page)], notes)
        }
        None => (own_pages(&app.root)?, Vec::new()),
    };
    if pages.is_empty() {
        return Err(DeployError::Page(format!(
            "there is no `{INDEX}` in `{}`\nhint: make one that places a component, for instance `<hmr-component module=\"…\" component=\"…\"></hmr-component>`",
            app.root
        )));
    }
    dist.copy_folder("", &app.static_folder(), is_served)?;
    let mut writer = Writer { public_url, modules, client, dist, renamed: BTreeMap::new() };
    writer.use_client_in_scripts();
    writer.change_stylesheets();
    for (name, html) in pages {
        writer.add_page(&name, &html)?;
    }
    Ok(notes)
}

/// The page of an application as other tools would build it, and its files.
fn add_site(
    site: &Site,
    starts: &str,
    public_url: &PublicUrl,
    dist: &mut Dist,
) -> Result<(String, Vec<String>), DeployError> {
    let (page, error) = site.deployed(public_url.as_str(), starts);
    if let Some(error) = error {
        return Err(DeployError::Page(error.to_string()));
    }
    let BuiltPage { html, files, notes, .. } = page;
    for file in files {
        let what =
            file.inputs.first().map_or_else(|| "a file of the page".into(), |it| format!("`{it}`"));
        match file.source {
            Source::File(path) => dist.copy(&file.url_path, &path)?,
            Source::Folder(path) => dist.copy_folder(&file.url_path, &path, |_| true)?,
            Source::Bytes { content, .. } => dist.add(&file.url_path, &what, content)?,
        }
    }
    for folder in site.folders() {
        dist.copy_folder("", folder, is_served)?;
    }
    if site.links().is_empty() && site.dioxus.is_none() {
        let folder = site.file.parent().unwrap_or(&site.file);
        for (inside, file) in neighbours(folder)? {
            if inside != site.file.file_name().unwrap_or(INDEX) {
                dist.copy(&inside.as_str().replace('\\', "/"), &file)?;
            }
        }
    }
    Ok((html, notes))
}

/// The files next to a page that are for browsers.
fn neighbours(folder: &Utf8Path) -> Result<Vec<(Utf8PathBuf, Utf8PathBuf)>, DistError> {
    let entries = folder.read_dir_utf8().map_err(|error| DistError::read(folder, error))?;
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| DistError::read(folder, error))?;
        let name = Utf8Path::new(entry.file_name());
        if entry.path().is_dir() {
            if !is_web_file(&name.join("index.html")) {
                continue;
            }
            for (inside, file) in files_in(entry.path())? {
                let inside = name.join(inside);
                if is_web_file(&inside) {
                    found.push((inside, file));
                }
            }
        } else if is_web_file(name) {
            found.push((name.to_owned(), entry.path().to_owned()));
        }
    }
    found.sort();
    Ok(found)
}

/// The HTML files of an app's folder.
fn own_pages(root: &Utf8Path) -> Result<Vec<(String, String)>, DistError> {
    let mut pages = Vec::new();
    let entries = root.read_dir_utf8().map_err(|error| DistError::read(root, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| DistError::read(root, error))?;
        let path = entry.path();
        if path.extension() == Some("html") && path.is_file() && is_served(entry.file_name().into())
        {
            let bytes = std::fs::read(path).map_err(|error| DistError::read(path, error))?;
            let html = String::from_utf8_lossy(&bytes).into_owned();
            pages.push((entry.file_name().to_owned(), html));
        }
    }
    pages.sort();
    Ok(pages)
}

/// Writes pages whose files are all there.
struct Writer<'a> {
    public_url: &'a PublicUrl,
    modules: &'a Modules,
    /// The name of the engine's file.
    client: Option<String>,
    dist: &'a mut Dist,
    /// The files that got a hash in their names, by the old ones: the new one, and the value of `integrity`.
    renamed: BTreeMap<String, (String, String)>,
}

impl Writer<'_> {
    /// Scripts that import the engine where it is in development import that of the page.
    fn use_client_in_scripts(&mut self) {
        let Some(client) = &self.client else { return };
        for (path, content) in self.dist.contents().filter(|(path, _)| is_script(path)) {
            if let Ok(text) = std::str::from_utf8(content)
                && text.contains(DEVELOPMENT_CLIENT)
            {
                let up = "../".repeat(path.matches('/').count());
                let own = format!("./{up}{client}");
                *content = text.replace(DEVELOPMENT_CLIENT, &own).into_bytes();
            }
        }
    }

    /// Stylesheets name files below the public URL.
    fn change_stylesheets(&mut self) {
        if self.public_url.as_str() == "/" {
            return;
        }
        let paths: BTreeSet<String> = self.dist.contents().map(|(path, _)| path.clone()).collect();
        let public_url = self.public_url.as_str();
        let styles = self.dist.contents().filter(|(path, _)| is_style(path));
        for (path, content) in styles {
            let Ok(css) = std::str::from_utf8(content) else { continue };
            let up = "../".repeat(path.matches('/').count());
            let start = if public_url == "./" { format!("./{up}") } else { public_url.to_owned() };
            let address = |old: &str| {
                let Address { is_relative, path, rest } = Address::read(old)?;
                (!is_relative && paths.contains(path)).then(|| format!("{start}{path}{rest}"))
            };
            *content = markup::stylesheet(css, &address).into_bytes();
        }
    }

    fn add_page(&mut self, name: &str, html: &str) -> Result<(), DeployError> {
        let wrong = |reason: String| {
            DeployError::Page(format!("`{name}` cannot be read as HTML: {reason}"))
        };
        let stem = name.strip_suffix(".html").unwrap_or(name);
        let mut scripts = Vec::new();
        for script in markup::inline_modules(html).map_err(wrong)? {
            let own = self.client.as_ref().map_or(script.clone(), |client| {
                script.replace(DEVELOPMENT_CLIENT, &format!("./{client}"))
            });
            let file = hashed_name(&format!("{stem}.js"), own.as_bytes());
            scripts.push(format!("{}{file}", self.public_url));
            self.dist.add(&file, &format!("a script of `{name}`"), own.into_bytes())?;
        }
        let head = self.head(html);
        // First which files the page names, then their new names.
        let named = RefCell::new(BTreeSet::new());
        let collect = |old: &str| {
            named.borrow_mut().extend(Address::read(old).map(|address| address.path.to_owned()));
            None
        };
        let changes = Changes { head: &head, scripts: &scripts, address: &collect };
        markup::rewrite(html, &changes).map_err(wrong)?;
        for path in named.into_inner() {
            self.rename(&path)?;
        }
        let address = |old: &str| self.address(old);
        let changes = Changes { head: &head, scripts: &scripts, address: &address };
        let page = markup::rewrite(html, &changes).map_err(wrong)?;
        self.dist.add(name, &format!("the page `{name}`"), page.into_bytes())?;
        Ok(())
    }

    /// The markup that starts native modules, and loads those early that the page places.
    fn head(&self, html: &str) -> String {
        let Some(client) = &self.client else { return String::new() };
        if !html.contains("<hmr-component") {
            return String::new();
        }
        let mut head = String::new();
        for native in &self.modules.natives {
            let quoted = [format!("\"{}\"", native.name), format!("'{}'", native.name)];
            if quoted.iter().any(|name| html.contains(name.as_str())) {
                head.push_str(&wasm_preload(self.public_url, &native.file));
                if let Some(glue) = &native.glue {
                    _ = write!(
                        head,
                        "<link rel=\"modulepreload\" href=\"{}{}\" crossorigin integrity=\"{}\">",
                        self.public_url,
                        glue.file,
                        glue.integrity()
                    );
                }
            }
        }
        let integrity = self.integrity_of(client);
        _ = write!(
            head,
            "<script type=\"module\" src=\"{}{client}\" crossorigin integrity=\"{integrity}\"></script>",
            self.public_url
        );
        head
    }

    fn integrity_of(&self, path: &str) -> String {
        self.dist.content(path).map(integrity).unwrap_or_default()
    }

    /// Gives a stylesheet or a script a name with its hash. The file stays under its old name, too: code may fetch it.
    fn rename(&mut self, path: &str) -> Result<(), DistError> {
        let name = Utf8Path::new(path).file_stem().unwrap_or_default();
        let is_code = is_style(path) || is_script(path);
        if !is_code || has_hash(name) || self.renamed.contains_key(path) {
            return Ok(());
        }
        let Some(content) = self.dist.content(path).map(<[u8]>::to_vec) else { return Ok(()) };
        let new = hashed_name(path, &content);
        let value = integrity(&content);
        self.dist.add(&new, &format!("`{path}`"), content)?;
        self.renamed.insert(path.to_owned(), (new, value));
        Ok(())
    }

    /// The new address for one of a page that means a file of the folder, and the value of `integrity` for it.
    fn address(&self, old: &str) -> Option<(String, Option<String>)> {
        let Address { is_relative, path, rest } = Address::read(old)?;
        let start = if is_relative { "./" } else { self.public_url.as_str() };
        if let Some((new, integrity)) = self.renamed.get(path) {
            return Some((format!("{start}{new}{rest}"), Some(integrity.clone())));
        }
        let changes = !is_relative && start != "/" && self.dist.has(path);
        changes.then(|| (format!("{start}{path}{rest}"), None))
    }
}

fn is_script(path: &str) -> bool {
    matches!(Utf8Path::new(path).extension(), Some("js" | "mjs"))
}

fn is_style(path: &str) -> bool {
    Utf8Path::new(path).extension() == Some("css")
}

/// An address in a page or a stylesheet that may mean a file of the folder.
struct Address<'a> {
    /// Whether it is relative to the page; else it begins with `/`.
    is_relative: bool,
    /// The path in the folder.
    path: &'a str,
    /// What follows: `?…`, `#…`.
    rest: &'a str,
}

impl<'a> Address<'a> {
    fn read(address: &'a str) -> Option<Self> {
        let from_root = address.strip_prefix('/');
        let path = from_root.or_else(|| address.strip_prefix("./")).unwrap_or(address);
        let end = path.find(['?', '#']).unwrap_or(path.len());
        let (path, rest) = path.split_at(end);
        let is_elsewhere = path.is_empty() || path.starts_with('/') || path.contains(':');
        (!is_elsewhere).then_some(Self { is_relative: from_root.is_none(), path, rest })
    }
}

//! The page of an application as Trunk, dx or cargo-leptos would serve it.
//!
//! The input is the folder of the page; the output is the page with its assets, and the settings that count for the application and its
//! server. What those tools know and this one does not honour is named in [`Site::notes`]. External programs of the page are started
//! here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use camino::{Utf8Path, Utf8PathBuf};
use hmr_trunk::{
    AddressFamily, BuildOptions, BuiltPage, Config, Dioxus, Leptos, LeptosStyle, Page, Proxy,
    RustLink, ServedFile, ToolCall, ToolError,
};
use serde_json::Value;

use crate::config::{NotAHost, host_name};
use crate::process;

/// The page of a project, read but not built.
#[derive(Debug)]
pub struct Site {
    /// The file of the page; it need not exist in a project for dx.
    pub file: Utf8PathBuf,
    /// The settings of Trunk, with their defaults.
    pub trunk: Config,
    /// The settings of dx, if the project has any.
    pub dioxus: Option<Dioxus>,
    /// The settings of cargo-leptos, if the project has any.
    pub leptos: Option<Leptos>,
    page: Option<Page>,
    html: String,
    folder: Utf8PathBuf,
    /// The name of the package there, and its metadata.
    package: Option<(String, Value)>,
    /// Whether the application uses Dioxus, so that the defaults of dx count without settings for it.
    uses_dioxus: bool,
}

/// Why a project cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// Its settings.
    #[error(transparent)]
    Settings(#[from] hmr_trunk::SettingsError),
    /// Its page.
    #[error("`{file}`, {error}")]
    Page {
        /// The file.
        file: Utf8PathBuf,
        /// What is wrong with it.
        error: hmr_trunk::PageError,
    },
    /// Its stylesheet for cargo-leptos.
    #[error("the stylesheet for cargo-leptos, {0}")]
    Style(hmr_trunk::PageError),
    /// Several of these.
    #[error("{}", all(.0))]
    Several(Vec<Self>),
}

fn all(errors: &[SiteError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl SiteError {
    /// The files of which a change may help, apart from settings and the page itself.
    #[must_use]
    pub fn inputs(&self) -> Vec<Utf8PathBuf> {
        match self {
            Self::Settings(_) => Vec::new(),
            Self::Page { error, .. } | Self::Style(error) => error.inputs(),
            Self::Several(errors) => errors.iter().flat_map(Self::inputs).collect(),
        }
    }

    /// One error for several; none for none.
    fn of(mut errors: Vec<Self>) -> Option<Self> {
        if errors.len() > 1 { Some(Self::Several(errors)) } else { errors.pop() }
    }
}

impl Site {
    /// Reads the page in `folder`. `package` is the name of the package there, and its `package.metadata`.
    ///
    /// # Errors
    /// Settings or the page are malformed.
    pub fn read(folder: &Utf8Path, package: Option<(&str, &Value)>) -> Result<Self, SiteError> {
        Self::read_for(folder, package, false, &|dioxus| dioxus)
    }

    /// The same for an application that uses Dioxus: without a page and settings, it has the default page of dx.
    ///
    /// # Errors
    /// Settings or the page are malformed.
    pub fn for_dioxus(self) -> Result<Self, SiteError> {
        let package = self.package.as_ref();
        let package = package.map(|(name, metadata)| (&**name, metadata));
        Self::read_for(&self.folder, package, true, &|dioxus| dioxus)
    }

    /// The same site for a build that is deployed below `path`, without a `/` at either end; none is the root.
    ///
    /// # Errors
    /// Settings or the page are malformed.
    pub fn to_deploy(&self, path: Option<&str>) -> Result<Self, SiteError> {
        let package = self.package.as_ref();
        let package = package.map(|(name, metadata)| (&**name, metadata));
        let settings = |dioxus: Dioxus| dioxus.deployed(path.map(str::to_owned));
        Self::read_for(&self.folder, package, self.uses_dioxus, &settings)
    }

    /// `settings` changes what `Dioxus.toml` says.
    fn read_for(
        folder: &Utf8Path,
        package: Option<(&str, &Value)>,
        uses_dioxus: bool,
        settings: &dyn Fn(Dioxus) -> Dioxus,
    ) -> Result<Self, SiteError> {
        let metadata = package.map(|(_, metadata)| metadata);
        let trunk = Config::read(folder, metadata, std::env::vars())?;
        let mut dioxus = Dioxus::read(folder)?;
        if dioxus.is_none() && uses_dioxus && !trunk.build.target.is_file() {
            dioxus = Some(Dioxus::without_file(folder)?);
        }
        let dioxus = dioxus.map(settings);
        let leptos = metadata
            .map(hmr_trunk::leptos_metadata)
            .transpose()?
            .and_then(|projects| projects.into_iter().next());
        let file = trunk.build.target.clone();
        let own = std::fs::read_to_string(&file).ok();
        let html = match &dioxus {
            Some(dioxus) => Some(dioxus.page(own.as_deref())),
            None => own,
        };
        let parse = |html: &String| {
            Page::parse(html).map_err(|error| SiteError::Page { file: file.clone(), error })
        };
        let page = html.as_ref().map(parse).transpose()?;
        Ok(Self {
            file,
            trunk,
            dioxus,
            leptos,
            page,
            html: html.unwrap_or_default(),
            folder: folder.to_owned(),
            package: package.map(|(name, metadata)| (name.to_owned(), metadata.clone())),
            uses_dioxus,
        })
    }

    /// Reads the page and its settings again.
    ///
    /// # Errors
    /// Settings or the page are malformed.
    pub fn read_again(&self) -> Result<Self, SiteError> {
        let package = self.package.as_ref();
        let package = package.map(|(name, metadata)| (&**name, metadata));
        Self::read_for(&self.folder, package, self.uses_dioxus, &|dioxus| dioxus)
    }

    /// The files of settings that are read, whether they exist or not.
    pub fn settings(&self) -> impl Iterator<Item = Utf8PathBuf> {
        hmr_trunk::settings_files().map(|name| self.folder.join(name))
    }

    /// The links to applications, with the settings that count for them.
    #[must_use]
    pub fn links(&self) -> Vec<RustLink> {
        let links = self.page.iter().flat_map(Page::rust_links);
        links.map(|link| self.trunk.build.complete(link)).collect()
    }

    /// The text of the page before it is built; empty if there is none.
    #[must_use]
    pub fn html(&self) -> &str {
        &self.html
    }

    /// What is not honoured, in one sentence each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.trunk.not_honoured.clone();
        notes.extend(self.dioxus.iter().flat_map(|dioxus| dioxus.not_honoured.clone()));
        if let Some(leptos) = &self.leptos {
            notes.extend(leptos.server_rendered.clone());
            notes.extend(leptos.not_honoured.clone());
        }
        notes.extend(self.page.iter().flat_map(|page| page.notes().to_vec()));
        let wrong = self.aliases().filter_map(Result::err);
        notes.extend(wrong.map(|error| format!("`serve.aliases`: {error}; it is left out")));
        notes.extend(self.replaced_proxies().map(|proxy| {
            format!(
                "requests for `{}` are passed on as `Dioxus.toml` says, not `Trunk.toml`",
                proxy.path
            )
        }));
        let workers = self.page.iter().flat_map(Page::rust_links);
        let workers = workers.filter(|link| link.kind == hmr_trunk::RustLinkKind::Worker);
        notes.extend(workers.map(|link| {
            let name = link.bin.as_deref().or(link.target_name.as_deref()).unwrap_or("a worker");
            format!("the worker `{name}` is not built: workers are not supported yet")
        }));
        notes
    }

    /// The requests that other servers answer. Where both files of settings name a path, that of dx counts.
    pub fn proxies(&self) -> impl Iterator<Item = &Proxy> {
        let own = self.trunk.proxies.iter().filter(|proxy| !self.is_replaced(proxy));
        self.dioxus.iter().flat_map(|dioxus| &dioxus.proxies).chain(own)
    }

    /// The proxies of Trunk whose paths have another backend in the settings of dx.
    fn replaced_proxies(&self) -> impl Iterator<Item = &Proxy> {
        self.trunk.proxies.iter().filter(|proxy| self.is_replaced(proxy))
    }

    fn is_replaced(&self, proxy: &Proxy) -> bool {
        let path = proxy.path.trim_end_matches('/');
        self.dioxus.iter().flat_map(|dioxus| &dioxus.proxies).any(|other| other.path == path)
    }

    /// The path that all of it is served below: without `/` at its ends, empty for the root.
    #[must_use]
    pub fn base(&self) -> &str {
        let dioxus = self.dioxus.as_ref().and_then(|dioxus| dioxus.base_path.as_deref());
        dioxus.unwrap_or_else(|| self.trunk.serve.serve_base.trim_matches('/'))
    }

    /// Where the site is served: addresses of this machine; none if the settings leave that open.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        let serve = &self.trunk.serve;
        if !serve.addresses.is_empty() {
            return serve.addresses.clone();
        }
        let loopback = serve.prefer_address_family.map(|family| match family {
            AddressFamily::Ipv4 => Ipv4Addr::LOCALHOST.into(),
            AddressFamily::Ipv6 => Ipv6Addr::LOCALHOST.into(),
        });
        loopback.or_else(|| Some(self.site_addr()?.ip())).into_iter().collect()
    }

    /// The port where the site is served, if the settings name one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.trunk.serve.port.or_else(|| Some(self.site_addr()?.port()))
    }

    fn site_addr(&self) -> Option<SocketAddr> {
        self.leptos.as_ref()?.site_addr
    }

    /// Other names of the server, in lower case, or why one cannot be used.
    pub fn aliases(&self) -> impl Iterator<Item = Result<String, NotAHost>> {
        self.trunk.serve.aliases.iter().map(|alias| host_name(alias))
    }

    /// The folders with what hooks may read; none if there are no hooks.
    pub fn hook_folders(&self) -> impl Iterator<Item = &Utf8PathBuf> {
        let watched = self.trunk.watch.watch.iter().filter(|_| !self.trunk.hooks.is_empty());
        watched.filter(|path| path.is_dir())
    }

    /// Whether hooks run when this file has changed: those of Trunk run with each change of what `[watch]` names.
    #[must_use]
    pub fn is_for_hooks(&self, path: &Utf8Path) -> bool {
        let watch = &self.trunk.watch;
        let is_ignored = |ignored: &Utf8PathBuf| {
            // Before Trunk 0.22 it was a path, since then it is a glob.
            let glob = globset::Glob::new(ignored.as_str()).map(|glob| glob.compile_matcher());
            path.starts_with(ignored) || glob.is_ok_and(|glob| glob.is_match(path))
        };
        !self.trunk.hooks.is_empty()
            && watch.watch.iter().any(|watched| path.starts_with(watched))
            && !watch.ignore.iter().any(is_ignored)
            && !self.outputs().any(|output| path.starts_with(output))
    }

    /// Whether a page that is not a file is answered with the page, so that a router may have its path.
    #[must_use]
    pub fn has_router(&self) -> bool {
        let dx = self.dioxus.as_ref().is_none_or(|dioxus| dioxus.index_on_404);
        dx && !self.trunk.serve.no_spa
    }

    /// The folders that builds of other tools write, and that are not watched.
    pub fn outputs(&self) -> impl Iterator<Item = Utf8PathBuf> {
        let dx = self.dioxus.iter().filter_map(|dioxus| dioxus.out_dir.clone());
        std::iter::once(self.trunk.build.dist.clone()).chain(dx)
    }

    /// The folders whose content is served as it is, at the root of the site.
    pub fn folders(&self) -> impl Iterator<Item = &Utf8PathBuf> {
        let dx = self.dioxus.iter().filter_map(|dioxus| dioxus.public_dir.as_ref());
        dx.chain(self.leptos.iter().filter_map(|leptos| leptos.assets_dir.as_ref()))
    }

    /// Builds the page and its files, as they are in development. What cannot be built is left out, and the error says what and why; if the page itself
    /// cannot be built, it is the text of its file.
    #[must_use]
    pub fn build(&self) -> (BuiltPage, Option<SiteError>) {
        self.build_with(&self.options())
    }

    /// Builds the page and its files as they are deployed, with the markup that starts the application.
    #[must_use]
    pub fn deployed(&self, public_url: &str, app_html: &str) -> (BuiltPage, Option<SiteError>) {
        let minify = self.trunk.build.minify;
        let options = BuildOptions { public_url, app_html, hashed: true, minify, ..self.options() };
        self.build_with(&options)
    }

    /// Builds the page and its files. What cannot be built is left out, and the error says what and why; if the page itself cannot be built, it is
    /// the text of its file.
    fn build_with(&self, options: &BuildOptions<'_>) -> (BuiltPage, Option<SiteError>) {
        let built = self.page.as_ref().map(|page| page.build(options, &run));
        let mut built = built.transpose().unwrap_or_else(|error| {
            let html = self.html.clone();
            Some(BuiltPage { html, errors: vec![error], ..BuiltPage::default() })
        });
        let built = built.get_or_insert_default();
        let errors = std::mem::take(&mut built.errors);
        let mut errors: Vec<_> = errors.into_iter().map(|error| self.wrong(error)).collect();
        match self.leptos_style() {
            Ok(Some(style)) => {
                built.notes.extend(style.notes);
                built.files.push(style.file);
            }
            Ok(None) => {}
            Err(error) => {
                // A change of what is wrong builds it again.
                built.inlined.extend(error.inputs());
                errors.push(error);
            }
        }
        (std::mem::take(built), SiteError::of(errors))
    }

    /// Builds one stylesheet again.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn build_style(&self, url_path: &str) -> Result<Option<ServedFile>, SiteError> {
        if let Some((leptos, (name, _))) = self.leptos.as_ref().zip(self.package.as_ref())
            && leptos.style_path(name).as_deref() == Some(url_path)
        {
            return Ok(self.leptos_style()?.map(|style| style.file));
        }
        let Some(page) = &self.page else { return Ok(None) };
        let built = page.build_style(url_path, &self.options(), &run);
        built.map(Some).map_err(|error| self.wrong(error))
    }

    /// The stylesheet that the settings of cargo-leptos name.
    fn leptos_style(&self) -> Result<Option<LeptosStyle>, SiteError> {
        let Some((leptos, (name, _))) = self.leptos.as_ref().zip(self.package.as_ref()) else {
            return Ok(None);
        };
        leptos.style(&self.folder, name, &run).map_err(SiteError::Style)
    }

    fn options(&self) -> BuildOptions<'_> {
        BuildOptions {
            page_folder: self.file.parent().unwrap_or(&self.trunk.folder),
            project_folder: &self.trunk.folder,
            public_url: &self.trunk.build.public_url,
            app_html: "",
            hashed: false,
            minify: false,
        }
    }

    fn wrong(&self, error: hmr_trunk::PageError) -> SiteError {
        SiteError::Page { file: self.file.clone(), error }
    }
}

/// Runs a program of a page.
fn run(call: &ToolCall) -> Result<Vec<u8>, ToolError> {
    let program = find(call).ok_or(ToolError::Missing)?;
    let mut command = std::process::Command::new(program);
    command.args(&call.arguments).current_dir(&call.folder);
    command.envs(call.environment.iter().map(|(name, value)| (name, value)));
    let answer =
        process::ask(command).map_err(|error| ToolError::Failed { message: error.to_string() })?;
    if answer.success {
        Ok(answer.stdout)
    } else {
        Err(ToolError::Failed { message: answer.stderr })
    }
}

/// A program that npm has installed for the project, or that is on the `PATH`.
fn find(call: &ToolCall) -> Option<std::path::PathBuf> {
    let installed = call.folder.ancestors().map(|folder| folder.join("node_modules/.bin"));
    let folders = std::env::join_paths(installed.map(Utf8PathBuf::into_std_path_buf)).ok();
    which::which_in(call.program, folders, &call.folder)
        .or_else(|_| which::which(call.program))
        .ok()
}

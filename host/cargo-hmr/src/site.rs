//! The page of an application and its files, built and kept up to date.
//!
//! In: changed files. Out: a [`BuiltSite`] with what they change built again. Building may start programs, so it happens on threads that may
//! block; the loop, the graph and the server share the result.

use camino::{Utf8Path, Utf8PathBuf};
use hmr_build::{Site, SiteError};
use hmr_trunk::{BuiltPage, Found, Source};
use std::sync::Arc;

use crate::{served::is_served, staging::Staging};

/// Folders next to a page that are not served: they have sources, or what builds write.
const NO_FILES: [&str; 6] = ["dist", "node_modules", "pkg", "src", "target", "tests"];

/// The extensions of files next to a page that are served.
const WEB_FILES: [&str; 26] = [
    "avif",
    "css",
    "csv",
    "gif",
    "html",
    "ico",
    "jpeg",
    "jpg",
    "js",
    "json",
    "map",
    "mjs",
    "mp3",
    "mp4",
    "ogg",
    "otf",
    "pdf",
    "png",
    "svg",
    "ttf",
    "txt",
    "wav",
    "webm",
    "webmanifest",
    "webp",
    "woff2",
];

/// The endings of scripts: a change of one loads the page again.
const SCRIPTS: [&str; 2] = ["js", "mjs"];

/// A page with its files, as they are served.
#[derive(Debug, Clone)]
pub struct BuiltSite {
    site: Arc<Site>,
    page: BuiltPage,
    /// Whether nothing had to be left out of the page.
    complete: bool,
    /// What hooks have written.
    staged: Option<Arc<Staging>>,
    /// Whether files next to the page are served: a page without links starts its application itself.
    serves_neighbours: bool,
}

/// Whether a file next to a page is for browsers, by its path from there.
#[must_use]
pub fn is_web_file(relative: &Utf8Path) -> bool {
    let folder = relative.components().next().map_or("", |part| part.as_str());
    is_served(relative)
        && !NO_FILES.contains(&folder)
        && relative.extension().is_some_and(|ending| WEB_FILES.contains(&ending))
}

/// What a change of files means for a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteRole {
    /// The page must be loaded again.
    Page,
    /// A stylesheet, by its URL path.
    Style(String),
    /// Another file, by its URL path.
    Asset(String),
}

impl BuiltSite {
    /// Builds the page. What cannot be built is left out, and the error says why.
    #[must_use]
    pub fn build(site: Arc<Site>) -> (Self, Option<SiteError>) {
        let (page, error) = site.build();
        let serves_neighbours = site.links().is_empty() && site.dioxus.is_none();
        let complete = error.is_none();
        (Self { site, page, complete, staged: None, serves_neighbours }, error)
    }

    /// Whether nothing had to be left out of the page when it was built.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The same with what hooks have written, at the base of the site.
    #[must_use]
    pub fn with_staged(self, staged: Option<Arc<Staging>>) -> Self {
        Self { staged, ..self }
    }

    /// The folder with what hooks have written, of which files come before all others.
    #[must_use]
    pub fn staged(&self) -> Option<&Utf8Path> {
        self.staged.as_deref().map(Staging::path)
    }

    /// What was read.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// The markup of the page.
    #[must_use]
    pub fn html(&self) -> &str {
        &self.page.html
    }

    /// What was left out when it was built.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.page.notes
    }

    /// The file or the content at a path below the base of the site, decoded.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<Found<'_>> {
        self.page.find(path)
    }

    /// The folders whose files are served at the base of the site.
    pub fn folders(&self) -> impl Iterator<Item = &Utf8PathBuf> {
        self.site.folders()
    }

    /// Whether a file next to the page is served.
    #[must_use]
    pub fn serves(&self, relative: &Utf8Path) -> bool {
        self.serves_neighbours && is_web_file(relative)
    }

    /// The roles of a changed file that the page or its settings name.
    #[must_use]
    pub fn roles(&self, path: &Utf8PathBuf) -> Vec<SiteRole> {
        if *path == self.site.file {
            return vec![SiteRole::Page];
        }
        let affected = self.page.affected(std::slice::from_ref(path));
        let mut roles: Vec<SiteRole> = affected.files.iter().map(|url| self.role_of(url)).collect();
        if affected.page {
            roles.push(SiteRole::Page);
        }
        let staged = self.staged().map(Utf8Path::to_owned);
        for folder in self.site.folders().chain(&staged) {
            if let Ok(inside) = path.strip_prefix(folder)
                && is_served(inside)
            {
                roles.push(self.role_of(&inside.as_str().replace('\\', "/")));
            }
        }
        roles
    }

    /// The role of a changed file that nothing names, and that is served because it is next to the page.
    #[must_use]
    pub fn neighbour_role(&self, path: &Utf8Path) -> Option<SiteRole> {
        let folder = self.site.file.parent()?;
        let inside = path.strip_prefix(folder).ok().filter(|inside| self.serves(inside))?;
        Some(self.role_of(&inside.as_str().replace('\\', "/")))
    }

    fn role_of(&self, path: &str) -> SiteRole {
        let base = self.site.base();
        let url = if base.is_empty() { format!("/{path}") } else { format!("/{base}/{path}") };
        match Utf8Path::new(path).extension() {
            Some("css") => SiteRole::Style(url),
            Some(ending) if SCRIPTS.contains(&ending) => SiteRole::Page,
            _ => SiteRole::Asset(url),
        }
    }

    /// Whether something must be built again after these changes, before the page can have it.
    #[must_use]
    pub fn needs_build(&self, changed: &[Utf8PathBuf]) -> bool {
        changed.contains(&self.site.file)
            || self.page.affected(changed).page
            || !self.stale(changed).is_empty()
    }

    /// The processed files that these changes make stale.
    fn stale(&self, changed: &[Utf8PathBuf]) -> Vec<String> {
        let affected = self.page.affected(changed);
        let processed = self.page.files.iter().filter(|file| {
            matches!(file.source, Source::Bytes { .. }) && affected.files.contains(&file.url_path)
        });
        processed.map(|file| file.url_path.clone()).collect()
    }

    /// The stylesheets that depend on all sources: each with a file that it is made from.
    #[must_use]
    pub fn scanning(&self) -> Vec<Utf8PathBuf> {
        let files = self.page.files.iter().filter(|file| file.scans_sources);
        files.filter_map(|file| file.inputs.first().cloned()).collect()
    }

    /// Builds again what these changes make stale. A complete page is only replaced by another complete one.
    #[must_use]
    pub fn rebuilt(&self, changed: &[Utf8PathBuf]) -> (Self, Option<SiteError>) {
        if changed.contains(&self.site.file) || self.page.affected(changed).page {
            return match self.site.read_again() {
                Ok(site) => match Self::build(Arc::new(site)) {
                    (_, Some(error)) if self.complete => (self.clone(), Some(error)),
                    built => built,
                },
                Err(error) => (self.clone(), Some(error)),
            };
        }
        let mut new = self.clone();
        for path in self.stale(changed) {
            match self.site.build_style(&path) {
                Ok(Some(file)) => new.page.replace(file),
                Ok(None) => {}
                Err(error) => return (self.clone(), Some(error)),
            }
        }
        (new, None)
    }

    /// Whether another set of applications is linked than in `other`.
    #[must_use]
    pub fn links_differ(&self, other: &Self) -> bool {
        self.site.links() != other.site.links()
    }
}

//! A page for Trunk: its text in, the served page and its files out.
//!
//! A page is read once, without a look at the disk, and can be built any number of times: [`Page::build`] after a change of what it contains,
//! [`Page::build_style`] after a change of one stylesheet. The URLs depend on the text of the page alone.

mod asset;
mod attributes;
mod build;
mod built;
mod error;
mod html;
mod leptos_style;
mod names;
mod rust_asset;
mod sass;
mod tool;

use self::asset::{Asset, Kind};
pub use self::build::BuildOptions;
pub use self::built::{Affected, BuiltPage, Found, ServedFile, Source};
pub use self::error::PageError;
pub use self::leptos_style::LeptosStyle;
pub use self::tool::{RunTool, ToolCall, ToolError};
use crate::rust_link::{RustLink, RustLinkKind};

/// A page and the elements in it that Trunk replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    html: String,
    assets: Vec<Asset>,
    notes: Vec<String>,
}

impl Page {
    /// Reads a page. The errors and [notes](Self::notes) name lines of it.
    pub fn parse(html: &str) -> Result<Self, PageError> {
        let scan = html::scan(html)?;
        let mut notes: Vec<_> = scan.self_closing.into_iter().map(self_closing).collect();
        let mut assets = Vec::new();
        let mut first = None;
        for element in scan.elements {
            let html::Element { line, script, attributes } = element;
            let asset = if script {
                Asset::script(line, &attributes)?
            } else {
                Asset::link(line, &attributes, &mut notes)?
            };
            let main = matches!(&asset.kind, Kind::Rust(link) if link.kind == RustLinkKind::Main);
            if main && let Some(first) = first.replace(line) {
                return Err(PageError::SecondApplication { line, first });
            }
            assets.push(asset);
        }
        Ok(Self { html: html.to_owned(), assets, notes })
    }

    /// The links to applications, in the order of the page. A page without one starts the package next to it:
    /// [`RustLink::default`](Default::default).
    pub fn rust_links(&self) -> impl Iterator<Item = &RustLink> {
        self.assets.iter().filter_map(|asset| match &asset.kind {
            Kind::Rust(link) => Some(&**link),
            _ => None,
        })
    }

    /// The link to the application of the page itself.
    #[must_use]
    pub fn main_link(&self) -> Option<&RustLink> {
        self.rust_links().find(|link| link.kind == RustLinkKind::Main)
    }

    /// What the page says that is not honoured, in one sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Builds the page and its files. `run` starts external programs.
    ///
    /// An asset that cannot be built is left out, and [`BuiltPage::errors`] says why. If Tailwind's program is missing, its stylesheet is
    /// left out and a note says how to install it.
    ///
    /// # Errors
    /// The markup cannot be read.
    pub fn build(
        &self,
        options: &BuildOptions<'_>,
        run: &RunTool<'_>,
    ) -> Result<BuiltPage, PageError> {
        build::page(&self.html, &self.assets, options, run)
    }

    /// Builds again the one stylesheet that is served as `url_path`: see [`BuiltPage::replace`].
    pub fn build_style(
        &self,
        url_path: &str,
        options: &BuildOptions<'_>,
        run: &RunTool<'_>,
    ) -> Result<ServedFile, PageError> {
        build::style(&self.assets, url_path, options, run)
    }
}

fn self_closing(line: usize) -> String {
    format!(
        "line {line}: `<script …/>` is not closed by its `/`, so browsers read the rest of the page as its content; write `<script …></script>`"
    )
}

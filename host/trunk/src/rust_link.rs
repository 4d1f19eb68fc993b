//! `<link data-trunk rel="rust">`: which application a page starts, and how it is compiled.

use camino::Utf8PathBuf;

/// One link to an application. The names of Trunk's attributes are in the comments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RustLink {
    /// `href`: the folder of the package or its manifest, relative to the page. The package next to the page if it is absent.
    pub href: Option<Utf8PathBuf>,
    /// `data-bin`: the name of the binary.
    pub bin: Option<String>,
    /// `data-target-name`: the name of the target, a binary or a library.
    pub target_name: Option<String>,
    /// `data-type`.
    pub kind: RustLinkKind,
    /// `data-cargo-features`.
    pub features: Vec<String>,
    /// `data-cargo-all-features`.
    pub all_features: bool,
    /// `data-cargo-no-default-features`.
    pub no_default_features: bool,
    /// `data-cargo-profile`, `data-cargo-profile-dev`: the profile of development builds.
    pub profile: Option<String>,
    /// `data-initializer`: a module that is called while the application starts, relative to the page.
    pub initializer: Option<Utf8PathBuf>,
}

/// What a link is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RustLinkKind {
    /// The page itself.
    #[default]
    Main,
    /// A web worker, which the page starts. Workers are not swapped.
    Worker,
}

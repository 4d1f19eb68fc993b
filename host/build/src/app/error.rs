//! Why an application cannot be loaded.

use camino::Utf8PathBuf;

use crate::config::ConfigError;
use crate::site::SiteError;

/// What makes a package a module, for hints.
const MAKES_A_MODULE: &str = "an application is a workspace member with a binary or `[lib] crate-type = [\"cdylib\"]` that depends on `wasm-bindgen`, directly or through a framework; a native module is such a library that depends on `hmr-sdk`";

/// Why the app could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The manifest does not exist.
    #[error(
        "`{0}` is not a cargo project: there is no `Cargo.toml`\nhint: name the folder of your app, or make one with `cargo init --lib`; pages without Rust are not supported"
    )]
    NoManifest(Utf8PathBuf),
    /// The path is a file that is not a manifest.
    #[error("`{0}` is neither a folder nor a `Cargo.toml`\nhint: name the folder of your app")]
    NotManifest(Utf8PathBuf),
    /// cargo cannot be started.
    #[error("cargo could not be started: {0}\nhint: install Rust from https://rustup.rs")]
    NoCargo(std::io::Error),
    /// cargo does not accept the manifest, or cannot resolve the dependencies.
    #[error("cargo does not accept `{manifest}`\n{message}\nhint: {hint}")]
    Metadata {
        /// The manifest that was asked about.
        manifest: Utf8PathBuf,
        /// The error message of cargo.
        message: String,
        /// What to do.
        hint: &'static str,
    },
    /// Nothing to build.
    #[error("`{path}` has no application{incomplete}\nhint: {MAKES_A_MODULE}")]
    NoModules {
        /// Where modules were looked for.
        path: Utf8PathBuf,
        /// What is missing in packages that are almost modules.
        incomplete: String,
    },
    /// The page links to a folder without a package.
    #[error(
        "the page has a link to an application in `{link}`, where no package of this workspace is\nhint: `href` of `<link data-trunk rel=\"rust\">` names the folder of a package, or its `Cargo.toml`"
    )]
    LinkedNothing {
        /// The folder.
        link: String,
    },
    /// The page links to a package that is not an application.
    #[error(
        "the page has a link to `{package}` (`{link}`), which is not an application\nhint: {MAKES_A_MODULE}"
    )]
    LinkedOther {
        /// The link.
        link: String,
        /// The package.
        package: String,
    },
    /// The page asks for a target that does not exist.
    #[error("the package `{package}` has no target `{name}`\nhint: it has {names}")]
    NoSuchTarget {
        /// The package.
        package: String,
        /// The target.
        name: String,
        /// The targets that exist.
        names: String,
    },
    /// Nothing chooses among the binaries of a package.
    #[error(
        "the package `{package}` has several binaries: {names}\nhint: name one in the page, `<link data-trunk rel=\"rust\" data-bin=\"…\">`, or as `default-run` in its manifest"
    )]
    SeveralBinaries {
        /// The package.
        package: String,
        /// The binaries.
        names: String,
    },
    /// The page or its settings cannot be read.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// Two modules have the same name, so a page could not address either of them.
    #[error(
        "two modules are named `{name}`: the packages `{first}` and `{second}`\nhint: give one another `name` in its `[package.metadata.hmr]`"
    )]
    SameName {
        /// The name.
        name: String,
        /// A package.
        first: String,
        /// The other package.
        second: String,
    },
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The setting `app` names something that is not a folder.
    #[error(
        "{manifest}: `app` names `{folder}`, which is not a folder\nhint: give the app's folder relative to this manifest"
    )]
    NoAppFolder {
        /// The manifest with the setting.
        manifest: Utf8PathBuf,
        /// The folder that it names; absolute.
        folder: Utf8PathBuf,
    },
    /// The setting `static-folder` would serve files that are not meant for browsers.
    #[error(
        "`static-folder` is `{folder}`, which contains {what} `{inner}`: all of it would be served\nhint: name a folder that has only files for browsers, for instance `static-folder = \"static\"`"
    )]
    StaticFolder {
        /// The folder; absolute, without links.
        folder: Utf8PathBuf,
        /// What the folder contains, with its article.
        what: &'static str,
        /// The folder in it; absolute.
        inner: Utf8PathBuf,
    },
    /// The settings `app` of several manifests form a circle.
    #[error("{0}: `app` leads back here\nhint: take the `app` setting out of one of the manifests")]
    Circle(Utf8PathBuf),
}

//! `<link data-trunk rel="rust">`: which application a page starts, and how it is compiled.

use camino::Utf8PathBuf;

/// One link to an application. The names of Trunk's attributes are in the comments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an attribute of Trunk")]
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
    /// `data-cargo-profile-release`, `data-cargo-profile`: the profile of builds that are deployed.
    pub release_profile: Option<String>,
    /// `data-wasm-opt`: how `wasm-opt` optimises what is deployed: `0` to `4`, `s` or `z`; empty for its default.
    pub wasm_opt: Option<String>,
    /// `data-wasm-opt-params`: more arguments for it.
    pub wasm_opt_arguments: Vec<String>,
    /// `data-initializer`: a module that is called while the application starts, relative to the page.
    pub initializer: Option<Utf8PathBuf>,
    /// `data-wasm-no-import`: what the application exports is not given to the scripts of the page.
    pub no_import: bool,
    /// `data-wasm-import-name`: the property of `window` with what the application exports; Trunk's default is `wasmBindings`.
    pub import_name: Option<String>,
    /// `data-bindgen-target`: the value of wasm-bindgen's `--target`. It matters for workers, which the page starts itself.
    pub bindgen_target: Option<String>,
    /// `data-loader-shim`: a worker gets a script that loads it.
    pub loader_shim: bool,
    /// `data-target-path`: the folder of the output, relative to the root of the served files.
    pub target_path: Option<Utf8PathBuf>,
    /// `data-trunk-skip`: the application is not built.
    pub skip: bool,
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

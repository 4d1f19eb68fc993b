//! What a version has only if it is an application's.

use hmr_build::BoundAsset;
use hmr_protocol::ApplicationStart;

/// What a version has only if it is an application's.
#[derive(Debug)]
pub struct ApplicationVersion {
    /// The files that it names with Dioxus' `asset!`.
    pub assets: Vec<BoundAsset>,
    /// How it is started.
    pub start: Start,
}

/// How an application is started.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// Whether the page starts it, rather than a script of the page.
    pub by_page: bool,
    /// Where the module is that is called while it starts for the first time.
    pub initializer: Option<String>,
}

impl Start {
    /// How pages get it.
    #[must_use]
    pub fn announced(&self) -> ApplicationStart {
        ApplicationStart { starts: self.by_page, initializer: self.initializer.clone() }
    }
}

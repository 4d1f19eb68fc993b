//! What must be done about a batch of changes.

use std::collections::{BTreeMap, BTreeSet};

use super::Scan;
use crate::{site::SiteRole, watch::Change};

/// What must be done about a batch of changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct UpdatePlan {
    /// The page must be loaded again once the code is built, for this reason.
    pub reload: Option<String>,
    /// Files of the page itself, which must be loaded again; they need no build.
    pub markup: BTreeSet<String>,
    /// What must be read again.
    pub scan: Option<Scan>,
    /// Modules to build, each with the chain that leads to it: `ui/src/lib.rs → ui → board`.
    pub modules: BTreeMap<String, String>,
    /// Stylesheets, as URL paths.
    pub styles: Vec<String>,
    /// Other static files, as URL paths.
    pub assets: Vec<String>,
    /// Every changed file that counted, relative to the application where that is possible.
    pub changed: Vec<String>,
    /// Changes of files without a known role in the application.
    pub without_role: Vec<Change>,
}

impl UpdatePlan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }

    /// Whether something must be built, or read again.
    #[must_use]
    pub fn needs_build(&self) -> bool {
        self.scan.is_some() || !self.modules.is_empty() || self.reload.is_some()
    }
}

impl UpdatePlan {
    pub(super) fn note_role(&mut self, role: Role, shown: &str) {
        match role {
            Role::Toolchain => self.scan = Some(Scan::Toolchain),
            Role::Manifest => {
                self.scan = self.scan.max(Some(Scan::App));
                self.reload.get_or_insert(format!("`{shown}` changed"));
            }
            Role::BuildScript => _ = self.reload.get_or_insert(format!("`{shown}` changed")),
            Role::Page => _ = self.markup.insert(shown.to_owned()),
            Role::Style(url) => self.styles.push(url),
            Role::Asset(url) => self.assets.push(url),
        }
    }
}

/// The role of a file in the application.
pub(super) enum Role {
    Toolchain,
    Manifest,
    BuildScript,
    Page,
    Style(String),
    Asset(String),
}

impl From<SiteRole> for Role {
    fn from(role: SiteRole) -> Self {
        match role {
            SiteRole::Page => Self::Page,
            SiteRole::Style(url) => Self::Style(url),
            SiteRole::Asset(url) => Self::Asset(url),
        }
    }
}

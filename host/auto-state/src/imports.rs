//! Which names of a file mean functions of the framework.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::Visit;
use syn::{ItemFn, ItemUse, Path, UseTree};

/// The framework's functions that make state, and what replaces them.
const STATE: [(&str, &str); 5] = [
    ("use_state", "use_kept_state"),
    ("use_state_eq", "use_kept_state_eq"),
    ("use_reducer", "use_kept_reducer"),
    ("use_reducer_eq", "use_kept_reducer_eq"),
    ("use_mut_ref", "use_kept_mut_ref"),
];

/// Hooks of the framework that make no state which could be kept.
const WITHOUT_STATE: [&str; 16] = [
    "use_callback",
    "use_context",
    "use_effect",
    "use_effect_with",
    "use_force_update",
    "use_future",
    "use_future_with",
    "use_memo",
    "use_node_ref",
    "use_prepared_state",
    "use_ref",
    "use_transitive_state",
    "use_location",
    "use_navigator",
    "use_route",
    "use_search_params",
];

/// What a call of a hook is.
pub(crate) enum Called {
    /// It makes state: the function of the runtime that replaces it.
    State(&'static str),
    /// A hook that may make state.
    Custom,
    /// Anything else.
    Other,
}

/// The names of one file.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    /// Names that the framework's functions have here.
    aliases: BTreeMap<String, String>,
    /// Names that are not the framework's here: the file defines them, or imports them from elsewhere.
    foreign: BTreeSet<String>,
}

impl Imports {
    pub(crate) fn of(file: &syn::File) -> Self {
        let mut imports = Self::default();
        imports.visit_file(file);
        imports
    }

    /// What is called by a path.
    pub(crate) fn called(&self, path: &Path) -> Called {
        let Some(last) = path.segments.last().map(|segment| segment.ident.to_string()) else {
            return Called::Other;
        };
        let known = |name: &str| STATE.iter().find(|(from, _)| *from == name).map(|(_, to)| *to);
        let is_ours = match path.segments.first() {
            Some(first) if path.segments.len() > 1 => first.ident == "yew",
            _ => !self.foreign.contains(&last),
        };
        let name = if path.segments.len() == 1 {
            self.aliases.get(&last).map_or(&*last, String::as_str)
        } else {
            &last
        };
        match known(name) {
            Some(replacement) if is_ours => Called::State(replacement),
            _ if is_ours && WITHOUT_STATE.contains(&name) => Called::Other,
            _ if last.starts_with("use_") => Called::Custom,
            _ => Called::Other,
        }
    }

    fn import(&mut self, tree: &UseTree, first: Option<&str>) {
        match tree {
            UseTree::Path(path) => {
                let own = path.ident.to_string();
                self.import(&path.tree, Some(first.unwrap_or(&own)));
            }
            UseTree::Group(group) => {
                for each in &group.items {
                    self.import(each, first);
                }
            }
            UseTree::Name(name) => self.name(&name.ident.to_string(), None, first),
            UseTree::Rename(rename) => {
                self.name(&rename.ident.to_string(), Some(rename.rename.to_string()), first);
            }
            UseTree::Glob(_) => {}
        }
    }

    fn name(&mut self, name: &str, alias: Option<String>, first: Option<&str>) {
        match (first, alias) {
            (Some("yew"), Some(alias)) => _ = self.aliases.insert(alias, name.to_owned()),
            (Some("yew"), None) => {}
            (_, alias) => _ = self.foreign.insert(alias.unwrap_or_else(|| name.to_owned())),
        }
    }
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.import(&item.tree, None);
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.foreign.insert(item.sig.ident.to_string());
        syn::visit::visit_item_fn(self, item);
    }
}

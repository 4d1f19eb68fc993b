//! Which names of a file mean functions of the framework.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::Visit;
use syn::{ItemFn, ItemStruct, ItemUse, Path, UseTree};

use crate::framework::{Call, Framework};

/// Hooks of frameworks that make no state which could be kept.
const WITHOUT_STATE: [&str; 29] = [
    "use_callback",
    "use_context",
    "use_context_provider",
    "use_coroutine",
    "use_current_scope",
    "use_drop",
    "use_effect",
    "use_effect_with",
    "use_force_update",
    "use_future",
    "use_future_with",
    "use_global_scope",
    "use_hook",
    "use_location",
    "use_memo",
    "use_navigate",
    "use_navigator",
    "use_node_ref",
    "use_params",
    "use_params_map",
    "use_prepared_state",
    "use_query",
    "use_query_map",
    "use_ref",
    "use_resource",
    "use_route",
    "use_search_params",
    "use_transitive_state",
    "use_url",
];

/// What a call is.
pub(crate) enum Called {
    /// A function of the framework.
    Known(Call),
    /// A hook that may make state.
    Custom,
    /// Anything else.
    Other,
}

/// The names of one file.
#[derive(Debug)]
pub(crate) struct Imports {
    framework: Framework,
    /// Names that the framework's functions have here.
    aliases: BTreeMap<String, String>,
    /// Names that are not the framework's here: the file defines them, or imports them from elsewhere.
    foreign: BTreeSet<String>,
}

impl Imports {
    pub(crate) fn of(file: &syn::File, framework: Framework) -> Self {
        let (aliases, foreign) = (BTreeMap::new(), BTreeSet::new());
        let mut imports = Self { framework, aliases, foreign };
        imports.visit_file(file);
        imports
    }

    /// Whether a name without a path can be one of the framework's.
    pub(crate) fn is_ours(&self, name: &str) -> bool {
        !self.foreign.contains(name)
    }

    /// What is called by a path.
    pub(crate) fn called(&self, path: &Path) -> Called {
        let names: Vec<String> = path.segments.iter().map(|it| it.ident.to_string()).collect();
        if let Some(call) = self.known(&names) {
            return Called::Known(call);
        }
        let Some(last) = names.last() else { return Called::Other };
        let is_ours = names.len() > 1 || self.is_ours(last);
        if !last.starts_with("use_") || is_ours && WITHOUT_STATE.contains(&&**last) {
            return Called::Other;
        }
        Called::Custom
    }

    /// How a call of the framework's function is rewritten.
    fn known(&self, names: &[String]) -> Option<Call> {
        let is_end = |end: &[&str]| {
            let Some(before) = names.len().checked_sub(end.len()) else { return false };
            let own = &names[before..];
            let first = if before == 0 {
                self.aliases.get(&own[0]).map_or(&*own[0], String::as_str)
            } else {
                &own[0]
            };
            let is_ours = match names[..before].first() {
                Some(crate_name) => self.framework.crates().contains(&&**crate_name),
                None => self.is_ours(&own[0]),
            };
            is_ours && first == end[0] && own[1..] == end[1..]
        };
        self.framework.state().iter().find(|(end, _)| is_end(end)).map(|(_, call)| *call)
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
        let is_ours = first.is_some_and(|first| self.framework.crates().contains(&first));
        match alias {
            Some(alias) if is_ours => _ = self.aliases.insert(alias, name.to_owned()),
            None if is_ours => {}
            alias => _ = self.foreign.insert(alias.unwrap_or_else(|| name.to_owned())),
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

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        self.foreign.insert(item.ident.to_string());
    }
}

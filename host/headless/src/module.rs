//! The modules of a page: the record of each ([`record::ModuleRecord`]).

pub(crate) mod call_timing;
pub(crate) mod history;
mod phase;
pub(crate) mod probation;
pub(crate) mod record;

use std::collections::BTreeMap;

use self::record::ModuleRecord;
use crate::guest::code::Code;
use crate::rendering::tree::Tree;

/// All modules of a page, by name.
#[derive(Default)]
pub(crate) struct Modules {
    records: BTreeMap<String, ModuleRecord>,
    last_tree: u64,
}

impl Modules {
    pub(crate) fn add(&mut self, name: &str, code: Code) {
        let tree = self.new_tree();
        self.records.insert(name.to_owned(), ModuleRecord::new(code, tree));
    }

    /// An empty tree, with a serial number that no other tree of the page has.
    pub(crate) fn new_tree(&mut self) -> Tree {
        self.last_tree += 1;
        Tree::new(self.last_tree)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&ModuleRecord> {
        self.records.get(name)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut ModuleRecord> {
        self.records.get_mut(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &ModuleRecord)> {
        self.records.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut ModuleRecord)> {
        self.records.iter_mut()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.records.keys().map(String::as_str)
    }

    /// Whether a swap of the module is under way: then nothing but the swap calls it.
    pub(crate) fn is_swapping(&self, name: &str) -> bool {
        self.get(name).is_some_and(ModuleRecord::is_swapping)
    }

    /// The module whose code renders into a tree.
    pub(crate) fn of_tree(&self, serial: u64) -> Option<&str> {
        let found = self.records.iter().find(|(_, record)| record.tree.serial == serial);
        found.map(|(name, _)| name.as_str())
    }

    /// The first module that no swap holds, of those for which something is true.
    pub(crate) fn first_free(&self, is: impl Fn(&ModuleRecord) -> bool) -> Option<String> {
        let found = self.records.iter().find(|(_, record)| !record.is_swapping() && is(record));
        found.map(|(name, _)| name.clone())
    }
}

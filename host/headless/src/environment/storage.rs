//! Web storage: the items of a page.

use std::collections::BTreeMap;

use hmr_abi::event::StorageArea;

/// Both areas of a page.
#[derive(Debug, Clone, Default)]
pub(crate) struct StoredItems {
    local: BTreeMap<String, String>,
    session: BTreeMap<String, String>,
}

impl StoredItems {
    fn area(&mut self, area: StorageArea) -> &mut BTreeMap<String, String> {
        match area {
            StorageArea::Local => &mut self.local,
            StorageArea::Session => &mut self.session,
        }
    }

    pub(crate) fn get(&self, area: StorageArea, item: &str) -> Option<String> {
        let items = match area {
            StorageArea::Local => &self.local,
            StorageArea::Session => &self.session,
        };
        items.get(item).cloned()
    }

    /// Stores or removes an item. Returns the text that it had.
    pub(crate) fn set(
        &mut self,
        area: StorageArea,
        item: &str,
        value: Option<&str>,
    ) -> Option<String> {
        match value {
            Some(value) => self.area(area).insert(item.to_owned(), value.to_owned()),
            None => self.area(area).remove(item),
        }
    }
}

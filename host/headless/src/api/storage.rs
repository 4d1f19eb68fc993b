//! Web storage as a test uses it, and changes that other pages make.

use hmr_abi::event::StorageArea;

use super::Page;
use super::builder::PageBuilder;

/// A storage area of a page, as a script of that page uses it. See [`Page::storage`].
#[derive(Debug, Clone)]
pub struct Storage {
    page: Page,
    area: StorageArea,
}

impl Storage {
    /// An item's text.
    #[must_use]
    pub fn get(&self, item: &str) -> Option<String> {
        self.page.state.borrow().environment.storage.get(self.area, item)
    }

    /// Stores an item. This page's own listeners are not notified, as in a browser.
    pub fn set(&self, item: &str, value: &str) {
        self.page.state.borrow_mut().environment.storage.set(self.area, item, Some(value));
    }

    /// Removes an item.
    pub fn remove(&self, item: &str) {
        self.page.state.borrow_mut().environment.storage.set(self.area, item, None);
    }
}

impl PageBuilder {
    /// Stores an item before anything is mounted.
    #[must_use]
    pub fn store(mut self, area: StorageArea, item: &str, value: &str) -> Self {
        self.environment.storage.set(area, item, Some(value));
        self
    }
}

impl Page {
    /// A storage area.
    ///
    /// ```
    /// use hmr_headless::{Page, StorageArea};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let page = Page::builder().store(StorageArea::Local, "cart", "[]").open()?;
    /// let local = page.storage(StorageArea::Local);
    /// assert_eq!(local.get("cart").as_deref(), Some("[]"));
    /// local.remove("cart");
    /// assert_eq!(local.get("cart"), None);
    /// assert_eq!(page.storage(StorageArea::Session).get("cart"), None);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn storage(&self, area: StorageArea) -> Storage {
        Storage { page: self.clone(), area }
    }

    /// Stores an item as another page of the same origin does, or removes it with `None`: notifies the listeners.
    ///
    /// ```
    /// use hmr_headless::{Page, StorageArea};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let page = Page::builder().open()?;
    /// page.store_from_elsewhere(StorageArea::Local, "theme", "dark");
    /// assert_eq!(page.storage(StorageArea::Local).get("theme").as_deref(), Some("dark"));
    /// page.store_from_elsewhere(StorageArea::Local, "theme", None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn store_from_elsewhere<'a>(
        &self,
        area: StorageArea,
        item: &str,
        value: impl Into<Option<&'a str>>,
    ) {
        let new = value.into();
        self.act(|state| {
            let old = state.environment.storage.set(area, item, new);
            if old.as_deref() == new {
                return;
            }
            let data = serde_json::json!({ "item": item, "old": old, "new": new }).to_string();
            for live in state.environment.resources.storage_listeners(area, item) {
                state.environment.fire(live.serial, Some(data.clone()));
            }
        });
    }
}

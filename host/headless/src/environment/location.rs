//! The page's address: what changes it, and who is notified.

use hmr_abi::event::Resource;

use super::Environment;
use crate::guest::page_values::PageValues;

impl Environment {
    /// Goes to an address of the page's origin.
    pub(crate) fn push_location(
        &mut self,
        page_values: &PageValues,
        url: &str,
    ) -> Result<(), String> {
        page_values.history(|history| history.push(url))?;
        self.location_changed(page_values);
        Ok(())
    }

    /// Replaces the page's address.
    pub(crate) fn replace_location(
        &mut self,
        page_values: &PageValues,
        url: &str,
    ) -> Result<(), String> {
        page_values.history(|history| history.replace(url))?;
        self.location_changed(page_values);
        Ok(())
    }

    /// Goes back or forward in the page's history.
    pub(crate) fn go(&mut self, page_values: &PageValues, by: i64) {
        let moved = page_values.history(|history| {
            let before = history.entries().1;
            history.go(by);
            history.entries().1 != before
        });
        if moved {
            self.location_changed(page_values);
        }
    }

    fn location_changed(&mut self, page_values: &PageValues) {
        let location = page_values.history(|history| history.location());
        let data = serde_json::json!(location).to_string();
        let following =
            self.resources.running(|resource| matches!(resource, Resource::Location { .. }));
        for live in following {
            self.fire(live.serial, Some(data.clone()));
        }
    }

    /// Goes where a link leads: within the page, within the application, or else the address is noted as one that a browser would
    /// load. `opens` is whether it opens elsewhere, in a tab of its own for instance.
    pub(crate) fn follow_link(&mut self, page_values: &PageValues, href: &str, opens: bool) {
        let (here, url) =
            page_values.history(|history| (history.current().clone(), history.resolve(href)));
        let Some(url) = url else { return };
        let same_page = {
            let (mut one, mut other) = (here.clone(), url.clone());
            one.set_fragment(None);
            other.set_fragment(None);
            one == other && url.fragment().is_some_and(|fragment| !fragment.is_empty())
        };
        let within = url.origin() == here.origin() && self.is_within_application(url.path());
        if opens || !(same_page || within) {
            self.loads.push(url.into());
        } else if url == here {
            _ = self.replace_location(page_values, url.as_str());
        } else {
            _ = self.push_location(page_values, url.as_str());
        }
    }

    /// Whether a module follows links to this path.
    fn is_within_application(&self, path: &str) -> bool {
        let follows = |resource: &Resource| {
            let Resource::Location { links: Some(base) } = resource else { return false };
            let inside = path.strip_prefix(base.trim_end_matches('/'));
            inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        !self.resources.running(follows).is_empty()
    }
}

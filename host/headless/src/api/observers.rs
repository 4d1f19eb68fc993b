//! The sizes and the visibility that a test gives to elements.

use super::element::Element;
use super::error::PageError;
use crate::environment::Environment;

impl Element {
    /// Gives it the size of its content box, in CSS pixels. Notifies its observers.
    ///
    /// ```no_run
    /// # fn test(page: &hmr_headless::Page) -> Result<(), hmr_headless::PageError> {
    /// page.find(".board")?.resize(320.0, 200.0)?;
    /// assert_eq!(page.text(".layout"), "narrow");
    /// # Ok(())
    /// # }
    /// ```
    pub fn resize(&self, width: f64, height: f64) -> Result<&Self, PageError> {
        self.act(|state, node| {
            let size = (width.max(0.0), height.max(0.0));
            let firings = state.environment.observers.resize(node, size);
            fire_all(&mut state.environment, firings);
        })
    }

    /// Brings a share of it into view, 0 to 1. Notifies its observers when the share passes their threshold.
    pub fn intersect(&self, ratio: f64) -> Result<&Self, PageError> {
        self.act(|state, node| {
            let Environment { observers, resources, .. } = &mut state.environment;
            let firings = observers.intersect(resources, node, ratio.clamp(0.0, 1.0));
            fire_all(&mut state.environment, firings);
        })
    }
}

fn fire_all(environment: &mut Environment, firings: Vec<(u64, String)>) {
    for (serial, data) in firings {
        environment.fire(serial, Some(data));
    }
}

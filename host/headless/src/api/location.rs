//! The page's address, its history and its title, as a test uses and changes them.

use super::Page;

impl Page {
    /// The page's address.
    ///
    /// ```
    /// use hmr_headless::Page;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let page = Page::builder().location("/users/7?tab=notes").open()?;
    /// assert_eq!(page.location(), "http://localhost/users/7?tab=notes");
    /// page.go_to_location("/users/8")?;
    /// page.go_by(-1);
    /// assert_eq!(page.location(), "http://localhost/users/7?tab=notes");
    /// assert_eq!(page.locations().len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn location(&self) -> String {
        self.state.borrow().page_values.history(|history| history.current().to_string())
    }

    /// All addresses that the page's history has, the earliest first.
    #[must_use]
    pub fn locations(&self) -> Vec<String> {
        self.state.borrow().page_values.history(|history| history.entries().0)
    }

    /// Goes to another address of the page's origin, as a script of the page does.
    ///
    /// # Errors
    /// It is not an address, or one of another origin.
    pub fn go_to_location(&self, url: &str) -> Result<(), String> {
        self.act(|state| {
            let page_values = state.page_values.clone();
            state.environment.push_location(&page_values, url)
        })
    }

    /// Goes back (-1) or forward (1) in the page's history, as the reader does. Nothing happens if there is no such address.
    pub fn go_by(&self, by: i64) {
        self.act(|state| {
            let page_values = state.page_values.clone();
            state.environment.go(&page_values, by);
        });
    }

    /// The addresses that links have led to and that a browser would have loaded, in this tab or another one.
    #[must_use]
    pub fn loads(&self) -> Vec<String> {
        self.state.borrow().environment.loads.clone()
    }

    /// The title of the page: the one that modules have set, else that of the document.
    #[must_use]
    pub fn title(&self) -> String {
        let state = self.state.borrow();
        if let Some(title) = &state.environment.title {
            return title.clone();
        }
        let titles = state.dom.select("title").unwrap_or_default();
        titles.first().map(|title| state.dom.text(*title)).unwrap_or_default()
    }
}

//! What the reader gives to a page besides text: files and the clipboard; and what modules draw.

use hmr_abi::event::{EventData, FileData};

use super::Page;
use super::element::Element;
use super::error::PageError;
use crate::page::events::fire;
use crate::page::focus::focus;

/// A file that a test gives to a file field. See [`Element::choose_files`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name, without a folder.
    pub name: String,
    /// Its media type, `text/plain` for instance.
    pub kind: String,
    /// Its content.
    pub content: Vec<u8>,
}

impl File {
    /// A file of this name, media type and content.
    pub fn new(
        name: impl Into<String>,
        kind: impl Into<String>,
        content: impl Into<Vec<u8>>,
    ) -> Self {
        Self { name: name.into(), kind: kind.into(), content: content.into() }
    }
}

impl Element {
    /// Chooses files in a file field, as the reader does: `input` and `change` are fired.
    ///
    /// ```no_run
    /// use hmr_headless::File;
    ///
    /// # fn test(page: &hmr_headless::Page) -> Result<(), hmr_headless::PageError> {
    /// page.find("input[type=file]")?.choose_files(&[File::new("list.txt", "text/plain", "milk")])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn choose_files(&self, files: &[File]) -> Result<&Self, PageError> {
        let takes_files = self.read(|state, node| {
            state.dom.input_type(node) == "file" && !state.dom.is_disabled(node)
        });
        self.needs(takes_files, "takes no files")?;
        let several = self.attribute("multiple").is_some();
        self.needs(several || files.len() < 2, "takes one file")?;
        self.act(|state, node| {
            focus(state, Some(node));
            let modified = state.clock.now();
            let contents = &mut state.environment.files;
            let chosen = files.iter().map(|file| {
                contents.push(file.content.clone());
                let (id, size) = (contents.len().to_string(), file.content.len() as u64);
                let (name, kind) = (file.name.clone(), file.kind.clone());
                FileData { id, name, kind, size, modified }
            });
            let chosen: Vec<_> = chosen.collect();
            // What browsers show in place of the path.
            let value = chosen.first().map(|file| format!("C:\\fakepath\\{}", file.name));
            state.dom.set_value(node, &value.unwrap_or_default());
            state.dom.node_state_mut(node).files = chosen;
            for kind in ["input", "change"] {
                let data = EventData { kind: kind.to_owned(), ..EventData::default() };
                fire(state, node, &data);
            }
        })
    }

    /// What modules have drawn on a `canvas` since it was empty, a command in each line: `fillRect 0 0 8 8`.
    #[must_use]
    pub fn drawing(&self) -> Vec<String> {
        self.read(|state, node| {
            state.dom.node_state(node).map(|state| state.drawing.clone()).unwrap_or_default()
        })
    }
}

impl Page {
    /// The text in the clipboard.
    #[must_use]
    pub fn clipboard(&self) -> String {
        self.state.borrow().environment.clipboard.text.clone()
    }

    /// Puts text into the clipboard, as the reader does.
    pub fn set_clipboard(&self, text: impl Into<String>) {
        self.state.borrow_mut().environment.clipboard.text = text.into();
    }

    /// Keeps modules from using the clipboard, as a reader who refuses does; with `None`, lets them again.
    pub fn deny_clipboard<'a>(&self, reason: impl Into<Option<&'a str>>) {
        let reason = reason.into().map(str::to_owned);
        self.state.borrow_mut().environment.clipboard.denied = reason;
    }
}

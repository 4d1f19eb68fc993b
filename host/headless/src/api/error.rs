//! Errors of creating or using a page.

use hmr_guest::ModuleError;

/// Why a page could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The bytes of a module cannot be run.
    #[error("the module `{name}` cannot be used")]
    Module {
        /// The module.
        name: String,
        /// The error in the bytes.
        #[source]
        source: ModuleError,
    },
    /// The page's address is not one.
    #[error("the page has no address: {0}")]
    Location(String),
}

/// Why an element could not be found or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The selector is not valid CSS.
    #[error("`{selector}` is not a CSS selector: {why}")]
    Selector {
        /// The selector.
        selector: String,
        /// The error message.
        why: String,
    },
    /// Nothing matches.
    #[error("no element matches `{selector}`\nhint: the page is\n{html}")]
    NotFound {
        /// The selector.
        selector: String,
        /// The page's body.
        html: String,
    },
    /// The element has left the document.
    #[error("the element `{tag}` is no longer in the document")]
    Gone {
        /// Its tag.
        tag: String,
    },
    /// The element does not do that.
    #[error("`{tag}` {why}")]
    Unable {
        /// Its tag.
        tag: String,
        /// The missing property.
        why: &'static str,
    },
    /// There is no such module in the page.
    #[error("the page has no module `{0}`")]
    NoModule(String),
    /// The module does not run.
    #[error("the module `{0}` does not run: none of its components is mounted, or it has trapped")]
    NotRunning(String),
    /// Bytes that are not in the module's memory.
    #[error("{length} bytes at {address} are outside of the memory of `{module}`")]
    Memory {
        /// The module.
        module: String,
        /// Where they begin.
        address: u32,
        /// How many they are.
        length: usize,
    },
    /// A swap of the module is under way.
    #[error("the module `{0}` is being swapped")]
    Swapping(String),
    /// The module has no version before the one that runs.
    #[error("there is no version of `{0}` from before the one that runs")]
    NoPrevious(String),
    /// A call of an export failed.
    #[error("the call of `{export}` of `{module}` failed: {why}")]
    Call {
        /// The module.
        module: String,
        /// The export.
        export: String,
        /// The cause.
        why: String,
    },
    /// The module's history has no such state.
    #[error("the history of `{module}` has no state {index}: it has {count}")]
    NoState {
        /// The module.
        module: String,
        /// The requested index, from 0.
        index: i64,
        /// How many there are.
        count: usize,
    },
    /// Text is not a saved snapshot.
    #[error("this is not a saved snapshot: {0}")]
    Saved(String),
    /// An update's transform is not an array of operations.
    #[error(
        "the update's transform is no array of operations: {why}\n\
         hint: it is like `[{{\"op\":\"rename\",\"from\":\"draft\",\"to\":\"title\"}}]`"
    )]
    Transform {
        /// The error message.
        why: String,
    },
    /// The state of a module could not be captured.
    #[error("the state of `{module}` could not be captured: {why}")]
    Capture {
        /// The module.
        module: String,
        /// The cause.
        why: String,
    },
}

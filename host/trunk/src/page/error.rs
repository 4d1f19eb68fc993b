//! What can be wrong with a page and its assets.

use camino::Utf8PathBuf;

/// Why a page cannot be read or built. Lines are those of the page, from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The markup cannot be read.
    #[error("the page cannot be read as HTML: {reason}\nhint: close all elements before the place")]
    Html {
        /// What the parser says.
        reason: String,
    },
    /// A link without `rel`.
    #[error("line {line}: `<link data-trunk>` has no `rel`\nhint: `rel` names the kind: {kinds}")]
    NoKind {
        /// The line of the tag.
        line: usize,
        /// The known kinds, as a list for people.
        kinds: String,
    },
    /// A `rel` that Trunk does not have.
    #[error("line {line}: `rel=\"{kind}\"` is not a kind of asset\nhint: {hint}")]
    UnknownKind {
        /// The line of the tag.
        line: usize,
        /// The value of `rel`.
        kind: String,
        /// What was probably meant, and the known kinds.
        hint: String,
    },
    /// An attribute that the kind needs is absent.
    #[error(
        "line {line}: {element} has no `{attribute}`\nhint: write the path of the file, relative to the page"
    )]
    MissingAttribute {
        /// The line of the tag.
        line: usize,
        /// The element, as it is written.
        element: String,
        /// The attribute.
        attribute: &'static str,
    },
    /// An attribute has a value that is not one of those that it may have.
    #[error("line {line}: `{attribute}` is `{value}`\nhint: it may be {expected}")]
    WrongValue {
        /// The line of the tag.
        line: usize,
        /// The attribute.
        attribute: &'static str,
        /// Its value.
        value: String,
        /// What it may be, as a list for people.
        expected: &'static str,
    },
    /// A page starts one application.
    #[error(
        "line {line}: a second application; the first is in line {first}\nhint: give one of them `data-type=\"worker\"`, or remove it"
    )]
    SecondApplication {
        /// The line of the second tag.
        line: usize,
        /// The line of the first tag.
        first: usize,
    },
    /// All features and some features at once.
    #[error(
        "line {line}: `data-cargo-all-features` cannot be combined with `data-cargo-features` or `data-cargo-no-default-features`\nhint: remove one of them"
    )]
    Features {
        /// The line of the tag.
        line: usize,
    },
    /// A file or folder of an element cannot be read.
    #[error("line {line}: {path}: {reason}\nhint: paths are relative to the folder of the page")]
    File {
        /// The line of the tag.
        line: usize,
        /// The file or folder.
        path: Utf8PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A stylesheet does not compile.
    #[error(
        "{path}: {message}\nhint: correct the stylesheet; it is compiled again when it is saved"
    )]
    Style {
        /// The file that the page links.
        path: Utf8PathBuf,
        /// What the compiler says.
        message: String,
        /// The files that were read: a change of one of them may help.
        inputs: Vec<Utf8PathBuf>,
    },
    /// No stylesheet of the page has this path.
    #[error(
        "no stylesheet of the page is served as `{url_path}`\nhint: build the whole page again"
    )]
    NoSuchStyle {
        /// The path that was asked for.
        url_path: String,
    },
}

impl PageError {
    /// The files of which a change may help: absolute.
    #[must_use]
    pub fn inputs(&self) -> Vec<Utf8PathBuf> {
        match self {
            Self::File { path, .. } => vec![path.clone()],
            Self::Style { inputs, .. } => inputs.clone(),
            _ => Vec::new(),
        }
    }
}

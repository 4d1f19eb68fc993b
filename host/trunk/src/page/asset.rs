//! One element that Trunk replaces: from its attributes to what it means.

use camino::Utf8PathBuf;

use super::attributes::Attributes;
use super::error::PageError;
use super::rust_asset;
use crate::nearest::nearest;
use crate::rust_link::RustLink;

/// The values of `rel`.
const KINDS: [&str; 10] = [
    "rust",
    "css",
    "scss",
    "sass",
    "tailwind-css",
    "tailwind-css-extra",
    "inline",
    "icon",
    "copy-file",
    "copy-dir",
];
/// What `type` of an inlined file may be.
const CONTENTS: &str = "`html`, `svg`, `css`, `js`, `mjs` or `module`";

/// One `<link data-trunk>` or `<script data-trunk>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asset {
    /// The line of the tag, from 1.
    pub(crate) line: usize,
    pub(crate) kind: Kind,
}

/// What an element asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Rust(Box<RustLink>),
    Style(Style),
    Inline { href: Utf8PathBuf, content: Content },
    Icon(FileLink),
    Script { file: FileLink, attributes: Attributes },
    CopyFile(FileLink),
    CopyFolder(FileLink),
}

/// A file or folder, and where it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileLink {
    /// Relative to the page.
    pub(crate) href: Utf8PathBuf,
    /// `data-target-path`: the folder in URLs, checked.
    pub(crate) target: Option<String>,
}

/// A stylesheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) file: FileLink,
    pub(crate) language: Language,
    /// `data-inline`: it becomes a `<style>` of the page.
    pub(crate) inline: bool,
    pub(crate) attributes: Attributes,
}

/// How a stylesheet is compiled.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Language {
    Css,
    Sass,
    /// By this program, with this value of `--config`.
    Tailwind {
        program: &'static str,
        config: Option<String>,
    },
}

/// What an inlined file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Markup,
    Css,
    Script,
    Module,
}

impl Asset {
    /// Reads a `<link data-trunk>`; attributes without effect are added to `notes`.
    pub(crate) fn link(
        line: usize,
        attributes: &Attributes,
        notes: &mut Vec<String>,
    ) -> Result<Self, PageError> {
        let Some(rel) = attributes.get("rel") else {
            return Err(PageError::NoKind { line, kinds: kinds() });
        };
        let element = Element { line, rel, attributes };
        let kind = match rel {
            "rust" => Kind::Rust(Box::new(rust_asset::read(line, attributes, notes)?)),
            "css" => Kind::Style(element.style(Language::Css)?),
            "scss" | "sass" => Kind::Style(element.style(Language::Sass)?),
            "tailwind-css" => Kind::Style(element.tailwind("tailwindcss")?),
            "tailwind-css-extra" => Kind::Style(element.tailwind("tailwindcss-extra")?),
            "inline" => {
                element.note_unknown(&[], notes);
                element.inline()?
            }
            "icon" => {
                element.note_unknown(&["data-integrity", "data-no-minify"], notes);
                Kind::Icon(element.file("href")?)
            }
            "copy-file" => {
                element.note_unknown(&[], notes);
                Kind::CopyFile(element.file("href")?)
            }
            "copy-dir" => {
                element.note_unknown(&[], notes);
                Kind::CopyFolder(element.file("href")?)
            }
            unknown => return Err(unknown_kind(line, unknown)),
        };
        Ok(Self { line, kind })
    }

    /// Reads a `<script data-trunk>`.
    pub(crate) fn script(line: usize, attributes: &Attributes) -> Result<Self, PageError> {
        let element = Element { line, rel: "", attributes };
        let file = element.file("src")?;
        Ok(Self { line, kind: Kind::Script { file, attributes: attributes.clone() } })
    }
}

/// An element that is being read.
struct Element<'a> {
    line: usize,
    /// The kind of a link; empty for a script.
    rel: &'a str,
    attributes: &'a Attributes,
}

impl Element<'_> {
    fn file(&self, attribute: &'static str) -> Result<FileLink, PageError> {
        let Some(href) = self.attributes.get(attribute).filter(|href| !href.is_empty()) else {
            let element = match self.rel {
                "" => "`<script data-trunk>`".to_owned(),
                rel => format!("`<link data-trunk rel=\"{rel}\">`"),
            };
            return Err(PageError::MissingAttribute { line: self.line, element, attribute });
        };
        Ok(FileLink { href: href.into(), target: self.attributes.target_path(self.line)? })
    }

    fn style(&self, language: Language) -> Result<Style, PageError> {
        // Trunk links a stylesheet that it does not compile, whatever `data-inline` says.
        let inline = language != Language::Css && self.attributes.has("data-inline");
        let file = self.file("href")?;
        Ok(Style { file, language, inline, attributes: self.attributes.clone() })
    }

    fn tailwind(&self, program: &'static str) -> Result<Style, PageError> {
        let config = self.attributes.get("data-config").map(str::to_owned);
        self.style(Language::Tailwind { program, config })
    }

    fn inline(&self) -> Result<Kind, PageError> {
        let href = self.file("href")?.href;
        let kind = self.attributes.get("type").or(href.extension()).unwrap_or_default();
        let content = match kind {
            "html" | "svg" => Content::Markup,
            "css" => Content::Css,
            "js" => Content::Script,
            "mjs" | "module" => Content::Module,
            value => {
                return Err(PageError::WrongValue {
                    line: self.line,
                    attribute: "type",
                    value: value.to_owned(),
                    expected: CONTENTS,
                });
            }
        };
        Ok(Kind::Inline { href, content })
    }

    /// Notes the `data-…` attributes that have no effect: an element of this kind is not in the output.
    fn note_unknown(&self, known: &[&str], notes: &mut Vec<String>) {
        let unknown = |name: &&str| !known.contains(name) && *name != "data-target-path";
        let names = self.attributes.data_names().filter(unknown);
        notes.extend(names.map(|name| {
            format!("line {}: `{name}` of `rel=\"{}\"` is not honoured", self.line, self.rel)
        }));
    }
}

/// The kinds, as a list for people.
fn kinds() -> String {
    KINDS.map(|kind| format!("`{kind}`")).join(", ")
}

fn unknown_kind(line: usize, kind: &str) -> PageError {
    let hint = match nearest(&kind.to_lowercase(), KINDS) {
        Some(near) => format!("did you mean `{near}`? The kinds are {}", kinds()),
        None => format!("the kinds are {}", kinds()),
    };
    PageError::UnknownKind { line, kind: kind.to_owned(), hint }
}

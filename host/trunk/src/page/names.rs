//! The paths of a page's files in URLs. They depend on the text of the page alone, so they stay the same across rebuilds.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::asset::{Asset, FileLink, Kind, Language};

/// What is served under a path: the same file, made in the same way, is served once.
type Content<'a> = (Utf8PathBuf, Option<&'a Language>);

/// The paths that are taken, by path.
#[derive(Default)]
struct Taken<'a>(BTreeMap<String, Content<'a>>);

impl<'a> Taken<'a> {
    /// Takes `wanted`, or with a number in its name if another content has it.
    fn take(&mut self, wanted: &str, content: Content<'a>) -> String {
        let mut path = wanted.to_owned();
        let mut number = 2;
        while self.0.get(&path).is_some_and(|taken| *taken != content) {
            path = numbered(wanted, number);
            number += 1;
        }
        self.0.insert(path.clone(), content);
        path
    }
}

/// The paths of a page's assets.
pub(super) struct Names {
    /// For each asset in the order of the page; nothing if it is not served.
    pub(super) paths: Vec<Option<String>>,
    /// Copies that another copy replaces.
    pub(super) notes: Vec<String>,
}

/// Gives every asset its path.
///
/// Trunk gives compiled and linked files a hash of their content, so two files of one name do not meet. Here the second gets a number. Copied
/// files keep their names, because programs use them: of two copies the later one is served.
pub(super) fn assign(assets: &[Asset]) -> Names {
    let mut taken = Taken::default();
    let mut notes = Vec::new();
    let mut paths = vec![None; assets.len()];
    for (asset, path) in assets.iter().zip(&mut paths) {
        let (Kind::CopyFile(file) | Kind::CopyFolder(file)) = &asset.kind else { continue };
        let wanted = match &asset.kind {
            // A folder keeps its name, or gets another one.
            Kind::CopyFolder(_) => file.target.clone(),
            _ => None,
        };
        let wanted = wanted.unwrap_or_else(|| in_target(file, name(&file.href)));
        let before = taken.0.insert(wanted.clone(), (file.href.clone(), None));
        if before.is_some_and(|(href, _)| href != file.href) {
            notes.push(format!(
                "line {}: `{}` replaces another file that is copied to `{wanted}`",
                asset.line, file.href
            ));
        }
        *path = Some(wanted);
    }
    for (asset, path) in assets.iter().zip(&mut paths) {
        let (file, language) = match &asset.kind {
            Kind::Style(style) if !style.inline => (&style.file, Some(&style.language)),
            Kind::Icon(file) | Kind::Script { file, .. } => (file, None),
            _ => continue,
        };
        let name = match language {
            None | Some(Language::Css) => name(&file.href).to_owned(),
            Some(_) => format!("{}.css", file.href.file_stem().unwrap_or_default()),
        };
        *path = Some(taken.take(&in_target(file, &name), (file.href.clone(), language)));
    }
    Names { paths, notes }
}

fn name(href: &Utf8Path) -> &str {
    href.file_name().unwrap_or_default()
}

fn in_target(file: &FileLink, name: &str) -> String {
    match file.target.as_deref() {
        None | Some("") => name.to_owned(),
        Some(folder) => format!("{folder}/{name}"),
    }
}

/// `a/style.css` and 2 are `a/style-2.css`.
fn numbered(path: &str, number: usize) -> String {
    let path = Utf8Path::new(path);
    let stem = path.file_stem().unwrap_or_default();
    let name = match path.extension() {
        Some(extension) => format!("{stem}-{number}.{extension}"),
        None => format!("{stem}-{number}"),
    };
    path.with_file_name(name).as_str().replace('\\', "/")
}

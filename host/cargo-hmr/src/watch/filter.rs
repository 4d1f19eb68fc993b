//! Which paths count. Decided here, for the watcher and so for everything behind it.
//!
//! In this order, the first that is true decides:
//!
//! 1. What the tool's own builds write never counts, even if a compilation reads it.
//! 2. What `watch-ignore` names does not count.
//! 3. Files that were read, or are named by the settings, count in any folder.
//! 4. In a folder that a build script watches, everything counts but leftovers of editors, version control and build output.
//! 5. In the folders of packages and of the application, hidden files and `node_modules` do not count either, unless `root-files`
//!    names them.
//! 6. Nothing else counts.
//!
//! Build output is what cargo's configuration names, every `target` next to a manifest, and every folder that is marked as a
//! cache with a `CACHEDIR.TAG`, as cargo marks what it makes.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use globset::{Glob, GlobMatcher, GlobSet, GlobSetBuilder};
use hmr_build::noise::{is_leftover, is_private};

use super::{Scope, WatchError};
use crate::served::WELL_KNOWN;

/// Which paths of a scope count.
#[derive(Default)]
pub(super) struct Filter {
    scope: Scope,
    ignored: GlobSet,
    named: GlobSet,
    /// The parts of `root-files` globs that name something hidden, or `node_modules`.
    named_parts: Vec<GlobMatcher>,
}

impl Filter {
    pub(super) fn new(mut scope: Scope) -> Result<Self, WatchError> {
        let mut ignored = GlobSetBuilder::new();
        for glob in &scope.ignore {
            ignored.add(Glob::new(glob)?);
            // A folder's glob also ignores its contents.
            ignored.add(Glob::new(&format!("{}/**", glob.trim_end_matches('/')))?);
        }
        let mut named = GlobSetBuilder::new();
        let mut named_parts = Vec::new();
        for glob in &scope.named {
            named.add(Glob::new(glob)?);
            named_parts.extend(glob.split('/').filter_map(hidden_part));
            if let Some(folder) = fixed_folder(glob) {
                scope.folders.insert(scope.root.join(folder));
            }
        }
        // Files in outputs never count.
        let outputs = std::mem::take(&mut scope.outputs);
        scope.files.retain(|file| !outputs.iter().any(|output| file.starts_with(output)));
        scope.outputs = outputs;
        let (ignored, named) = (ignored.build()?, named.build()?);
        Ok(Self { scope, ignored, named, named_parts })
    }

    /// The roots of everything that counts: folders and single files, none inside another.
    pub(super) fn roots(&self) -> Vec<Utf8PathBuf> {
        let all: BTreeSet<&Utf8PathBuf> = self.starts().into_iter().flatten().collect();
        let mut roots: Vec<Utf8PathBuf> = Vec::new();
        for path in all {
            if !roots.last().is_some_and(|last| path.starts_with(last)) {
                roots.push(path.clone());
            }
        }
        roots
    }

    /// The folders and single files of the scope at `path` or below it.
    pub(super) fn starts_below<'a>(
        &'a self,
        path: &'a Utf8Path,
    ) -> impl Iterator<Item = &'a Utf8PathBuf> {
        self.starts().into_iter().flat_map(move |starts| below(starts, path))
    }

    /// Whether a build reads the file: it is a single file of the scope, or is in a folder that a build script watches.
    pub(super) fn is_read(&self, path: &Utf8Path) -> bool {
        self.scope.files.contains(path)
            || path.ancestors().any(|folder| self.scope.trees.contains(folder))
    }

    /// Whether `path` does not count, and if it is a folder nothing in it.
    pub(super) fn skips(&self, path: &Utf8Path) -> bool {
        if self.scope.outputs.iter().any(|output| path.starts_with(output)) || self.ignores(path) {
            return true;
        }
        // The file itself, or a folder that contains one.
        if self.starts().into_iter().any(|start| below(start, path).next().is_some()) {
            return false;
        }
        let Some((base, tree)) = path.ancestors().find_map(|folder| {
            let tree = self.scope.trees.contains(folder);
            (tree || self.scope.folders.contains(folder)).then_some((folder, tree))
        }) else {
            return true;
        };
        let Ok(inside) = path.strip_prefix(base) else { return true };
        let mut folder = base.to_owned();
        inside.components().any(|part| {
            let noise = self.is_noise(path, &folder, part.as_str(), tree);
            folder.push(part);
            noise
        })
    }

    /// Whether `part`, in `folder`, is a reason to leave out `path`.
    fn is_noise(&self, path: &Utf8Path, folder: &Utf8Path, part: &str, tree: bool) -> bool {
        if is_leftover(part) || part == ".git" {
            return true;
        }
        if !tree && is_private(part) && part != WELL_KNOWN && !self.is_named(path, part) {
            return true;
        }
        let inner = folder.join(part);
        self.scope.caches.contains(&inner)
            || part == "target" && folder.join("Cargo.toml").exists()
            || inner.join("CACHEDIR.TAG").exists()
    }

    /// Whether `root-files` names `path`, and its hidden part `part` with it.
    fn is_named(&self, path: &Utf8Path, part: &str) -> bool {
        path.strip_prefix(&self.scope.root).is_ok_and(|inside| self.named.is_match(inside))
            && self.named_parts.iter().any(|named| named.is_match(part))
    }

    fn ignores(&self, path: &Utf8Path) -> bool {
        // The outermost folder is first.
        let folder = self.scope.folders.iter().find(|folder| path.starts_with(folder));
        folder.is_some_and(|folder| {
            path.strip_prefix(folder).is_ok_and(|inside| self.ignored.is_match(inside))
        })
    }

    fn starts(&self) -> [&BTreeSet<Utf8PathBuf>; 3] {
        [&self.scope.folders, &self.scope.trees, &self.scope.files]
    }
}

/// The paths of `set` at `path` or below it. Paths compare by component, so they are next to each other.
fn below<'a>(
    set: &'a BTreeSet<Utf8PathBuf>,
    path: &'a Utf8Path,
) -> impl Iterator<Item = &'a Utf8PathBuf> {
    let from = (std::ops::Bound::Included(path), std::ops::Bound::Unbounded);
    set.range::<Utf8Path, _>(from).take_while(move |other| other.starts_with(path))
}

/// A part of a glob that may name something hidden, or `node_modules`. One that begins with `*` or `?` does not: hidden files
/// must be named.
fn hidden_part(part: &str) -> Option<GlobMatcher> {
    let names = is_private(part) || part.starts_with(['[', '{']);
    // A part of a glob with braces around a `/` is not a glob.
    Glob::new(part).ok().filter(|_| names).map(|part| part.compile_matcher())
}

/// The folder that a glob names before its first wildcard.
fn fixed_folder(glob: &str) -> Option<&str> {
    let fixed = glob.find(['*', '?', '[', '{']).unwrap_or(glob.len());
    glob[..fixed].rsplit_once('/').map(|(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(paths: &[&str]) -> BTreeSet<Utf8PathBuf> {
        paths.iter().map(Utf8PathBuf::from).collect()
    }

    fn filter() -> Filter {
        let scope = Scope {
            root: "/app".into(),
            folders: set(&["/app", "/lib/ui", "/app/.public"]),
            files: set(&[
                "/app/.env",
                "/app/target/read.bin",
                "/else/data.txt",
                "/app/out/hmr/gen.rs",
            ]),
            trees: set(&["/app/.templates", "/far/templates"]),
            named: vec![
                ".config/*.json".into(),
                "**/.flags*".into(),
                "*".into(),
                "{.lists,.lists.local}".into(),
                "[.]marks".into(),
            ],
            outputs: set(&["/app/out/hmr"]),
            caches: set(&["/app/out", "/app/target"]),
            ignore: vec!["notes".into(), "src/made.rs".into()],
        };
        Filter::new(scope).expect("globs")
    }

    #[test]
    fn what_was_read_or_is_named_counts_in_any_folder() {
        let filter = filter();
        for path in [
            "/app/src/lib.rs",
            "/lib/ui/src/lib.rs",
            "/app/.env",
            "/app/target/read.bin",
            "/app/target",
            "/else/data.txt",
            "/else",
            "/app/.templates/.a/x.html",
            "/app/.config/a.json",
            "/app/.config",
            "/app/deep/.flags.toml",
            "/app/.lists",
            "/app/.lists.local",
            "/app/.marks",
            "/app/.public/a.css",
            "/app/.cargo/config.toml",
        ] {
            assert!(!filter.skips(path.into()), "{path}");
        }
    }

    #[test]
    fn outputs_noise_and_neighbours_do_not_count() {
        let filter = filter();
        for path in [
            "/app/out",
            "/app/out/debug/x.rs",
            "/app/out/hmr/gen.rs",
            "/app/target/other.bin",
            "/app/.other",
            "/app/node_modules/x/y.js",
            "/app/src/lib.rs~",
            "/app/src/.lib.rs.swp",
            "/else/neighbour.txt",
            "/app/.templates/x.html~",
            "/app/.templates/.git/index",
            "/app/notes/a.md",
            "/app/src/made.rs",
            "/app/.git/.flags",
        ] {
            assert!(filter.skips(path.into()), "{path}");
        }
    }

    #[test]
    fn a_marked_cache_does_not_count() {
        let keep = tempfile::tempdir().expect("a temporary folder");
        let folder = Utf8Path::from_path(keep.path()).expect("UTF-8");
        std::fs::create_dir(folder.join("built")).expect("a folder");
        let scope = Scope { folders: [folder.to_owned()].into(), ..Scope::default() };
        let filter = Filter::new(scope).expect("globs");
        assert!(!filter.skips(&folder.join("built/x.rs")));
        std::fs::write(folder.join("built/CACHEDIR.TAG"), "").expect("a file");
        assert!(filter.skips(&folder.join("built/x.rs")));
    }

    #[test]
    fn roots_do_not_nest() {
        assert_eq!(filter().roots(), ["/app", "/else/data.txt", "/far/templates", "/lib/ui"]);
    }
}

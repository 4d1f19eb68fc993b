//! The structure of the sources: no circles between the files of a crate, and no file that is too long to read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree};

/// The most lines that a source file may have.
const MOST_LINES: usize = 450;

/// A path of names from the root of a crate.
type ModulePath = Vec<String>;

/// The modules of one crate that are files, by their path in it.
#[derive(Default)]
struct Crate {
    files: BTreeMap<ModulePath, File>,
}

/// One source file.
struct File {
    path: PathBuf,
    /// What its `use` declarations bind: the name, and the path as it is written, from the root of the crate.
    names: BTreeMap<String, ModulePath>,
    /// All paths that it names, from the root of the crate.
    paths: Vec<ModulePath>,
}

impl Crate {
    /// Reads a crate from its root file.
    fn read(root: &Path) -> Self {
        let mut whole = Self::default();
        whole.add(root, root.parent().expect("a folder"), &[]);
        whole
    }

    /// Adds a file, and the files of the modules that it declares in `folder`.
    fn add(&mut self, path: &Path, folder: &Path, module: &[String]) {
        let text =
            fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let syntax =
            syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut reader = Reader { module: module.to_vec(), ..Reader::default() };
        reader.visit_file(&syntax);
        let Reader { names, paths, children, .. } = reader;
        self.files.insert(module.to_vec(), File { path: path.to_owned(), names, paths });
        for child in children {
            let nested = folder.join(&child);
            let candidates = [folder.join(format!("{child}.rs")), nested.join("mod.rs")];
            let file = candidates.iter().find(|file| file.exists());
            let file =
                file.unwrap_or_else(|| panic!("{}: no file for `mod {child}`", path.display()));
            let inner: ModulePath = module.iter().cloned().chain([child]).collect();
            self.add(file, &nested, &inner);
        }
    }

    /// The file that defines what a path names: re-exports are followed.
    fn defining(&self, path: &[String]) -> Option<&ModulePath> {
        let mut path = path.to_vec();
        // A circle of re-exports does not compile; the limit is only for safety.
        for _ in 0..32 {
            let known =
                (0..=path.len()).rev().find(|&end| self.files.contains_key(&path[..end]))?;
            let (module, file) = self.files.get_key_value(&path[..known])?;
            let Some(target) = path.get(known).and_then(|name| file.names.get(name)) else {
                return Some(module);
            };
            if target[..] == path[..=known] {
                return Some(module);
            }
            path = target.iter().chain(&path[known + 1..]).cloned().collect();
        }
        None
    }

    /// Which files each file depends on, its ancestors and descendants left out.
    fn dependencies(&self) -> BTreeMap<&ModulePath, BTreeSet<&ModulePath>> {
        let of = |(module, file): (_, &File)| {
            let targets = file.paths.iter().filter_map(|path| self.defining(path));
            (module, targets.filter(|target| !related(module, target)).collect())
        };
        self.files.iter().map(of).collect()
    }

    /// A circle of files, if there is one.
    fn circle(&self) -> Option<Vec<String>> {
        let mut dependencies = self.dependencies();
        // What depends on nothing is in no circle; what is left in the end is in one or depends on one.
        loop {
            let before = dependencies.len();
            let left: BTreeSet<_> = dependencies.keys().copied().collect();
            dependencies.retain(|_, targets| targets.iter().any(|target| left.contains(target)));
            if dependencies.len() == before {
                break;
            }
        }
        let mut steps = vec![*dependencies.keys().next()?];
        loop {
            let last = steps.last()?;
            let next =
                dependencies[last].iter().find(|target| dependencies.contains_key(**target))?;
            if let Some(start) = steps.iter().position(|step| step == next) {
                let names = steps[start..].iter().chain([next]);
                return Some(
                    names.map(|module| self.files[*module].path.display().to_string()).collect(),
                );
            }
            steps.push(next);
        }
    }
}

/// Whether one module is inside the other.
fn related(one: &ModulePath, other: &ModulePath) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// Collects what one file names and declares, tests apart.
#[derive(Default)]
struct Reader {
    module: ModulePath,
    names: BTreeMap<String, ModulePath>,
    paths: Vec<ModulePath>,
    children: Vec<String>,
}

impl Reader {
    /// A path as it is written, from the root of the crate; nothing for a path into another crate.
    fn absolute(&self, written: &[String]) -> Option<ModulePath> {
        let mut rest = written;
        let mut base = match written.first()?.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => self.module.clone(),
            name if self.children.iter().any(|child| child == name) => {
                return Some(self.module.iter().chain(written).cloned().collect());
            }
            _ => return None,
        };
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "crate" | "self" => {}
                "super" => _ = base.pop(),
                _ => break,
            }
            rest = others;
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }

    fn add_use(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: &syn::Ident| -> Vec<String> {
            before.iter().cloned().chain([name.to_string()]).collect()
        };
        match tree {
            UseTree::Path(path) => self.add_use(&path.tree, &with(&path.ident)),
            UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.add_use(item, before));
            }
            UseTree::Name(name) if name.ident == "self" => {
                self.bind(before.last().cloned(), before);
            }
            UseTree::Name(name) => self.bind(Some(name.ident.to_string()), &with(&name.ident)),
            UseTree::Rename(name) => self.bind(Some(name.rename.to_string()), &with(&name.ident)),
            UseTree::Glob(_) => self.bind(None, before),
        }
    }

    fn bind(&mut self, name: Option<String>, written: &[String]) {
        let Some(path) = self.absolute(written) else { return };
        if let Some(name) = name {
            self.names.insert(name, path.clone());
        }
        self.paths.push(path);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_file(&mut self, file: &'ast syn::File) {
        let modules = file.items.iter().filter_map(|item| match item {
            Item::Mod(module) if module.content.is_none() && !is_test(&module.attrs) => {
                Some(module)
            }
            _ => None,
        });
        self.children = modules.map(|module| module.ident.to_string()).collect();
        visit::visit_file(self, file);
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if !is_test(&item.attrs) {
            self.add_use(&item.tree, &[]);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let written: Vec<String> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if written.len() > 1
            && let Some(path) = self.absolute(&written)
        {
            self.paths.push(path);
        }
        visit::visit_path(self, path);
    }
}

/// Whether something is compiled for tests only.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folders of sources of all packages but those of tests.
fn source_folders() -> Vec<PathBuf> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("a manifest");
    let manifest: toml_edit::DocumentMut = manifest.parse().expect("a manifest is TOML");
    let members = manifest["workspace"]["members"].as_array().expect("members");
    let names = members.iter().map(|name| name.as_str().expect("a folder"));
    let folders = names.filter(|name| !name.starts_with("tests"));
    folders.map(|name| root().join(name).join("src")).collect()
}

#[test]
fn files_of_a_crate_depend_on_each_other_in_one_direction() {
    let roots = source_folders().into_iter().flat_map(|folder| {
        ["lib.rs", "main.rs"].map(|name| folder.join(name)).into_iter().filter(|root| root.exists())
    });
    let circles: Vec<String> =
        roots.filter_map(|root| Some(Crate::read(&root).circle()?.join("\n  → "))).collect();
    assert!(circles.is_empty(), "these files depend on each other:\n{}", circles.join("\n\n"));
}

#[test]
fn no_source_file_is_too_long() {
    let files = source_folders().into_iter().flat_map(walkdir::WalkDir::new);
    let files = files.map(|entry| entry.expect("a file").into_path());
    let is_source = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs")
    };
    let lines = |path: PathBuf| {
        let count = fs::read_to_string(&path).expect("a source file").lines().count();
        (count > MOST_LINES).then(|| format!("{}: {count} lines", path.display()))
    };
    let long: Vec<String> = files.filter(is_source).filter_map(lines).collect();
    assert!(long.is_empty(), "more than {MOST_LINES} lines:\n{}", long.join("\n"));
}

//! Which packages are applications: programs that are made with wasm-bindgen.
//!
//! An application is a binary or a `cdylib` that reaches `wasm-bindgen` in its dependencies for wasm32. The page chooses among
//! them with its links (`<link data-trunk rel="rust">`); without links it is the package of the folder that was named, or in a workspace
//! the packages with a page of their own.

use std::collections::BTreeSet;

use camino::Utf8Path;
use cargo_metadata::{DependencyKind, Metadata, Package, Target};
use hmr_trunk::{RustLink, RustLinkKind};

use super::module::{ApplicationTarget, Features, Module, ModuleKind};
use super::{AppError, SDK, cdylib, metadata, normalise};

/// What makes a package an application.
pub(super) const BINDGEN: &str = "wasm-bindgen";

/// Crates that only programs for browsers depend on directly, by how their names begin.
const WEB_CRATES: [&str; 13] = [
    "wasm-bindgen",
    "web-sys",
    "js-sys",
    "gloo",
    "yew",
    "leptos",
    "sycamore",
    "dioxus",
    "stylist",
    "dominator",
    "silkenweb",
    "xilem_web",
    "eframe",
];

/// Files that show that a folder has a page of its own.
const PAGE_FILES: [&str; 3] = ["index.html", "Trunk.toml", "Dioxus.toml"];

/// A package that was found to be an application.
pub(super) struct Found<'a> {
    pub(super) package: &'a Package,
    pub(super) target: &'a Target,
    pub(super) compiled: ApplicationTarget,
}

/// What is known about the page when applications are looked for.
pub(super) struct Page<'a> {
    /// The folder of the page.
    pub(super) folder: &'a Utf8Path,
    /// Its text; empty if there is none.
    pub(super) html: &'a str,
    /// Its links to applications.
    pub(super) links: &'a [RustLink],
}

/// The applications among `members`. `root` is the package of the folder that was named.
///
/// # Errors
/// The page links to something that is not an application, or nothing chooses among several binaries.
pub(super) fn find<'a>(
    members: &[&'a Package],
    root: Option<&'a Package>,
    metadata: &'a Metadata,
    page: &Page<'_>,
) -> Result<Vec<Found<'a>>, AppError> {
    if page.links.is_empty() {
        let chosen = without_links(members, root, metadata);
        let link = RustLink::default();
        return chosen.into_iter().map(|package| found(package, &link, metadata, page)).collect();
    }
    let main = page.links.iter().filter(|link| link.kind == RustLinkKind::Main);
    main.map(|link| {
        let package = linked(link, members, root, metadata, page)?;
        found(package, link, metadata, page)
    })
    .collect()
}

fn without_links<'a>(
    members: &[&'a Package],
    root: Option<&'a Package>,
    metadata: &'a Metadata,
) -> Vec<&'a Package> {
    let candidates = members.iter().copied().filter(|package| is_candidate(package, metadata));
    let mut candidates: Vec<_> = candidates.filter(|package| is_web(package)).collect();
    if let Some(root) = root.filter(|root| is_candidate(root, metadata)) {
        return vec![root];
    }
    let with_page = |package: &&Package| has_page(super::folder_of(package));
    if candidates.iter().any(with_page) {
        candidates.retain(with_page);
    }
    candidates
}

/// Whether a folder has a page of its own.
pub(super) fn has_page(folder: &Utf8Path) -> bool {
    PAGE_FILES.iter().any(|file| folder.join(file).is_file())
}

/// Whether a package can be compiled to an application.
fn is_candidate(package: &Package, metadata: &Metadata) -> bool {
    let has_target = cdylib(package).is_some() || package.targets.iter().any(Target::is_bin);
    has_target
        && metadata::uses(metadata, package, BINDGEN)
        && !metadata::uses(metadata, package, SDK)
}

/// Whether a package is made for browsers: servers may reach wasm-bindgen through others.
fn is_web(package: &Package) -> bool {
    let normal = package.dependencies.iter().filter(|it| it.kind == DependencyKind::Normal);
    normal.into_iter().any(|it| WEB_CRATES.iter().any(|start| it.name.starts_with(start)))
}

/// The package that a link names.
fn linked<'a>(
    link: &RustLink,
    members: &[&'a Package],
    root: Option<&'a Package>,
    metadata: &'a Metadata,
    page: &Page<'_>,
) -> Result<&'a Package, AppError> {
    let manifest = link.href.as_ref().map(|href| {
        let path = normalise(&page.folder.join(href));
        if path.file_name() == Some("Cargo.toml") { path } else { path.join("Cargo.toml") }
    });
    let named = match &manifest {
        Some(manifest) => metadata.packages.iter().find(|it| it.manifest_path == *manifest),
        None => root.or(match members {
            [only] => Some(*only),
            _ => None,
        }),
    };
    let link =
        link.href.as_ref().map_or_else(|| "the page's folder".to_owned(), ToString::to_string);
    let Some(package) = named else { return Err(AppError::LinkedNothing { link }) };
    if is_candidate(package, metadata) {
        return Ok(package);
    }
    Err(AppError::LinkedOther { link, package: package.name.to_string() })
}

fn found<'a>(
    package: &'a Package,
    link: &RustLink,
    metadata: &Metadata,
    page: &Page<'_>,
) -> Result<Found<'a>, AppError> {
    let target = target(package, link, page)?;
    let Some(wasm_bindgen) = wasm_bindgen(metadata) else {
        return Err(AppError::LinkedOther {
            link: "the page".into(),
            package: package.name.to_string(),
        });
    };
    let compiled = ApplicationTarget {
        is_binary: target.is_bin(),
        features: Features {
            named: link.features.clone(),
            all: link.all_features,
            no_default: link.no_default_features,
        },
        profile: link.profile.clone(),
        release_profile: link.release_profile.clone(),
        wasm_opt: link.wasm_opt.clone(),
        wasm_opt_arguments: link.wasm_opt_arguments.clone(),
        wasm_bindgen,
        initializer: link.initializer.clone(),
    };
    Ok(Found { package, target, compiled })
}

/// The version of wasm-bindgen that everything is compiled with.
pub(super) fn wasm_bindgen(metadata: &Metadata) -> Option<String> {
    let package = metadata.packages.iter().find(|it| *it.name == BINDGEN)?;
    Some(package.version.to_string())
}

/// The target of a package that is the application.
fn target<'a>(
    package: &'a Package,
    link: &RustLink,
    page: &Page<'_>,
) -> Result<&'a Target, AppError> {
    let binaries: Vec<&Target> = package.targets.iter().filter(|it| it.is_bin()).collect();
    let listed = || binaries.iter().map(|target| format!("`{}`", target.name)).collect::<Vec<_>>();
    if let Some(name) = link.bin.as_ref().or(link.target_name.as_ref()) {
        let library = cdylib(package).into_iter().filter(|_| link.bin.is_none());
        let named = binaries.iter().copied().chain(library).find(|it| it.name == *name);
        return named.ok_or_else(|| AppError::NoSuchTarget {
            package: package.name.to_string(),
            name: name.clone(),
            names: listed().join(", "),
        });
    }
    // A page that imports the glue of the library starts that.
    if let Some(library) = cdylib(package)
        && (binaries.is_empty() || imports_glue(page.html, &glue_file(library)))
    {
        return Ok(library);
    }
    let default = package.default_run.as_deref().unwrap_or(&package.name);
    match &*binaries {
        [only] => Ok(only),
        several => several.iter().find(|it| it.name == default).copied().ok_or_else(|| {
            AppError::SeveralBinaries {
                package: package.name.to_string(),
                names: listed().join(", "),
            }
        }),
    }
}

/// Whether a page names a file of glue, with whatever path before it.
#[must_use]
pub fn imports_glue(html: &str, file: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    html.match_indices(file).any(|(at, _)| !html[..at].ends_with(is_part))
}

/// The file name of the glue that `wasm-pack` writes for a library.
fn glue_file(target: &Target) -> String {
    format!("{}.js", target.name.replace('-', "_"))
}

/// What of applications cannot be supported, with what to do.
///
/// Only features that an application's own manifest turns on count: those of other members of its workspace are compiled in, too, when
/// all are resolved together.
pub(super) fn notes(modules: &[Module], metadata: &Metadata) -> Vec<String> {
    let applications = modules.iter().filter_map(|module| match &module.kind {
        ModuleKind::Application(target) => Some((module, target)),
        ModuleKind::Native { .. } => None,
    });
    let applications: Vec<_> = applications
        .filter_map(|(module, target)| {
            let mut members = metadata.workspace_packages().into_iter();
            Some((members.find(|package| *package.name == *module.package)?, &target.features))
        })
        .collect();
    let has = |dependency: &str, feature: &str| {
        applications
            .iter()
            .any(|(package, features)| turns_on(package, features, dependency, feature))
    };
    let mut notes = Vec::new();
    for (package, feature, what) in [
        ("leptos", "ssr", "it renders on a server"),
        ("leptos", "hydrate", "it takes over what a server has rendered"),
        ("dioxus", "fullstack", "it renders on a server"),
        ("dioxus", "server", "it renders on a server"),
        ("yew", "ssr", "it renders on a server"),
        ("yew", "hydration", "it takes over what a server has rendered"),
    ] {
        if has(package, feature) {
            notes.push(format!(
                "`{package}` is compiled with the feature `{feature}`: {what}, which is not supported. The page is built as one that renders in the browser alone; turn the feature off for that"
            ));
        }
    }
    notes
}

/// Whether a package turns on a feature of a dependency, when it is compiled with these features of its own.
fn turns_on(package: &Package, features: &Features, dependency: &str, feature: &str) -> bool {
    let declared = package.dependencies.iter().filter(|it| it.name == dependency && !it.optional);
    if declared.clone().any(|it| it.features.iter().any(|name| name == feature)) {
        return true;
    }
    let mut open: Vec<&str> = features.named.iter().map(String::as_str).collect();
    if features.all {
        open.extend(package.features.keys().map(String::as_str));
    }
    if !features.no_default {
        open.push("default");
    }
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        let enabled = package.features.get(name).filter(|_| seen.insert(name));
        for one in enabled.into_iter().flatten() {
            match one.split_once('/') {
                Some((of, it)) if of.trim_end_matches('?') == dependency && it == feature => {
                    return true;
                }
                Some(_) => {}
                None => open.push(one),
            }
        }
    }
    false
}

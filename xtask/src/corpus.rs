//! Builds applications of others, as they are and with their state kept.
//!
//! In: a folder with a cargo workspace, or with several packages or workspaces in folders of their own. Out: a table of all packages that
//! depend on a framework whose state is kept, with how many places were rewritten and left out. It passes if each compiles in both ways or in neither.
//! The folder is not changed, except for the folder `target` in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::program::{answer, program, root};

/// The frameworks whose state is kept.
const FRAMEWORKS: [&str; 4] = ["dioxus", "leptos", "sycamore", "yew"];

/// What was found about one package.
struct Built {
    name: String,
    plain: bool,
    kept: bool,
    sites: usize,
    left_out: usize,
}

/// Builds everything in `folder`, and prints a table.
pub(crate) fn run(folder: &Path) -> Result<(), String> {
    let folder = folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))?;
    let notes = folder.join("target/corpus/notes");
    // Those of an earlier run would be counted, too.
    _ = fs::remove_dir_all(&notes);
    fs::create_dir_all(&notes).map_err(|error| format!("{}: {error}", notes.display()))?;
    let wrapper = wrapper(&notes)?;
    let mut all = Vec::new();
    for manifest in manifests(&folder) {
        for name in packages(&manifest)? {
            let target = folder.join("target/corpus");
            let plain = build(&manifest, &name, &target, None);
            let kept = build(&manifest, &name, &target, Some(&wrapper));
            let [sites, left_out] = counts(&notes, &name);
            eprintln!(
                "    {name}: {sites} places, {left_out} left out{}",
                if plain == kept { "" } else { ", compiles in one way only" }
            );
            all.push(Built { name, plain, kept, sites, left_out });
        }
    }
    summary(&all)
}

/// A link to the tool with the name with which it is a compiler.
fn wrapper(folder: &Path) -> Result<PathBuf, String> {
    let link = folder.join("hmr-rustc");
    let tool = root().join("target/debug/hmr-under-test");
    #[cfg(unix)]
    let made = std::os::unix::fs::symlink(&tool, &link);
    #[cfg(not(unix))]
    let made = fs::copy(&tool, &link).map(|_| ());
    made.map(|()| link).map_err(|error| format!("{}: {error}", tool.display()))
}

/// The manifest of the folder, or else those of the folders in it.
fn manifests(folder: &Path) -> Vec<PathBuf> {
    let own = folder.join("Cargo.toml");
    if own.is_file() {
        return vec![own];
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        entries.map(|it| it.path().join("Cargo.toml")).filter(|it| it.is_file()).collect();
    found.sort();
    found
}

/// The packages of a workspace that depend on one of the frameworks.
fn packages(manifest: &Path) -> Result<Vec<String>, String> {
    let folder = manifest.parent().unwrap_or(manifest);
    let mut query = program("cargo", folder, &["metadata", "--format-version=1", "--no-deps"]);
    let metadata = answer(&mut query)
        .ok_or_else(|| format!("{}: `cargo metadata` fails", manifest.display()))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let uses_one = |package: &&Value| {
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        dependencies.into_iter().any(|it| {
            let name = it["name"].as_str().unwrap_or_default();
            FRAMEWORKS.contains(&name) && it["kind"].is_null()
        })
    };
    let packages = metadata["packages"].as_array().into_iter().flatten().filter(uses_one);
    Ok(packages.filter_map(|it| it["name"].as_str().map(ToOwned::to_owned)).collect())
}

/// Whether a package compiles.
fn build(manifest: &Path, name: &str, target: &Path, wrapper: Option<&Path>) -> bool {
    let folder = manifest.parent().unwrap_or(manifest);
    let mut command: Command =
        program("cargo", folder, &["build", "--quiet", "--target", "wasm32-unknown-unknown"]);
    command
        .args(["--package", name, "--config", "profile.dev.debug=0", "--target-dir"])
        .arg(target);
    if let Some(wrapper) = wrapper {
        command.env("RUSTC_WORKSPACE_WRAPPER", wrapper);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|it| it.success())
}

/// How many places of a package were rewritten and left out: what `host/build/src/auto_state/shadow.rs` has noted.
fn counts(notes: &Path, package: &str) -> [usize; 2] {
    let start = format!("{}-", package.replace('-', "_"));
    let copies = fs::read_dir(notes.join("copies")).into_iter().flatten().flatten();
    let own = copies.filter(|it| {
        let name = it.file_name();
        // The rest is a number of cargo's, and one of the tool's.
        name.to_string_lossy().strip_prefix(&start).is_some_and(|it| it.matches('-').count() <= 1)
    });
    let mut counts = [0, 0];
    for copy in own {
        let read = |name: &str| -> Value {
            let text = fs::read_to_string(copy.path().join(name)).unwrap_or_default();
            serde_json::from_str(&text).unwrap_or_default()
        };
        let (files, left_out) = (read("copied.json"), read("excluded.json"));
        let files = files.as_object().into_iter().flatten();
        counts[0] += files.filter_map(|(_, it)| it["sites"].as_u64()).sum::<u64>();
        let files = left_out.as_object().into_iter().flatten();
        counts[1] += files.filter_map(|(_, it)| Some(it.as_array()?.len() as u64)).sum::<u64>();
    }
    counts.map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}

fn summary(all: &[Built]) -> Result<(), String> {
    let word = |compiles: bool| if compiles { "yes" } else { "no" };
    eprintln!("\n{:<40} {:>8} {:>8} {:>8} {:>8}", "package", "plain", "kept", "places", "left out");
    for Built { name, plain, kept, sites, left_out } in all {
        eprintln!("{name:<40} {:>8} {:>8} {sites:>8} {left_out:>8}", word(*plain), word(*kept));
    }
    let sum = |count: fn(&Built) -> usize| all.iter().map(count).sum::<usize>();
    eprintln!(
        "{} packages, {} places, {} left out",
        all.len(),
        sum(|it| it.sites),
        sum(|it| it.left_out)
    );
    let differ: Vec<&str> =
        all.iter().filter(|it| it.plain != it.kept).map(|it| &*it.name).collect();
    match (all.is_empty(), differ.is_empty()) {
        (true, _) => Err(format!("no package depends on one of {}", FRAMEWORKS.join(", "))),
        (false, true) => Ok(()),
        (false, false) => Err(format!("these compile in one way only: {}", differ.join(", "))),
    }
}

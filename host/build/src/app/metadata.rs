//! `cargo metadata`: starts it and turns its failures into messages.

use std::collections::{HashMap, HashSet};
use std::process::Command;

use camino::Utf8Path;
use cargo_metadata::{DepKindInfo, DependencyKind, Metadata, MetadataCommand, Package, PackageId};

use super::AppError;
use crate::{cargo_status::without_status, environment, process, toolchain::TARGET};

/// Asks cargo about the workspace of `manifest`, with its dependencies.
///
/// If that fails, cargo is run again with only what was downloaded before: that works where the network was the only
/// problem, and does not depend on the wording of cargo's message.
pub(crate) fn query(
    manifest: &Utf8Path,
    on_line: &mut (dyn FnMut(&str) + Send),
) -> Result<Metadata, AppError> {
    match run(manifest, false, on_line) {
        Err(error @ AppError::Metadata { .. }) => run(manifest, true, on_line).map_err(|_| error),
        answer => answer,
    }
}

fn run(
    manifest: &Utf8Path,
    offline: bool,
    on_line: &mut (dyn FnMut(&str) + Send),
) -> Result<Metadata, AppError> {
    let folder = manifest.parent().unwrap_or(manifest);
    let mut command = Command::new("cargo");
    command
        .args(["metadata", "--format-version=1", "--color=never"])
        // Packages for other platforms are neither built nor needed.
        .args(["--filter-platform", TARGET])
        .args(["--manifest-path", manifest.as_str()])
        .args(offline.then_some("--offline"))
        .current_dir(folder);
    environment::clean(&mut command);
    let output = process::ask_with(command, on_line).map_err(AppError::NoCargo)?;
    let refused = |message: String| AppError::Metadata {
        manifest: manifest.to_owned(),
        message,
        hint: "fix what cargo names: the manifest, the toolchain, or the network if a dependency could not be fetched; \
               `cargo metadata --format-version=1` in that folder shows the same error",
    };
    if !output.success {
        return Err(refused(without_status(&output.stderr).trim().to_owned()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    MetadataCommand::parse(text).map_err(|error| refused(error.to_string()))
}

/// Whether a package depends, directly or transitively and under any name, on a package of this name, as a library that goes
/// into its own.
pub(super) fn uses(metadata: &Metadata, package: &Package, name: &str) -> bool {
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let nodes: HashMap<_, _> = nodes.map(|node| (&node.id, node)).collect();
    let (mut seen, mut open) = (HashSet::new(), vec![&package.id]);
    while let Some(id) = open.pop() {
        let normal = |kind: &DepKindInfo| kind.kind == DependencyKind::Normal;
        let dependencies = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        let dependencies = dependencies.filter(|it| it.dep_kinds.iter().any(normal));
        open.extend(dependencies.map(|it| &it.pkg).filter(|id| seen.insert(*id)));
    }
    metadata.packages.iter().any(|package| *package.name == name && seen.contains(&package.id))
}

/// The packages that `package` is built with: its dependencies and those of its build script, but not
/// what only its tests use.
pub(super) fn built_with<'a>(
    metadata: &'a Metadata,
    package: &PackageId,
) -> impl Iterator<Item = &'a PackageId> {
    let nodes = metadata.resolve.as_ref().map(|resolve| &resolve.nodes);
    let node = nodes.and_then(|nodes| nodes.iter().find(|node| node.id == *package));
    node.into_iter().flat_map(|node| &node.deps).filter_map(|dependency| {
        let tests_only =
            dependency.dep_kinds.iter().all(|kind| kind.kind == DependencyKind::Development);
        (!tests_only).then_some(&dependency.pkg)
    })
}

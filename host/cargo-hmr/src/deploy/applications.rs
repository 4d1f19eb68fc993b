//! The files of applications that are made with wasm-bindgen, and the scripts that start them.

use std::fmt::Write as _;

use hmr_build::{App, DeployedApplication};
use hmr_trunk::{hashed_name, integrity};
use serde_json::json;

use super::dist::Dist;
use super::markup::PublicUrl;
use super::modules::Application;
use super::{DeployError, DistError};
use crate::served::is_served;

/// The files of an application. Returns the markup that starts it; empty if a script of the page does that.
pub(super) fn add_application(
    app: &App,
    application: &Application,
    public_url: &PublicUrl,
    dist: &mut Dist,
) -> Result<String, DeployError> {
    let Application { crate_name, file, deployed, imported, target, .. } = application;
    let what = format!("the application `{}`", application.name);
    let folder = if *imported { "pkg/" } else { "" };
    let glue = add_snippets(deployed, folder, &what, dist)?;
    add_assets(deployed, dist)?;
    dist.add(&format!("{folder}{file}"), &what, deployed.wasm.clone())?;
    let plain = format!("{crate_name}.js");
    let glue_file = hashed_name(&plain, glue.as_bytes());
    dist.add(&format!("{folder}{glue_file}"), &what, glue.clone().into_bytes())?;
    if *imported {
        let script = script_for_import(&glue_file, file, &deployed.wasm);
        dist.add(&format!("pkg/{plain}"), &what, script.into_bytes())?;
        return Ok(String::new());
    }
    let mut initializer = None;
    if let (Some(path), Some(site)) = (&target.initializer, &app.site) {
        let from = site.file.parent().unwrap_or(&site.file).join(path);
        let content = std::fs::read(&from).map_err(|error| DistError::read(&from, error))?;
        let name = hashed_name(path.file_name().unwrap_or("initializer.js"), &content);
        dist.add(&name, &format!("`{from}`"), content)?;
        initializer = Some(name);
    }
    let start = start_script(&glue_file, file, &deployed.wasm, initializer.as_deref());
    let start_file = hashed_name("start.js", start.as_bytes());
    let mut markup = String::new();
    for (name, content) in [(&start_file, start.as_bytes()), (&glue_file, glue.as_bytes())] {
        let integrity = integrity(content);
        let url = format!("{public_url}{name}");
        _ = write!(
            markup,
            "<link rel=\"modulepreload\" href=\"{url}\" crossorigin integrity=\"{integrity}\">"
        );
    }
    _ = write!(
        markup,
        "{}<script type=\"module\" src=\"{public_url}{start_file}\" crossorigin integrity=\"{}\"></script>",
        wasm_preload(public_url, file),
        integrity(start.as_bytes())
    );
    dist.add(&start_file, &what, start.into_bytes())?;
    Ok(markup)
}

/// The modules that come with crates. Returns the glue, which imports them from where they are.
fn add_snippets(
    deployed: &DeployedApplication,
    folder: &str,
    what: &str,
    dist: &mut Dist,
) -> Result<String, DistError> {
    let mut glue = deployed.glue.clone();
    let mut all = Vec::new();
    for snippet in &deployed.snippets {
        all.extend_from_slice(snippet.path.as_bytes());
        all.extend_from_slice(&snippet.bytes);
    }
    let snippets = hashed_name("snippets", &all);
    if !deployed.snippets.is_empty() {
        glue = with_snippets_in(&glue, &snippets);
    }
    for snippet in &deployed.snippets {
        let path = format!("{folder}{snippets}/{}", snippet.path);
        dist.add(&path, what, snippet.bytes.clone())?;
    }
    Ok(glue)
}

/// The glue with its imports from another folder than `snippets`. The names of the modules in its object of imports are those that the wasm
/// binary has, and stay.
fn with_snippets_in(glue: &str, folder: &str) -> String {
    let mut changed = glue.to_owned();
    for quote in ["'", "\""] {
        let from = format!(" from {quote}./snippets/");
        changed = changed.replace(&from, &format!(" from {quote}./{folder}/"));
    }
    changed
}

/// The files that an application names with Dioxus' `asset!`.
fn add_assets(deployed: &DeployedApplication, dist: &mut Dist) -> Result<(), DistError> {
    for asset in &deployed.assets {
        let path = format!("assets/{}", asset.path);
        if asset.source.is_dir() {
            dist.copy_folder(&path, &asset.source, is_served)?;
        } else {
            dist.copy(&path, &asset.source)?;
        }
    }
    Ok(())
}

/// Browsers do not check the integrity of what is loaded early for `fetch`; `fetch` does.
pub(super) fn wasm_preload(public_url: &PublicUrl, file: &str) -> String {
    format!(
        "<link rel=\"preload\" href=\"{public_url}{file}\" as=\"fetch\" type=\"application/wasm\" crossorigin>"
    )
}

/// Loads the wasm file next to a script.
fn fetched(file: &str, wasm: &[u8]) -> String {
    format!(
        "fetch(new URL({}, import.meta.url), {{ integrity: {} }})",
        json!(file),
        json!(integrity(wasm))
    )
}

/// What scripts of the page import instead of the glue, whose name has a hash.
fn script_for_import(glue: &str, file: &str, wasm: &[u8]) -> String {
    let glue = json!(format!("./{glue}"));
    format!(
        "import init from {glue};\nexport * from {glue};\nexport default (options) => init(options ?? {{ module_or_path: {} }});\n",
        fetched(file, wasm)
    )
}

/// The script that starts an application, and then dispatches the event that scripts of the page expect from Trunk's.
fn start_script(glue: &str, file: &str, wasm: &[u8], initializer: Option<&str>) -> String {
    let fetched = fetched(file, wasm);
    let import = format!("import init, * as bindings from {};\n", json!(format!("./{glue}")));
    let started = "window.wasmBindings = bindings;\ndispatchEvent(new CustomEvent(\"TrunkApplicationStarted\", { detail: { wasm } }));\n";
    let Some(initializer) = initializer else {
        return format!(
            "{import}const wasm = await init({{ module_or_path: {fetched} }});\n{started}"
        );
    };
    format!(
        "{import}import initializer from {};
const hooks = initializer() ?? {{}};
const total = {};
let current = 0;
hooks.onStart?.();
try {{
  const response = await {fetched};
  const counted = response.body.pipeThrough(new TransformStream({{
    transform(chunk, controller) {{
      current += chunk.length;
      hooks.onProgress?.({{ current, total }});
      controller.enqueue(chunk);
    }},
  }}));
  const wasm = await init({{ module_or_path: new Response(counted, response) }});
  hooks.onComplete?.();
  {started}  hooks.onSuccess?.(wasm);
}} catch (error) {{
  hooks.onComplete?.();
  hooks.onFailure?.(error);
  throw error;
}}
",
        json!(format!("./{initializer}")),
        wasm.len()
    )
}

#[cfg(test)]
mod tests {
    use super::with_snippets_in;

    #[test]
    fn only_imports_name_the_new_folder_of_snippets() {
        let glue = "import { a } from './snippets/x/a.js';\nimport * as import1 from \"./snippets/x/b.js\"\n\
            const imports = { \"./snippets/x/b.js\": import1 };";
        assert_eq!(
            with_snippets_in(glue, "snippets-1"),
            "import { a } from './snippets-1/x/a.js';\nimport * as import1 from \"./snippets-1/x/b.js\"\n\
             const imports = { \"./snippets/x/b.js\": import1 };"
        );
    }
}

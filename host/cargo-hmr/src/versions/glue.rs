//! What wasm-bindgen has made of a module besides its wasm binary, as pages get it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::body::Bytes;
use hmr_abi::IMPORT_MODULE;
use hmr_build::{BoundModule, GlueExport, GlueExportKind};
use serde_json::json;

/// The folder in which wasm-bindgen puts the modules that come with crates, as glue names it.
const SNIPPETS: &str = "./snippets/";

/// The glue of one version of a module.
#[derive(Debug)]
pub struct Glue {
    /// A script that registers it.
    pub script: Bytes,
    /// The names that scripts of the page can import, with their kinds.
    pub exports: Vec<GlueExport>,
    /// The modules that come with crates, by their paths in the folder `snippets`.
    pub snippets: BTreeMap<String, Bytes>,
    /// The hash of the snippets: their addresses stay the same while none of them changes.
    pub snippets_hash: String,
}

impl Glue {
    /// What pages get for what wasm-bindgen has made of `module`.
    #[must_use]
    pub fn new(module: &str, bound: &BoundModule) -> Self {
        let snippets: BTreeMap<String, Bytes> = bound
            .snippets
            .iter()
            .map(|snippet| (snippet.path.clone(), Bytes::from(snippet.bytes.clone())))
            .collect();
        let mut all = Vec::new();
        for (path, bytes) in &snippets {
            all.extend([path.as_bytes(), &bytes.len().to_le_bytes(), bytes].concat());
        }
        let snippets_hash = hmr_build::hash_of(&all);
        // The engine itself provides the imports of the ABI.
        let imports = bound.imports.iter().filter(|specifier| *specifier != IMPORT_MODULE);
        let imports: Vec<_> = imports
            .map(|specifier| {
                let url = specifier.strip_prefix(SNIPPETS).map_or_else(
                    || specifier.clone(),
                    |path| format!("/@hmr/snippets/{module}/{snippets_hash}/{path}"),
                );
                json!({ "specifier": specifier, "url": url })
            })
            .collect();
        let registered = json!({ "imports": imports, "direct": bound.direct });
        let mut script = String::new();
        _ = writeln!(
            script,
            "globalThis.__hmrGlue(Object.assign({registered}, {{ run: {} }}));",
            bound.glue
        );
        let exports = bound.exports.clone();
        Self { script: script.into(), exports, snippets, snippets_hash }
    }

    /// A JavaScript module for scripts of the page that import the glue of an application. Its exports call the running copy.
    #[must_use]
    pub fn module_for_import(&self, module: &str) -> String {
        let name = json!(module);
        let mut text = format!(
            "import {{ importedApplication }} from \"/@hmr/client/main.js\";\nconst application = importedApplication({name});\nexport default application.start;\nexport const initSync = application.startNow;\n"
        );
        for (at, export) in self.exports.iter().enumerate() {
            let name = json!(export.name);
            let kind = match export.kind {
                GlueExportKind::Callable => "exported",
                GlueExportKind::Constant => "constant",
            };
            _ = writeln!(
                text,
                "const export{at} = application.{kind}({name});\nexport {{ export{at} as {name} }};"
            );
        }
        text
    }
}

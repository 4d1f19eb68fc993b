//! What an application consists of besides its wasm binary, as pages get it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::body::Bytes;
use hmr_build::{BoundAsset, BoundModule, GlueExport, GlueExportKind};
use hmr_protocol::ApplicationFiles;
use serde_json::json;

/// The folder in which wasm-bindgen puts the modules that come with crates, as glue names it.
const SNIPPETS: &str = "./snippets/";

/// The files of one version of an application.
#[derive(Debug)]
pub struct ApplicationVersion {
    /// A script that registers the glue.
    pub glue: Bytes,
    /// The names that scripts of the page can import, with their kinds.
    pub exports: Vec<GlueExport>,
    /// The modules that come with crates, by their paths in the folder `snippets`.
    pub snippets: BTreeMap<String, Bytes>,
    /// The hash of the snippets: their addresses stay the same while none of them changes.
    pub snippets_hash: String,
    /// The files that it names with Dioxus' `asset!`.
    pub assets: Vec<BoundAsset>,
    /// Whether the page starts it, rather than a script of the page.
    pub starts: bool,
    /// Where the module is that is called while it starts for the first time.
    pub initializer: Option<String>,
}

impl ApplicationVersion {
    /// The files that pages get for what wasm-bindgen has made of `module`.
    #[must_use]
    pub fn new(module: &str, bound: &BoundModule, start: Start) -> Self {
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
        let imports: Vec<_> = bound
            .imports
            .iter()
            .map(|specifier| {
                let url = specifier.strip_prefix(SNIPPETS).map_or_else(
                    || specifier.clone(),
                    |path| format!("/@hmr/snippets/{module}/{snippets_hash}/{path}"),
                );
                json!({ "specifier": specifier, "url": url })
            })
            .collect();
        let registered = json!({ "imports": imports, "direct": bound.direct });
        let mut glue = String::new();
        _ = writeln!(
            glue,
            "globalThis.__hmrGlue(Object.assign({registered}, {{ run: {} }}));",
            bound.glue
        );
        Self {
            glue: glue.into(),
            exports: bound.exports.clone(),
            snippets,
            snippets_hash,
            assets: bound.assets.clone(),
            starts: start.by_page,
            initializer: start.initializer,
        }
    }

    /// The files as they are announced to pages.
    #[must_use]
    pub fn announced(&self, module: &str, hash: &str) -> ApplicationFiles {
        ApplicationFiles {
            glue: format!("/@hmr/module/{module}/{hash}/glue.js"),
            starts: self.starts,
            initializer: self.initializer.clone(),
        }
    }

    /// A JavaScript module for scripts of the page that import the glue. Its exports call the running copy of the application.
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

/// How an application is started.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// Whether the page starts it, rather than a script of the page.
    pub by_page: bool,
    /// Where the module is that is called while it starts for the first time.
    pub initializer: Option<String>,
}

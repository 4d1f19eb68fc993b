//! Native modules as files.

use std::fmt::Write as _;

use hmr_abi::IMPORT_MODULE;
use hmr_build::BoundModule;
use hmr_trunk::{hashed_name, integrity};
use serde_json::{Value, json};

use super::DistError;
use super::dist::Dist;

/// The folder in which wasm-bindgen puts the modules that come with crates, as glue names it.
const SNIPPETS: &str = "./snippets/";

/// A native module.
pub(super) struct Native {
    pub(super) name: String,
    /// The name of its wasm file.
    pub(super) file: String,
    pub(super) wasm: Vec<u8>,
    pub(super) components: Vec<String>,
    /// If it calls functions of the browser.
    pub(super) glue: Option<NativeGlue>,
}

/// The glue of a native module that calls functions of the browser.
pub(super) struct NativeGlue {
    /// The name of its file.
    pub(super) file: String,
    text: String,
    /// The modules that come with crates, by their paths in the folder.
    snippets: Vec<(String, Vec<u8>)>,
}

impl NativeGlue {
    /// The glue of what wasm-bindgen has made of `module`.
    pub(super) fn new(module: &str, bound: &BoundModule) -> Self {
        // Modules of one app may come with the same crates, in different versions.
        let folder = format!("{module}-snippets");
        let (mut text, mut imports) = (String::new(), String::new());
        let own = bound.imports.iter().filter(|specifier| *specifier != IMPORT_MODULE);
        for (at, specifier) in own.enumerate() {
            let address = specifier
                .strip_prefix(SNIPPETS)
                .map_or_else(|| specifier.clone(), |path| format!("./{folder}/{path}"));
            _ = writeln!(text, "import * as module{at} from {};", json!(address));
            _ = write!(imports, "{}: module{at}, ", json!(specifier));
        }
        _ = writeln!(text, "export const imports = {{ {imports}}};");
        _ = writeln!(text, "export const direct = {};", json!(bound.direct));
        _ = writeln!(text, "export const run = {};", bound.glue);
        let snippets = bound.snippets.iter();
        let snippets = snippets.map(|it| (format!("{folder}/{}", it.path), it.bytes.clone()));
        Self {
            file: hashed_name(&format!("{module}-glue.js"), text.as_bytes()),
            text,
            snippets: snippets.collect(),
        }
    }

    /// The value of `integrity` for its file.
    pub(super) fn integrity(&self) -> String {
        integrity(self.text.as_bytes())
    }
}

/// Adds the files of a module. Returns what the engine has to know of it.
pub(super) fn add(native: &Native, dist: &mut Dist) -> Result<Value, DistError> {
    let mut entry = json!({
        "module": native.name,
        "file": native.file,
        "integrity": integrity(&native.wasm),
        "components": native.components,
    });
    dist.add(&native.file, &format!("the module `{}`", native.name), native.wasm.clone())?;
    if let Some(glue) = &native.glue {
        let what = format!("the glue of `{}`", native.name);
        dist.add(&glue.file, &what, glue.text.clone().into_bytes())?;
        for (path, bytes) in &glue.snippets {
            dist.add(path, &what, bytes.clone())?;
        }
        entry["glue"] = json!(glue.file);
    }
    Ok(entry)
}

//! Native modules and their engine as files.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use hmr_abi::{IMPORT_MODULE, imports};
use hmr_build::BoundModule;
use hmr_trunk::{hashed_name, integrity};
use serde_json::{Value, json};

use super::DistError;
use super::dist::Dist;

/// The engine, as `npm run bundle` makes it of `client/production/main.js`.
const CLIENT: &str = include_str!("../../../../client/production/bundled/client.js");

/// What stands in it for the list of modules.
const MODULES: &str = "__HMR_MODULES__";

/// A part of the engine that only some modules need.
struct Part {
    /// What stands in the engine for it.
    name: &'static str,
    /// An expression.
    text: &'static str,
    needed: fn(&Native) -> bool,
}

/// The parts of the engine. Ports call host functions, which are among the resources.
const PARTS: [Part; 3] = [
    Part {
        name: "__HMR_RESOURCES__",
        text: include_str!("../../../../client/production/bundled/part-resources.js"),
        needed: |native| native.calls(imports::RESOURCE) || native.calls(imports::PORT),
    },
    Part {
        name: "__HMR_PORTS__",
        text: include_str!("../../../../client/production/bundled/part-ports.js"),
        needed: |native| native.calls(imports::PORT),
    },
    Part {
        name: "__HMR_GLUE__",
        text: include_str!("../../../../client/production/bundled/part-glue.js"),
        needed: |native| native.glue.is_some(),
    },
];

/// What renders instances again. Where no module is known to need it, it is a file of its own, which the engine loads when a script of the page
/// changes the props of a component.
const RENDERING: Part = Part {
    name: "__HMR_RENDERING__",
    text: include_str!("../../../../client/production/bundled/part-rendering.js"),
    needed: |native| native.calls(imports::INVALIDATE) || native.places_components(),
};

/// What stands in the engine for the name of that file.
const RENDERING_FILE: &str = "__HMR_RENDERING_FILE__";

/// The folder in which wasm-bindgen puts the modules that come with crates, as glue names it.
const SNIPPETS: &str = "./snippets/";

/// A native module.
pub(super) struct Native {
    pub(super) name: String,
    /// The name of its wasm file.
    pub(super) file: String,
    pub(super) wasm: Vec<u8>,
    pub(super) components: Vec<String>,
    /// The functions of the engine that it calls.
    pub(super) imports: BTreeSet<String>,
    /// If it calls functions of the browser.
    pub(super) glue: Option<NativeGlue>,
}

impl Native {
    fn calls(&self, import: &str) -> bool {
        self.imports.contains(import)
    }

    /// Whether its views may place components of other modules: its code names their element.
    fn places_components(&self) -> bool {
        let name = b"hmr-component";
        self.wasm.windows(name.len()).any(|bytes| bytes == name)
    }
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

/// Adds the files of all modules and the engine that runs them, with the parts that they need. Returns the name of the engine's file.
pub(super) fn add_all(natives: &[Native], dist: &mut Dist) -> Result<String, DistError> {
    let mut list = Vec::new();
    for native in natives {
        list.push(add(native, dist)?);
    }
    let mut text = CLIENT.replacen(MODULES, &Value::from(list).to_string(), 1);
    for Part { name, text: part, needed } in PARTS {
        let part = if natives.iter().any(needed) { part } else { "null" };
        text = text.replacen(name, part, 1);
    }
    let Part { name, text: rendering, needed } = RENDERING;
    let (part, file) = if natives.iter().any(needed) {
        (rendering, Value::Null)
    } else {
        let script = format!("export default {rendering};\n");
        let file = hashed_name("rendering.js", script.as_bytes());
        dist.add(&file, "the engine", script.into_bytes())?;
        ("null", json!(file))
    };
    text = text.replacen(name, part, 1).replacen(RENDERING_FILE, &file.to_string(), 1);
    let file = hashed_name("app.js", text.as_bytes());
    dist.add(&file, "the engine", text.into_bytes())?;
    Ok(file)
}

/// Adds the files of a module. Returns what the engine has to know of it.
fn add(native: &Native, dist: &mut Dist) -> Result<Value, DistError> {
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

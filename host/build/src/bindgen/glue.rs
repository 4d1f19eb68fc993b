//! Makes the glue that wasm-bindgen writes into a function.
//!
//! The input is the ES module that `--target web` gives; the output is the expression of a function with the same code, which a page can
//! call for each start and then drop. A page never drops a module that it has imported, and each would keep the memory of its
//! application alive.
//!
//! The text is written by a program, one statement after another: statements that matter begin at the start of a line. A statement of
//! a form that is not known is an error, so that nothing is changed by mistake.
//!
//! The function gets the imported modules, the address of the glue and the object `WebAssembly`, and returns `{ init, exports, release }`: `init` takes the compiled
//! module; `release` replaces the instance that the code uses, and drops what it has cached of its memory.

use std::fmt::Write as _;

/// The parameters of the function. Their names must not be those of variables in the code: an application may import anything.
const IMPORTS: &str = "__hmrImports";
const URL: &str = "__hmrUrl";

/// The variable with the values of the page that an application refers to, in versions without reference types.
const HEAP: &str = "heap";

/// The variable with the promise of the start.
const START_PROMISE: &str = "__wbg_init_promise";

/// What a script of a page can import from the glue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlueExport {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: GlueExportKind,
}

/// What an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GlueExportKind {
    /// A function or a class.
    Callable,
    /// Another value, an enumeration for instance.
    Constant,
}

/// Glue that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line} of its glue has a form that is not known: `{text}`\nhint: report this with the version of wasm-bindgen in your lock file"
)]
pub struct GlueError {
    /// The number of the line, from 1.
    line: usize,
    /// The line.
    text: String,
}

/// Glue as a function.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Glue {
    /// The expression.
    pub(super) text: String,
    /// The modules that it needs, in their order.
    pub(super) imports: Vec<String>,
    /// What it exports, apart from its start.
    pub(super) exports: Vec<GlueExport>,
}

/// What is read while the lines are processed.
#[derive(Default)]
struct Reader {
    body: String,
    imports: Vec<String>,
    /// Exported names, with the names that they have in the code and what they are.
    exports: Vec<(String, String, GlueExportKind)>,
    /// The name of the function that starts it.
    start: Option<String>,
    /// Variables that hold the instance, its module or the promise of the start.
    instance: Vec<String>,
    /// Variables with what is cached of its memory.
    caches: Vec<String>,
    /// Whether there is a variable [`HEAP`].
    has_heap: bool,
}

/// Makes glue into a function.
///
/// # Errors
/// A statement of a form that is not known.
pub(super) fn function(module: &str) -> Result<Glue, GlueError> {
    let mut reader = Reader::default();
    let mut lines = module.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let mut statement = line.to_owned();
        let opens = line.starts_with("import {") || line.starts_with("export {");
        if opens && !line.contains('}') {
            for (_, more) in lines.by_ref() {
                statement.push(' ');
                statement.push_str(more.trim());
                if more.contains('}') {
                    break;
                }
            }
        }
        let unknown = || GlueError { line: at + 1, text: line.to_owned() };
        reader.read(&statement).ok_or_else(unknown)?;
    }
    let last = GlueError { line: module.lines().count(), text: "(no default export)".into() };
    reader.finish(module).ok_or(last)
}

impl Reader {
    /// Reads one statement, or one line of one. None if its form is not known.
    fn read(&mut self, line: &str) -> Option<()> {
        if let Some(import) = line.strip_prefix("import ") {
            return self.import(import);
        }
        if let Some(export) = line.strip_prefix("export ") {
            return self.export(export);
        }
        if let Some(variables) = line.strip_prefix("let ") {
            self.variables(variables);
        }
        self.has_heap |= ["let", "const"].iter().any(|kind| {
            let rest =
                line.strip_prefix(kind).and_then(|rest| rest.trim_start().strip_prefix(HEAP));
            rest.is_some_and(|rest| rest.trim_start().starts_with('='))
        });
        self.push(line);
        Some(())
    }

    /// `* as NAME from "MODULE";`, `{ A as B } from "MODULE";` or `NAME from "MODULE";`.
    fn import(&mut self, import: &str) -> Option<()> {
        let (what, from) = import.trim_end().trim_end_matches(';').rsplit_once(" from ")?;
        let quote = from.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let module = from.strip_prefix(quote)?.strip_suffix(quote)?;
        let from = format!("{IMPORTS}[{}]", serde_json::Value::from(module));
        let what = what.trim();
        let statement = if let Some(name) = what.strip_prefix("* as ") {
            format!("const {name} = {from};")
        } else if let Some(names) = what.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            format!("const {{{}}} = {from};", names.replace(" as ", ": "))
        } else {
            is_name(what).then(|| format!("const {what} = {from}.default;"))?
        };
        self.push(&statement);
        if !self.imports.iter().any(|known| known == module) {
            self.imports.push(module.to_owned());
        }
        Some(())
    }

    fn export(&mut self, export: &str) -> Option<()> {
        if let Some(names) = export.strip_prefix('{') {
            let names = names.trim_end().trim_end_matches(';').trim_end().strip_suffix('}')?;
            for one in names.split(',').map(str::trim).filter(|one| !one.is_empty()) {
                let (own, name) = one.split_once(" as ").unwrap_or((one, one));
                self.exported(own.trim(), name.trim(), GlueExportKind::Callable)?;
            }
            return Some(());
        }
        if let Some(name) = export.strip_prefix("default ") {
            return self.exported(
                name.trim_end().strip_suffix(';')?,
                "default",
                GlueExportKind::Callable,
            );
        }
        for (start, kind) in [
            ("async function* ", GlueExportKind::Callable),
            ("async function ", GlueExportKind::Callable),
            ("function* ", GlueExportKind::Callable),
            ("function ", GlueExportKind::Callable),
            ("class ", GlueExportKind::Callable),
            ("const ", GlueExportKind::Constant),
        ] {
            if let Some(rest) = export.strip_prefix(start) {
                let name = rest.split(|c: char| !is_name_part(c)).next()?;
                self.exported(name, name, kind)?;
                self.push(export);
                return Some(());
            }
        }
        None
    }

    /// Notes an export of the variable `own` under `name`.
    fn exported(&mut self, own: &str, name: &str, kind: GlueExportKind) -> Option<()> {
        if !is_name(own) {
            return None;
        }
        match name {
            "default" => self.start = Some(own.to_owned()),
            "initSync" => {}
            _ => self.exports.push((name.trim_matches('"').to_owned(), own.to_owned(), kind)),
        }
        Some(())
    }

    /// `wasm;`, `wasmModule, wasm;` or `cachedUint8ArrayMemory0 = null;`.
    fn variables(&mut self, variables: &str) {
        let variables = variables.trim_end().trim_end_matches(';');
        if let Some((name, value)) = variables.split_once('=') {
            if value.trim() == "null" && is_name(name.trim()) {
                self.caches.push(name.trim().to_owned());
            }
            return;
        }
        let names = variables.split(',').map(str::trim);
        let instance = names.filter(|name| name.starts_with("wasm") || *name == START_PROMISE);
        self.instance.extend(instance.map(str::to_owned));
    }

    fn push(&mut self, line: &str) {
        self.body.push_str(&line.replace("import.meta.url", URL));
        self.body.push('\n');
    }

    fn finish(self, module: &str) -> Option<Glue> {
        let Self { body, imports, exports, start, instance, caches, has_heap } = self;
        let start = start?;
        // Before this there was only a positional argument.
        let argument =
            if module.contains("module_or_path") { "{ module_or_path: module }" } else { "module" };
        let mut text = format!("function ({IMPORTS}, {URL}, WebAssembly) {{\n\"use strict\";\n");
        text.push_str(&body);
        _ = write!(text, "return {{\ninit: (module) => {start}({argument}),\nexports: {{");
        for (name, own, _) in &exports {
            _ = write!(text, "{}: {own}, ", serde_json::Value::from(name.as_str()));
        }
        text.push_str("},\nrelease(dead) {\n");
        for name in instance {
            let value = if name == "wasm" { "dead" } else { "undefined" };
            _ = writeln!(text, "{name} = {value};");
        }
        for name in caches {
            _ = writeln!(text, "{name} = null;");
        }
        if has_heap {
            _ = writeln!(text, "{HEAP}.length = 0;");
        }
        _ = writeln!(text, "{start}.__wbindgen_wasm_module = undefined;");
        text.push_str("},\n};\n}");
        let exports =
            exports.into_iter().map(|(name, _, kind)| GlueExport { name, kind }).collect();
        Some(Glue { text, imports, exports })
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(is_name_part)
}

fn is_name_part(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::GlueExportKind::{Callable, Constant};
    use super::*;

    fn exports(glue: &Glue) -> Vec<(&str, GlueExportKind)> {
        glue.exports.iter().map(|export| (&*export.name, export.kind)).collect()
    }

    #[test]
    fn a_module_becomes_a_function_that_can_be_released() {
        let glue = function(
            "/* @ts-self-types=\"./a.d.ts\" */\n\
             import * as __wbg_star0 from './snippets/a-1/inline0.js';\n\
             import { shout, draw as paint } from \"./snippets/a-1/js/x.js\";\n\
             import three from 'three';\n\
             import * as patch from \"./snippets/b-2/js/p.js\"\n\n\
             let wasm;\nlet cachedUint8ArrayMemory0 = null;\n\
             /**\n * export of `export function not_this`\n */\n\
             export function greet(name) {\n    return shout(name);\n}\n\
             export class Counter {\n    static new() {}\n}\n\
             export const Color = Object.freeze({ Red: 0 });\n\
             async function __wbg_init(module_or_path) {\n    new URL('a_bg.wasm', import.meta.url);\n}\n\
             export { initSync, __wbg_init as default };\n",
        )
        .expect("every form is known");
        assert_eq!(
            glue.imports,
            [
                "./snippets/a-1/inline0.js",
                "./snippets/a-1/js/x.js",
                "three",
                "./snippets/b-2/js/p.js"
            ]
        );
        assert_eq!(
            exports(&glue),
            [("greet", Callable), ("Counter", Callable), ("Color", Constant)]
        );
        for part in [
            "const __wbg_star0 = __hmrImports[\"./snippets/a-1/inline0.js\"];",
            "const { shout, draw: paint } = __hmrImports[\"./snippets/a-1/js/x.js\"];",
            "const three = __hmrImports[\"three\"].default;",
            "\nfunction greet(name) {",
            "\nclass Counter {",
            "new URL('a_bg.wasm', __hmrUrl)",
            "init: (module) => __wbg_init({ module_or_path: module }),",
            "wasm = dead;\ncachedUint8ArrayMemory0 = null;",
        ] {
            assert!(glue.text.contains(part), "{part}\n{}", glue.text);
        }
        assert!(
            !glue.text.contains("\nexport ") && !glue.text.contains("\nimport "),
            "{}",
            glue.text
        );
    }

    #[test]
    fn older_and_newer_forms_are_known() {
        let old = function("let wasm;\nasync function init(input) {\n}\nexport default init;\n")
            .expect("it is known");
        assert!(old.text.contains("init: (module) => init(module),"), "{}", old.text);
        let new = function("let wasmModule, wasmInstance, wasm;\nlet heap = new Array(1024).fill(undefined);\nlet __wbg_init_promise;\nfunction __wbg_init(module_or_path) {}\nexport { initSync, __wbg_init as default };").expect("it is known");
        assert!(
            new.text.contains("wasmModule = undefined;\nwasmInstance = undefined;\nwasm = dead;\n__wbg_init_promise = undefined;\nheap.length = 0;\n"),
            "{}",
            new.text
        );
        let lines = function("import {\n    a,\n    b as c\n} from 'x';\nfunction s() {}\nexport {\n    s as default\n};").expect("it is known");
        assert!(lines.text.contains("const { a, b: c } = __hmrImports[\"x\"];"), "{}", lines.text);
    }

    #[test]
    fn an_unknown_form_is_an_error_with_its_line() {
        for (text, line) in [
            ("let wasm;\nexport * from './x.js';\n", 2),
            ("import './x.js';\n", 1),
            ("export let x = 1;\n", 1),
            ("function a() {}\n", 1),
        ] {
            assert_eq!(function(text).expect_err(text).line, line, "{text}");
        }
    }
}

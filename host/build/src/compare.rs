//! What differs between two versions of a module.
//!
//! The input is the bytes of two prepared modules; the output is a [`Comparison`] for people to read. Functions are matched
//! by their names, and a function has changed if its instructions have: what shifts merely because something else grew
//! (indices of functions and types, addresses of data) is compared by its meaning ([`bodies`]).

mod bodies;

use std::collections::{BTreeMap, BTreeSet};

use hmr_abi::manifest::{self, Manifest};
use serde::Serialize;

use self::bodies::Bodies;
use crate::wasm::{Binary, Section};

/// What differs between two versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The sizes of the whole, in bytes.
    pub size: Sizes,
    /// The sizes of the sections that either version has, by name, in bytes; 0 where it lacks one.
    pub sections: BTreeMap<String, Sizes>,
    /// Components.
    pub components: Difference,
    /// Exports.
    pub exports: Difference,
    /// Functions with a body, by name.
    pub functions: FunctionDifference,
}

/// A size before and after, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// In the first version.
    pub from: usize,
    /// In the second version.
    pub to: usize,
}

/// Names that only one of the versions has; sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Only the second version has these.
    pub added: Vec<String>,
    /// Only the first version has these.
    pub removed: Vec<String>,
}

/// The outcome of functions; sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FunctionDifference {
    /// Only the second version has these.
    pub added: Vec<String>,
    /// Only the first version has these.
    pub removed: Vec<String>,
    /// Both have these, with other instructions.
    pub changed: Vec<String>,
}

/// Compares two modules.
///
/// # Errors
/// An error message if the bytes are not a wasm module.
pub fn compare(from: &[u8], to: &[u8]) -> Result<Comparison, String> {
    let (old, new) = (Outline::read(from)?, Outline::read(to)?);
    let names: BTreeSet<&String> = old.sections.keys().chain(new.sections.keys()).collect();
    let size = |outline: &Outline, name: &String| outline.sections.get(name).copied().unwrap_or(0);
    Ok(Comparison {
        size: Sizes { from: from.len(), to: to.len() },
        sections: names
            .into_iter()
            .map(|name| (name.clone(), Sizes { from: size(&old, name), to: size(&new, name) }))
            .collect(),
        components: difference(&old.components, &new.components),
        exports: difference(&old.exports, &new.exports),
        functions: functions(&old.functions, &new.functions),
    })
}

fn difference(old: &BTreeSet<String>, new: &BTreeSet<String>) -> Difference {
    Difference {
        added: new.difference(old).cloned().collect(),
        removed: old.difference(new).cloned().collect(),
    }
}

fn functions(old: &Bodies, new: &Bodies) -> FunctionDifference {
    let only = |these: &Bodies, others: &Bodies| {
        these.keys().filter(|name| !others.contains_key(*name)).cloned().collect()
    };
    let changed =
        old.iter().filter(|(name, bodies)| new.get(*name).is_some_and(|new| new != *bodies));
    FunctionDifference {
        added: only(new, old),
        removed: only(old, new),
        changed: changed.map(|(name, _)| name.clone()).collect(),
    }
}

/// The parts of a module that are compared.
struct Outline {
    sections: BTreeMap<String, usize>,
    components: BTreeSet<String>,
    exports: BTreeSet<String>,
    functions: Bodies,
}

impl Outline {
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let binary = Binary::read(bytes)?;
        let mut sections = BTreeMap::new();
        for section in &binary.sections {
            *sections.entry(name(section).to_owned()).or_default() += section.size;
        }
        let manifest = binary.custom_contents(manifest::SECTION);
        let manifest = manifest.and_then(|manifest| Manifest::parse(&manifest).ok());
        let components = manifest.into_iter().flat_map(|manifest| manifest.components);
        let exports = binary.exports().map_err(|error| error.to_string())?;
        Ok(Self {
            sections,
            components: components.map(|component| component.name).collect(),
            exports: exports.iter().map(|export| export.name.to_owned()).collect(),
            functions: bodies::read(&binary).map_err(|error| error.to_string())?,
        })
    }
}

/// What a section is called: custom sections have names, the others have those of the binary format.
fn name<'a>(section: &Section<'a>) -> &'a str {
    match section.id {
        0 => section.name,
        1 => "type",
        2 => "import",
        3 => "function",
        4 => "table",
        5 => "memory",
        6 => "global",
        7 => "export",
        8 => "start",
        9 => "element",
        10 => "code",
        11 => "data",
        12 => "data count",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module whose function `board::add` adds `step`, with `extra` in front of everything.
    fn module(extra: &str, step: i32) -> Vec<u8> {
        let text = format!(
            r#"(module {extra}
                 (func $zero (result i32) i32.const 0)
                 (func $board::add (export "add") (param i32) (result i32) local.get 0 i32.const {step} i32.add)
                 (func $board::twice (export "twice") (param i32) (result i32) local.get 0 call $board::add call $board::add))"#
        );
        wat::parse_str(text).expect("a module")
    }

    #[test]
    fn only_what_changed_is_reported() {
        let comparison = compare(&module("", 1), &module("", 2)).expect("modules");
        assert_eq!(comparison.functions.changed, ["board::add"]);
        assert!(comparison.functions.added.is_empty() && comparison.functions.removed.is_empty());
        assert_eq!((comparison.exports, comparison.components), Default::default());
        assert_eq!(comparison.sections["code"].from, comparison.sections["code"].to);
    }

    #[test]
    fn what_merely_shifts_is_no_change() {
        let extra = r#"(func $board::new (export "new") (param f32) (result f64) f64.const 1)"#;
        let comparison = compare(&module("", 1), &module(extra, 1)).expect("modules");
        assert_eq!(comparison.functions.added, ["board::new"]);
        assert_eq!(comparison.functions.changed, [""; 0]);
        assert_eq!(comparison.exports.added, ["new"]);
        assert!(comparison.size.to > comparison.size.from);
        let back = compare(&module(extra, 1), &module("", 1)).expect("modules");
        assert_eq!((back.functions.removed.len(), back.exports.removed.len()), (1, 1));
    }

    #[test]
    fn data_count_by_what_they_are_not_by_where_they_lie() {
        let module = |at: u32, text: &str| {
            wat::parse_str(format!(
                r#"(module (memory 1) (func $name (result i32) i32.const {at}) (data (i32.const {at}) "{text}"))"#
            ))
            .expect("a module")
        };
        let same = compare(&module(1024, "milk"), &module(2048, "milk")).expect("modules");
        assert_eq!(same.functions.changed, [""; 0]);
        let other = compare(&module(1024, "milk"), &module(1024, "salt")).expect("modules");
        assert_eq!(other.functions.changed, ["name"]);
    }

    #[test]
    fn bytes_of_any_content_are_an_error() {
        assert!(compare(b"", &module("", 1)).is_err());
        assert!(compare(b"\0asm\x01\0\0\0\x0a\xff", &module("", 1)).is_err());
    }
}

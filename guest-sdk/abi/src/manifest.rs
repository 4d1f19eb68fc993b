//! The manifest: a custom section that a host reads without running anything.
//!
//! The section holds lines of tab-separated UTF-8 fields, so that a linker may concatenate the parts
//! that several crates contribute:
//!
//! ```text
//! abi⇥1
//! component⇥Board⇥src/lib.rs⇥12
//! version⇥Board⇥1.1.0
//! migration⇥Board⇥1.0.0⇥1.1.0
//! decline⇥Board⇥it draws to a canvas that cannot be handed over
//! ```
//!
//! Lines of a kind that a reader does not know are skipped: they are how later versions add facts.

use std::collections::BTreeMap;
use std::fmt;

/// The custom section's name.
pub const SECTION: &str = "hmr.manifest";

/// A module's declarations about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// The ABI version that the module was made for; see [`crate::ABI_VERSION`].
    pub abi: u32,
    /// The components that can be mounted, in the order of the section.
    pub components: Vec<ComponentEntry>,
    /// The versions that components declare, by component.
    pub versions: BTreeMap<String, String>,
    /// The migrations that components declare, in the order of the section.
    pub migrations: Vec<MigrationEntry>,
    /// The components that accept no hot update, with the reason.
    pub declines: BTreeMap<String, String>,
}

/// One migration of a component's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationEntry {
    /// The component.
    pub component: String,
    /// The version that it migrates from.
    pub from: String,
    /// The version that it migrates to.
    pub to: String,
}

/// One mountable component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentEntry {
    /// The component's name, as pages and views write it.
    pub name: String,
    /// The source file that declares it, as the compiler named it.
    pub file: String,
    /// The line in `file`, counted from 1.
    pub line: u32,
}

/// Why a manifest section could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The bytes are not UTF-8.
    #[error("the section `hmr.manifest` is not UTF-8 text")]
    NotText,
    /// There is no `abi` line.
    #[error("the section `hmr.manifest` does not state an ABI version")]
    NoAbi,
    /// A line lacks a field, or a number in it is invalid.
    #[error("the section `hmr.manifest` has a malformed line: `{0}`")]
    Line(String),
    /// Two `abi` lines that differ: the module was linked from two versions of the SDK.
    #[error("the module was linked from SDKs of two ABI versions, {0} and {1}")]
    TwoVersions(u32, u32),
}

impl Manifest {
    /// Reads the section's bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let text = std::str::from_utf8(bytes).map_err(|_| ManifestError::NotText)?;
        let mut abi = None;
        let mut manifest = Self::default();
        for line in text.lines() {
            let mut fields = line.trim_end_matches('\r').split('\t');
            match fields.next() {
                Some("abi") => {
                    let version = number(fields.next(), line)?;
                    match abi {
                        Some(first) if first != version => {
                            return Err(ManifestError::TwoVersions(first, version));
                        }
                        _ => abi = Some(version),
                    }
                }
                Some("component") => {
                    let entry = component(&mut fields, line)?;
                    if !manifest.components.contains(&entry) {
                        manifest.components.push(entry);
                    }
                }
                Some("version") => {
                    let [component, version] = texts(&mut fields, line)?;
                    manifest.versions.insert(component, version);
                }
                Some("migration") => {
                    let [component, from, to] = texts(&mut fields, line)?;
                    let entry = MigrationEntry { component, from, to };
                    if !manifest.migrations.contains(&entry) {
                        manifest.migrations.push(entry);
                    }
                }
                Some("decline") => {
                    let [component, reason] = texts(&mut fields, line)?;
                    manifest.declines.insert(component, reason);
                }
                _ => {}
            }
        }
        manifest.abi = abi.ok_or(ManifestError::NoAbi)?;
        Ok(manifest)
    }
}

fn component<'a>(
    fields: &mut impl Iterator<Item = &'a str>,
    line: &str,
) -> Result<ComponentEntry, ManifestError> {
    let malformed = || ManifestError::Line(line.to_owned());
    let name = fields.next().filter(|name| !name.is_empty()).ok_or_else(malformed)?;
    let file = fields.next().ok_or_else(malformed)?;
    Ok(ComponentEntry {
        name: name.to_owned(),
        file: file.to_owned(),
        line: number(fields.next(), line)?,
    })
}

/// The requested number of fields, none of them empty.
fn texts<'a, const N: usize>(
    fields: &mut impl Iterator<Item = &'a str>,
    line: &str,
) -> Result<[String; N], ManifestError> {
    let found: Vec<_> =
        fields.take(N).filter(|field| !field.is_empty()).map(str::to_owned).collect();
    found.try_into().map_err(|_| ManifestError::Line(line.to_owned()))
}

fn number(field: Option<&str>, line: &str) -> Result<u32, ManifestError> {
    field.and_then(|digits| digits.parse().ok()).ok_or_else(|| ManifestError::Line(line.to_owned()))
}

impl fmt::Display for Manifest {
    /// Writes the section's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "abi\t{}", self.abi)?;
        for ComponentEntry { name, file, line } in &self.components {
            writeln!(f, "component\t{name}\t{file}\t{line}")?;
        }
        for (component, version) in &self.versions {
            writeln!(f, "version\t{component}\t{version}")?;
        }
        for MigrationEntry { component, from, to } in &self.migrations {
            writeln!(f, "migration\t{component}\t{from}\t{to}")?;
        }
        for (component, reason) in &self.declines {
            writeln!(f, "decline\t{component}\t{reason}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let manifest = Manifest {
            abi: 1,
            components: vec![ComponentEntry {
                name: "Board".into(),
                file: "src/lib.rs".into(),
                line: 12,
            }],
            versions: [("Board".into(), "1.1.0".into())].into(),
            migrations: vec![MigrationEntry {
                component: "Board".into(),
                from: "1.0.0".into(),
                to: "1.1.0".into(),
            }],
            declines: [("Chart".into(), "it draws".into())].into(),
        };
        assert_eq!(Manifest::parse(manifest.to_string().as_bytes()), Ok(manifest));
    }

    #[test]
    fn refuses_bad_sections_with_the_line() {
        assert_eq!(Manifest::parse(b"\xff"), Err(ManifestError::NotText));
        assert_eq!(Manifest::parse(b""), Err(ManifestError::NoAbi));
        assert_eq!(Manifest::parse(b"abi\tx"), Err(ManifestError::Line("abi\tx".into())));
        assert_eq!(
            Manifest::parse(b"abi\t1\ncomponent\tA"),
            Err(ManifestError::Line("component\tA".into()))
        );
        assert_eq!(
            Manifest::parse(b"abi\t1\nversion\tA"),
            Err(ManifestError::Line("version\tA".into()))
        );
        assert_eq!(Manifest::parse(b"abi\t1\nabi\t2"), Err(ManifestError::TwoVersions(1, 2)));
    }

    #[test]
    fn the_end_of_a_line_is_no_part_of_its_last_field() {
        let manifest =
            Manifest::parse(b"abi\t1\r\ndecline\tA\tit draws\r\r\n").expect("a manifest");
        assert_eq!(manifest.declines["A"], "it draws");
        assert_eq!(Manifest::parse(manifest.to_string().as_bytes()), Ok(manifest));
    }

    #[test]
    fn skips_lines_of_later_kinds() {
        assert_eq!(Manifest::parse(b"abi\t1\nflavour\tmint\n").map(|m| m.abi), Ok(1));
    }
}

//! The manifest: a custom section that a host reads without running anything.
//!
//! The section holds lines of tab-separated UTF-8 fields, so that a linker may concatenate the parts
//! that several crates contribute:
//!
//! ```text
//! abi⇥1
//! component⇥Board⇥src/lib.rs⇥12
//! ```
//!
//! Lines of a kind that a reader does not know are skipped: they are how later versions add facts.

use std::fmt;

/// The custom section's name.
pub const SECTION: &str = "hmr.manifest";

/// What a module says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// The ABI version that the module was made for; see [`crate::ABI_VERSION`].
    pub abi: u32,
    /// The components that can be mounted, in the order of the section.
    pub components: Vec<ComponentEntry>,
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
    /// A line lacks a field, or a number in it is none.
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
        let mut components: Vec<ComponentEntry> = Vec::new();
        for line in text.lines() {
            let mut fields = line.split('\t');
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
                    if !components.contains(&entry) {
                        components.push(entry);
                    }
                }
                _ => {}
            }
        }
        Ok(Self { abi: abi.ok_or(ManifestError::NoAbi)?, components })
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
        assert_eq!(Manifest::parse(b"abi\t1\nabi\t2"), Err(ManifestError::TwoVersions(1, 2)));
    }

    #[test]
    fn skips_lines_of_later_kinds() {
        assert_eq!(Manifest::parse(b"abi\t1\nflavour\tmint\n").map(|m| m.abi), Ok(1));
    }
}

//! The lines that code comes from: a custom section used to report a trap with its source location.
//!
//! The section holds numbers as LEB128 and, in this order: how many files there are, and each file as the length of its name and
//! the name in UTF-8; how many rows there are, and the rows. A row is its distance in bytes from the previous one (the
//! first: behind the start of the binary), the number of its file from 1, and by how much its line is greater than that of
//! the last row before it that has one (zigzag: 0, -1, 1, -2, …). A row is valid until the next. File 0 means that the source is
//! not known; such a row has no line.

/// The custom section's name.
pub const SECTION: &str = "hmr.lines";

/// Whether a source file is one of the user's own, as the compiler names it: the files of a workspace by their paths in it, all
/// others (packages of a registry, the standard library as it is distributed) by absolute paths. A standard library that was built
/// from source has paths in that.
#[must_use]
pub fn is_own(file: &str) -> bool {
    const STANDARD: [&str; 7] =
        ["alloc", "compiler-builtins", "core", "panic_abort", "panic_unwind", "std", "unwind"];
    let of_standard = file.strip_prefix("library/").and_then(|rest| rest.split_once("/src/"));
    let is_standard = of_standard.is_some_and(|(name, _)| STANDARD.contains(&name));
    let is_absolute = file.starts_with(['/', '\\', '<']) || file.contains(":\\");
    !(file.is_empty() || is_absolute || is_standard)
}

/// The source lines of code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lines {
    /// The source files, as the compiler named them.
    pub files: Vec<String>,
    /// In the order of their offsets.
    pub rows: Vec<Row>,
}

/// The source of the code from an offset up to the next row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Bytes from the start of the binary.
    pub offset: u32,
    /// The file, as an index in [`Lines::files`], and the line, counted from 1. `None` if it is not known.
    pub place: Option<(u32, u32)>,
}

/// The section is malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the section `hmr.lines` is malformed")]
pub struct LinesError;

impl Lines {
    /// The file and the line, counted from 1, of the instruction at an offset into the binary.
    #[must_use]
    pub fn find(&self, offset: u32) -> Option<(&str, u32)> {
        let next = self.rows.partition_point(|row| row.offset <= offset);
        let (file, line) = self.rows.get(next.checked_sub(1)?)?.place?;
        Some((self.files.get(file as usize)?, line))
    }

    /// The section's contents.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.rows.len() * 3 + 64);
        let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        write(count(self.files.len()), &mut bytes);
        for file in &self.files {
            write(count(file.len()), &mut bytes);
            bytes.extend_from_slice(file.as_bytes());
        }
        write(count(self.rows.len()), &mut bytes);
        let (mut before, mut line_before) = (0u32, 0u32);
        for row in &self.rows {
            write(row.offset.wrapping_sub(before), &mut bytes);
            before = row.offset;
            let Some((file, line)) = row.place else {
                write(0, &mut bytes);
                continue;
            };
            write(file + 1, &mut bytes);
            let more = line.wrapping_sub(line_before).cast_signed();
            write(((more << 1) ^ (more >> 31)).cast_unsigned(), &mut bytes);
            line_before = line;
        }
        bytes
    }

    /// Reads a section's contents.
    ///
    /// # Errors
    /// [`LinesError`]: the contents are malformed.
    pub fn parse(bytes: &[u8]) -> Result<Self, LinesError> {
        let mut rest = bytes;
        let mut lines = Self::default();
        for _ in 0..read(&mut rest)? {
            let len = read(&mut rest)? as usize;
            let (name, behind) = rest.split_at_checked(len).ok_or(LinesError)?;
            rest = behind;
            lines.files.push(std::str::from_utf8(name).map_err(|_| LinesError)?.to_owned());
        }
        let (mut offset, mut line) = (0u32, 0u32);
        for _ in 0..read(&mut rest)? {
            offset = offset.checked_add(read(&mut rest)?).ok_or(LinesError)?;
            let place = match read(&mut rest)? {
                0 => None,
                file if file as usize <= lines.files.len() => {
                    let zigzag = read(&mut rest)?;
                    let more = (zigzag >> 1) ^ 0u32.wrapping_sub(zigzag & 1);
                    line = line.wrapping_add(more);
                    Some((file - 1, line))
                }
                _ => return Err(LinesError),
            };
            lines.rows.push(Row { offset, place });
        }
        if rest.is_empty() { Ok(lines) } else { Err(LinesError) }
    }
}

fn write(mut number: u32, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    to.push((number & 0x7f) as u8);
}

fn read(from: &mut &[u8]) -> Result<u32, LinesError> {
    let mut number = 0u32;
    for shift in [0, 7, 14, 21, 28] {
        let (byte, rest) = from.split_first().ok_or(LinesError)?;
        *from = rest;
        if shift == 28 && *byte > 0x0f {
            return Err(LinesError);
        }
        number |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(LinesError)
}

#[cfg(test)]
mod tests {
    use super::{Lines, Row, is_own};

    fn sample() -> Lines {
        let row = |offset, place| Row { offset, place };
        Lines {
            files: vec!["board/src/lib.rs".into(), "ui/src/späť.rs".into()],
            rows: vec![
                row(100, Some((0, 42))),
                row(180, Some((1, 7))),
                row(181, None),
                row(70_000, Some((0, 4_000_000))),
            ],
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for lines in [sample(), Lines::default()] {
            assert_eq!(Lines::parse(&lines.encode()), Ok(lines));
        }
    }

    #[test]
    fn an_instruction_is_found_in_the_last_row_before_it() {
        let lines = sample();
        let cases = [
            (0, None),
            (99, None),
            (100, Some(("board/src/lib.rs", 42))),
            (179, Some(("board/src/lib.rs", 42))),
            (180, Some(("ui/src/späť.rs", 7))),
            (181, None),
            (69_999, None),
            (u32::MAX, Some(("board/src/lib.rs", 4_000_000))),
        ];
        for (offset, place) in cases {
            assert_eq!(lines.find(offset), place, "at {offset}");
        }
    }

    #[test]
    fn a_file_of_the_workspace_is_the_users_own() {
        for own in [
            "src/lib.rs",
            "library/src/lib.rs",
            "library/board/src/lib.rs",
            "board/src/a b.rs",
            "src\\lib.rs",
        ] {
            assert!(is_own(own), "{own}");
        }
        for other in [
            "",
            "/rustc/0123/library/std/src/sys/time/unsupported.rs",
            "/home/user/.cargo/registry/src/serde/src/lib.rs",
            "C:\\Users\\a\\.cargo\\lib.rs",
            "\\\\server\\share\\lib.rs",
            "<anon>",
            "library/std/src/sys/pal/wasm/../unsupported/common.rs",
        ] {
            assert!(!is_own(other), "{other}");
        }
    }

    #[test]
    fn what_is_cut_short_or_longer_is_refused() {
        let bytes = sample().encode();
        for len in 0..bytes.len() {
            assert!(Lines::parse(&bytes[..len]).is_err(), "{len} bytes");
        }
        assert!(Lines::parse(&[&bytes[..], &[0]].concat()).is_err());
        // A file that does not exist; a number that is too long; a name that is not UTF-8.
        for bytes in [&[0, 1, 5, 1, 0][..], &[0xff, 0xff, 0xff, 0xff, 0x7f], &[1, 1, 0xff, 0]] {
            assert!(Lines::parse(bytes).is_err(), "{bytes:?}");
        }
    }
}

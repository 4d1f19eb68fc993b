//! From the compiler's line tables (DWARF) to the section that engines read ([`hmr_abi::lines`]).
//!
//! The input is a module as the linker wrote it; the output is the source location of each piece of the user's own code, by its
//! offset in the code section. Code from elsewhere (the standard library, packages of a registry) is marked as unknown:
//! cargo names the files of a workspace by their paths in it, and all others by absolute ones.

use std::collections::HashMap;

use gimli::{
    AttributeValue, DebugLine, DebugLineOffset, DebugLineStr, DebugStr, EndianSlice,
    IncompleteLineProgram, LittleEndian,
};
use hmr_abi::lines::{Lines, Row, is_own};

use crate::wasm::Binary;

type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// The tables of one unit of code.
type Program<'a> = IncompleteLineProgram<Slice<'a>>;

/// The source locations of code, by its offset in the contents of the code section. None if there are no line tables, or
/// if they cannot be read: a trap is then reported without its location.
pub(super) fn read(binary: &Binary<'_>) -> Option<Lines> {
    let contents = |name| binary.custom(name).next().map(|section| section.contents);
    let table = contents(".debug_line")?;
    let tables = Tables {
        lines: DebugLine::new(table, LittleEndian),
        line_strings: DebugLineStr::new(
            contents(".debug_line_str").unwrap_or_default(),
            LittleEndian,
        ),
        strings: DebugStr::new(contents(".debug_str").unwrap_or_default(), LittleEndian),
        end: table.len(),
    };
    let mut files = Files::default();
    let mut rows = Vec::new();
    tables.read(&mut files, &mut rows).ok()?;
    rows.sort_by_key(|row: &Row| row.offset);
    // Where one function ends and another begins at the same offset, a known row wins.
    rows.dedup_by(|next, before| {
        let same_offset = next.offset == before.offset;
        if same_offset && next.place.is_some() {
            *before = *next;
        }
        same_offset || next.place == before.place
    });
    Some(Lines { files: files.names, rows })
}

struct Tables<'a> {
    lines: DebugLine<Slice<'a>>,
    line_strings: DebugLineStr<Slice<'a>>,
    strings: DebugStr<Slice<'a>>,
    end: usize,
}

/// The files that rows name.
#[derive(Default)]
struct Files {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Files {
    fn number(&mut self, name: String) -> u32 {
        *self.numbers.entry(name).or_insert_with_key(|name| {
            self.names.push(name.clone());
            u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX)
        })
    }
}

impl<'a> Tables<'a> {
    fn read(&self, files: &mut Files, rows: &mut Vec<Row>) -> gimli::Result<()> {
        let mut at = 0;
        while at < self.end {
            let program = self.lines.program(DebugLineOffset(at), 4, None, None)?;
            let header = program.header();
            // The length does not count what it takes itself.
            let own = usize::from(header.format().initial_length_size());
            at = at.saturating_add(header.unit_length()).saturating_add(own);
            let count = header.file_names().len() + 1;
            let names = (0..count as u64).map(|number| self.own_file(&program, number));
            let numbers: Vec<Option<u32>> =
                names.map(|name| name.map(|name| files.number(name))).collect();
            if numbers.iter().any(Option::is_some) {
                unit(program, &numbers, rows)?;
            }
        }
        Ok(())
    }

    /// The name of a file, if it is one of the workspace's.
    fn own_file(&self, program: &Program<'a>, number: u64) -> Option<String> {
        let header = program.header();
        let file = header.file(number)?;
        let name = self.text(file.path_name())?;
        // In the fifth version, the first folder is the one in which the compiler ran.
        let first = u64::from(header.version() >= 5);
        let folder = match file.directory_index() {
            index if index < first || (first == 0 && index == 0) => String::new(),
            _ => self.text(file.directory(header)?)?,
        };
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        is_own(&path).then_some(path)
    }

    fn text(&self, value: AttributeValue<Slice<'a>>) -> Option<String> {
        let text = match value {
            AttributeValue::String(text) => text,
            AttributeValue::DebugLineStrRef(at) => self.line_strings.get_str(at).ok()?,
            AttributeValue::DebugStrRef(at) => self.strings.get_str(at).ok()?,
            _ => return None,
        };
        Some(text.to_string_lossy().into_owned())
    }
}

/// Adds the rows of a unit.
fn unit(program: Program<'_>, numbers: &[Option<u32>], to: &mut Vec<Row>) -> gimli::Result<()> {
    let mut rows = program.rows();
    let mut sequence = Vec::new();
    while let Some((_, row)) = rows.next_row()? {
        let place = (!row.end_sequence())
            .then(|| {
                let number = numbers.get(usize::try_from(row.file_index()).ok()?).copied()??;
                Some((number, u32::try_from(row.line()?.get()).ok()?))
            })
            .flatten();
        let offset = u32::try_from(row.address()).unwrap_or(u32::MAX);
        sequence.push(Row { offset, place });
        if row.end_sequence() {
            // Code that the linker removed has an address at the very start, or none.
            let kept = sequence.first().is_some_and(|row| row.offset > 0 && offset < u32::MAX / 2);
            if kept {
                to.append(&mut sequence);
            }
            sequence.clear();
        }
    }
    Ok(())
}

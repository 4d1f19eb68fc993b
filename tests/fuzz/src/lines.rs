//! The section with the lines of the code.

use hmr_abi::lines::Lines;

use crate::beside;

/// A section that is read and written is read again as the same, and any offset can be looked up in it.
pub fn lines(input: &[u8]) {
    let Ok(lines) = Lines::parse(input) else { return };
    let again = Lines::parse(&lines.encode());
    assert!(again.as_ref() == Ok(&lines), "{}", beside(&lines, &again));
    for row in &lines.rows {
        let location = lines.find(row.offset);
        assert!(
            location.is_none_or(|(file, _)| lines.files.iter().any(|it| it == file)),
            "{row:?}"
        );
    }
}

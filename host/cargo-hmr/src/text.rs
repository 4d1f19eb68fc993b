//! Texts from outside: of pages, modules, build scripts, file names.
//!
//! A terminal interprets control characters, and some characters hide others or change their order. [`visible`] shows such
//! characters instead. [`visible_but_colours`] leaves the colours that compilers use.

mod messages;

use std::fmt::Write as _;

/// Calls a function with each text in a value that people may read.
pub trait Texts {
    /// Calls `edit` with each text.
    fn texts(&mut self, edit: &mut dyn FnMut(&mut String, Kind));
}

/// What kind of text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text without escape sequences.
    Plain,
    /// What a compiler prints, which may have colours.
    Coloured,
}

/// The text with every character shown that a terminal would interpret, but for line ends and tabs.
#[must_use]
pub fn visible(text: &str) -> String {
    shown(text, |_| None)
}

/// As [`visible`], but escape sequences that set colours are left. The colours end with the text.
#[must_use]
pub fn visible_but_colours(text: &str) -> String {
    let mut coloured = false;
    let mut text = shown(text, |rest| {
        let length = colour(rest)?;
        coloured = true;
        Some(length)
    });
    if coloured {
        let end = text.trim_end().len();
        text.insert_str(end, "\u{1b}[0m");
    }
    text
}

/// A line of JSON with every character escaped that a terminal would interpret. Its value is the same.
#[must_use]
pub fn visible_json(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for c in json.chars() {
        if is_interpreted(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(c);
        }
    }
    line
}

/// `kept` returns how many bytes at the beginning of a text, which begins with an escape character, are not changed.
fn shown(text: &str, mut kept: impl FnMut(&str) -> Option<usize>) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\u{1b}' => kept(rest),
            '\r' => rest.starts_with("\r\n").then_some(2),
            '\n' | '\t' => Some(1),
            _ if is_interpreted(c) => None,
            _ => Some(c.len_utf8()),
        };
        let (head, tail) = rest.split_at(length.unwrap_or(c.len_utf8()));
        match (length, u32::from(c)) {
            (Some(_), _) => shown.push_str(head),
            // Unicode has pictures of these.
            (None, code @ 0..=0x1f) => shown.extend(char::from_u32(0x2400 + code)),
            (None, 0x7f) => shown.push('\u{2421}'),
            (None, code) => _ = write!(shown, "<U+{code:04X}>"),
        }
        rest = tail;
    }
    shown
}

/// Whether a terminal may interpret a character, or it changes how the text around it is shown.
fn is_interpreted(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Marks, embeddings, overrides and isolates of bidirectional text.
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separators, characters without a width, tags. Joiners stay: scripts and emoji need them.
            | '\u{2028}' | '\u{2029}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The length of the escape sequence at the beginning of a text, if it does no more than set the colour and weight of
/// letters.
fn colour(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    let list = parameters[..end].strip_suffix('m').or(Some(&parameters[..end]))?;
    if !parameters[end..].starts_with('m') {
        return None;
    }
    let mut numbers = list.split(';');
    while let Some(number) = numbers.next() {
        match number.parse().unwrap_or(0) {
            0..=4 | 22..=24 | 30..=37 | 39 | 90..=97 => {}
            // A colour of a palette, or by its parts.
            38 => {
                let parts = match numbers.next() {
                    Some("5") => 1,
                    Some("2") => 3,
                    _ => return None,
                };
                numbers.nth(parts - 1)?;
            }
            // Hidden and blinking letters, backgrounds that could match the letters, and unknown codes.
            _ => return None,
        }
    }
    Some("\u{1b}[m".len() + end)
}

impl Texts for String {
    fn texts(&mut self, edit: &mut dyn FnMut(&mut String, Kind)) {
        edit(self, Kind::Plain);
    }
}

impl<T: Texts> Texts for Option<T> {
    fn texts(&mut self, edit: &mut dyn FnMut(&mut String, Kind)) {
        if let Some(text) = self {
            text.texts(edit);
        }
    }
}

impl<T: Texts> Texts for Vec<T> {
    fn texts(&mut self, edit: &mut dyn FnMut(&mut String, Kind)) {
        for text in self {
            text.texts(edit);
        }
    }
}

impl Texts for serde_json::Value {
    fn texts(&mut self, edit: &mut dyn FnMut(&mut String, Kind)) {
        match self {
            Self::String(text) => edit(text, Kind::Plain),
            Self::Array(values) => values.texts(edit),
            Self::Object(fields) => {
                for (mut name, mut value) in std::mem::take(fields) {
                    name.texts(edit);
                    value.texts(edit);
                    fields.insert(name, value);
                }
            }
            Self::Null | Self::Bool(_) | Self::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_interprets_is_shown() {
        for (text, expected) in [
            ("plain\n\ttext", "plain\n\ttext"),
            ("two\r\nlines", "two\r\nlines"),
            ("over\rwritten", "over␍written"),
            ("\u{1b}]0;title\u{7}", "␛]0;title␇"),
            ("\u{1b}[2J\u{1b}[31mred", "␛[2J␛[31mred"),
            ("\u{9b}2J\u{7f}", "<U+009B>2J␡"),
            ("abc\u{202e}fed\u{2069}", "abc<U+202E>fed<U+2069>"),
            ("zero\u{200b}width\u{feff}", "zero<U+200B>width<U+FEFF>"),
            ("👩\u{200d}🚀 déjà 日本", "👩\u{200d}🚀 déjà 日本"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }

    #[test]
    fn colours_of_compilers_are_left_and_end_with_the_text() {
        let rustc = "\u{1b}[1m\u{1b}[38;5;9merror\u{1b}[0m\u{1b}[1;94m-->\u{1b}[m";
        assert_eq!(visible_but_colours(rustc), format!("{rustc}\u{1b}[0m"));
        for sequence in
            ["[8m", "[5m", "[7m", "[40m", "[48;5;0m", "[2J", "[38m", "[38;5m", "[1", "]0;x\u{7}"]
        {
            let shown = visible_but_colours(&format!("\u{1b}{sequence}"));
            assert!(shown.starts_with('␛') && !shown.contains('\u{1b}'), "{shown:?}");
        }
    }

    #[test]
    fn json_stands_for_the_same_value() {
        let value = serde_json::json!({"a\u{9b}": "\u{1b}[2J \u{7f}\u{202e}\u{e0041} 日本"});
        let line = visible_json(&value.to_string());
        assert!(!line.chars().any(is_interpreted), "{line}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).expect("JSON"), value);
    }
}

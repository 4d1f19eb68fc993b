//! Finds the parts of JSON text, without reading the numbers in it.
//!
//! In: text of any content. Out: the text of one value, of the elements of a list, of the entries of an object; a string without its
//! escapes. It accepts what `serde_json` accepts. A module contains only this much of a parser, because the tables with which a parser reads
//! and writes floating point numbers are large, and many modules use no such numbers.

use std::borrow::Cow;

use super::error::ReadError;

/// A position in JSON text.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

/// The text of the one value that a text contains, without the space around it.
pub(crate) fn value(text: &str) -> Result<&str, ReadError> {
    let mut scanner = Scanner { text, at: 0 };
    let value = scanner.value()?;
    scanner.end()?;
    Ok(value)
}

/// The elements of a list.
pub(super) fn items(text: &str) -> Result<Vec<&str>, ReadError> {
    let mut scanner = Scanner { text, at: 0 };
    let mut all = Vec::new();
    scanner.each(b'[', b']', |scanner| {
        all.push(scanner.value()?);
        Ok(())
    })?;
    scanner.end()?;
    Ok(all)
}

/// The entries of an object, in their order.
pub(crate) fn entries(text: &str) -> Result<Vec<(Cow<'_, str>, &str)>, ReadError> {
    let mut scanner = Scanner { text, at: 0 };
    let mut all = Vec::new();
    scanner.each(b'{', b'}', |scanner| {
        let key = scanner.key()?;
        all.push((string(key)?, scanner.value()?));
        Ok(())
    })?;
    scanner.end()?;
    Ok(all)
}

/// The value of a string, which is in quotation marks.
pub(crate) fn string(text: &str) -> Result<Cow<'_, str>, ReadError> {
    let invalid = || ReadError::of(format!("`{text}` is not a string"));
    let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let mut rest = inside.ok_or_else(invalid)?;
    if !rest.contains('\\') {
        return Ok(Cow::Borrowed(rest));
    }
    let mut value = String::with_capacity(rest.len());
    while let Some((plain, escape)) = rest.split_once('\\') {
        value.push_str(plain);
        let letter = escape.bytes().next().ok_or_else(invalid)?;
        rest = &escape[1..];
        value.push(match letter {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => unicode(&mut rest).ok_or_else(invalid)?,
            other => char::from(other),
        });
    }
    value.push_str(rest);
    Ok(Cow::Owned(value))
}

/// The character of an escape, `00e9`, or of two, `d83d\ude00`.
fn unicode(rest: &mut &str) -> Option<char> {
    let first = hexadecimal(rest)?;
    let code = if (0xd800..0xdc00).contains(&first) {
        *rest = rest.strip_prefix("\\u")?;
        let second = hexadecimal(rest)?.checked_sub(0xdc00).filter(|second| *second < 0x400)?;
        0x1_0000 + ((first - 0xd800) << 10) + second
    } else {
        first
    };
    char::from_u32(code)
}

fn hexadecimal(rest: &mut &str) -> Option<u32> {
    let (digits, after) = rest.split_at_checked(4)?;
    *rest = after;
    digits.chars().try_fold(0, |code, digit| Some(code * 16 + digit.to_digit(16)?))
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, expected: u8) -> bool {
        let is_it = self.peek() == Some(expected);
        self.at += usize::from(is_it);
        is_it
    }

    fn skip(&mut self, which: impl Fn(u8) -> bool) -> usize {
        let start = self.at;
        while self.peek().is_some_and(&which) {
            self.at += 1;
        }
        self.at - start
    }

    fn space(&mut self) {
        self.skip(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
    }

    #[cold]
    fn fail<T>(&self) -> Result<T, ReadError> {
        let found = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        Err(ReadError::of(match found {
            Some(found) => format!("unexpected {found:?} at byte {} of the JSON text", self.at),
            None => "the JSON text is not complete".to_owned(),
        }))
    }

    fn end(&mut self) -> Result<(), ReadError> {
        self.space();
        if self.at == self.text.len() { Ok(()) } else { self.fail() }
    }

    /// One value with all that is in it, however deep.
    fn value(&mut self) -> Result<&'a str, ReadError> {
        self.space();
        let start = self.at;
        // The closing brackets of what is open.
        let mut open = Vec::new();
        loop {
            self.space();
            let closing = match self.peek() {
                Some(b'[') => Some(b']'),
                Some(b'{') => Some(b'}'),
                _ => None,
            };
            if let Some(closing) = closing {
                self.at += 1;
                self.space();
                if !self.take(closing) {
                    open.push(closing);
                    self.key_in(closing)?;
                    continue;
                }
            } else {
                self.scalar()?;
            }
            loop {
                let Some(&closing) = open.last() else { return Ok(&self.text[start..self.at]) };
                self.space();
                if self.take(b',') {
                    self.key_in(closing)?;
                    break;
                }
                if !self.take(closing) {
                    return self.fail();
                }
                open.pop();
            }
        }
    }

    /// The key of the next entry, if an object is open.
    fn key_in(&mut self, closing: u8) -> Result<(), ReadError> {
        if closing == b'}' { self.key().map(drop) } else { Ok(()) }
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<&'a str, ReadError> {
        self.space();
        let start = self.at;
        self.string()?;
        let key = &self.text[start..self.at];
        self.space();
        if self.take(b':') { Ok(key) } else { self.fail() }
    }

    /// Calls something at each part of a list or an object.
    fn each(
        &mut self,
        opening: u8,
        closing: u8,
        mut part: impl FnMut(&mut Self) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        self.space();
        if !self.take(opening) {
            return self.fail();
        }
        self.space();
        if self.take(closing) {
            return Ok(());
        }
        loop {
            part(self)?;
            self.space();
            if self.take(closing) {
                return Ok(());
            }
            if !self.take(b',') {
                return self.fail();
            }
        }
    }

    fn scalar(&mut self) -> Result<(), ReadError> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                let rest = &self.text[self.at..];
                let Some(word) = ["null", "true", "false"].iter().find(|it| rest.starts_with(**it))
                else {
                    return self.fail();
                };
                self.at += word.len();
                Ok(())
            }
        }
    }

    fn string(&mut self) -> Result<(), ReadError> {
        if !self.take(b'"') {
            return self.fail();
        }
        loop {
            self.skip(|byte| !matches!(byte, b'"' | b'\\' | ..b' '));
            if self.take(b'"') {
                return Ok(());
            }
            if !self.take(b'\\') {
                return self.fail();
            }
            match self.peek() {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                Some(b'u') => {
                    self.at += 1;
                    for _ in 0..4 {
                        if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                            return self.fail();
                        }
                        self.at += 1;
                    }
                }
                _ => return self.fail(),
            }
        }
    }

    fn number(&mut self) -> Result<(), ReadError> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), ReadError> {
        if self.skip(|byte| byte.is_ascii_digit()) > 0 { Ok(()) } else { self.fail() }
    }
}

//! Reads JSON.

use crate::value::Value;

/// How deep arrays and objects may be nested.
const DEPTH: usize = 256;

pub(crate) fn parse(json: &str) -> Result<Value, String> {
    let mut parser = Parser { json, at: 0 };
    let value = parser.value(0)?;
    parser.spaces();
    if parser.at == json.len() {
        Ok(value)
    } else {
        Err(parser.error("the end"))
    }
}

struct Parser<'a> {
    json: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn error(&self, expected: &str) -> String {
        format!("not JSON: {expected} expected at byte {}", self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn skip(&mut self, text: &str) -> bool {
        let found = self.json[self.at..].starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    fn expect(&mut self, text: &str) -> Result<(), String> {
        if self.skip(text) {
            Ok(())
        } else {
            Err(self.error(&format!("`{text}`")))
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEPTH {
            return Err(self.error("less nesting"));
        }
        self.spaces();
        match self.peek() {
            Some(b'n') => self.expect("null").map(|()| Value::Null),
            Some(b't') => self.expect("true").map(|()| Value::Bool(true)),
            Some(b'f') => self.expect("false").map(|()| Value::Bool(false)),
            Some(b'"') => self.text().map(Value::Text),
            Some(b'[') => self.items(b']', |parser| parser.value(depth + 1)).map(Value::Array),
            Some(b'{') => self
                .items(b'}', |parser| {
                    parser.spaces();
                    let name = parser.text()?;
                    parser.spaces();
                    parser.expect(":")?;
                    Ok((name, parser.value(depth + 1)?))
                })
                .map(Value::Object),
            Some(b'-' | b'0'..=b'9') => Ok(self.number()),
            _ => Err(self.error("a value")),
        }
    }

    fn items<T>(
        &mut self,
        end: u8,
        mut item: impl FnMut(&mut Self) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        self.at += 1;
        let mut items = Vec::new();
        self.spaces();
        if self.peek() == Some(end) {
            self.at += 1;
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            self.spaces();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == end => {
                    self.at += 1;
                    return Ok(items);
                }
                _ => return Err(self.error("`,` or the end of the list")),
            }
        }
    }

    fn number(&mut self) -> Value {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        Value::Number(self.json[start..self.at].to_owned())
    }

    fn text(&mut self) -> Result<String, String> {
        self.expect("\"")?;
        let mut text = String::new();
        loop {
            let rest = &self.json[self.at..];
            let plain = rest.find(['"', '\\']).ok_or_else(|| self.error("the end of a text"))?;
            text.push_str(&rest[..plain]);
            self.at += plain + 1;
            if rest.as_bytes()[plain] == b'"' {
                return Ok(text);
            }
            text.push(self.escaped()?);
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        let kind = self.peek().ok_or_else(|| self.error("an escaped character"))?;
        self.at += 1;
        Ok(match kind {
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'"' | b'\\' | b'/' => char::from(kind),
            b'u' => {
                let first = self.unit()?;
                if (0xd800..0xdc00).contains(&first) && self.skip("\\u") {
                    let second = self.unit()?;
                    let pair =
                        0x10000 + ((first - 0xd800) << 10) + (second.wrapping_sub(0xdc00) & 0x3ff);
                    char::from_u32(pair).unwrap_or(char::REPLACEMENT_CHARACTER)
                } else {
                    char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)
                }
            }
            _ => return Err(self.error("an escaped character")),
        })
    }

    fn unit(&mut self) -> Result<u32, String> {
        let digits = self.json.get(self.at..self.at + 4);
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.error("four hexadecimal digits"))?;
        self.at += 4;
        Ok(unit)
    }
}

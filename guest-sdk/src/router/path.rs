//! The parts of paths, as the code that `#[derive(Route)]` writes needs them.

use std::fmt::{Display, Write as _};
use std::str::FromStr;

use crate::location::decoded;

/// The parts of a path between its slashes, decoded. A slash at the end does not count.
#[must_use]
pub fn segments(path: &str) -> Vec<String> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() { Vec::new() } else { path.split('/').map(decoded).collect() }
}

/// The value of one part.
#[must_use]
pub fn part<T: FromStr>(segment: &str) -> Option<T> {
    segment.parse().ok()
}

/// The value of all remaining parts.
#[must_use]
pub fn rest<T: FromStr>(segments: &[&str]) -> Option<T> {
    segments.join("/").parse().ok()
}

/// Adds a part to a path.
pub fn push_part(path: &mut String, part: &dyn Display) {
    path.push('/');
    push_encoded(path, &part.to_string());
}

/// Adds a value whose slashes are those of the path.
pub fn push_rest(path: &mut String, rest: &dyn Display) {
    let rest = rest.to_string();
    for segment in rest.split('/').filter(|segment| !segment.is_empty()) {
        path.push('/');
        push_encoded(path, segment);
    }
}

/// The path; that of no parts is `/`.
#[must_use]
pub fn finished(path: String) -> String {
    if path.is_empty() { "/".to_owned() } else { path }
}

/// Writes what has another meaning in an address, or cannot be in one, as `%20` and the like.
fn push_encoded(path: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
            path.push(char::from(byte));
        } else {
            _ = write!(path, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut path = String::new();
        push_part(&mut path, &"a/b c%é?#");
        push_rest(&mut path, &"x y/z");
        assert_eq!(path, "/a%2Fb%20c%25%C3%A9%3F%23/x%20y/z");
        assert_eq!(segments(&path), ["a/b c%é?#", "x y", "z"]);
        assert_eq!(segments("/"), [""; 0]);
        assert_eq!(segments("/a/"), ["a"]);
        assert_eq!(segments("/a//b"), ["a", "", "b"]);
    }
}

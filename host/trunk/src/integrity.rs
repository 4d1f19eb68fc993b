//! Names and attributes with hashes of contents.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use camino::Utf8Path;
use sha2::{Digest as _, Sha256, Sha384};

/// The value of an `integrity` attribute for `content`, as the W3C recommendation "Subresource Integrity" has it: `sha384-` and the hash in
/// base64.
#[must_use]
pub fn integrity(content: &[u8]) -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(content)))
}

/// `path` with a hash of `content` in its name: `a/style.css` becomes `a/style-0123456789abcdef.css`.
#[must_use]
pub fn hashed_name(path: &str, content: &[u8]) -> String {
    let hash = Sha256::digest(content).iter().take(8).fold(String::new(), |mut hash, byte| {
        _ = write!(hash, "{byte:02x}");
        hash
    });
    let path = Utf8Path::new(path);
    let stem = path.file_stem().unwrap_or_default();
    let name = match path.extension() {
        Some(extension) => format!("{stem}-{hash}.{extension}"),
        None => format!("{stem}-{hash}"),
    };
    path.with_file_name(name).as_str().replace('\\', "/")
}

/// Whether a name, without its ending, has a hash as [`hashed_name`] gives it.
#[must_use]
pub fn has_hash(name: &str) -> bool {
    let hash = name.rsplit_once('-').map_or("", |(_, hash)| hash);
    hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::{has_hash, hashed_name, integrity};

    #[test]
    fn an_integrity_is_that_of_the_recommendation() {
        // The example of https://www.w3.org/TR/SRI/#integrity-metadata-description.
        let expected = "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO";
        assert_eq!(integrity(b"alert('Hello, world.');"), expected);
    }

    #[test]
    fn a_hash_comes_before_the_ending() {
        // SHA-256 of nothing begins with these digits.
        assert_eq!(hashed_name("a/style.css", b""), "a/style-e3b0c44298fc1c14.css");
        assert_eq!(hashed_name("LICENSE", b""), "LICENSE-e3b0c44298fc1c14");
        assert!(has_hash("board-0123456789abcdef") && has_hash("a_bg-0123456789abcdef"));
        assert!(!has_hash("board") && !has_hash("a-0123456789abcdeg") && !has_hash("a-0123"));
    }
}

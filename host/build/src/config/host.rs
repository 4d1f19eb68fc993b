//! Names by which a server may be called.

/// Why a text is not the name of a host.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the name of a host: write `dev.example.org`, or `.example.org` for all names that end so"
)]
pub struct NotAHost(String);

/// A name by which a server may be called, in lower case: `dev.example.org`, or `.example.org` for all names that end so.
///
/// # Errors
/// It is something else, an address with a port or a pattern for instance.
pub fn host_name(text: &str) -> Result<String, NotAHost> {
    let name = text.strip_prefix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let fits = name.split('.').all(is_label);
    fits.then(|| text.to_ascii_lowercase()).ok_or_else(|| NotAHost(text.to_owned()))
}

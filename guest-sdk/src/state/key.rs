//! The text of keys: names joined with `:`. The second use of a name gets `#1`, and special characters in a user's name are escaped.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Names, and how often each of them was used.
#[derive(Default)]
pub(crate) struct UsedNames(RefCell<BTreeMap<String, u32>>);

impl UsedNames {
    /// Makes a name unique: the first use is the name itself, then follow `name#1`, `name#2`, …
    pub(crate) fn unique(&self, name: &str) -> String {
        let mut used = self.0.borrow_mut();
        let times = used.entry(name.to_owned()).or_insert(0);
        *times += 1;
        if *times == 1 { name.to_owned() } else { format!("{name}#{}", *times - 1) }
    }
}

/// The key of a name in the scope of this path.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}:{name}") }
}

/// Whether a key is in the scope of this path, or in one inside it. Every key is in the empty path.
pub(crate) fn is_within(key: &str, path: &str) -> bool {
    path.is_empty() || key.strip_prefix(path).is_some_and(|rest| rest.starts_with(':'))
}

/// A user's name with the special characters of keys percent-encoded: `:` is `%3A`. So it cannot look like a path, or like the
/// second use of another name.
pub(crate) fn escaped(name: &str) -> Cow<'_, str> {
    if name.contains(['%', ':', '#']) {
        name.replace('%', "%25").replace(':', "%3A").replace('#', "%23").into()
    } else {
        name.into()
    }
}

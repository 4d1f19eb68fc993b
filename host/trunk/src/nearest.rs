//! The name that was probably meant.

/// How similar a name must be, between 0 and 1, to be proposed.
const SIMILAR: f64 = 0.8;

/// The name of `known` that is most like `name`, if one is like it.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(similarity, _)| *similarity > SIMILAR)
        .map(|(_, known)| known)
}

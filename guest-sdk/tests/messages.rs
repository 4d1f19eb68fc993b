//! The compiler's messages for mistakes. `TRYBUILD=overwrite` rewrites the expectations.
#![allow(missing_docs)]

#[test]
fn mistakes_are_reported_at_their_place() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

//! Functions that cannot be components.
use hmr_sdk::prelude::*;

#[component]
fn small_name() -> View {
    view! {}
}

#[component(export)]
fn Generic<T>(value: &str) -> View {
    view! {}
}

#[component]
fn Borrowing<'a>(value: std::borrow::Cow<'a, str>) -> View {
    view! {}
}

#[component(exprt)]
fn Other(#[prop(optional)] a: i32) {
    view! {}
}

fn main() {}

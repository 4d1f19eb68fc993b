//! Functions that cannot be components.
use hmr_sdk::prelude::*;

#[component]
fn small_name() -> View {
    view! {}
}

#[component]
fn Generic<T>(value: &str) -> View {
    view! {}
}

#[component(exprt)]
fn Other(#[prop(optional)] a: i32) {
    view! {}
}

fn main() {}

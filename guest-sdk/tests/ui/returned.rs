//! Components that return something other than a view.
use hmr_sdk::prelude::*;

#[component]
fn Perhaps() -> Option<View> {
    None
}

#[component]
fn Pair() -> (View, View) {
    (view! {}, view! {})
}

#[component]
fn Fine() -> hmr_sdk::View {
    view! {}
}

#[component]
fn Opaque() -> impl IntoView {
    view! {}
}

fn main() {}

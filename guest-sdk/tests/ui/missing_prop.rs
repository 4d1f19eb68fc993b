//! A required prop is left out.
use hmr_sdk::prelude::*;

#[component]
fn Greeting(name: String, #[prop(default)] loud: bool) -> View {
    view! { <p class:loud={loud}>{name}</p> }
}

fn main() {
    let _ = view! { <div><Greeting loud=true /></div> };
}

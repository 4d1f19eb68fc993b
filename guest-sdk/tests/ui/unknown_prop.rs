//! Props that a component has not, or that have another type.
use hmr_sdk::prelude::*;

#[component]
fn Greeting(name: String) -> View {
    view! { <p>{name}</p> }
}

fn main() {
    let _ = view! { <Greeting nam={"Ann".to_owned()} /> };
    let _ = view! { <Greeting name=3 class:big={true} /> };
    let _ = view! { <Greeting name=3 /> };
}

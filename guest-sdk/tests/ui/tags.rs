//! Mistakes in tags.
use hmr_sdk::prelude::*;

fn main() {
    let _ = view! { <sectoin>"a"</sectoin> };
    let _ = view! { <div><span>"a"</div> };
    let _ = view! { <p>"a" };
    let _ = view! { <input>"text"</input> };
    let _ = view! { <p>hello world</p> };
}

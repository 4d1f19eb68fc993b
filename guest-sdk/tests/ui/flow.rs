//! Mistakes in `<Show>` and `<For>`.
use hmr_sdk::prelude::*;

fn main() {
    let _ = view! { <Show wen={|| true}>"a"</Show> };
    let _ = view! { <For each={|| [1]} ky={|n| *n} view={|n| n} /> };
}

//! An expression that does not parse.
use hmr_sdk::prelude::*;

fn main() {
    let n = 1;
    let _ = view! { <p title={n +}>{n.}</p> };
}

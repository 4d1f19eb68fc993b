//! A signal of a type that cannot be written down.
use hmr_sdk::prelude::*;

struct Opaque;

fn main() {
    let _ = signal(Opaque);
    let _ = view! { <p>{Opaque}</p> };
}

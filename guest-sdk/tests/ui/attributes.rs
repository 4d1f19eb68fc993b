//! Mistakes in attributes, all reported at once.
use hmr_sdk::prelude::*;

fn main() {
    let text = signal(String::new());
    let _ = view! {
        <input clas:on={true} on:click:prevnt={|_| ()} bind:files={text} id="a" id="b" on:input />
        <input bind:value={text} on:input={|_| ()} />
    };
}

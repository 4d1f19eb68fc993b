//! Listeners as HTML writes them.
use hmr_sdk::prelude::*;

fn main() {
    let n = signal(0);
    let _ = view! {
        <button onclick={move |_| n.set(1)} onDoubleClick="go()">"a"</button>
        <input on-input={move |_| n.set(1)} on_change="x" />
    };
}

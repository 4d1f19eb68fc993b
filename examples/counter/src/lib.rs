//! A counter.
//!
//! Try it: click a few times, change `STEP` or a text below, and save. The count stays.

use hmr_sdk::prelude::*;

/// How much one click adds.
const STEP: i32 = 1;

/// A counter that starts at `start`.
#[component(export)]
pub fn Counter(#[prop(default)] start: i32) -> View {
    let count = signal(start);
    let double = memo(move || count.get() * 2);

    view! {
        <section>
            <button type="button" on:click={move |_| count.update(|n| *n -= STEP)}>"−"</button>
            <output>{count}</output>
            <button type="button" on:click={move |_| count.update(|n| *n += STEP)}>"+"</button>
            <p>"Doubled, that is " <b>{double}</b> "."</p>
        </section>
    }
}

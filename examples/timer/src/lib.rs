//! A countdown.
//!
//! Try it: start it, change a text or `MINUTES` below, and save. The countdown goes on.

use hmr_sdk::prelude::*;

/// How long a countdown takes.
const MINUTES: u32 = 25;

/// A countdown that can be started, stopped and reset.
#[component(export)]
pub fn Timer() -> View {
    let left = signal(MINUTES * 60);
    let running = signal(false);

    interval("tick", 1000, move || {
        if running.get_untracked() {
            left.update(|left| *left = left.saturating_sub(1));
        }
    });

    view! {
        <output role="timer">{move || clock(left.get())}</output>
        <button type="button" on:click={move |_| running.update(|running| *running = !*running)}>
            {move || if running.get() { "Stop" } else { "Start" }}
        </button>
        <button type="button" on:click={move |_| left.set(MINUTES * 60)}>"Reset"</button>
        <Show when={move || left.get() == 0}>
            <p role="status">"Time for a break."</p>
        </Show>
    }
}

/// `25:00`
fn clock(seconds: u32) -> String {
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

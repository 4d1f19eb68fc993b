//! A clock, and a list of stamps, with crates that call the browser: `chrono`, `uuid`, `gloo` and `web-sys`.
//!
//! Try it: make some stamps, change a colour or a text below, and save. The stamps stay, and the clock is drawn by the new code alone.

mod face;

use chrono::{Local, Timelike};
use gloo_events::EventListener;
use gloo_timers::callback::Interval;
use hmr_sdk::prelude::*;
use uuid::Uuid;
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

/// How often the clock is drawn, in milliseconds.
const PERIOD: u32 = 200;

/// A clock with a list of stamps.
#[component(export)]
pub fn Stamps() -> View {
    let stamps = signal(Vec::<(String, String)>::new());
    let draws = signal(0_u32);
    let canvas = NodeRef::new();

    let stamp = move || {
        let time = Local::now().format("%H:%M:%S").to_string();
        stamps.update(|all| all.push((Uuid::new_v4().to_string(), time)));
    };

    // What is started directly ends with this code, when new code replaces it: `on_cleanup` is for content that closes earlier.
    let timer = Interval::new(PERIOD, move || {
        let now = Local::now();
        if face::draw(canvas, now.hour(), now.minute(), now.second()) {
            draws.update(|n| *n += 1);
        }
    });
    let keys = web_sys::window().map(|window| {
        EventListener::new(&window, "keydown", move |event| {
            if event.dyn_ref::<KeyboardEvent>().is_some_and(|event| event.key() == "s") {
                stamp();
            }
        })
    });
    on_cleanup(move || drop((timer, keys)));

    view! {
        <section>
            <h1>"Stamps"</h1>
            <canvas ref={canvas} width=120 height=120></canvas>
            <p>"Drawn " <output>{draws}</output> " times"</p>
            <button type="button" on:click={move |_| stamp()}>"Stamp (s)"</button>
            <ol>
                <For
                    each={move || stamps.get()}
                    key={|(id, _)| id.clone()}
                    view={|(id, time)| view! { <li title={id}>{time}</li> }}
                />
            </ol>
        </section>
    }
}

mod laps;
mod watch;

use gloo_timers::callback::Interval;
use js_sys::Date;
use sycamore::prelude::*;
use sycamore::web::events::{KeyboardEvent, SubmitEvent};

use crate::laps::Laps;
use crate::watch::{Watch, format_duration};

#[component]
fn App() -> View {
    let watch = Watch::new();
    let title = create_signal("Morning run".to_owned());
    let interval = Interval::new(100, move || watch.now.set(Date::now()));
    on_cleanup(move || drop(interval));

    let time_of_day = move || {
        let date = Date::new(&watch.now.get().into());
        format!("{:02}:{:02}:{:02}", date.get_hours(), date.get_minutes(), date.get_seconds())
    };
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "l" && watch.is_running() {
            watch.lap();
        }
    };

    view! {
        p(id="now") { "It is " time { (time_of_day()) } }
        h1(id="title") { (title) }
        p(id="elapsed", role="timer") { (format_duration(watch.elapsed())) }
        p(id="controls", on:keydown=on_key) {
            button(id="start", on:click=move |_| watch.start_or_stop()) {
                (if watch.is_running() { "Stop" } else { "Start" })
            }
            button(id="lap", disabled=!watch.is_running(), on:click=move |_| watch.lap()) { "Lap" }
            button(id="reset", on:click=move |_| watch.reset()) { "Reset" }
        }
        p(id="count") {
            (match watch.laps.with(Vec::len) {
                0 => "No laps yet".to_owned(),
                1 => "1 lap".to_owned(),
                count => format!("{count} laps"),
            })
        }
        Laps(watch=watch)
        details(id="settings") {
            summary { "Settings" }
            form(on:submit=move |event: SubmitEvent| event.prevent_default()) {
                label(r#for="rename") { "Title " }
                input(id="rename", bind:value=title)
            }
            p { "While a button above has the focus, the key L takes a lap." }
        }
    }
}

fn main() {
    let app = document().get_element_by_id("app").expect("the page has an element `app`");
    sycamore::render_to(App, &app);
}

use sycamore::prelude::*;

use crate::watch::{Lap, Watch, format_duration};

#[component(inline_props)]
pub fn Laps(watch: Watch) -> View {
    view! {
        ul(id="laps", aria-label="Laps") {
            Keyed(
                list=watch.laps,
                view=move |lap| view! { LapItem(watch=watch, lap=lap) },
                key=|lap| lap.number,
            )
        }
    }
}

#[component(inline_props)]
fn LapItem(watch: Watch, lap: Lap) -> View {
    let class = move || if watch.best() == Some(lap.number) { "best" } else { "" };
    view! {
        li(id=format!("lap-{}", lap.number), class=class) {
            span { (lap.number) "." }
            time { (format_duration(lap.took)) }
            input(placeholder="Note", aria-label=format!("Note for lap {}", lap.number), bind:value=lap.note)
        }
    }
}

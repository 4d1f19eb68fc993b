use dioxus::prelude::*;

use crate::rain::{Place, Unit};

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 220.0;
/// The room below the bars, for the names of the months.
const FOOT: f64 = 24.0;

/// A bar for each month. A click on a bar selects its month, a second click on it selects none.
#[component]
pub fn Chart(place: Place, unit: Unit, selected: Signal<Option<usize>>) -> Element {
    let step = WIDTH / place.months.len() as f64;
    let scale = (HEIGHT - 2.0 * FOOT) / place.most();
    let bars = place.months.into_iter().enumerate().map(|(index, month)| {
        let height = month.rain * scale;
        let middle = (index as f64 + 0.5) * step;
        let is_selected = selected() == Some(index);
        rsx! {
            g { key: "{index}",
                rect {
                    id: "bar-{index}",
                    class: if is_selected { "selected" },
                    x: "{middle - step * 0.35:.1}",
                    y: "{HEIGHT - FOOT - height:.1}",
                    width: "{step * 0.7:.1}",
                    height: "{height:.1}",
                    onclick: move |_| selected.set((!is_selected).then_some(index)),
                    title { "{month.name}" }
                }
                text { x: "{middle:.1}", y: "{HEIGHT - 8.0}", {month.name.get(..3)} }
                if is_selected {
                    text { x: "{middle:.1}", y: "{HEIGHT - FOOT - height - 6.0:.1}",
                        "{unit.format(month.rain)}"
                    }
                }
            }
        }
    });

    rsx! {
        svg { id: "chart", view_box: "0 0 {WIDTH} {HEIGHT}", role: "img", {bars} }
    }
}

mod chart;
mod rain;

use dioxus::prelude::*;

use chart::Chart;
use rain::{Month, Place, Unit, fetch_places};

const MAIN_CSS: Asset = asset!("/assets/main.css");

fn main() {
    dioxus::launch(App);
}

#[component]
fn App() -> Element {
    let places = use_resource(fetch_places);

    rsx! {
        document::Stylesheet { href: MAIN_CSS }
        h1 { "Rain" }
        match &*places.read() {
            None => rsx! {
                p { id: "loading", "Loading…" }
            },
            Some(Err(error)) => rsx! {
                p { id: "error", class: "error", "The data cannot be loaded: {error}" }
            },
            Some(Ok(places)) => rsx! {
                Rain { places: places.clone() }
            },
        }
        details { id: "about",
            summary { "About the data" }
            p { "The rain of a usual month, in three cities. Click a bar to select its month." }
        }
    }
}

#[component]
fn Rain(places: Vec<Place>) -> Element {
    let mut index = use_signal(|| 0);
    let mut unit = use_signal(Unit::default);
    let mut wanted = use_signal(String::new);
    let selected = use_signal(|| None);
    let Some(place) = places.get(index()).cloned() else {
        return rsx! {
            p { class: "error", "There are no places in the data." }
        };
    };
    let title = format!("Rain in {}", place.name);
    let total = unit().format(place.total());

    rsx! {
        document::Title { "{title}" }
        p { id: "controls",
            select {
                id: "place",
                aria_label: "Place",
                onchange: move |event| index.set(event.value().parse().unwrap_or(0)),
                for (number, each) in places.iter().enumerate() {
                    option { key: "{number}", value: "{number}", selected: number == index(), "{each.name}" }
                }
            }
            button { id: "unit", onclick: move |_| unit.set(unit().other()), "{unit:?}" }
            input {
                id: "filter",
                placeholder: "Find a month",
                aria_label: "Find a month",
                value: "{wanted}",
                oninput: move |event| wanted.set(event.value()),
            }
        }
        Chart { place: place.clone(), unit: unit(), selected }
        p { id: "total", "{total} in a year" }
        Months { months: place.months, wanted: wanted(), unit: unit(), selected: selected() }
    }
}

#[component]
fn Months(months: Vec<Month>, wanted: String, unit: Unit, selected: Option<usize>) -> Element {
    let wanted = wanted.trim().to_lowercase();
    let shown =
        months.iter().enumerate().filter(|(_, month)| month.name.to_lowercase().contains(&wanted));

    rsx! {
        ul { id: "months",
            for (index, month) in shown {
                li { key: "{index}", class: if selected == Some(index) { "selected" },
                    span { "{month.name}" }
                    span { "{unit.format(month.rain)}" }
                }
            }
        }
    }
}

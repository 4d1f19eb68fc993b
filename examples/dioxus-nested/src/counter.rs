use dioxus::prelude::*;

/// A number, and what adds to it.
fn use_count(start: i32, step: i32) -> (Signal<i32>, impl FnMut()) {
    let mut count = use_signal(|| start);
    (count, move || count += step)
}

#[component]
pub fn Counter(label: String) -> Element {
    let (ones, mut add_one) = use_count(0, 1);
    let (tens, mut add_ten) = use_count(0, 10);
    rsx! {
        p { class: "counter", "data-label": label,
            button { class: "ones", onclick: move |_| add_one(), "{ones}" }
            button { class: "tens", onclick: move |_| add_ten(), "{tens}" }
        }
    }
}

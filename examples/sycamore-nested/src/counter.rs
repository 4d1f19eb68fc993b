use sycamore::prelude::*;

/// A number, and what adds to it.
fn use_count(start: i32, step: i32) -> (ReadSignal<i32>, impl Fn() + Copy) {
    let count = create_signal(start);
    (*count, move || count.set(count.get() + step))
}

#[component(inline_props)]
pub fn Counter(label: String) -> View {
    let (ones, add_one) = use_count(0, 1);
    let (tens, add_ten) = use_count(0, 10);
    view! {
        p(class="counter", data-label=label) {
            button(class="ones", on:click=move |_| add_one()) { (ones) }
            button(class="tens", on:click=move |_| add_ten()) { (tens) }
        }
    }
}

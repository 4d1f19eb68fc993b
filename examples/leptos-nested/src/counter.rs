use leptos::prelude::*;

/// A number, and what adds to it.
fn use_count(start: i32, step: i32) -> (ReadSignal<i32>, impl Fn() + Copy) {
    let (count, set_count) = signal(start);
    (count, move || set_count.update(|count| *count += step))
}

#[component]
pub fn Counter(#[prop(into)] label: String) -> impl IntoView {
    let (ones, add_one) = use_count(0, 1);
    let (tens, add_ten) = use_count(0, 10);
    view! {
        <p class="counter" data-label=label>
            <button class="ones" on:click=move |_| add_one()>{ones}</button>
            <button class="tens" on:click=move |_| add_ten()>{tens}</button>
        </p>
    }
}

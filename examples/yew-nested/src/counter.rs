use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct CounterProps {
    pub label: AttrValue,
}

/// A number, and what adds to it.
#[hook]
pub fn use_count(start: i32, step: i32) -> (i32, Callback<MouseEvent>) {
    let count = use_state(|| start);
    let value = *count;
    (value, Callback::from(move |_| count.set(value + step)))
}

#[component]
pub fn Counter(props: &CounterProps) -> Html {
    let (ones, add_one) = use_count(0, 1);
    let (tens, add_ten) = use_count(0, 10);
    html! {
        <p class="counter" data-label={props.label.clone()}>
            <button class="ones" onclick={add_one}>{ ones }</button>
            <button class="tens" onclick={add_ten}>{ tens }</button>
        </p>
    }
}

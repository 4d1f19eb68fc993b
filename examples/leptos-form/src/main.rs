mod booking;
mod field;
mod steps;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use booking::{Booking, Step};
use steps::{PersonStep, ReviewStep, SessionsStep};

#[component]
fn App() -> impl IntoView {
    let booking = Booking::new();
    let step = RwSignal::new(Step::Person);
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        if booking.is_complete(step.get()) {
            step.update(|step| *step = step.next());
        }
    };

    view! {
        <main>
            <h1>"Book a workshop"</h1>
            <Progress step />
            <form id="booking" novalidate=true on:submit=on_submit>
                {move || match step.get() {
                    Step::Person => view! { <PersonStep booking /> }.into_any(),
                    Step::Sessions => view! { <SessionsStep booking /> }.into_any(),
                    Step::Review => view! { <ReviewStep booking /> }.into_any(),
                    Step::Sent => view! { <p id="sent">"Thank you, " {booking.name} "."</p> }.into_any(),
                }}
                <Show when=move || step.get() != Step::Sent>
                    <nav>
                        <button
                            id="back"
                            type="button"
                            disabled=move || step.get() == Step::Person
                            on:click=move |_| step.update(|step| *step = step.previous())
                        >
                            "Back"
                        </button>
                        <button
                            id="next"
                            type="submit"
                            disabled=move || !booking.is_complete(step.get())
                        >
                            {move || if step.get() == Step::Review { "Send" } else { "Next" }}
                        </button>
                    </nav>
                </Show>
            </form>
            <details id="help">
                <summary>"What does a workshop cost?"</summary>
                <p>"A seat costs 20 euros for each session. You pay at the door."</p>
            </details>
        </main>
    }
}

#[component]
fn Progress(step: RwSignal<Step>) -> impl IntoView {
    let item = move |each: Step| {
        let current = move || (step.get() == each).then_some("step");
        view! { <li aria-current=current>{each.title()}</li> }
    };
    view! { <ol id="progress">{Step::NUMBERED.map(item)}</ol> }
}

fn main() {
    mount_to_body(App);
}

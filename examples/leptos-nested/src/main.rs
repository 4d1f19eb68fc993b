mod counter;
mod shelf;

use leptos::prelude::*;

use counter::Counter;
use shelf::Shelf;

#[component]
fn App() -> impl IntoView {
    let (open, set_open) = signal(false);
    view! {
        <main>
            <h1>"Shelves"</h1>
            <Counter label="visitors" />
            <Counter label="borrowed" />
            <Shelf title="upper" />
            <Shelf title="lower" />
            <button id="open" on:click=move |_| set_open.update(|open| *open = !*open)>
                {move || if open.get() { "Close" } else { "Open" }}
            </button>
            <Show when=move || open.get()>
                <Counter label="cellar" />
            </Show>
        </main>
    }
}

fn main() {
    mount_to_body(App);
}

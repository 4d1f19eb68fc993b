mod counter;
mod shelf;

use sycamore::prelude::*;

use counter::Counter;
use shelf::Shelf;

#[component]
fn App() -> View {
    let open = create_signal(false);
    view! {
        main {
            h1 { "Shelves" }
            Counter(label="visitors".to_string())
            Counter(label="borrowed".to_string())
            Shelf(title="upper")
            Shelf(title="lower")
            button(id="open", on:click=move |_| open.set(!open.get())) {
                (if open.get() { "Close" } else { "Open" })
            }
            (if open.get() {
                view! { Counter(label="cellar".to_string()) }
            } else {
                view! {}
            })
        }
    }
}

fn main() {
    sycamore::render(App);
}

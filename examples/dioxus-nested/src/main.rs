mod counter;
mod shelf;

use dioxus::prelude::*;

use counter::Counter;
use shelf::Shelf;

#[component]
fn App() -> Element {
    let mut open = use_signal(|| false);
    rsx! {
        main {
            h1 { "Shelves" }
            Counter { label: "visitors" }
            Counter { label: "borrowed" }
            Shelf { title: "upper" }
            Shelf { title: "lower" }
            button { id: "open", onclick: move |_| open.toggle(),
                if open() { "Close" } else { "Open" }
            }
            if open() {
                Counter { label: "cellar" }
            }
        }
    }
}

fn main() {
    dioxus::launch(App);
}

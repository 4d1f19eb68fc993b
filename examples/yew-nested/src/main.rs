mod counter;
mod shelf;

use yew::prelude::*;

use counter::Counter;
use shelf::Shelf;

#[component]
fn App() -> Html {
    let open = use_state(|| false);
    let toggle = {
        let open = open.clone();
        move |_| open.set(!*open)
    };
    html! {
        <main>
            <h1>{ "Shelves" }</h1>
            <Counter label="visitors" />
            <Counter label="borrowed" />
            <Shelf title="upper" />
            <Shelf title="lower" />
            <button id="open" onclick={toggle}>{ if *open { "Close" } else { "Open" } }</button>
            if *open {
                <Counter label="cellar" />
            }
        </main>
    }
}

fn main() {
    yew::Renderer::<App>::new().render();
}

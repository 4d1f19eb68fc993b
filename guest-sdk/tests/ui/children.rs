//! Children of a component that takes none.
use hmr_sdk::prelude::*;

#[component]
fn Greeting(name: String) -> View {
    view! { <p>{name}</p> }
}

#[component]
fn Frame(children: Children) -> View {
    view! { <div>{children}</div> }
}

fn main() {
    let _ = view! { <Frame>"fine"</Frame> };
    let _ = view! {
        <Greeting name={"Ann".to_owned()}>
            <p>"not shown"</p>
            "nor this"
        </Greeting>
    };
}

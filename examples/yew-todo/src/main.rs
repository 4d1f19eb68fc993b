mod entry;
mod filter;
mod list;

use web_sys::HtmlInputElement;
use yew::prelude::*;

use entry::Entry;
use filter::{Filter, FilterButton};
use list::{Action, List};

#[component]
fn App() -> Html {
    let list = use_reducer(List::default);
    let filter = use_state(Filter::default);
    let draft = use_state(String::new);

    let on_action = {
        let list = list.dispatcher();
        use_callback((), move |action, ()| list.dispatch(action))
    };
    let select = filter.setter();
    let on_select = Callback::from(move |selected| select.set(selected));
    let set_draft = draft.setter();
    let oninput = move |event: InputEvent| {
        set_draft.set(event.target_unchecked_into::<HtmlInputElement>().value());
    };
    let onsubmit = {
        let (draft, on_action) = (draft.clone(), on_action.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            on_action.emit(Action::Add((*draft).clone()));
            draft.set(String::new());
        }
    };

    html! {
        <main>
            <h1>{ "To do" }</h1>
            <form id="new" {onsubmit}>
                <input
                    id="new-title"
                    type="text"
                    placeholder="What is to be done?"
                    aria-label="New to-do"
                    value={(*draft).clone()}
                    {oninput}
                />
            </form>
            <ul id="list">
                { for list.shown(*filter).map(|todo| html! {
                    <Entry key={todo.id} todo={todo.clone()} on_action={on_action.clone()} />
                }) }
            </ul>
            <footer>
                <span id="left">{ format!("{} left", list.count(Filter::Active)) }</span>
                { for Filter::ALL.into_iter().map(|each| html! {
                    <FilterButton
                        filter={each}
                        selected={each == *filter}
                        on_select={on_select.clone()}
                    />
                }) }
                <button
                    id="clear"
                    disabled={list.count(Filter::Done) == 0}
                    onclick={on_action.reform(|_| Action::ClearDone)}
                >
                    { "Clear done" }
                </button>
            </footer>
            <details id="help">
                <summary>{ "Help" }</summary>
                <p>{ "Double-click a title to edit it. Enter keeps the change, Escape discards it." }</p>
            </details>
        </main>
    }
}

fn main() {
    yew::Renderer::<App>::new().render();
}

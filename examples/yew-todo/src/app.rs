use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::entry::Entry;
use crate::filter::{Filter, FilterButton};
use crate::list::{Action, List};

#[component]
pub fn App() -> Html {
    let list = use_reducer(List::default);
    let filter = use_state(Filter::default);
    let draft = use_state(String::new);

    let on_action = {
        let dispatcher = list.dispatcher();
        use_callback((), move |action, ()| dispatcher.dispatch(action))
    };
    let on_select = {
        let filter = filter.clone();
        move |selected| filter.set(selected)
    };
    let oninput = {
        let draft = draft.clone();
        move |event: InputEvent| {
            draft.set(event.target_unchecked_into::<HtmlInputElement>().value());
        }
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
                <span id="left">{ format!("{} left", list.left()) }</span>
                { for Filter::ALL.into_iter().map(|each| html! {
                    <FilterButton
                        filter={each}
                        selected={each == *filter}
                        on_select={on_select.clone()}
                    />
                }) }
                <button
                    id="clear"
                    disabled={!list.any_done()}
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

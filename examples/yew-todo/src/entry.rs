use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::list::{Action, Todo};

#[derive(PartialEq, Properties)]
pub struct EntryProps {
    pub todo: Todo,
    pub on_action: Callback<Action>,
}

/// One to-do. A double click on its title makes a text field of it.
#[component]
pub fn Entry(props: &EntryProps) -> Html {
    let EntryProps { todo, on_action } = props;
    let id = todo.id;
    let editing = use_state(|| false);
    let field = use_node_ref();

    use_effect_with(*editing, {
        let field = field.clone();
        move |editing| {
            if let (true, Some(field)) = (*editing, field.cast::<HtmlInputElement>()) {
                let _ = field.focus();
                field.select();
            }
        }
    });

    let edit = editing.setter();
    let rename = {
        let (editing, on_action) = (editing.clone(), on_action.clone());
        move |title: String| {
            if *editing {
                editing.set(false);
                on_action.emit(Action::Rename(id, title));
            }
        }
    };
    let onkeydown = {
        let (editing, rename) = (editing.clone(), rename.clone());
        move |event: KeyboardEvent| match event.key().as_str() {
            "Enter" => rename(event.target_unchecked_into::<HtmlInputElement>().value()),
            "Escape" => editing.set(false),
            _ => {}
        }
    };
    let onblur =
        move |event: FocusEvent| rename(event.target_unchecked_into::<HtmlInputElement>().value());

    html! {
        <li id={format!("todo-{id}")} class={classes!(todo.done.then_some("done"))}>
            <input
                type="checkbox"
                aria-label={format!("{} is done", todo.title)}
                checked={todo.done}
                onchange={on_action.reform(move |_| Action::Toggle(id))}
            />
            if *editing {
                <input
                    ref={field}
                    class="edit"
                    type="text"
                    aria-label="Title"
                    value={todo.title.clone()}
                    {onkeydown}
                    {onblur}
                />
            } else {
                <span class="title" ondblclick={move |_| edit.set(true)}>{ &todo.title }</span>
            }
            <button class="remove" onclick={on_action.reform(move |_| Action::Remove(id))}>
                { "Remove" }
            </button>
        </li>
    }
}

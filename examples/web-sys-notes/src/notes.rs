use std::cell::Cell;

use wasm_bindgen::prelude::*;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement};

use crate::page::{by_id, document, listen};

/// Lets the form add notes to the list.
pub fn start() -> Result<(), JsValue> {
    let form: HtmlElement = by_id("new-note")?;
    let field: HtmlInputElement = by_id("note-text")?;
    let list: HtmlElement = by_id("notes")?;
    let added = Cell::new(0);

    for text in ["Ask about the blue paint", "The frame is 30 by 40"] {
        added.set(added.get() + 1);
        let note = note(added.get(), text)?;
        list.append_child(&note)?;
    }
    listen(&form, "submit", move |event: Event| {
        event.prevent_default();
        let text = field.value();
        if text.trim().is_empty() {
            return;
        }
        added.set(added.get() + 1);
        if let Ok(note) = note(added.get(), text.trim()) {
            let _ = list.append_child(&note);
            note.scroll_into_view();
            field.set_value("");
        }
    })
}

/// One note, with a button that removes it.
fn note(number: u32, text: &str) -> Result<Element, JsValue> {
    let item = document()?.create_element("li")?;
    item.set_id(&format!("note-{number}"));
    let content = document()?.create_element("span")?;
    content.set_text_content(Some(text));
    let button = document()?.create_element("button")?;
    button.set_text_content(Some("Remove"));
    item.append_child(&content)?;
    item.append_child(&button)?;

    let removed = item.clone();
    listen(&button, "click", move |_: Event| removed.remove())?;
    Ok(item)
}

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::convert::FromWasmAbi;
use wasm_bindgen::prelude::*;
use web_sys::{Document, EventTarget, Window};

pub fn window() -> Result<Window, JsValue> {
    web_sys::window().ok_or_else(|| "there is no window".into())
}

pub fn document() -> Result<Document, JsValue> {
    window()?.document().ok_or_else(|| "the window has no document".into())
}

pub fn by_id<T: JsCast>(id: &str) -> Result<T, JsValue> {
    let element = document()?.get_element_by_id(id);
    let element = element.ok_or_else(|| format!("the page has no element `{id}`"))?;
    element.dyn_into().map_err(|_| format!("the element `{id}` is of another kind").into())
}

/// Calls the handler for every such event, for as long as the page is open.
pub fn listen<E: FromWasmAbi + 'static>(
    target: &EventTarget,
    event: &str,
    handler: impl FnMut(E) + 'static,
) -> Result<(), JsValue> {
    let handler = Closure::<dyn FnMut(E)>::new(handler);
    target.add_event_listener_with_callback(event, handler.as_ref().unchecked_ref())?;
    handler.forget();
    Ok(())
}

/// Calls the function before every frame that the browser shows.
pub fn every_frame(mut frame: impl FnMut() + 'static) -> Result<(), JsValue> {
    let again = Rc::new(RefCell::new(None::<Closure<dyn FnMut()>>));
    let first = again.clone();
    *first.borrow_mut() = Some(Closure::new(move || {
        frame();
        let _ = request_frame(&again);
    }));
    request_frame(&first)
}

fn request_frame(frame: &RefCell<Option<Closure<dyn FnMut()>>>) -> Result<(), JsValue> {
    if let Some(frame) = &*frame.borrow() {
        window()?.request_animation_frame(frame.as_ref().unchecked_ref())?;
    }
    Ok(())
}

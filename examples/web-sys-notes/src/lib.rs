mod board;
mod notes;
mod page;

use wasm_bindgen::prelude::*;

#[wasm_bindgen(start)]
fn start() -> Result<(), JsValue> {
    board::start()?;
    notes::start()
}

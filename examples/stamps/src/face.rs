//! The face of the clock.

use std::f64::consts::TAU;

use hmr_sdk::NodeRef;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// The colour of the hands.
const COLOUR: &str = "seagreen";

/// Draws a time. Returns false if the canvas is not in the page.
pub fn draw(canvas: NodeRef, hour: u32, minute: u32, second: u32) -> bool {
    let element = canvas.element().and_then(|element| element.dyn_into::<HtmlCanvasElement>().ok());
    let Some(element) = element else { return false };
    let context = element.get_context("2d").ok().flatten();
    let Some(context) =
        context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok())
    else {
        return false;
    };
    context.clear_rect(0.0, 0.0, 120.0, 120.0);
    context.set_stroke_style_str(COLOUR);
    let minutes = f64::from(minute) / 60.0;
    for (turn, length, width) in [
        ((f64::from(hour % 12) + minutes) / 12.0, 30.0, 5.0),
        (minutes, 45.0, 3.0),
        (f64::from(second) / 60.0, 52.0, 1.0),
    ] {
        let angle = turn * TAU;
        context.set_line_width(width);
        context.begin_path();
        context.move_to(60.0, 60.0);
        context.line_to(60.0 + length * angle.sin(), 60.0 - length * angle.cos());
        context.stroke();
    }
    context.set_fill_style_str(COLOUR);
    context.begin_path();
    let hub = context.arc(60.0, 60.0, 4.0, 0.0, TAU);
    context.fill();
    hub.is_ok()
}

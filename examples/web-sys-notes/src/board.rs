use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, KeyboardEvent, PointerEvent};

use crate::page::{by_id, every_frame, listen, window};

const COLOURS: [&str; 4] = ["#1d4e89", "#c8553d", "#3c7a4e", "#2b2b2b"];

/// One line, from where the pointer went down to where it was lifted.
struct Line {
    colour: &'static str,
    width: f64,
    points: Vec<(f64, f64)>,
}

#[derive(Default)]
struct Drawing {
    lines: Vec<Line>,
    current: Option<Line>,
    colour: usize,
    frames: u32,
}

impl Drawing {
    fn begin(&mut self, width: f64, point: (f64, f64)) {
        let colour = COLOURS[self.colour];
        self.current = Some(Line { colour, width, points: vec![point] });
    }

    fn extend(&mut self, point: (f64, f64)) {
        if let Some(line) = &mut self.current {
            line.points.push(point);
        }
    }

    fn finish(&mut self) {
        self.lines.extend(self.current.take());
    }

    fn obey(&mut self, command: &str) {
        match command {
            "1" | "2" | "3" | "4" => self.colour = command.parse::<usize>().unwrap_or(1) - 1,
            "u" => drop(self.lines.pop()),
            "c" => self.lines.clear(),
            "Escape" => self.current = None,
            _ => {}
        }
    }

    fn draw(&self, context: &CanvasRenderingContext2d, canvas: &HtmlCanvasElement) {
        context.clear_rect(0.0, 0.0, canvas.width().into(), canvas.height().into());
        context.set_line_cap("round");
        context.set_line_join("round");
        for line in self.lines.iter().chain(&self.current) {
            context.set_stroke_style_str(line.colour);
            context.set_line_width(line.width);
            context.begin_path();
            for (x, y) in &line.points {
                context.line_to(*x, *y);
            }
            context.stroke();
        }
    }
}

/// Lets the pointer and the keyboard draw on the canvas, which is drawn anew in every frame.
pub fn start() -> Result<(), JsValue> {
    let canvas: HtmlCanvasElement = by_id("board")?;
    let width: web_sys::HtmlInputElement = by_id("width")?;
    let status: web_sys::HtmlElement = by_id("status")?;
    let context = canvas.get_context("2d")?.ok_or("the canvas has no 2d context")?;
    let context: CanvasRenderingContext2d = context.unchecked_into();
    let drawing = Rc::new(RefCell::new(Drawing::default()));

    let point = |event: &PointerEvent| (event.offset_x().into(), event.offset_y().into());
    listen(&canvas, "pointerdown", {
        let (drawing, canvas) = (drawing.clone(), canvas.clone());
        move |event: PointerEvent| {
            let _ = canvas.set_pointer_capture(event.pointer_id());
            drawing.borrow_mut().begin(width.value_as_number(), point(&event));
        }
    })?;
    listen(&canvas, "pointermove", {
        let drawing = drawing.clone();
        move |event: PointerEvent| drawing.borrow_mut().extend(point(&event))
    })?;
    listen(&canvas, "pointerup", {
        let drawing = drawing.clone();
        move |_: PointerEvent| drawing.borrow_mut().finish()
    })?;
    let window = window()?;
    listen(&window, "keydown", {
        let drawing = drawing.clone();
        move |event: KeyboardEvent| {
            let target = event.target();
            // What is typed into a field is not a command.
            if !target.is_some_and(|target| target.has_type::<web_sys::HtmlInputElement>()) {
                drawing.borrow_mut().obey(&event.key());
            }
        }
    })?;
    for (id, command) in [("undo", "u"), ("clear", "c")] {
        let button: web_sys::HtmlButtonElement = by_id(id)?;
        let drawing = drawing.clone();
        listen(&button, "click", move |_: web_sys::Event| drawing.borrow_mut().obey(command))?;
    }

    every_frame(move || {
        let mut drawing = drawing.borrow_mut();
        drawing.frames += 1;
        drawing.draw(&context, &canvas);
        let (lines, frames) = (drawing.lines.len(), drawing.frames);
        status.set_text_content(Some(&format!("{lines} lines, frame {frames}")));
    })
}

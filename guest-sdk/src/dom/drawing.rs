//! Drawings on a `canvas`, as a list of commands.

use std::fmt::Write as _;

use serde_json::json;

/// What is drawn on a `canvas`, in CSS pixels from its top left corner. The methods are those of the 2D context of browsers; they
/// return the drawing, for the next command.
///
/// `draw={…}` in a view makes the whole picture, and again when what it reads has changed.
///
/// ```
/// # use hmr_sdk::prelude::*;
/// # #[component] fn App() -> View {
/// let level = signal(0.5);
/// view! {
///     <canvas width=100 height=20 draw={move |picture| {
///         picture.fill_style("seagreen").fill_rect(0.0, 0.0, level.get() * 100.0, 20.0);
///     }} />
/// }
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Drawing {
    /// JSON, without the brackets around the whole.
    commands: String,
}

/// An argument of a command.
enum Argument<'a> {
    Number(f64),
    Text(&'a str),
    Numbers(&'a [f64]),
}

impl Drawing {
    fn command(&mut self, name: &str, arguments: &[Argument<'_>]) -> &mut Self {
        if !self.commands.is_empty() {
            self.commands.push(',');
        }
        _ = write!(self.commands, "[\"{name}\"");
        for argument in arguments {
            self.commands.push(',');
            match argument {
                Argument::Number(number) => self.number(*number),
                Argument::Text(text) => _ = write!(self.commands, "{}", json!(text)),
                Argument::Numbers(numbers) => {
                    self.commands.push('[');
                    for (at, number) in numbers.iter().enumerate() {
                        if at > 0 {
                            self.commands.push(',');
                        }
                        self.number(*number);
                    }
                    self.commands.push(']');
                }
            }
        }
        self.commands.push(']');
        self
    }

    /// JSON has no infinities; a browser does nothing when it gets them.
    fn number(&mut self, number: f64) {
        if number.is_finite() {
            _ = write!(self.commands, "{number}");
        } else {
            self.commands.push_str("\"NaN\"");
        }
    }

    /// The commands as the operation `draw` takes them.
    pub(crate) fn json(&self) -> String {
        format!("[{}]", self.commands)
    }

    /// Begins with an empty canvas, and all settings as at first.
    pub(crate) fn from_blank() -> Self {
        let mut drawing = Self::default();
        drawing.reset();
        drawing
    }

    /// Empties the canvas, and makes all settings as at first.
    pub fn reset(&mut self) -> &mut Self {
        self.command("reset", &[])
    }

    /// Draws an arc of a circle, clockwise; angles are in radians from the positive x axis.
    pub fn arc(&mut self, x: f64, y: f64, radius: f64, from: f64, to: f64) -> &mut Self {
        self.numbers("arc", &[x, y, radius, from, to])
    }

    /// Adds a whole circle to the path.
    pub fn circle(&mut self, x: f64, y: f64, radius: f64) -> &mut Self {
        self.arc(x, y, radius, 0.0, std::f64::consts::TAU)
    }

    fn numbers(&mut self, name: &str, numbers: &[f64]) -> &mut Self {
        let arguments: Vec<_> = numbers.iter().map(|number| Argument::Number(*number)).collect();
        self.command(name, &arguments)
    }

    /// Sets the lengths of dashes and gaps in turn; none for whole lines.
    pub fn line_dash(&mut self, lengths: &[f64]) -> &mut Self {
        self.command("setLineDash", &[Argument::Numbers(lengths)])
    }
}

macro_rules! with_numbers {
    ($($(#[$doc:meta])* $method:ident($($number:ident),*): $name:literal;)*) => {
        impl Drawing {$(
            $(#[$doc])*
            pub fn $method(&mut self, $($number: f64),*) -> &mut Self {
                self.numbers($name, &[$($number),*])
            }
        )*}
    };
}

with_numbers! {
    /// Fills a rectangle.
    fill_rect(x, y, width, height): "fillRect";
    /// Draws the outline of a rectangle.
    stroke_rect(x, y, width, height): "strokeRect";
    /// Empties a rectangle.
    clear_rect(x, y, width, height): "clearRect";
    /// Begins a new path.
    begin_path(): "beginPath";
    /// Goes to a point without a line.
    move_to(x, y): "moveTo";
    /// Adds a line to a point.
    line_to(x, y): "lineTo";
    /// Adds a curve with one control point to a point.
    quadratic_curve_to(control_x, control_y, x, y): "quadraticCurveTo";
    /// Adds a curve with two control points to a point.
    bezier_curve_to(first_x, first_y, second_x, second_y, x, y): "bezierCurveTo";
    /// Adds an arc of a circle of this radius that touches two lines: to the first point, and from there to the second.
    arc_to(first_x, first_y, second_x, second_y, radius): "arcTo";
    /// Adds an arc of an ellipse that is turned by an angle; angles are in radians.
    #[expect(clippy::too_many_arguments, reason = "those of the context")]
    ellipse(x, y, radius_x, radius_y, turned, from, to): "ellipse";
    /// Adds a rectangle.
    rect(x, y, width, height): "rect";
    /// Adds a rectangle with round corners of this radius.
    round_rect(x, y, width, height, radius): "roundRect";
    /// Adds a line to where the path began.
    close_path(): "closePath";
    /// Fills the path.
    fill(): "fill";
    /// Draws the path.
    stroke(): "stroke";
    /// Limits what follows to the inside of the path.
    clip(): "clip";
    /// Saves the settings and the transformation.
    save(): "save";
    /// Takes back what was saved last.
    restore(): "restore";
    /// Moves the origin.
    translate(x, y): "translate";
    /// Turns clockwise around the origin, in radians.
    rotate(angle): "rotate";
    /// Scales from the origin.
    scale(x, y): "scale";
    /// Multiplies the transformation with the matrix `[a c e; b d f; 0 0 1]`.
    transform(a, b, c, d, e, f): "transform";
    /// Sets the transformation to the matrix `[a c e; b d f; 0 0 1]`.
    set_transform(a, b, c, d, e, f): "setTransform";
    /// Removes all transformations.
    reset_transform(): "resetTransform";
    /// Sets the width of lines.
    line_width(width): "lineWidth";
    /// Sets where in the dashes a line begins.
    line_dash_offset(offset): "lineDashOffset";
    /// Sets how long pointed corners may be.
    miter_limit(limit): "miterLimit";
    /// Sets how opaque what follows is: 0 to 1.
    global_alpha(alpha): "globalAlpha";
    /// Sets how far shadows are blurred.
    shadow_blur(radius): "shadowBlur";
    /// Sets how far shadows are to the right.
    shadow_offset_x(offset): "shadowOffsetX";
    /// Sets how far shadows are down.
    shadow_offset_y(offset): "shadowOffsetY";
}

macro_rules! with_text {
    ($($(#[$doc:meta])* $method:ident($text:ident $(, $number:ident)*): $name:literal;)*) => {
        impl Drawing {$(
            $(#[$doc])*
            pub fn $method(&mut self, $text: &str $(, $number: f64)*) -> &mut Self {
                self.command($name, &[Argument::Text($text) $(, Argument::Number($number))*])
            }
        )*}
    };
}

with_text! {
    /// Fills text that begins at a point of its baseline, as far as the alignment does not say otherwise.
    fill_text(text, x, y): "fillText";
    /// Draws the outline of text.
    stroke_text(text, x, y): "strokeText";
    /// Sets the colour of what is filled, as CSS writes it.
    fill_style(colour): "fillStyle";
    /// Sets the colour of lines.
    stroke_style(colour): "strokeStyle";
    /// Sets the font, as CSS writes it: `bold 12px sans-serif`.
    font(font): "font";
    /// Sets `left`, `right`, `center`, `start` or `end`.
    text_align(align): "textAlign";
    /// Sets `top`, `middle`, `alphabetic`, `bottom` or the like.
    text_baseline(baseline): "textBaseline";
    /// Sets how lines end: `butt`, `round` or `square`.
    line_cap(cap): "lineCap";
    /// Sets how lines meet: `miter`, `round` or `bevel`.
    line_join(join): "lineJoin";
    /// Sets the colour of shadows.
    shadow_color(colour): "shadowColor";
    /// Sets how what follows is combined with what is there: `source-over`, `destination-out`, …
    global_composite_operation(operation): "globalCompositeOperation";
}

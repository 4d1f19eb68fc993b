//! Drawings on a `canvas`: the commands of the DOM operation `draw`, as JSON.
//!
//! A drawing is a list of commands, each a list of a name and its arguments: `[["fillStyle","red"],["fillRect",0,0,8,8]]`. The names are
//! those of the 2D context of browsers.

use serde_json::Value;

/// The methods of the context that a drawing may call.
pub const METHODS: [&str; 29] = [
    "arc",
    "arcTo",
    "beginPath",
    "bezierCurveTo",
    "clearRect",
    "clip",
    "closePath",
    "ellipse",
    "fill",
    "fillRect",
    "fillText",
    "lineTo",
    "moveTo",
    "quadraticCurveTo",
    "rect",
    "reset",
    "resetTransform",
    "restore",
    "rotate",
    "roundRect",
    "save",
    "scale",
    "setLineDash",
    "setTransform",
    "stroke",
    "strokeRect",
    "strokeText",
    "transform",
    "translate",
];

/// The properties of the context that a drawing may set.
pub const PROPERTIES: [&str; 16] = [
    "fillStyle",
    "font",
    "globalAlpha",
    "globalCompositeOperation",
    "lineCap",
    "lineDashOffset",
    "lineJoin",
    "lineWidth",
    "miterLimit",
    "shadowBlur",
    "shadowColor",
    "shadowOffsetX",
    "shadowOffsetY",
    "strokeStyle",
    "textAlign",
    "textBaseline",
];

/// Why a text is not a drawing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a drawing is not a list of commands")]
pub struct DrawingError;

/// One command: its name, and its arguments.
pub type Command = (String, Vec<Value>);

/// Reads a drawing.
///
/// # Errors
/// It is not a list of lists that begin with a name.
pub fn read(json: &str) -> Result<Vec<Command>, DrawingError> {
    let commands: Vec<Vec<Value>> = serde_json::from_str(json).map_err(|_| DrawingError)?;
    let read = |mut command: Vec<Value>| {
        let Some(Value::String(name)) = command.first() else { return Err(DrawingError) };
        let name = name.clone();
        command.remove(0);
        Ok((name, command))
    };
    commands.into_iter().map(read).collect()
}

/// Whether engines know a command.
#[must_use]
pub fn is_known(name: &str) -> bool {
    METHODS.contains(&name) || PROPERTIES.contains(&name)
}

/// A command as a line of text: `fillRect 0 0 8 8`.
#[must_use]
pub fn line((name, arguments): &Command) -> String {
    let mut line = name.clone();
    for argument in arguments {
        line.push(' ');
        match argument {
            Value::String(text) => line.push_str(text),
            other => line.push_str(&other.to_string()),
        }
    }
    line
}

/// Adds the commands of a drawing to a list of lines, which `reset` empties. Commands that engines do not know are left out.
pub fn record(commands: &[Command], lines: &mut Vec<String>) {
    for command in commands {
        if command.0 == "reset" {
            lines.clear();
        } else if is_known(&command.0) {
            lines.push(line(command));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_is_recorded_from_its_last_reset_on() {
        let drawing = r#"[["fill"],["reset"],["fillStyle","a b"],["fillRect",0,0.5,-1,8],["eval","x"],["setLineDash",[1,2]]]"#;
        let mut lines = Vec::new();
        record(&read(drawing).expect("a drawing"), &mut lines);
        assert_eq!(lines, ["fillStyle a b", "fillRect 0 0.5 -1 8", "setLineDash [1,2]"]);
        for wrong in ["", "{}", "[1]", "[[]]", "[[1]]"] {
            assert_eq!(read(wrong), Err(DrawingError), "{wrong}");
        }
    }
}

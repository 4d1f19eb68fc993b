//! Diagnostics: the messages of a compiler or cargo about a build, as data.
//!
//! In go cargo's JSON messages or its plain error text; out come [`Diagnostic`]s in the shape of
//! `docs/protocol.md`. A message that cannot be placed keeps its text and has no file.

use cargo_metadata::diagnostic as rustc;
use hmr_protocol::{Diagnostic, Level};

/// A diagnostic of the compiler or the linker. None if it only sums up earlier messages.
pub(crate) fn from_rustc(message: &rustc::Diagnostic) -> Option<Diagnostic> {
    let sums_up = message.spans.is_empty() && message.message.starts_with("aborting due to");
    let level = level(message.level).filter(|_| !sums_up)?;
    let span = message.spans.iter().find(|span| span.is_primary).map(in_own_source);
    Some(Diagnostic {
        level,
        message: message.message.clone(),
        code: message.code.as_ref().map(|code| code.code.clone()),
        file: span.map(|span| span.file_name.clone()),
        line: span.and_then(|span| u32::try_from(span.line_start).ok()),
        column: span.and_then(|span| u32::try_from(span.column_start).ok()),
        rendered: message.rendered.clone().unwrap_or_else(|| message.message.clone()),
    })
}

/// What cargo wrote to its standard error: about a manifest, a dependency, a build script.
pub(crate) fn from_cargo(stderr: &str) -> Diagnostic {
    let text = stderr.trim();
    let error = text.lines().find_map(|line| line.strip_prefix("error: "));
    let message = error.or_else(|| text.lines().next()).unwrap_or("cargo gave no reason");
    let mut diagnostic = Diagnostic::error(if text.is_empty() { message } else { text });
    message.clone_into(&mut diagnostic.message);
    if let Some(place) = arrow(text).or_else(|| manifest(text)) {
        diagnostic.file = Some(place.0.to_owned());
        diagnostic.line = place.1;
        diagnostic.column = place.2;
    }
    diagnostic
}

fn level(level: rustc::DiagnosticLevel) -> Option<Level> {
    match level {
        rustc::DiagnosticLevel::Error | rustc::DiagnosticLevel::Ice => Some(Level::Error),
        rustc::DiagnosticLevel::Warning => Some(Level::Warning),
        rustc::DiagnosticLevel::Note => Some(Level::Note),
        rustc::DiagnosticLevel::Help => Some(Level::Help),
        // The pointer to `rustc --explain`, and kinds that may be added later.
        _ => None,
    }
}

/// The span itself, or the call of its macro if the span is in another package's source: that is the
/// place that can be edited. Paths outside of the workspace are absolute.
fn in_own_source(mut span: &rustc::DiagnosticSpan) -> &rustc::DiagnosticSpan {
    while camino::Utf8Path::new(&span.file_name).is_absolute() {
        match &span.expansion {
            Some(expansion) => span = &expansion.span,
            None => break,
        }
    }
    span
}

type SourceLocation<'a> = (&'a str, Option<u32>, Option<u32>);

/// A location as in ` --> board/Cargo.toml:5:1`.
fn arrow(text: &str) -> Option<SourceLocation<'_>> {
    let place = text.lines().find_map(|line| line.trim_start().strip_prefix("--> "))?.trim();
    let (rest, column) = place.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some((file, line.parse().ok(), column.parse().ok()))
}

/// A manifest that is named between backticks, and the location as in `at line 5, column 1`.
fn manifest(text: &str) -> Option<SourceLocation<'_>> {
    let file = text.split('`').find(|word| word.ends_with("Cargo.toml") && !word.contains('\n'))?;
    let numbers = text.split_once("at line ").and_then(|(_, rest)| {
        let (line, rest) = rest.split_once(", column ")?;
        let column = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        Some((line.parse().ok()?, column.parse().ok()?))
    });
    Some((file, numbers.map(|it| it.0), numbers.map(|it| it.1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A span as the compiler writes it, with what is in `more` added.
    fn span(file: &str, line: u32, primary: bool, more: &str) -> String {
        format!(
            r#"{{"file_name":"{file}","byte_start":0,"byte_end":1,"line_start":{line},"line_end":{line},"column_start":7,"column_end":9,"is_primary":{primary},"text":[],"label":null,"suggested_replacement":null,"suggestion_applicability":null,"expansion":{}}}"#,
            if more.is_empty() { "null" } else { more }
        )
    }

    fn read(level: &str, message: &str, code: &str, spans: &[String]) -> Option<Diagnostic> {
        let text = format!(
            r#"{{"$message_type":"diagnostic","message":"{message}","code":{code},"level":"{level}","spans":[{}],"children":[],"rendered":"{level}: {message}\n"}}"#,
            spans.join(",")
        );
        from_rustc(&serde_json::from_str(&text).expect("a message of the compiler"))
    }

    #[test]
    fn the_primary_span_is_the_place() {
        let code = r#"{"code":"E0308","explanation":null}"#;
        let spans = [span("board/src/a.rs", 3, false, ""), span("board/src/b.rs", 42, true, "")];
        let error = read("error", "mismatched types", code, &spans).expect("a diagnostic");
        assert_eq!((error.level, error.code.as_deref()), (Level::Error, Some("E0308")));
        assert_eq!(error.file.as_deref(), Some("board/src/b.rs"));
        assert_eq!((error.line, error.column), (Some(42), Some(7)));
        assert_eq!(error.rendered, "error: mismatched types\n");
    }

    #[test]
    fn a_span_in_a_foreign_macro_is_where_the_macro_was_called() {
        let call = format!(
            r#"{{"span":{},"macro_decl_name":"println!","def_site_span":null}}"#,
            span("board/src/lib.rs", 5, false, "")
        );
        let spans = [span("/rustc/1/library/std/src/macros.rs", 143, true, &call)];
        let error = read("error", "no", "null", &spans).expect("a diagnostic");
        assert_eq!((error.file.as_deref(), error.line), (Some("board/src/lib.rs"), Some(5)));
    }

    #[test]
    fn what_sums_up_is_left_out() {
        assert_eq!(read("error", "aborting due to 2 previous errors", "null", &[]), None);
        assert_eq!(read("failure-note", "For more information", "null", &[]), None);
        assert!(
            read("error", "linking with `rust-lld` failed: exit status: 1", "null", &[]).is_some()
        );
    }

    #[test]
    fn cargos_errors_have_the_place_that_they_name() {
        let error = from_cargo(
            "error: key with no value, expected `=`\n --> board/Cargo.toml:9:5\n  |\n9 | serde\n",
        );
        assert_eq!(error.message, "key with no value, expected `=`");
        assert_eq!(error.file.as_deref(), Some("board/Cargo.toml"));
        assert_eq!((error.line, error.column), (Some(9), Some(5)));
        let error = from_cargo(
            "error: failed to parse manifest at `/app/Cargo.toml`\n\nCaused by:\n  TOML parse error at line 2, column 8\n",
        );
        assert_eq!(error.file.as_deref(), Some("/app/Cargo.toml"));
        assert_eq!((error.line, error.column), (Some(2), Some(8)));
    }

    #[test]
    fn an_empty_error_of_cargo_has_a_message_too() {
        let error = from_cargo("  \n");
        assert_eq!((error.message.as_str(), error.file), ("cargo gave no reason", None));
        assert_eq!(error.rendered, "cargo gave no reason");
    }
}

//! The compiler's messages about a rewritten copy, brought back to the user's text.
//!
//! In: rustc's JSON messages, one in each line. Out: the same about the original files, and the sites that errors are about.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use hmr_auto_state::{Rewritten, Site};
use serde_json::{Value, json};

use super::shadow::Shadow;

/// A warning of this tool in the form of rustc's messages.
pub(super) fn note(text: &str) -> Vec<u8> {
    let message = json!({
        "$message_type": "diagnostic",
        "message": text,
        "code": null,
        "level": "warning",
        "spans": [],
        "children": [],
        "rendered": format!("warning: {text}\n\n"),
    });
    format!("{message}\n").into_bytes()
}

/// The messages of one compilation.
pub(super) struct Messages {
    /// Lines that are not JSON are kept as they are.
    lines: Vec<Result<Value, String>>,
}

impl Messages {
    pub(super) fn read(output: &[u8]) -> Self {
        let text = String::from_utf8_lossy(output);
        let parse = |line: &str| serde_json::from_str(line).map_err(|_| line.to_owned());
        Self { lines: text.lines().map(parse).collect() }
    }

    fn errors(&self) -> impl Iterator<Item = &Value> {
        self.lines.iter().flatten().filter(|it| it["level"] == "error")
    }

    /// The first error, without the places that it is about.
    pub(super) fn first_error(&self) -> &str {
        self.errors()
            .find_map(|it| it["message"].as_str())
            .unwrap_or("the compiler gives no reason")
    }

    /// The sites that errors are about, with their files.
    pub(super) fn sites_of_errors(&self, files: &mut Files<'_>) -> Vec<(PathBuf, Site)> {
        let mut found: BTreeMap<(PathBuf, String), Site> = BTreeMap::new();
        for error in self.errors() {
            let mut spans = Vec::new();
            collect_spans(error, &mut spans);
            for (path, site) in sites_at(&spans, files) {
                found.insert((path, site.id.clone()), site);
            }
        }
        found.into_iter().map(|((path, _), site)| (path, site)).collect()
    }

    /// All messages, about the original files.
    pub(super) fn mapped(mut self, files: &mut Files<'_>) -> Vec<u8> {
        let mut text = String::new();
        for line in &mut self.lines {
            match line {
                Ok(message) => {
                    if map_spans(message, files) {
                        message["rendered"] = rendered(message).into();
                    }
                    // Writing to a text cannot fail.
                    _ = writeln!(text, "{message}");
                }
                Err(line) => _ = writeln!(text, "{line}"),
            }
        }
        text.into_bytes()
    }
}

/// All spans of a message: those of its notes, and of the macros that it comes from.
fn collect_spans<'a>(message: &'a Value, spans: &mut Vec<&'a Value>) {
    for span in message["spans"].as_array().into_iter().flatten() {
        let mut span = span;
        loop {
            spans.push(span);
            span = &span["expansion"]["span"];
            if span.is_null() {
                break;
            }
        }
    }
    for child in message["children"].as_array().into_iter().flatten() {
        collect_spans(child, spans);
    }
}

/// The smallest site around any of the spans; without one, the sites inside of the first span that has some.
fn sites_at(spans: &[&Value], files: &mut Files<'_>) -> Vec<(PathBuf, Site)> {
    let mut smallest: Option<(PathBuf, Site)> = None;
    let mut inside = Vec::new();
    for span in spans {
        let Some((file, range)) = files.original(span) else { continue };
        let is_around =
            |site: &&Site| site.range.start <= range.start && range.end <= site.range.end;
        let around = file.rewritten.sites.iter().filter(is_around).min_by_key(|it| it.range.len());
        if let Some(site) = around
            && smallest.as_ref().is_none_or(|(_, it)| site.range.len() < it.range.len())
        {
            smallest = Some((file.path.clone(), site.clone()));
        }
        if inside.is_empty() {
            let is_inside =
                |site: &&Site| range.start <= site.range.start && site.range.end <= range.end;
            let sites = file.rewritten.sites.iter().filter(is_inside);
            inside = sites.map(|site| (file.path.clone(), site.clone())).collect();
        }
    }
    smallest.map_or(inside, |it| vec![it])
}

/// Changes the spans of a message, and those inside of them. Returns whether any was in a rewritten file and moved.
fn map_spans(message: &mut Value, files: &mut Files<'_>) -> bool {
    let mut has_moved = false;
    for span in message["spans"].as_array_mut().into_iter().flatten() {
        has_moved |= map_span(span, files);
        let expanded = span.pointer_mut("/expansion/span");
        has_moved |= expanded.is_some_and(|it| map_span(it, files));
    }
    for child in message["children"].as_array_mut().into_iter().flatten() {
        has_moved |= map_spans(child, files);
    }
    has_moved
}

fn map_span(span: &mut Value, files: &mut Files<'_>) -> bool {
    let Some((file, range)) = files.original(span) else { return false };
    let (first, last) = (file.position(range.start), file.position(range.end));
    let texts = (first.0..=last.0).map(|line| {
        let text = file.original.lines().nth(line - 1).unwrap_or_default();
        let width = text.chars().count();
        let start = if line == first.0 { first.1 } else { 1 };
        let end = if line == last.0 { last.1 } else { width + 1 };
        json!({ "text": text, "highlight_start": start, "highlight_end": end })
    });
    let texts: Vec<Value> = texts.collect();
    let is_same = span["text"] == json!(texts);
    for (name, value) in [
        ("byte_start", range.start),
        ("byte_end", range.end),
        ("line_start", first.0),
        ("line_end", last.0),
        ("column_start", first.1),
        ("column_end", last.1),
    ] {
        span[name] = value.into();
    }
    span["text"] = texts.into();
    !is_same
}

/// A message as people read it.
fn rendered(message: &Value) -> String {
    let level = message["level"].as_str().unwrap_or("note");
    let mut text = format!("{level}: {}\n", message["message"].as_str().unwrap_or_default());
    let spans = message["spans"].as_array().map_or(&[][..], Vec::as_slice);
    for span in spans.iter().filter(|it| it["is_primary"] == true) {
        let line = &span["line_start"];
        let width = line.to_string().len();
        let column = span["column_start"].as_u64().unwrap_or(1);
        let end = if span["line_end"] == *line { span["column_end"].as_u64() } else { None };
        let marks = "^".repeat(
            usize::try_from(end.unwrap_or(column + 1).saturating_sub(column)).unwrap_or(1).max(1),
        );
        let indent = " ".repeat(usize::try_from(column.saturating_sub(1)).unwrap_or_default());
        let path = span["file_name"].as_str().unwrap_or_default();
        let source = span["text"][0]["text"].as_str().unwrap_or_default();
        let label = span["label"].as_str().unwrap_or_default();
        let space = " ".repeat(width);
        _ = writeln!(text, "{space}--> {path}:{line}:{column}");
        _ = writeln!(text, "{space} |\n{line} | {source}");
        _ = writeln!(text, "{space} | {}", format!("{indent}{marks} {label}").trim_end());
    }
    for child in message["children"].as_array().into_iter().flatten() {
        let (level, note) = (child["level"].as_str(), child["message"].as_str());
        _ = writeln!(text, "  = {}: {}", level.unwrap_or("note"), note.unwrap_or_default());
    }
    text.push('\n');
    text
}

/// A rewritten file, and what it was made from.
pub(super) struct File {
    path: PathBuf,
    original: String,
    rewritten: Rewritten,
}

impl File {
    /// The line and the column of a byte of the original, from 1.
    fn position(&self, at: usize) -> (usize, usize) {
        let before = self.original.get(..at).unwrap_or(&self.original);
        let start = before.rfind('\n').map_or(0, |it| it + 1);
        (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
    }
}

/// The files that messages are about.
pub(super) struct Files<'a> {
    shadow: &'a Shadow,
    /// Paths in messages are relative to this.
    current: &'a Path,
    read: BTreeMap<String, Option<File>>,
}

impl<'a> Files<'a> {
    pub(super) fn new(shadow: &'a Shadow, current: &'a Path) -> Self {
        Self { shadow, current, read: BTreeMap::new() }
    }

    /// The file of a span, if it is a rewritten one, and the bytes of its original that the span is about.
    fn original(&mut self, span: &Value) -> Option<(&File, Range<usize>)> {
        let name = span["file_name"].as_str()?;
        if !self.read.contains_key(name) {
            let path = self.current.join(name);
            let file = self.shadow.rewritten(&path).map(|(original, rewritten)| File {
                path,
                original,
                rewritten,
            });
            self.read.insert(name.to_owned(), file);
        }
        let file = self.read.get(name)?.as_ref()?;
        let at = |name: &str| {
            let at = usize::try_from(span[name].as_u64()?).ok()?;
            Some(file.rewritten.map.to_original(at))
        };
        let (start, end) = (at("byte_start")?, at("byte_end")?);
        Some((file, start..end.max(start)))
    }
}

/// The names of sites for people, each with its place: `` `count` at src/main.rs:3:5 ``.
pub(super) fn named(sites: &[(PathBuf, Site)], current: &Path) -> BTreeSet<String> {
    let name = |(path, site): &(PathBuf, Site)| {
        let path = path.strip_prefix(current).unwrap_or(path);
        format!("`{}` at {}:{}:{}", site.key, path.display(), site.line, site.column)
    };
    sites.iter().map(name).collect()
}

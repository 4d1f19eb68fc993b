//! Reads the files of `tests/cases/`, and writes expectations back into them.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

use super::transcript::transcript;
use super::{Observation, Step};

/// A version of a module, as the case writes it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The library of a Rust crate; `use hmr_sdk::prelude::*;` is put before it.
    Rust(String),
    /// WebAssembly text.
    Wat(String),
    /// Any bytes.
    Bytes(Vec<u8>),
}

/// A line of a case's steps.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseStep {
    /// The line as the case writes it.
    pub line: String,
    /// The step.
    pub step: Step,
    /// Whether it must fail: the line begins with `fails:`.
    pub fails: bool,
}

impl CaseStep {
    /// Reads a line, without those that are indented under it.
    ///
    /// # Panics
    ///
    /// If it is not a step.
    #[must_use]
    pub fn parse(line: &str) -> Self {
        let line = line.trim();
        let failing = line.strip_prefix("fails: ");
        let step = Step::parse(failing.unwrap_or(line));
        Self { line: line.to_owned(), step, fails: failing.is_some() }
    }
}

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// The file.
    pub file: PathBuf,
    /// `group/name`, from its path.
    pub name: String,
    /// The subject of the case.
    pub title: String,
    /// Versions by module and name. The version `1` is what the page begins with.
    pub versions: BTreeMap<(String, String), Source>,
    /// The page's markup.
    pub page: String,
    /// The steps.
    pub steps: Vec<CaseStep>,
    /// The expected result.
    pub expected: String,
    /// The position of the transcript in the file.
    pub(super) transcript_range: Range<usize>,
}

/// The folder of all cases.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// All cases, in the order of their names.
///
/// # Panics
///
/// If one cannot be read.
#[must_use]
pub fn all() -> Vec<Case> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(folder())
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .filter(|path| path.file_name().is_some_and(|name| name != "README.md"))
        .collect();
    files.sort();
    files.iter().map(|file| Case::read(file)).collect()
}

impl Case {
    /// Reads a file.
    ///
    /// # Panics
    ///
    /// If it is not a case, with the error.
    #[must_use]
    pub fn read(file: &Path) -> Self {
        let name = file.strip_prefix(folder()).unwrap_or(file).with_extension("");
        let name = name.to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut case = Self {
            file: file.to_owned(),
            name,
            title: title(&text),
            versions: BTreeMap::new(),
            page: String::new(),
            steps: Vec::new(),
            expected: String::new(),
            transcript_range: 0..0,
        };
        for (info, content, range) in blocks(&text) {
            case.block(&info, content, range);
        }
        assert!(!case.title.is_empty(), "{}: a case begins with a heading", case.name);
        assert!(case.transcript_range.end > 0, "{}: there is no block `transcript`", case.name);
        if case.page.is_empty() {
            case.page = modules_of(&case).iter().map(|module| placed(module)).collect();
        }
        case
    }

    fn block(&mut self, info: &str, content: String, range: Range<usize>) {
        let mut words = info.split_whitespace();
        let kind = words.next().unwrap_or_default();
        let source = match kind {
            "html" => {
                content.trim().clone_into(&mut self.page);
                return;
            }
            "steps" => {
                self.steps(&content);
                return;
            }
            "transcript" => {
                self.expected = content;
                self.transcript_range = range;
                return;
            }
            "rust" => Source::Rust(content),
            "wat" => Source::Wat(content),
            "text" => Source::Bytes(content.into_bytes()),
            _ => panic!("{}: what is a block `{info}`?", self.name),
        };
        let (Some(module), Some(version)) = (words.next(), words.next()) else {
            panic!("{}: a block `{kind}` names a module and a version", self.name);
        };
        self.versions.insert((module.to_owned(), version.to_owned()), source);
    }

    /// Indented lines happen in the middle of the swap above them: `  at instantiate: click button`.
    fn steps(&mut self, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let Some(inner) = line.strip_prefix("  ") else {
                self.steps.push(CaseStep::parse(line));
                continue;
            };
            let read = inner.trim().strip_prefix("at ").and_then(|inner| inner.split_once(": "));
            let last = self.steps.last_mut().map(|last| &mut last.step);
            let (Some((at, step)), Some(Step::Swap { meanwhile, .. })) = (read, last) else {
                panic!("{}: `{line}` is not under a swap", self.name);
            };
            meanwhile.push((at.to_owned(), Step::parse(step)));
        }
    }

    /// The transcript of what an engine has shown.
    ///
    /// # Errors
    ///
    /// If a step could not be carried out that the case expects to work, or the other way round.
    pub fn transcript(&self, seen: &[Observation]) -> Result<String, String> {
        for (CaseStep { line, fails, .. }, seen) in self.steps.iter().zip(seen.iter().skip(1)) {
            match &seen.failed {
                Some(error) if !fails => {
                    return Err(format!(
                        "the step `{line}` failed: {error}\nhint: write `fails: {line}` if it must"
                    ));
                }
                None if *fails => return Err(format!("the step `{line}` did not fail")),
                _ => {}
            }
        }
        let lines = self.steps.iter().map(|step| step.line.as_str());
        Ok(transcript(std::iter::once("open").chain(lines), seen))
    }

    /// The modules, by name.
    #[must_use]
    pub fn modules(&self) -> Vec<String> {
        modules_of(self)
    }

    /// Writes the expected result into the file.
    ///
    /// # Panics
    ///
    /// If the file cannot be written.
    pub fn bless(&self, transcript: &str) {
        let mut text = fs::read_to_string(&self.file).expect("it was read before");
        text.replace_range(self.transcript_range.clone(), transcript);
        fs::write(&self.file, text).expect("a case can be written");
    }
}

fn modules_of(case: &Case) -> Vec<String> {
    let mut modules: Vec<String> = case.versions.keys().map(|(module, _)| module.clone()).collect();
    modules.dedup();
    modules
}

/// The default page: each module's component `App`.
fn placed(module: &str) -> String {
    format!(r#"<hmr-component module="{module}" component="App"></hmr-component>"#)
}

fn title(text: &str) -> String {
    let mut title = String::new();
    let mut inside = false;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => inside = true,
            Event::End(TagEnd::Heading(_)) => break,
            Event::Text(part) | Event::Code(part) if inside => title.push_str(&part),
            _ => {}
        }
    }
    title
}

/// The fenced blocks: info string, content, and the position of the content.
fn blocks(text: &str) -> Vec<(String, String, Range<usize>)> {
    let mut blocks = Vec::new();
    for (event, range) in Parser::new(text).into_offset_iter() {
        let Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) = event else { continue };
        let block = &text[range.clone()];
        let start = range.start + block.find('\n').map_or(block.len(), |at| at + 1);
        let end = range.start + block.rfind("\n```").map_or(block.len(), |at| at + 1);
        let range = start..end.max(start);
        blocks.push((info.to_string(), text[range.clone()].to_owned(), range));
    }
    blocks
}

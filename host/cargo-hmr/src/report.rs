//! The only module that prints: events as lines for people on stderr, or as JSON lines on stdout.
//!
//! No text from outside reaches a terminal as it is: control characters are shown ([`crate::text`]).

mod deployed;
mod inspected;
mod notes;
mod output;
mod swaps;
mod versions;

use std::{
    fmt::Write as _,
    io::{IsTerminal as _, Write as _},
    time::Duration,
};

use anstyle::{AnsiColor, Style};
use hmr_build::{Diagnostic, Finding, Level, Status};
use hmr_protocol::{Slower, Trap};
use indicatif::{ProgressBar, ProgressStyle};

pub use self::deployed::deployed;
pub use self::inspected::inspected;
use self::output::{Item, Output};
use crate::events::{Built, Event, Phases, UpdateKind};
use crate::text::{Kind, Texts as _, visible, visible_but_colours, visible_json};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default().bold();
const NAME: Style = AnsiColor::Cyan.on_default();
const FAINT: Style = Style::new().dimmed();

/// The destination of events. Nothing here waits for a reader.
pub struct Reporter {
    json: bool,
    /// Whether everything was built once: later builds are quick and need no line for each step.
    built: bool,
    output: Output,
}

impl Reporter {
    /// A reporter of JSON lines, or of lines for people.
    #[must_use]
    pub fn new(json: bool) -> Self {
        let output = if json { Output::start(json_item) } else { people() };
        Self { json, built: false, output }
    }

    /// Reports one event.
    pub fn report(&mut self, event: &Event) {
        self.built |= matches!(event, Event::BuildFinished { .. });
        if !self.json {
            self.human_lines(&shown(event.clone()));
        } else if let Ok(text) = serde_json::to_string(event) {
            self.output.push(Item::Line(visible_json(&text)));
        }
    }

    /// Reports one event whose texts are safe for a terminal.
    fn human_lines(&mut self, event: &Event) {
        if let Event::Progress { message } = event {
            self.progress(message);
        } else if let Event::GateStarted { module, command } = event {
            self.progress(&format!("the gate of {module}: {command}"));
        } else {
            if !matches!(
                event,
                Event::BuildStarted { .. }
                    | Event::ClientConnected { .. }
                    | Event::ClientDisconnected { .. }
                    | Event::Ready { .. }
            ) {
                self.output.push(Item::Idle);
            }
            let text = human(event);
            if !text.is_empty() {
                self.output.push(Item::Line(text));
            }
        }
    }

    /// Shows what takes time: as a spinner on a terminal, else as a line for each step.
    fn progress(&mut self, message: &str) {
        if std::io::stderr().is_terminal() {
            self.output.push(Item::Progress(message.to_owned()));
        } else if !self.built {
            self.output.push(Item::Line(format!("{FAINT}  {message}{FAINT:#}")));
        }
    }
}

/// Prints a JSON line on stdout. The tool keeps running if the pipe was closed.
fn json_item(item: Item) {
    let line = match item {
        Item::Line(line) => line,
        Item::Dropped(count) => serde_json::json!({"event": "dropped", "count": count}).to_string(),
        Item::Progress(_) | Item::Idle => return,
    };
    let mut out = std::io::stdout().lock();
    _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Prints for people on stderr, with a spinner for running work.
fn people() -> Output {
    let mut spinner: Option<ProgressBar> = None;
    Output::start(move |item| {
        let line = match item {
            Item::Line(line) => line,
            Item::Dropped(count) => {
                spinner = None;
                format!("{WARN}{count} lines were dropped{WARN:#}, because they were not read")
            }
            Item::Progress(message) => {
                return spinner.get_or_insert_with(new_spinner).set_message(message);
            }
            Item::Idle => return spinner = None,
        };
        let print = || _ = writeln!(anstream::stderr().lock(), "{line}");
        match &spinner {
            Some(spinner) => spinner.suspend(print),
            None => print(),
        }
    })
}

fn new_spinner() -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("  {spinner:.cyan} {msg} {elapsed:.dim}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

/// The event with texts that are safe for a terminal.
fn shown(mut event: Event) -> Event {
    event.texts(&mut |text, kind| {
        *text = match kind {
            Kind::Plain => visible(text),
            Kind::Coloured => visible_but_colours(text),
        }
    });
    event
}

/// Prints what ends a command.
pub fn fatal(message: &str) {
    let message = visible(message);
    let mut lines = message.lines();
    let output = people();
    let first = lines.next().unwrap_or_default();
    output.push(Item::Line(format!("{BAD}error{BAD:#}: {first}")));
    for line in lines {
        output.push(Item::Line(match line.strip_prefix("hint:") {
            Some(hint) => format!("{NAME}hint{NAME:#}:{hint}"),
            None => line.to_owned(),
        }));
    }
}

/// Prints what `cargo hmr doctor` found, on stdout since it is the result of the command.
pub fn findings(findings: &[Finding]) {
    let mut out = anstream::stdout().lock();
    for Finding { what, status, detail, remedy } in findings {
        let mark = match status {
            Status::Ok => format!("{GOOD}ok     {GOOD:#}"),
            Status::Warning => format!("{WARN}warning{WARN:#}"),
            Status::Missing => format!("{BAD}missing{BAD:#}"),
        };
        _ = writeln!(out, "{mark} {what}: {}", visible(detail));
        if let Some(remedy) = remedy {
            _ = writeln!(out, "        {NAME}hint{NAME:#}: {}", visible(remedy));
        }
    }
}

/// The lines for people; empty for events that they do not need.
fn human(event: &Event) -> String {
    match event {
        Event::Ready { url, urls, app, port_taken, warning } => {
            ready(url, urls, app, *port_taken, warning.as_deref())
        }
        Event::BuildFailed { title, diagnostics, running } => {
            failure(title, diagnostics, *running)
        }
        Event::BuildFinished { warnings, .. } => {
            lines(warnings.iter().map(|warning| warning.rendered.trim_end().to_owned()))
        }
        Event::Unchanged { modules, changed } => format!(
            "{NAME}{}{NAME:#} {FAINT}changed, {} compiled to the same bytes: nothing to swap{FAINT:#}",
            listed(changed),
            listed(modules)
        ),
        Event::Update { kind, reason, modules, changed, phases, clients, sequence, .. } => {
            update(*sequence, *kind, reason, modules, changed, *phases, *clients)
        }
        Event::Swap { swaps, page, sequence } => {
            lines(swaps.iter().map(|each| swaps::line(*sequence, page, each)))
        }
        Event::Loaded { swaps, page } => {
            lines(swaps.iter().filter_map(|each| swaps::load(page, each)))
        }
        Event::Applied { sequence, page, what, count } => applied(*sequence, page, what, *count),
        Event::Trap { page, trap } => trapped(page, trap),
        Event::Slower { page, slower } => slowed(page, slower),
        Event::Refused { module, hash, serves, .. } => versions::refused(module, hash, serves),
        Event::HeldBack { modules } => versions::held_back(modules),
        Event::Pinned { module, hash } => versions::pinned(module, hash.as_deref()),
        Event::Experiment { module, variants } => versions::experiment(module, variants),
        Event::GateFinished { module, outcome: "passed", duration_ms } => format!(
            "  {GOOD}✓{GOOD:#} {FAINT}the gate of{FAINT:#} {NAME}{module}{NAME:#} {FAINT}passed · {duration_ms:.0} ms{FAINT:#}"
        ),
        Event::Problem { page, message } => format!("{WARN}problem{WARN:#} in {page}: {message}"),
        Event::Preflight { message, .. } | Event::Note { message } => {
            format!("  {FAINT}{message}{FAINT:#}")
        }
        Event::Waiting { what } => format!("  {WARN}waiting{WARN:#} for {what}"),
        Event::Stopped => format!("  {FAINT}stopped{FAINT:#}"),
        Event::Progress { .. }
        | Event::BuildStarted { .. }
        | Event::GateStarted { .. }
        | Event::GateFinished { .. }
        // The page reports it with the swap.
        | Event::Rehearsal { .. }
        | Event::ClientConnected { .. }
        | Event::ClientDisconnected { .. } => String::new(),
    }
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

/// How many elements of a page use changed styles or static files.
fn applied(sequence: u64, page: &str, what: &str, count: u64) -> String {
    match count {
        0 => format!("  {FAINT}· #{sequence} {page} {what}: nothing in the page shows it{FAINT:#}"),
        _ => format!(
            "  {GOOD}✓{GOOD:#} {FAINT}#{sequence} {page}{FAINT:#} {what} shown by {count} elements"
        ),
    }
}

/// The addresses, and what to know about them.
fn ready(
    url: &str,
    urls: &[String],
    app: &str,
    port_taken: Option<u16>,
    warning: Option<&str>,
) -> String {
    let mut text = format!(
        "\n  {GOOD}cargo-hmr{GOOD:#}  {NAME}{url}{NAME:#}  {FAINT}serving `{app}`{FAINT:#}"
    );
    for other in urls.iter().filter(|other| *other != url) {
        _ = write!(text, "\n             {NAME}{other}{NAME:#}");
    }
    if let Some(port) = port_taken {
        _ = write!(text, "\n  {WARN}port {port} is taken{WARN:#}, so this is the next free one");
    }
    if let Some(warning) = warning {
        _ = write!(text, "\n  {WARN}warning{WARN:#}: {warning}");
    }
    text + "\n"
}

fn failure(title: &str, diagnostics: &[Diagnostic], running: bool) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics.iter().filter(|each| each.level == Level::Error) {
        text.push_str(diagnostic.rendered.trim_end());
        text.push_str("\n\n");
    }
    let meanwhile =
        if running { "the old code runs on" } else { "pages start once it builds: save a fix" };
    _ = write!(text, "{BAD}✗ {title}{BAD:#}; {FAINT}{meanwhile}{FAINT:#}");
    text
}

fn update(
    sequence: u64,
    kind: UpdateKind,
    reason: &str,
    modules: &[Built],
    changed: &[String],
    phases: Phases,
    clients: usize,
) -> String {
    let kind = match kind {
        UpdateKind::CssUpdate => "style update",
        UpdateKind::AssetUpdate => "static-file update",
        UpdateKind::HotUpdate => "hot update",
        UpdateKind::FullReload => "full reload",
    };
    let names: Vec<String> = modules.iter().map(|built| built.module.clone()).collect();
    let names = if names.is_empty() {
        String::new()
    } else {
        format!(" of {NAME}{}{NAME:#}", listed(&names))
    };
    let changed = if changed.is_empty() {
        "started".to_owned()
    } else {
        format!("{} changed", listed(changed))
    };
    let mut times = String::new();
    for (name, ms) in
        [("watch", phases.watch), ("compile", phases.compile), ("prepare", phases.prepare)]
    {
        if ms > 0.0 {
            _ = write!(times, " · {name} {ms:.0} ms");
        }
    }
    let waiting = match clients {
        0 => " · no page is open".to_owned(),
        1 => String::new(),
        more => format!(" · {more} pages"),
    };
    format!(
        "{FAINT}#{sequence}{FAINT:#} {changed} → {GOOD}{kind}{GOOD:#}{names} {FAINT}({reason}){times}{waiting}{FAINT:#}"
    )
}

fn trapped(page: &str, trap: &Trap) -> String {
    let location = match (&trap.file, trap.line) {
        (Some(file), Some(line)) => format!(" at {NAME}{file}:{line}{NAME:#}"),
        _ => String::new(),
    };
    format!(
        "{BAD}trap{BAD:#} in {NAME}{}{NAME:#} {FAINT}{page}{FAINT:#}{location}: {}",
        trap.module, trap.message
    )
}

/// `board: dispatch is 2.4 times slower than before: 3.1 ms → 7.4 ms over 40 calls`
fn slowed(page: &str, slower: &Slower) -> String {
    let Slower { module, call, calls, before_ms, after_ms, .. } = slower;
    let times = if *before_ms > 0.0 {
        format!("{:.1} times slower", after_ms / before_ms)
    } else {
        "slower".to_owned()
    };
    format!(
        "{WARN}slower{WARN:#} {FAINT}{page}{FAINT:#} {NAME}{module}{NAME:#}: {call} is {times} than before: {before_ms:.1} ms → {after_ms:.1} ms over {calls} calls"
    )
}

/// The beginning of a hash, as a short name of a version.
fn short(hash: &str) -> &str {
    hash.get(..8).unwrap_or(hash)
}

/// `a, b and 3 more`
fn listed(names: &[String]) -> String {
    match names {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests;

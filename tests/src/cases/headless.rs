//! Carries cases out in the engine in wasmtime.

use std::time::Duration;

use hmr_headless::{
    Element, EventData, File, LogLevel, Page, PageError, Response, StorageArea, SwapStep, Trap,
    Value as CallValue,
};
use serde_json::{Value, json};

use super::read::CaseStep;
use super::step::To;
use super::{BUDGET, Case, Modules, Observation, Step};

/// Runs a case, and returns what was visible after opening the page and after each step.
///
/// # Panics
///
/// If a step cannot be carried out.
#[must_use]
pub fn run(case: &Case, modules: &Modules) -> Vec<Observation> {
    // A long time limit: on a slow machine, too, the budget ends a loop.
    let mut builder =
        Page::builder().html(&case.page).budget(BUDGET).call_limit(Duration::from_mins(2));
    for module in case.modules() {
        if case.versions.contains_key(&(module.clone(), "1".to_owned())) {
            builder = builder.module(&module, modules.bytes(case, &module, "1"));
        }
    }
    let builder = builder
        .host("double", |argument| match (argument.as_i64(), argument.as_f64()) {
            (Some(number), _) => Ok(json!(number * 2)),
            (None, Some(number)) => Ok(json!(number * 2.0)),
            (None, None) => Err("that is no number".to_owned()),
        })
        .host_deferred("later");
    let page = builder.open().unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let mut runner = Runner { case, modules, page, seen: Counts::default() };
    let mut seen = vec![runner.observe(Ok(None))];
    for CaseStep { step, .. } in &case.steps {
        let done = runner.step(step);
        seen.push(runner.observe(done));
    }
    seen
}

struct Runner<'a> {
    case: &'a Case,
    modules: &'a Modules,
    page: Page,
    seen: Counts,
}

/// How many of the page's messages were already seen.
#[derive(Default)]
struct Counts {
    log: usize,
    problems: usize,
    traps: usize,
    swaps: usize,
    loads: usize,
}

/// The answer to a step that requests something.
type Done = Result<Option<Value>, Box<dyn std::error::Error>>;

impl Runner<'_> {
    #[expect(clippy::too_many_lines, reason = "one list of all steps")]
    fn step(&self, step: &Step) -> Done {
        let page = &self.page;
        match step {
            Step::Open => {}
            Step::Click { at } => _ = page.find(at)?.click()?,
            Step::Input { at, text } => _ = page.find(at)?.focus()?.set_value(text)?,
            Step::Choose { at, values } => _ = page.find(at)?.choose(values)?,
            Step::Pick { at } => _ = page.find(at)?.pick()?,
            Step::Focus { at } => _ = page.find(at)?.focus()?,
            Step::Advance { ms } => page.advance(Duration::from_secs_f64(ms / 1000.0)),
            Step::Swap { modules, meanwhile } => {
                for to in modules {
                    self.swap(to, meanwhile)?;
                }
            }
            Step::Append { .. }
            | Step::Remove { .. }
            | Step::Set { .. }
            | Step::Before { .. }
            | Step::Wrap { .. }
            | Step::Translate { .. }
            | Step::Replace { .. }
            | Step::Highlight { .. } => self.script(step)?,
            Step::State { module } => {
                let snapshot = serde_json::to_value(page.snapshot(module)?)?;
                let instances = snapshot["instances"].as_array().into_iter().flatten();
                let values = |instance: &Value| -> Value {
                    let signals = instance["signals"].as_object().into_iter().flatten();
                    signals.map(|(key, signal)| (key.clone(), signal["value"].clone())).collect()
                };
                let held = instances.map(|one| (one["instance"].to_string(), values(one)));
                return Ok(Some(held.collect()));
            }
            Step::Fire { target, event: kind, data } => {
                let data = event(kind, data);
                _ = if target == "window" {
                    page.fire_window(kind, data)
                } else {
                    page.fire_document(kind, data)
                };
            }
            Step::Answer { url, status, body } => {
                let request = page.requests().into_iter().find(|request| request.url == *url);
                let request = request.ok_or_else(|| format!("no request of {url} is in flight"))?;
                if *status == 0 {
                    request.fail(body.as_str());
                } else {
                    request.answer(Response::text(*status, body.as_str()));
                }
            }
            Step::Socket { url, what, text } => {
                let socket = page.sockets().into_iter().find(|socket| socket.url() == url);
                let socket = socket.ok_or_else(|| format!("there is no socket to {url}"))?;
                match what.as_str() {
                    "open" => socket.accept(),
                    "says" => socket.send(text)?,
                    "closes" => socket.close(text.parse()?, ""),
                    _ => return Err(format!("a socket does not `{what}`").into()),
                }
            }
            Step::Source { url, what, text } => {
                let source = page.event_sources().into_iter().find(|source| source.url() == url);
                let source = source.ok_or_else(|| format!("there is no event source {url}"))?;
                match what.as_str() {
                    "open" => source.open(),
                    "says" => source.send("message", text)?,
                    "fails" => source.fail(),
                    _ => return Err(format!("an event source does not `{what}`").into()),
                }
            }
            Step::Reply { value } => {
                let call = page.calls().into_iter().next().ok_or("nothing calls `later`")?;
                call.answer(Ok(value.clone()));
            }
            Step::Elsewhere { area, item, value } => {
                let area = if area == "local" { StorageArea::Local } else { StorageArea::Session };
                page.store_from_elsewhere(area, item, value.as_str());
            }
            Step::Media { query, matches } => page.set_media(query, *matches),
            Step::Resize { at, width, height } => _ = page.find(at)?.resize(*width, *height)?,
            Step::Intersect { at, ratio } => _ = page.find(at)?.intersect(*ratio)?,
            Step::File { at, name, kind, text } => {
                let file = File::new(name, kind, text.as_bytes());
                _ = page.find(at)?.choose_files(&[file])?;
            }
            Step::Clipboard { text } => page.set_clipboard(text),
            Step::Refuse { reason } => page.deny_clipboard(reason.as_str()),
            Step::Visit { url } => page.go_to_location(url)?,
            Step::Go { by } => page.go_by(*by),
            Step::History { module, by } => _ = page.step(module, i64::from(*by))?,
            Step::Reload { module } => _ = page.reload(module)?,
            Step::Restart { module } => _ = page.restart(module)?,
            Step::Rollback { module } => _ = page.rollback(module)?,
            Step::Call { module, export, arguments } => {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "cases call with small integers"
                )]
                let arguments: Vec<_> =
                    arguments.iter().map(|number| CallValue::I32(*number as i32)).collect();
                let answers = page.module(module)?.call(export, &arguments)?;
                return Ok(Some(json!(format!("{answers:?}"))));
            }
            Step::Generation { module } => {
                let known = page.modules().into_iter().find(|known| known.name == *module);
                return Ok(known.map(|known| json!(known.generation)));
            }
        }
        Ok(None)
    }

    /// Runs a script of the page.
    fn script(&self, step: &Step) -> Result<(), PageError> {
        let page = &self.page;
        match step {
            Step::Append { html } => page.append_html(html),
            Step::Remove { at } => page.find(at)?.remove()?,
            Step::Set { at, name, value } => _ = page.find(at)?.set_attribute(name, value)?,
            Step::Before { at, html } => _ = page.find(at)?.put_before(html)?,
            Step::Wrap { at, tag } => _ = page.find(at)?.wrap(tag)?,
            Step::Replace { at, html } => _ = page.find(at)?.replace_content(html)?,
            Step::Highlight { at } => {
                let highlighted = |text: &str| {
                    let words = text.split(' ').map(|word| match word {
                        "" => String::new(),
                        word => format!("<span>{word}</span>"),
                    });
                    words.collect::<Vec<_>>().join(" ")
                };
                _ = page.find(at)?.replace_texts(highlighted)?;
            }
            Step::Translate { at } => {
                let translated =
                    |text: &str| format!("<font><font>{}</font></font>", text.to_uppercase());
                _ = page.find(at)?.replace_texts(translated)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn swap(
        &self,
        to: &To,
        meanwhile: &[(String, Step)],
    ) -> Result<(), Box<dyn std::error::Error>> {
        let bytes = self.modules.bytes(self.case, &to.module, &to.version);
        if let Some(transform) = &to.transform {
            _ = self.page.swap_with(&to.module, bytes, &transform.to_string())?;
            return Ok(());
        }
        _ = self.page.swap_observed(&to.module, bytes, |entered: SwapStep| {
            for (_, step) in meanwhile.iter().filter(|(at, _)| *at == entered.to_string()) {
                if let Err(error) = self.step(step) {
                    panic!("{}: at {entered}: {error}", self.case.name);
                }
            }
        });
        Ok(())
    }

    fn observe(&mut self, done: Done) -> Observation {
        let first = |error: &str| error.lines().next().unwrap_or_default().to_owned();
        let (answer, failed) = match done {
            Ok(answer) => (answer, None),
            Err(error) => (None, Some(first(&error.to_string()))),
        };
        let page = &self.page;
        let (log, problems, traps, swaps) =
            (page.log(), page.problems(), page.traps(), page.swaps());
        let level = |level| match level {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        };
        let fields = page.find_all("input, textarea, select").unwrap_or_default();
        let focus = page.focused().map(|element| {
            let name = element.attribute("id").or_else(|| element.attribute("name"));
            format!("{}{}", element.tag(), name.map(|name| format!(" {name}")).unwrap_or_default())
        });
        let location = page.location();
        let location = location.strip_prefix("http://localhost").unwrap_or(&location);
        let loads = page.loads();
        let title = page.title();
        let seen = Observation {
            location: (location != "/").then(|| location.to_owned()),
            title: (!title.is_empty()).then_some(title),
            drawings: drawings(page),
            clipboard: page.clipboard(),
            loads: loads[self.seen.loads..].to_vec(),
            html: without_problems(&page.html()),
            fields: fields.iter().filter_map(shown).collect(),
            focus,
            swaps: swaps[self.seen.swaps..]
                .iter()
                .map(|swap| serde_json::to_value(swap).expect("a swap is JSON"))
                .collect(),
            log: log[self.seen.log..]
                .iter()
                .map(|line| (level(line.level).to_owned(), line.module.clone(), line.text.clone()))
                .collect(),
            problems: problems[self.seen.problems..].to_vec(),
            traps: traps[self.seen.traps..]
                .iter()
                .map(|trap| (trap.module.clone(), trap_text(trap)))
                .collect(),
            sent: Vec::new(),
            answer,
            failed,
        };
        self.seen = Counts {
            log: log.len(),
            problems: problems.len(),
            traps: traps.len(),
            swaps: swaps.len(),
            loads: loads.len(),
        };
        seen
    }
}

/// What each canvas shows, as the commands that drew it.
fn drawings(page: &Page) -> Vec<String> {
    let canvases = page.find_all("canvas").unwrap_or_default();
    canvases.iter().map(|canvas| canvas.drawing().join("; ")).collect()
}

/// The visible state of a field: its value, or all selected options; and whether it is on.
fn shown(field: &Element) -> Option<String> {
    let value = match field.chosen() {
        Ok(chosen) => chosen.join(", "),
        Err(_) => field.value().ok()?,
    };
    let on = field.is_checked().is_ok_and(|on| on);
    Some(if on { format!("{value} (on)") } else { value })
}

/// The message of a trap with its source location.
fn trap_text(trap: &Trap) -> String {
    match &trap.file {
        Some(file) => format!("{} at {file}:{}", trap.message, trap.line),
        None => trap.message.clone(),
    }
}

/// Each engine may show its own content instead of a component that cannot be mounted.
fn without_problems(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, problem)) = rest.split_once("<pre class=\"hmr-problem\"") {
        text.push_str(before);
        rest = problem.split_once("</pre>").map_or("", |(_, after)| after);
    }
    text + rest
}

/// Events as the steps of a case write them.
///
/// # Panics
///
/// If the fields are not those of an event.
#[must_use]
pub fn event(kind: &str, data: &Value) -> EventData {
    let mut data: EventData = serde_json::from_value(data.clone()).expect("the fields of an event");
    kind.clone_into(&mut data.kind);
    data
}

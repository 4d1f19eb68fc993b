//! Carries cases out in the engine in wasmtime.

use std::time::Duration;

use hmr_headless::{EventData, LogLevel, Page, Swap, SwapStep};
use serde_json::Value;

use super::step::To;
use super::{Case, Modules, Observation, Step};

/// Runs a case, and tells what was to be seen when the page was open and after each step.
///
/// # Panics
///
/// If a step cannot be carried out.
#[must_use]
pub fn run(case: &Case, modules: &Modules) -> Vec<Observation> {
    let mut builder = Page::builder().html(&case.page);
    for module in case.modules() {
        if case.versions.contains_key(&(module.clone(), "1".to_owned())) {
            builder = builder.module(&module, modules.bytes(case, &module, "1"));
        }
    }
    let page = builder.open().unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let mut runner = Runner { case, modules, page, told: Told::default() };
    let mut seen = vec![runner.observe(Vec::new(), None)];
    for (line, step) in &case.steps {
        let (swaps, answer) =
            runner.step(step).unwrap_or_else(|error| panic!("{}: `{line}`: {error}", case.name));
        seen.push(runner.observe(swaps, answer));
    }
    seen
}

struct Runner<'a> {
    case: &'a Case,
    modules: &'a Modules,
    page: Page,
    told: Told,
}

/// How much of what the page tells was seen already.
#[derive(Default)]
struct Told {
    log: usize,
    problems: usize,
    traps: usize,
}

type Done = Result<(Vec<Swap>, Option<Value>), Box<dyn std::error::Error>>;

impl Runner<'_> {
    fn step(&self, step: &Step) -> Done {
        let page = &self.page;
        match step {
            Step::Open => {}
            Step::Click { at } => _ = page.find(at)?.click()?,
            Step::Input { at, text } => _ = page.find(at)?.focus()?.set_value(text)?,
            Step::Focus { at } => _ = page.find(at)?.focus()?,
            Step::Advance { ms } => page.advance(Duration::from_secs_f64(ms / 1000.0)),
            Step::Swap { modules, meanwhile } => {
                return Ok((modules.iter().map(|to| self.swap(to, meanwhile)).collect(), None));
            }
            Step::Append { html } => page.append_html(html),
            Step::Remove { at } => page.find(at)?.remove()?,
            Step::Set { at, name, value } => _ = page.find(at)?.set_attribute(name, value)?,
            Step::State { module } => {
                return Ok((Vec::new(), Some(serde_json::to_value(page.snapshot(module)?)?)));
            }
            other => return Err(format!("the headless engine cannot do {other:?}").into()),
        }
        Ok((Vec::new(), None))
    }

    fn swap(&self, to: &To, meanwhile: &[(String, Step)]) -> Swap {
        let bytes = self.modules.bytes(self.case, &to.module, &to.version);
        self.page.swap_observed(&to.module, bytes, |entered: SwapStep| {
            for (_, step) in meanwhile.iter().filter(|(at, _)| *at == entered.to_string()) {
                if let Err(error) = self.step(step) {
                    panic!("{}: at {entered}: {error}", self.case.name);
                }
            }
        })
    }

    fn observe(&mut self, swaps: Vec<Swap>, answer: Option<Value>) -> Observation {
        let page = &self.page;
        let (log, problems, traps) = (page.log(), page.problems(), page.traps());
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
        let seen = Observation {
            html: page.html(),
            fields: fields.iter().filter_map(|field| field.value().ok()).collect(),
            focus,
            swaps: swaps
                .iter()
                .map(|swap| serde_json::to_value(swap).expect("a swap is JSON"))
                .collect(),
            log: log[self.told.log..]
                .iter()
                .map(|line| (level(line.level).to_owned(), line.module.clone(), line.text.clone()))
                .collect(),
            problems: problems[self.told.problems..].to_vec(),
            traps: traps[self.told.traps..]
                .iter()
                .map(|trap| (trap.module.clone(), trap.to_string()))
                .collect(),
            sent: Vec::new(),
            answer,
        };
        self.told = Told { log: log.len(), problems: problems.len(), traps: traps.len() };
        seen
    }
}

/// Events as the steps of a case write them.
///
/// # Panics
///
/// If the fields are none of an event.
#[must_use]
pub fn event(kind: &str, data: &Value) -> EventData {
    let mut data: EventData = serde_json::from_value(data.clone()).expect("the fields of an event");
    kind.clone_into(&mut data.kind);
    data
}

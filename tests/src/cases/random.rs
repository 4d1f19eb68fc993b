//! Random cases: components with signals, a list, a condition and a timer, edits of them, and what a user does in between.
//!
//! A list of numbers, the choices, fixes a case. The generator writes each version as Rust source, and a model beside it applies the rules of
//! `docs/sdk.md` ("What a swap does to state") to the signals: it knows nothing of modules or engines, and computes what
//! each swap must report of every key, and what every signal holds then.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use proptest::strategy::Strategy;
use serde_json::{Value, json};

use super::Case;
use super::read::{CaseStep, Source};

/// A random case, and what its swaps must report and leave.
#[derive(Debug, Clone)]
pub struct Random {
    /// The case. It expects nothing.
    pub case: Case,
    /// For each swap, in order: the outcome of each key of the instance.
    pub outcomes: Vec<BTreeMap<String, String>>,
    /// The values of the instance's signals after each swap, by key.
    pub values: Vec<BTreeMap<String, Value>>,
}

/// How many choices a case may use up. Later ones are 0.
const CHOICES: usize = 60;

/// The choices that make a case. Smaller and fewer choices make a simpler one.
pub fn choices() -> impl Strategy<Value = Vec<u16>> {
    proptest::collection::vec(proptest::num::u16::ANY, 0..=CHOICES)
}

/// Choices, one after another.
struct Choices<'a>(std::slice::Iter<'a, u16>);

impl Choices<'_> {
    /// A number below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % end
    }
}

/// A signal's type. Writing to one sets `n` in that type.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Type {
    Number,
    Wide,
    Text,
    Maybe,
    Flag,
}

const TYPES: [Type; 5] = [Type::Number, Type::Wide, Type::Text, Type::Maybe, Type::Flag];

impl Type {
    fn rust(self, n: u32) -> String {
        match self {
            Self::Number => format!("{n}_u32"),
            Self::Wide => format!("{n}_u64"),
            Self::Text => format!("String::from(\"{n}\")"),
            Self::Maybe => format!("Some({n}_u32)"),
            Self::Flag => (n % 2 == 1).to_string(),
        }
    }

    fn json(self, n: u32) -> Value {
        match self {
            Self::Number | Self::Wide | Self::Maybe => json!(n),
            Self::Text => json!(n.to_string()),
            Self::Flag => json!(n % 2 == 1),
        }
    }

    /// The report's name for the type that a value was migrated from.
    fn fingerprint(self) -> &'static str {
        match self {
            Self::Number => "u32",
            Self::Wide => "u64",
            Self::Text => "alloc::string::String",
            Self::Maybe => "core::option::Option<u32>",
            Self::Flag => "bool",
        }
    }

    fn reads(self, value: &Value) -> bool {
        match self {
            Self::Number | Self::Wide | Self::Maybe => value.is_number(),
            Self::Text => value.is_string(),
            Self::Flag => value.is_boolean(),
        }
    }
}

#[derive(Debug, Clone)]
struct Signal {
    name: String,
    kind: Type,
    initial: u32,
}

/// The position of the inner component's view in the outer one's.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Position {
    Plain,
    Wrapped,
    Shown,
    Listed,
}

const POSITIONS: [Position; 4] =
    [Position::Plain, Position::Wrapped, Position::Shown, Position::Listed];

/// One version of the module: an outer component with signals of its own, and an inner one.
#[derive(Debug, Clone)]
struct Version {
    outer: Vec<Signal>,
    inner: Vec<Signal>,
    position: Position,
    timer: bool,
    /// How deep the outer markup is wrapped.
    wraps: usize,
    /// The value written by this version's buttons.
    written: u32,
}

impl Version {
    fn source(&self) -> String {
        let mut text = String::from("#[component]\nfn Inner() -> View {\n");
        write_signals(&mut text, &self.inner, "inner", self.written, "");
        text.push_str("#[component(export)]\npub fn App() -> View {\n");
        if self.timer {
            text.push_str("    let ticks = signal(0_u32);\n    interval(\"tick\", 1000, move || ticks.update(|n| *n += 1));\n");
        }
        let inner = match self.position {
            Position::Plain => "<Inner />",
            Position::Wrapped => "<section><Inner /></section>",
            Position::Shown => "<Show when={|| true}><Inner /></Show>",
            Position::Listed => {
                "<For each={|| vec![1_u32, 2]} key={|id| *id} view={|_| view! { <Inner /> }} />"
            }
        };
        let ticks = if self.timer { "<i>{ticks}</i>" } else { "" };
        let (open, close) = ("<div>".repeat(self.wraps), "</div>".repeat(self.wraps));
        let rest = format!("{ticks}{inner}{close}");
        write_signals(&mut text, &self.outer, "outer", self.written, &format!("{open}\n{rest}"));
        text
    }

    /// The type and the initial value of each signal of the instance, by key.
    fn keys(&self) -> BTreeMap<String, (Type, u32)> {
        let scopes: &[&str] = match self.position {
            Position::Plain | Position::Wrapped => &["Inner:"],
            Position::Shown => &["Show:Inner:"],
            Position::Listed => &["For:1:Inner:", "For:2:Inner:"],
        };
        let described = |signal: &Signal| (signal.kind, signal.initial);
        let mut keys: BTreeMap<String, (Type, u32)> =
            self.outer.iter().map(|signal| (signal.name.clone(), described(signal))).collect();
        for scope in scopes {
            let key = |each: &Signal| format!("{scope}{}", each.name);
            keys.extend(self.inner.iter().map(|each| (key(each), described(each))));
        }
        if self.timer {
            keys.insert("ticks".to_owned(), (Type::Number, 0));
        }
        keys
    }

    /// The first item's scope is where the first button of the class `inner` is.
    fn first_scope(&self) -> &'static str {
        match self.position {
            Position::Plain | Position::Wrapped => "Inner:",
            Position::Shown => "Show:Inner:",
            Position::Listed => "For:1:Inner:",
        }
    }
}

/// The rest of a component: its signals, a button that sets all of them, and the content around and after it.
fn write_signals(text: &mut String, signals: &[Signal], class: &str, written: u32, around: &str) {
    for Signal { name, kind, initial } in signals {
        _ = writeln!(text, "    let {name} = signal({});", kind.rust(*initial));
    }
    let mut sets = String::new();
    for signal in signals {
        _ = write!(sets, "{}.set({}); ", signal.name, signal.kind.rust(written));
    }
    let mut shown = String::new();
    for signal in signals {
        _ = write!(shown, " {{move || format!(\"{{:?}} \", {}.get())}}", signal.name);
    }
    let (open, rest) = around.split_once('\n').unwrap_or_default();
    _ = writeln!(
        text,
        "    view! {{ {open}<button class=\"{class}\" on:click={{move |_| {{ {sets}}}}}>\"{class}\"{shown}</button>{rest} }}\n}}\n"
    );
}

/// A signal's value as the rules see it.
#[derive(Debug, Clone)]
struct Held {
    kind: Type,
    /// Its value, if it was set.
    value: Option<Value>,
    /// Its value, if it was not set.
    initial: Value,
}

/// The state of the instance: the values of signals, and those kept as orphans.
#[derive(Debug, Default)]
struct Model {
    live: BTreeMap<String, Held>,
    orphans: BTreeMap<String, Held>,
}

impl Model {
    fn mount(version: &Version) -> Self {
        let begin = |(key, (kind, initial)): (String, (Type, u32))| {
            (key, Held { kind, value: None, initial: kind.json(initial) })
        };
        Self { live: version.keys().into_iter().map(begin).collect(), orphans: BTreeMap::new() }
    }

    fn set(&mut self, key: &str, value: impl Fn(Type) -> Value) {
        if let Some(held) = self.live.get_mut(key) {
            held.value = Some(value(held.kind));
        }
    }

    /// The interval, if there is one, counts one more.
    fn tick(&mut self) {
        if let Some(held) = self.live.get_mut("ticks") {
            let before = held.value.as_ref().and_then(Value::as_u64).unwrap_or_default();
            held.value = Some(json!(before + 1));
        }
    }

    fn click(&mut self, version: &Version, class: &str) {
        let (scope, signals) = match class {
            "inner" => (version.first_scope(), &version.inner),
            _ => ("", &version.outer),
        };
        for signal in signals {
            self.set(&format!("{scope}{}", signal.name), |kind| kind.json(version.written));
        }
    }

    /// The swap's report for each key: the outcome, and the type that a value was migrated from.
    fn swap(&mut self, to: &Version) -> BTreeMap<String, String> {
        let mut outcomes = BTreeMap::new();
        let mut old = std::mem::take(&mut self.live);
        for (key, (kind, initial)) in to.keys() {
            let orphan = self.orphans.remove(&key);
            let new = Held { kind, value: None, initial: kind.json(initial) };
            let (outcome, value) = self.taken(&key, &new, old.remove(&key), orphan);
            self.live.insert(key.clone(), Held { value, ..new });
            outcomes.insert(key, outcome);
        }
        for (key, held) in old {
            outcomes.insert(key.clone(), "orphaned".to_owned());
            self.orphans.insert(key, held);
        }
        outcomes
    }

    /// The value of each signal: the one taken over or set, else its initial value in this version.
    fn values(&self, version: &Version) -> BTreeMap<String, Value> {
        let value = |(key, (kind, initial)): (String, (Type, u32))| {
            let held = self.live.get(&key).and_then(|held| held.value.clone());
            (key, held.unwrap_or_else(|| kind.json(initial)))
        };
        version.keys().into_iter().map(value).collect()
    }

    fn taken(
        &mut self,
        key: &str,
        new: &Held,
        old: Option<Held>,
        orphan: Option<Held>,
    ) -> (String, Option<Value>) {
        let kind = new.kind;
        // The outcome for a value that was never set.
        let untouched = |held: &Held, same: &str| {
            let word = if held.initial == new.initial { same } else { "initial" };
            (word.to_owned(), None)
        };
        let readable = |held: &Held| held.value.as_ref().is_none_or(|value| kind.reads(value));
        let back = orphan.clone().filter(|held| held.kind == kind && held.value.is_some());
        let Some(held) = old else {
            return match orphan {
                Some(orphan) if orphan.value.is_none() => untouched(&orphan, "recovered"),
                Some(orphan) if readable(&orphan) => ("recovered".to_owned(), orphan.value),
                Some(orphan) => {
                    self.orphans.insert(key.to_owned(), orphan);
                    ("added".to_owned(), None)
                }
                None => ("added".to_owned(), None),
            };
        };
        if held.value.is_some() && readable(&held) {
            self.orphans.extend(orphan.map(|orphan| (key.to_owned(), orphan)));
            let from = held.kind.fingerprint();
            let kept = held.kind == kind;
            return (
                if kept { "kept".to_owned() } else { format!("migrated from {from}") },
                held.value,
            );
        }
        let unread = held.value.is_some().then(|| held.clone());
        if let Some(back) = back {
            self.orphans.extend(unread.map(|held| (key.to_owned(), held)));
            return ("recovered".to_owned(), back.value);
        }
        let left = unread.clone().or(orphan);
        self.orphans.extend(left.map(|held| (key.to_owned(), held)));
        if unread.is_some() { ("reset".to_owned(), None) } else { untouched(&held, "kept") }
    }
}

/// The case that these choices make, with as many edits.
#[must_use]
pub fn case(seed: u64, choices: &[u16], edits: usize) -> Random {
    let mut choices = Choices(choices.iter());
    let mut version = first(&mut choices);
    let mut model = Model::mount(&version);
    let (mut versions, mut steps) = (BTreeMap::new(), Vec::new());
    let (mut outcomes, mut values) = (Vec::new(), Vec::new());
    let mut add = |number: usize, version: &Version| {
        let name = ("app".to_owned(), number.to_string());
        versions.insert(name, Source::Rust(version.source()));
    };
    add(1, &version);
    for number in 2..=edits + 1 {
        for _ in 0..choices.below(3) {
            steps.push(act(&mut choices, &version, &mut model));
        }
        for _ in 0..=choices.below(2) {
            edit(&mut version, &mut choices);
        }
        version.written = u32::try_from(number).unwrap_or(0) * 10 + 1;
        add(number, &version);
        steps.push(format!("swap app {number}"));
        outcomes.push(model.swap(&version));
        steps.push("state app".to_owned());
        values.push(model.values(&version));
    }
    steps.push(act(&mut choices, &version, &mut model));
    let case = Case {
        file: PathBuf::new(),
        name: format!("random/{seed}"),
        title: format!("Random edits, sequence {seed}"),
        versions,
        page: r#"<hmr-component module="app" component="App"></hmr-component>"#.to_owned(),
        steps: steps.iter().map(|line| CaseStep::parse(line)).collect(),
        expected: String::new(),
        transcript_range: 0..0,
    };
    Random { case, outcomes, values }
}

fn first(choices: &mut Choices<'_>) -> Version {
    let signals = |names: &[&str], choices: &mut Choices<'_>| {
        names.iter().map(|name| signal((*name).to_owned(), choices)).collect()
    };
    Version {
        outer: signals(&["a", "b"], choices),
        inner: signals(&["a", "c"], choices),
        position: POSITIONS[choices.below(4)],
        timer: choices.below(2) == 0,
        wraps: choices.below(2),
        written: 11,
    }
}

fn signal(name: String, choices: &mut Choices<'_>) -> Signal {
    Signal {
        name,
        kind: TYPES[choices.below(5)],
        initial: u32::try_from(choices.below(9)).unwrap_or(0),
    }
}

/// Something that a user does, or time that passes.
fn act(choices: &mut Choices<'_>, version: &Version, model: &mut Model) -> String {
    match choices.below(3) {
        0 => {
            model.click(version, "inner");
            "click button.inner".to_owned()
        }
        1 => {
            model.click(version, "outer");
            "click button.outer".to_owned()
        }
        _ => {
            model.tick();
            "advance 1000".to_owned()
        }
    }
}

fn edit(version: &mut Version, choices: &mut Choices<'_>) {
    let signals = if choices.below(2) == 0 { &mut version.outer } else { &mut version.inner };
    let at = choices.below(signals.len().max(1));
    let free = ["a", "b", "c", "d", "e"]
        .into_iter()
        .find(|name| signals.iter().all(|signal| signal.name != *name));
    match (choices.below(9), free) {
        (0, Some(free)) if !signals.is_empty() => free.clone_into(&mut signals[at].name),
        (1, Some(free)) => signals.push(signal(free.to_owned(), choices)),
        (2, _) if !signals.is_empty() => drop(signals.remove(at)),
        (3, _) => signals.reverse(),
        (4 | 5, _) if !signals.is_empty() => signals[at].kind = TYPES[choices.below(5)],
        (6, _) => version.wraps = (version.wraps + 1) % 3,
        (7, _) => version.timer = !version.timer,
        _ => version.position = POSITIONS[choices.below(4)],
    }
}

/// A case as a file of `tests/cases/`.
#[must_use]
pub fn markdown(case: &Case, transcript: &str) -> String {
    let mut text = format!("# {}\n", case.title);
    for ((module, version), source) in &case.versions {
        if let Source::Rust(source) = source {
            _ = write!(text, "\n```rust {module} {version}\n{}\n```\n", source.trim_end());
        }
    }
    let steps: Vec<&str> = case.steps.iter().map(|step| step.line.as_str()).collect();
    let steps = steps.join("\n");
    _ = write!(text, "\n```steps\n{steps}\n```\n\n```transcript\n{transcript}```\n");
    text
}

//! Random component trees and random edits of them: state is kept exactly when the rules require it.
//!
//! The code of a version is data here: [`App`] renders the content of [`CODE`]. A model applies the rules to keys and JSON
//! alone, and after each swap the restore report, every value and the orphans must be the model's.
#![allow(missing_docs)]

use std::cell::RefCell;
use std::collections::BTreeMap;

use hmr_sdk::prelude::*;
use hmr_sdk::testing::Page;
use proptest::prelude::*;
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Type {
    Number,
    Text,
    Maybe,
    Flag,
}

impl Type {
    fn fingerprint(self) -> &'static str {
        match self {
            Self::Number => "u32",
            Self::Text => "alloc::string::String",
            Self::Maybe => "core::option::Option<u32>",
            Self::Flag => "bool",
        }
    }

    fn value(self, n: u32) -> Value {
        match self {
            Self::Number => json!(n),
            Self::Text => json!(n.to_string()),
            Self::Maybe => json!((!n.is_multiple_of(3)).then_some(n)),
            Self::Flag => json!(n.is_multiple_of(2)),
        }
    }

    fn reads(self, value: &Value) -> bool {
        match self {
            Self::Number => value.is_number(),
            Self::Text => value.is_string(),
            Self::Maybe => value.is_number() || value.is_null(),
            Self::Flag => value.is_boolean(),
        }
    }
}

/// A scope: its name, its signals, the scopes inside it.
#[derive(Debug, Clone)]
struct Node {
    name: &'static str,
    reset: bool,
    signals: Vec<(&'static str, Type, u32)>,
    inner: Vec<Node>,
}

type Setter = Box<dyn Fn(u32)>;

thread_local! {
    static CODE: RefCell<Option<Node>> = const { RefCell::new(None) };
    /// The setters of the signals, in the order of their creation.
    static SETTERS: RefCell<Vec<Setter>> = const { RefCell::new(Vec::new()) };
    /// Which are to be set, and to what.
    static WRITES: RefCell<Vec<(usize, u32)>> = const { RefCell::new(Vec::new()) };
}

#[component(export)]
fn App() -> View {
    SETTERS.take();
    if let Some(code) = CODE.with_borrow(Clone::clone) {
        run(&code);
    }
    let write = move |_| {
        for (at, n) in WRITES.take() {
            SETTERS.with_borrow(|setters| setters[at](n));
        }
    };
    view! { <b on:click={write}>"write"</b> }
}

fn run(node: &Node) {
    if node.reset {
        hmr_sdk::rt::reset_scope(node.name);
    }
    for (name, kind, initial) in &node.signals {
        let initial = kind.value(*initial);
        let setter: Setter = match kind {
            Type::Number => setter::<u32>(name, &initial, *kind),
            Type::Text => setter::<String>(name, &initial, *kind),
            Type::Maybe => setter::<Option<u32>>(name, &initial, *kind),
            Type::Flag => setter::<bool>(name, &initial, *kind),
        };
        SETTERS.with_borrow_mut(|setters| setters.push(setter));
    }
    for inner in &node.inner {
        scope(inner.name, || run(inner));
    }
}

fn setter<T: hmr_sdk::State>(name: &str, initial: &Value, kind: Type) -> Setter {
    let read = |value: &Value| serde_json::from_value::<T>(value.clone()).expect("its own value");
    let signal = signal_keyed(name, read(initial));
    Box::new(move |n| signal.set(read(&kind.value(n))))
}

#[derive(Debug, Clone, PartialEq)]
struct Held {
    kind: &'static str,
    value: Value,
    set: bool,
}

/// The state as the rules have it.
#[derive(Default)]
struct Model {
    live: BTreeMap<String, Held>,
    orphans: BTreeMap<String, Held>,
    /// The keys of the live signals, in the order of their making.
    order: Vec<(String, Type)>,
}

impl Model {
    /// The outcome of each key when this code takes over.
    fn swap(&mut self, code: &Node) -> BTreeMap<String, String> {
        let mut old = std::mem::take(&mut self.live);
        self.order.clear();
        let mut outcomes = BTreeMap::new();
        self.claim(code, "run", false, &mut old, &mut outcomes);
        for (key, held) in old {
            if held.set || self.orphans.get(&key).is_none_or(|there| !there.set) {
                self.orphans.insert(key.clone(), held);
            }
            outcomes.insert(key, "orphaned".to_owned());
        }
        outcomes
    }

    fn claim(
        &mut self,
        node: &Node,
        path: &str,
        reset: bool,
        old: &mut BTreeMap<String, Held>,
        outcomes: &mut BTreeMap<String, String>,
    ) {
        let reset = reset || node.reset;
        let mut taken = BTreeMap::new();
        for &(name, kind, initial) in &node.signals {
            let key = key(path, &mut taken, name);
            let initial = Held { kind: kind.fingerprint(), value: kind.value(initial), set: false };
            let (outcome, held) = self.one(&key, kind, initial, reset, old.remove(&key));
            outcomes.insert(key.clone(), outcome.to_owned());
            self.live.insert(key.clone(), held);
            self.order.push((key, kind));
        }
        for inner in &node.inner {
            let path = key(path, &mut taken, inner.name);
            self.claim(inner, &path, reset, old, outcomes);
        }
    }

    fn one(
        &mut self,
        key: &str,
        kind: Type,
        initial: Held,
        reset: bool,
        old: Option<Held>,
    ) -> (&'static str, Held) {
        let fingerprint = kind.fingerprint();
        let held = |value: &Value| Held { kind: fingerprint, value: value.clone(), set: true };
        let orphan = self.orphans.get(key).cloned();
        if reset && (old.is_some() || orphan.is_some()) {
            self.orphans.remove(key);
            return ("reset", initial);
        }
        let fallback = orphan.as_ref().filter(|o| o.set && o.kind == fingerprint).cloned();
        match (old, orphan) {
            (None, Some(orphan)) if !orphan.set => {
                self.orphans.remove(key);
                (if orphan.value == initial.value { "recovered" } else { "initial" }, initial)
            }
            (None, Some(orphan)) if kind.reads(&orphan.value) => {
                self.orphans.remove(key);
                ("recovered", held(&orphan.value))
            }
            (None, _) => ("added", initial),
            (Some(old), _) if old.set && kind.reads(&old.value) => {
                (if old.kind == fingerprint { "kept" } else { "migrated" }, held(&old.value))
            }
            (Some(old), _) => {
                if fallback.is_some() {
                    self.orphans.remove(key);
                }
                if old.set {
                    self.orphans.insert(key.to_owned(), old.clone());
                }
                match fallback {
                    Some(orphan) => ("recovered", held(&orphan.value)),
                    None if old.set => ("reset", initial),
                    None if old.value == initial.value => ("kept", initial),
                    None => ("initial", initial),
                }
            }
        }
    }
}

fn key(path: &str, taken: &mut BTreeMap<&'static str, u32>, name: &'static str) -> String {
    let times = taken.entry(name).or_insert(0);
    *times += 1;
    let name = if *times == 1 { name.to_owned() } else { format!("{name}#{}", *times - 1) };
    if path.is_empty() { name } else { format!("{path}:{name}") }
}

fn node() -> impl Strategy<Value = Node> {
    let kind = prop_oneof![
        3 => Just(Type::Number),
        2 => Just(Type::Text),
        1 => Just(Type::Maybe),
        1 => Just(Type::Flag)
    ];
    let signal = (prop::sample::select(vec!["x", "y", "z"]), kind, 0_u32..9);
    let signals = prop::collection::vec(signal, 0..4);
    let name = prop::sample::select(vec!["Card", "Row"]);
    let shape = (name, prop::bool::weighted(0.06), signals);
    let build = |(name, reset, signals), inner| Node { name, reset, signals, inner };
    let leaf = shape.clone().prop_map(move |shape| build(shape, Vec::new()));
    leaf.prop_recursive(3, 12, 3, move |inner| {
        (shape.clone(), prop::collection::vec(inner, 0..3))
            .prop_map(move |(shape, inner)| build(shape, inner))
    })
}

fn outcome(outcome: &KeyOutcome) -> &'static str {
    match outcome {
        KeyOutcome::Kept => "kept",
        KeyOutcome::Initial => "initial",
        KeyOutcome::Migrated { .. } => "migrated",
        KeyOutcome::Reset { .. } => "reset",
        KeyOutcome::Added => "added",
        KeyOutcome::Recovered => "recovered",
        KeyOutcome::Orphaned => "orphaned",
    }
}

fn held(
    states: &BTreeMap<String, hmr_abi::state::SignalState>,
) -> BTreeMap<String, (String, bool, Value)> {
    let read = |state: &hmr_abi::state::SignalState| {
        let json = state.value.as_ref().map_or("", |value| value.get());
        (state.fingerprint.clone(), state.set, serde_json::from_str(json).expect("JSON"))
    };
    states.iter().map(|(key, state)| (key.clone(), read(state))).collect()
}

fn modelled(states: &BTreeMap<String, Held>) -> BTreeMap<String, (String, bool, Value)> {
    let read = |held: &Held| (held.kind.to_owned(), held.set, held.value.clone());
    states.iter().map(|(key, held)| (key.clone(), read(held))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn state_is_kept_exactly_when_the_rules_say_so(
        versions in prop::collection::vec((node(), prop::collection::vec((0_usize..8, 0_u32..9), 0..8)), 2..5),
    ) {
        let mut model = Model::default();
        let mut snapshot = None;
        for (code, writes) in versions {
            CODE.set(Some(code.clone()));
            let mut page = Page::new().with::<AppProps>();
            let expected = model.swap(&code);
            match &snapshot {
                None => page.mount(1, "App", &json!({})).expect("it mounts"),
                Some(snapshot) => {
                    let report = page.restore(snapshot);
                    let reported: BTreeMap<_, _> = report.instances[0]
                        .keys
                        .iter()
                        .map(|(key, reported)| (key.clone(), outcome(reported).to_owned()))
                        .collect();
                    prop_assert_eq!(reported, expected);
                }
            }
            for (at, n) in writes.into_iter().filter(|(at, _)| *at < model.order.len()) {
                WRITES.with_borrow_mut(|writes| writes.push((at, n)));
                let (key, kind) = model.order[at].clone();
                let value = kind.value(n);
                model.live.insert(key, Held { kind: kind.fingerprint(), value, set: true });
            }
            page.click("b");
            let state = page.capture();
            prop_assert_eq!(held(&state.instances[0].signals), modelled(&model.live));
            prop_assert_eq!(held(&state.instances[0].orphans), modelled(&model.orphans));
            snapshot = Some(state);
        }
    }
}

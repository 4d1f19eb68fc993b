//! The live values of this copy of the application, and those of the copy before it.
//!
//! In: values as they are made ([`start`], [`register`]), and the snapshot of the copy before ([`restore`]). Out: initial or old values, a
//! snapshot ([`capture`]) and the [`report`].
//!
//! - An old value is given to one place, once.
//! - Old values that no place has taken wait until [`settle`]. Then they go into the next snapshots as orphans: only a later copy can
//!   take them.
//! - A value that was never changed gives way to a changed initial value.

use std::any::type_name;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::{Rc, Weak};

use crate::codec::Codec;
use crate::keep::{NotCarried, ReadError};
use crate::value::Value;

/// Where a value is made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The path of the instance of a component: `/List/Row[7]`.
    pub path: String,
    /// The component.
    pub component: String,
    /// The value's name in it, that of the hook around it before it: `field.draft`.
    pub name: String,
}

impl Place {
    /// The key in reports.
    fn key(&self) -> String {
        let path = self.path.trim_start_matches('/');
        let last = path.rsplit('/').next().unwrap_or(path);
        let is_own = last.split(['#', '[', '~']).next() == Some(&*self.component);
        match (path.is_empty(), is_own) {
            (true, _) => format!("{}:{}", self.component, self.name),
            (false, true) => format!("{path}:{}", self.name),
            (false, false) => format!("{path}/{}:{}", self.component, self.name),
        }
    }
}

/// A value that exists.
pub trait Live {
    /// Where it was made. The path may have changed since then.
    fn place(&self) -> Place;
    /// Its type.
    fn kind(&self) -> &'static str;
    /// How it began.
    fn started(&self) -> Started;
    /// Its value now.
    fn value(&self) -> Result<Value, NotCarried>;
}

/// How a value began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Started {
    /// The initial value as JSON, if it began with that; none if it began with an old value.
    initial: Option<String>,
}

/// What became of one value.
#[derive(Debug, Clone)]
struct Outcome {
    key: String,
    outcome: &'static str,
    /// The name and the text of the reason, or of the earlier type.
    detail: Option<(&'static str, String)>,
}

/// A value of the copy before.
#[derive(Debug, Clone)]
struct Old {
    kind: String,
    was_set: bool,
    is_orphan: bool,
    value: Value,
}

#[derive(Default)]
struct Registry {
    live: RefCell<Vec<Weak<dyn Live>>>,
    old: Waiting,
    /// Old values that cannot be taken any more.
    settled: Waiting,
    outcomes: RefCell<Vec<Outcome>>,
    restored: Cell<bool>,
    /// Whether `main` has returned.
    has_started: Cell<bool>,
    /// Values that nothing else holds, by their numbers.
    held: RefCell<BTreeMap<u64, Rc<dyn Live>>>,
    next: Cell<u64>,
}

thread_local! {
    static REGISTRY: Registry = Registry::default();
}

/// Makes a value: the old one of this place, or else the initial one.
pub fn start<T>(place: &Place, codec: Codec<T>, initial: impl FnOnce() -> T) -> (T, Started) {
    let old = REGISTRY.with(|registry| take(&registry.old, place));
    begin_with(old, place, type_name::<T>(), codec.read, || begin(codec, initial))
}

/// The same for a value that may be made at any time, and has a place of its own all the same.
pub(crate) fn start_late<T>(
    place: &Place,
    codec: Codec<T>,
    initial: impl FnOnce() -> T,
) -> (T, Started) {
    let take =
        |registry: &Registry| take(&registry.old, place).or_else(|| take(&registry.settled, place));
    let old = REGISTRY.with(take);
    begin_with(old, place, type_name::<T>(), codec.read, || begin(codec, initial))
}

/// The same for a variable that exists already. `set` gives it the old value.
pub(crate) fn start_existing(
    place: &Place,
    kind: &'static str,
    set: impl FnOnce(&Value) -> Result<(), ReadError>,
    initial: impl FnOnce() -> Result<Value, NotCarried>,
) -> Started {
    let old = REGISTRY.with(|registry| take(&registry.old, place));
    let ((), started) = begin_with(old, place, kind, set, || begun((), initial()));
    started
}

/// The values of the copy before, by their places.
type Waiting = RefCell<BTreeMap<Place, VecDeque<Old>>>;

fn take(waiting: &Waiting, place: &Place) -> Option<Old> {
    let mut all = waiting.borrow_mut();
    let here = all.get_mut(place)?;
    let first = here.pop_front();
    if here.is_empty() {
        all.remove(place);
    }
    first
}

fn begin_with<T>(
    old: Option<Old>,
    place: &Place,
    kind: &'static str,
    read: impl FnOnce(&Value) -> Result<T, ReadError>,
    begin: impl FnOnce() -> Initial<T>,
) -> (T, Started) {
    let Some(old) = old else {
        let (value, json, outcome) = begin();
        note(place, outcome.unwrap_or(("added", None)));
        return (value, Started { initial: json });
    };
    if !old.was_set {
        let (value, json, outcome) = begin();
        let is_same = json.as_deref() == Some(&*old.value.to_json());
        note(place, outcome.unwrap_or((if is_same { "kept" } else { "initial" }, None)));
        return (value, Started { initial: json });
    }
    match read(&old.value) {
        Ok(value) => {
            let outcome = if old.is_orphan {
                ("recovered", None)
            } else if old.kind == kind {
                ("kept", None)
            } else {
                ("migrated", Some(("from", old.kind)))
            };
            note(place, outcome);
            (value, Started { initial: None })
        }
        Err(error) => {
            note(place, ("reset", Some(("reason", error.to_string()))));
            let (value, json, _) = begin();
            (value, Started { initial: json })
        }
    }
}

/// Reports that a value is not carried.
pub fn refuse(place: &Place, error: &NotCarried) {
    note(place, ("not-carried", Some(("reason", error.to_string()))));
}

type Noted = (&'static str, Option<(&'static str, String)>);

/// An initial value, and its JSON, or else that it is not carried.
type Initial<T> = (T, Option<String>, Option<Noted>);

fn begin<T>(codec: Codec<T>, initial: impl FnOnce() -> T) -> Initial<T> {
    let value = initial();
    let written = (codec.write)(&value);
    begun(value, written)
}

fn begun<T>(value: T, written: Result<Value, NotCarried>) -> Initial<T> {
    match written {
        Ok(written) => (value, Some(written.to_json()), None),
        Err(error) => {
            let outcome = ("not-carried", Some(("reason", error.to_string())));
            (value, None, Some(outcome))
        }
    }
}

fn note(place: &Place, (outcome, detail): Noted) {
    REGISTRY.with(|registry| {
        if registry.restored.get() {
            let outcome = Outcome { key: place.key(), outcome, detail };
            registry.outcomes.borrow_mut().push(outcome);
        }
    });
}

/// Has a value captured for as long as it exists.
pub fn register(live: Weak<dyn Live>) {
    REGISTRY.with(|registry| {
        let mut all = registry.live.borrow_mut();
        // Dropped ones are removed now and then.
        if all.len() % 64 == 63 {
            all.retain(|it| it.strong_count() > 0);
        }
        all.push(live);
    });
}

/// A value that the registry holds until [`forget`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held(u64);

/// Holds a registered value, where nothing of the framework can.
pub fn hold(live: Rc<dyn Live>) -> Held {
    REGISTRY.with(|registry| {
        let number = registry.next.replace(registry.next.get() + 1);
        registry.held.borrow_mut().insert(number, live);
        Held(number)
    })
}

/// Ends [`hold`]: the value does not exist any more.
pub fn forget(held: Held) {
    // A value may be dropped while the thread ends.
    let live = REGISTRY.try_with(|registry| registry.held.borrow_mut().remove(&held.0));
    drop(live);
}

/// The start of the application is over: `main` has returned.
pub fn started() {
    REGISTRY.with(|registry| registry.has_started.set(true));
}

/// Whether the application starts: [`started`] has not been called yet.
pub(crate) fn is_starting() -> bool {
    REGISTRY.with(|registry| !registry.has_started.get())
}

/// All values, as JSON for [`restore`].
#[must_use]
pub fn capture() -> String {
    REGISTRY.with(|registry| {
        let live: Vec<_> = registry.live.borrow().iter().filter_map(Weak::upgrade).collect();
        let mut values: Vec<Value> = live.iter().filter_map(|it| captured(&**it)).collect();
        for old in [&registry.old, &registry.settled] {
            for (place, waiting) in old.borrow().iter() {
                // An initial value is made again by code that has the place again.
                let set = waiting.iter().filter(|it| it.was_set);
                values.extend(set.map(|it| entry(place, &it.kind, true, true, it.value.clone())));
            }
        }
        Value::Object(vec![("values".to_owned(), Value::Array(values))]).to_json()
    })
}

fn captured(live: &dyn Live) -> Option<Value> {
    // A value that cannot be carried is reported when the new code makes it.
    let value = live.value().ok()?;
    let was_set = live.started().initial.is_none_or(|initial| initial != value.to_json());
    Some(entry(&live.place(), live.kind(), was_set, false, value))
}

fn entry(place: &Place, kind: &str, was_set: bool, is_orphan: bool, value: Value) -> Value {
    let entry = |name: &str, value: Value| (name.to_owned(), value);
    let text = |text: &str| Value::from(text);
    Value::Object(vec![
        entry("path", text(&place.path)),
        entry("component", text(&place.component)),
        entry("name", text(&place.name)),
        entry("type", text(kind)),
        entry("set", Value::Bool(was_set)),
        entry("orphan", Value::Bool(is_orphan)),
        entry("value", value),
    ])
}

/// Takes the values of the copy before. Call it before anything is made.
///
/// # Errors
///
/// If the text is not what [`capture`] writes. Nothing is restored then.
pub fn restore(snapshot: &str) -> Result<(), String> {
    let snapshot = Value::parse(snapshot)?;
    let values = snapshot.get("values").and_then(Value::as_array);
    let values = values.ok_or_else(|| "a snapshot without `values`".to_owned())?;
    let mut old: BTreeMap<Place, VecDeque<Old>> = BTreeMap::new();
    for each in values {
        let text = |name| each.get(name).and_then(Value::as_text).unwrap_or_default().to_owned();
        let is = |name| each.get(name) == Some(&Value::Bool(true));
        let place = Place { path: text("path"), component: text("component"), name: text("name") };
        let value = each.get("value").cloned().unwrap_or(Value::Null);
        let one = Old { kind: text("type"), was_set: is("set"), is_orphan: is("orphan"), value };
        old.entry(place).or_default().push_back(one);
    }
    REGISTRY.with(|registry| {
        *registry.old.borrow_mut() = old;
        registry.restored.set(true);
    });
    Ok(())
}

/// What became of each value so far, as JSON: an object with an outcome for each key.
#[must_use]
pub fn report() -> String {
    REGISTRY.with(|registry| {
        let mut outcomes = registry.outcomes.borrow().clone();
        for (place, waiting) in registry.old.borrow().iter() {
            let orphaned = Outcome { key: place.key(), outcome: "orphaned", detail: None };
            let new = waiting.iter().filter(|it| !it.is_orphan);
            outcomes.extend(new.map(|_| orphaned.clone()));
        }
        let mut used: BTreeMap<String, usize> = BTreeMap::new();
        let mut entries = Vec::new();
        for Outcome { key, outcome, detail } in outcomes {
            let number = used.entry(key.clone()).or_default();
            let unique = if *number == 0 { key } else { format!("{key}~{number}") };
            *number += 1;
            let mut fields = vec![("outcome".to_owned(), Value::from(outcome))];
            fields.extend(detail.map(|(name, text)| (name.to_owned(), Value::Text(text))));
            entries.push((unique, Value::Object(fields)));
        }
        Value::Object(entries).to_json()
    })
}

/// Ends the time in which old values can be taken, and what is noted for the report.
pub fn settle() {
    REGISTRY.with(|registry| {
        let mut settled = registry.settled.borrow_mut();
        for (place, waiting) in std::mem::take(&mut *registry.old.borrow_mut()) {
            settled.entry(place).or_default().extend(waiting);
        }
        registry.outcomes.borrow_mut().clear();
        registry.restored.set(false);
    });
}

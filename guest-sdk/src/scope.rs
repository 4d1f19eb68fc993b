//! Key scopes: where a signal's key comes from.
//!
//! A scope is a place in the component tree: `Row#1`, the item `7` of a list. It knows the binding that is being
//! made right now (`let count = …`), and how often each name was taken, so that the second one becomes `name#1`.
//! Keys never hold a line number or an address. A scope that renders again is entered through a *fresh* twin,
//! whose counts start over, so that it finds the same names. What was made in a scope and runs *later*, a handler for
//! instance, enters it through a twin too.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use sycamore_reactive::{NodeHandle, on_cleanup, use_current_scope};

use crate::instance::Instance;
use crate::reactive::under;

/// One scope; see the module's documentation.
pub(crate) struct Scope {
    pub(crate) instance: Rc<Instance>,
    /// Names from the instance down, joined with `:`; empty for the instance's own component.
    pub(crate) path: String,
    binding: RefCell<Option<String>>,
    taken: RefCell<BTreeMap<String, u32>>,
    /// What is marked `reset`, if anything here is: the component that this scope is of or in, or the binding that is being made.
    reset: Cell<Option<&'static str>>,
    entry: Entry,
}

/// Why a scope is entered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It renders.
    Rendering,
    /// Something that was made in it runs: what that makes is new each time.
    Later,
    /// It goes on: what it made before is found again.
    Again,
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Scope>>> = const { RefCell::new(None) };
}

impl Scope {
    /// The scope of an instance's own component.
    pub(crate) fn of_instance(instance: Rc<Instance>) -> Rc<Self> {
        Rc::new(Self {
            instance,
            path: String::new(),
            binding: RefCell::default(),
            taken: RefCell::default(),
            reset: Cell::new(None),
            entry: Entry::Rendering,
        })
    }

    fn at(&self, path: String, entry: Entry) -> Rc<Self> {
        Rc::new(Self {
            instance: Rc::clone(&self.instance),
            path,
            binding: RefCell::default(),
            taken: RefCell::default(),
            reset: self.reset.clone(),
            entry,
        })
    }

    /// A scope of the same path whose names were not taken yet.
    pub(crate) fn fresh(&self) -> Rc<Self> {
        self.at(self.path.clone(), self.entry)
    }

    /// The same for what was made here and runs now.
    pub(crate) fn later(&self) -> Rc<Self> {
        self.at(self.path.clone(), Entry::Later)
    }

    /// A scope of the same instance whose path is this key.
    pub(crate) fn at_key(&self, key: &str) -> Rc<Self> {
        self.at(key.to_owned(), Entry::Rendering)
    }

    /// A scope inside this one under a name that is certain to be its own.
    pub(crate) fn within(&self, name: &str) -> Rc<Self> {
        self.at(self.key(name), self.entry)
    }

    /// A scope inside this one; a name that was taken gets an index.
    pub(crate) fn inner(&self, name: &str) -> Rc<Self> {
        self.within(&self.take(name))
    }

    /// Takes a name: the first time as it is, then with `#1`, `#2`, …
    pub(crate) fn take(&self, name: &str) -> String {
        let mut taken = self.taken.borrow_mut();
        let times = taken.entry(name.to_owned()).or_insert(0);
        *times += 1;
        if *times == 1 { name.to_owned() } else { format!("{name}#{}", *times - 1) }
    }

    /// Takes the name of a resource. Resources and signals may share a name.
    pub(crate) fn take_resource(&self, name: &str) -> String {
        self.take_marked('\0', name)
    }

    /// Takes the name of a task, which resources and signals may share.
    pub(crate) fn take_task(&self, name: &str) -> String {
        self.take_marked('\u{1}', name)
    }

    fn take_marked(&self, mark: char, name: &str) -> String {
        self.take(&format!("{mark}{name}")).split_off(mark.len_utf8())
    }

    /// The key of a name in this scope.
    pub(crate) fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}:{name}", self.path) }
    }

    /// The binding that is being made, if any.
    pub(crate) fn binding(&self) -> Option<String> {
        self.binding.borrow().clone()
    }

    /// What is marked `reset`, if anything here is.
    pub(crate) fn reset(&self) -> Option<&'static str> {
        self.reset.get()
    }

    /// Why the scope was entered.
    pub(crate) fn entry(&self) -> Entry {
        self.entry
    }
}

/// The scope that is running, if any instance is.
pub(crate) fn current() -> Option<Rc<Scope>> {
    CURRENT.with_borrow(Clone::clone)
}

/// Runs something in a scope.
pub(crate) fn enter<R>(scope: Rc<Scope>, run: impl FnOnce() -> R) -> R {
    let _entered = Entered::new(scope);
    run()
}

/// Stands for being in a scope; leaves it when dropped.
pub struct Entered(Option<Rc<Scope>>);

impl Entered {
    pub(crate) fn new(scope: Rc<Scope>) -> Self {
        Self(CURRENT.replace(Some(scope)))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// Runs `f` in a scope of its own: the keys of the signals that it makes begin with `name`.
pub fn scope<R>(name: &str, f: impl FnOnce() -> R) -> R {
    match current() {
        Some(outer) => enter(outer.inner(name), f),
        None => f(),
    }
}

/// A closure that runs in the scope in which this is called, whoever calls it and whenever. What it made when it ran
/// before it finds again: a signal is the same signal.
pub fn in_scope<A, R>(mut f: impl FnMut(A) -> R) -> impl FnMut(A) -> R {
    let home = Home::here();
    move |argument| home.run(|| f(argument))
}

/// A scope, what its effects and clean-ups hang on, and whether that is gone.
struct Home(Option<(Rc<Scope>, NodeHandle, Rc<Cell<bool>>)>);

impl Home {
    fn here() -> Self {
        let scope = current();
        Self(scope.map(|scope| {
            let gone = Rc::new(Cell::new(false));
            let told = Rc::clone(&gone);
            on_cleanup(move || told.set(true));
            (scope, use_current_scope(), gone)
        }))
    }

    fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        match &self.0 {
            Some((scope, owner, gone)) if !gone.get() => {
                let scope = scope.at(scope.path.clone(), Entry::Again);
                under(Some(Rc::clone(gone)), || owner.run_in(|| enter(scope, f)))
            }
            _ => f(),
        }
    }
}

/// Marks the running scope, a component's, as `reset`: old values of its signals are not taken over.
pub fn reset_scope(name: &'static str) {
    if let Some(scope) = current() {
        scope.reset.set(Some(name));
    }
}

/// Enters the scope of a `#[scoped]` function: named after the binding that its result goes to, or after the function.
#[must_use]
pub fn enter_function(name: &str) -> Option<Entered> {
    let outer = current()?;
    let name = outer.binding().unwrap_or_else(|| name.to_owned());
    Some(Entered::new(outer.inner(&name)))
}

/// The name that the running scope binds; dropping it goes back to the one before.
pub struct Binding {
    scope: Option<Rc<Scope>>,
    before: Option<String>,
    reset_before: Option<&'static str>,
}

/// Begins a binding: signals made from here on are called `name`.
#[must_use]
pub fn bind(name: &str) -> Binding {
    rename(|_| name.to_owned())
}

/// Begins a binding that is marked `#[reset]`.
#[must_use]
pub fn bind_reset(name: &'static str) -> Binding {
    let binding = bind(name);
    if let Some(scope) = &binding.scope {
        scope.reset.set(Some(name));
    }
    binding
}

/// Begins a field of a struct literal: signals made from here on are called `binding.name`.
#[must_use]
pub fn bind_field(name: &str) -> Binding {
    rename(|before| match before {
        Some(before) => format!("{before}.{name}"),
        None => name.to_owned(),
    })
}

fn rename(name: impl FnOnce(Option<&str>) -> String) -> Binding {
    let scope = current();
    let before = scope.as_ref().and_then(|scope| scope.binding());
    let reset_before = scope.as_ref().and_then(|scope| scope.reset());
    if let Some(scope) = &scope {
        *scope.binding.borrow_mut() = Some(name(before.as_deref()));
    }
    Binding { scope, before, reset_before }
}

impl Drop for Binding {
    fn drop(&mut self) {
        if let Some(scope) = &self.scope {
            *scope.binding.borrow_mut() = self.before.take();
            scope.reset.set(self.reset_before);
        }
    }
}

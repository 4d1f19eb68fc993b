//! Key scopes: where the key of a signal comes from.
//!
//! A scope is a position in the component tree: `Row#1`, or the item `7` of a list. It knows the binding that is being
//! evaluated (`let count = …`, see [`binding`](super::binding)), and how often each name was used, so that the second one becomes
//! `name#1`. Keys never contain a line number or an address. A function that a component calls has a scope too, which gets its name
//! when it first makes something.
//!
//! To render again, or to run a handler, a scope is entered through a copy of the same path whose names are all unused. So code
//! that runs again finds the same names.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use super::code::Code;
use super::instance::Instance;
use super::key::{self, UsedNames, escaped};

/// One scope; see the module's documentation.
pub(crate) struct Scope {
    pub(crate) instance: Rc<Instance>,
    /// See [`Scope::path`]. The path of a call is computed when it is first requested.
    path: OnceCell<String>,
    call: Option<Call>,
    binding: RefCell<Option<String>>,
    /// The code of the bound value, if it is known.
    code: Cell<Option<Code>>,
    used: UsedNames,
    /// What is marked `reset`, if anything: the component of this scope or one around it, or the binding that is being evaluated.
    reset: Cell<Option<&'static str>>,
    entry: Entry,
}

/// A call of a function that may make something.
struct Call {
    caller: Rc<Scope>,
    /// The name of the scope: that of the result's binding, or of the function.
    name: String,
    /// The function, until it declares itself `#[scoped]`.
    function: Cell<Option<&'static str>>,
}

/// Why a scope is entered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It renders.
    Rendering,
    /// Something that was made in it runs: what that makes is new each time.
    Later,
    /// It continues: signals it made before are found again.
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
            path: OnceCell::from(String::new()),
            call: None,
            binding: RefCell::default(),
            code: Cell::default(),
            used: UsedNames::default(),
            reset: Cell::new(None),
            entry: Entry::Rendering,
        })
    }

    /// A scope of the same instance.
    pub(crate) fn at(&self, path: String, entry: Entry) -> Rc<Self> {
        self.instance.note_scope(&path);
        self.with_path(OnceCell::from(path), None, entry)
    }

    fn with_path(&self, path: OnceCell<String>, call: Option<Call>, entry: Entry) -> Rc<Self> {
        Rc::new(Self {
            instance: Rc::clone(&self.instance),
            path,
            call,
            binding: RefCell::default(),
            code: Cell::default(),
            used: UsedNames::default(),
            reset: self.reset.clone(),
            entry,
        })
    }

    /// The scope of a call in this one.
    pub(super) fn of_call(self: Rc<Self>, function: &'static str) -> Rc<Self> {
        let name = self.binding().unwrap_or_else(|| function.to_owned());
        let entry = self.entry;
        let call = Call { caller: Rc::clone(&self), name, function: Cell::new(Some(function)) };
        self.with_path(OnceCell::new(), Some(call), entry)
    }

    /// Names from the instance down, joined with `:`; empty for the instance's own component.
    pub(crate) fn path(&self) -> &str {
        self.path.get_or_init(|| {
            let Some(call) = &self.call else { return String::new() };
            let path = call.caller.key(&call.caller.unique_name(&call.name));
            self.instance.note_scope(&path);
            path
        })
    }

    /// A scope of the same path whose names are all unused.
    pub(crate) fn fresh(&self) -> Rc<Self> {
        self.at(self.path().to_owned(), self.entry)
    }

    /// A scope of the same path for code that was made here and runs now.
    pub(crate) fn later(&self) -> Rc<Self> {
        self.at(self.path().to_owned(), Entry::Later)
    }

    /// A scope of the same instance whose path is this key.
    pub(crate) fn at_key(&self, key: &str) -> Rc<Self> {
        self.at(key.to_owned(), Entry::Rendering)
    }

    /// A scope inside this one under a name that is known to be unique.
    pub(crate) fn child(&self, name: &str) -> Rc<Self> {
        self.at(self.key(name), self.entry)
    }

    /// A scope inside this one under a name that is made unique.
    pub(crate) fn unique_child(&self, name: &str) -> Rc<Self> {
        self.child(&self.unique_name(name))
    }

    /// Makes the name of a signal or scope unique: the second use becomes `name#1`.
    pub(crate) fn unique_name(&self, name: &str) -> String {
        self.used.unique(name)
    }

    /// Makes the name of a resource unique. Signals may have the same name.
    pub(crate) fn unique_resource_name(&self, name: &str) -> String {
        self.unique_marked('\0', name)
    }

    /// A key for a resource of this name.
    pub(crate) fn resource_key(&self, name: &str) -> String {
        self.key(&self.unique_resource_name(name))
    }

    /// A key for a task of this name. Signals and resources may have the same key.
    pub(crate) fn task_key(&self, name: &str) -> String {
        self.key(&self.unique_marked('\u{1}', name))
    }

    /// A key for a placed component of another module.
    pub(crate) fn placed_key(&self, name: &str) -> String {
        self.key(&self.unique_marked('\u{2}', name))
    }

    /// Names with different marks are counted separately.
    fn unique_marked(&self, mark: char, name: &str) -> String {
        self.unique_name(&format!("{mark}{name}")).split_off(mark.len_utf8())
    }

    /// The key of a name in this scope.
    pub(crate) fn key(&self, name: &str) -> String {
        key::join(self.path(), name)
    }

    /// The name of the binding that is being evaluated, if any.
    pub(crate) fn binding(&self) -> Option<String> {
        self.binding.borrow().clone()
    }

    /// The code of the bound value, if it is known.
    pub(crate) fn code(&self) -> Option<Code> {
        self.code.get()
    }

    /// What is marked `reset`, if anything.
    pub(crate) fn reset(&self) -> Option<&'static str> {
        self.reset.get()
    }

    /// Marks the scope as `reset`, because of what has this name.
    pub(super) fn set_reset(&self, name: Option<&'static str>) {
        self.reset.set(name);
    }

    /// Sets the binding that is being evaluated.
    pub(super) fn set_binding(&self, name: Option<String>, code: Option<Code>) {
        *self.binding.borrow_mut() = name;
        self.code.set(code);
    }

    /// The scope that called the function of this scope.
    pub(super) fn caller(&self) -> Option<Rc<Self>> {
        self.call.as_ref().map(|call| Rc::clone(&call.caller))
    }

    /// The called function, the first time that this is asked.
    pub(super) fn take_function(&self) -> Option<&'static str> {
        self.call.as_ref().and_then(|call| call.function.take())
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

/// A guard for being in a scope; leaves it when dropped.
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
        Some(outer) => enter(outer.unique_child(&escaped(name)), f),
        None => f(),
    }
}

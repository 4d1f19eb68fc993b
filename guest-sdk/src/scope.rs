//! Key scopes: where a signal's key comes from.
//!
//! A scope is a place in the component tree: `Row#1`, the item `7` of a list. It knows the binding that is being
//! made right now (`let count = …`), and how often each name was taken, so that the second one becomes `name#1`.
//! Keys never hold a line number or an address; what users name (a list item's key, say) is [`escaped`] in them. A function
//! that a component calls has a scope too, which takes its name when it first makes something. A scope that renders again is entered through a *fresh* twin,
//! whose counts start over, so that it finds the same names. Code made in a scope that runs *later*, a handler for
//! instance, enters it through a twin too.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use sycamore_reactive::{NodeHandle, use_current_scope};

use crate::instance::Instance;
use crate::reactive::{on_cleanup, under};

/// One scope; see the module's documentation.
pub(crate) struct Scope {
    pub(crate) instance: Rc<Instance>,
    /// See [`Scope::path`]. It comes from `call` when it is first requested.
    path: OnceCell<String>,
    call: Option<Call>,
    binding: RefCell<Option<String>>,
    /// The code of the bound value, if it is known.
    code: Cell<Option<Code>>,
    taken: RefCell<BTreeMap<String, u32>>,
    /// The part marked `reset`, if there is one: the component that this scope is of or in, or the binding that is being made.
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

/// The code of an initial value, as a number computed by the macros. Equal numbers mean the same code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Code(u64);

impl Code {
    /// Whether the code alone decides the value, so that it is the same each time.
    pub(crate) fn is_plain(self) -> bool {
        self.0 & 1 == 1
    }

    /// How snapshots name it.
    pub(crate) fn text(self) -> String {
        format!("{:x}", self.0)
    }
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
            taken: RefCell::default(),
            reset: Cell::new(None),
            entry: Entry::Rendering,
        })
    }

    fn at(&self, path: String, entry: Entry) -> Rc<Self> {
        self.instance.has_scope(&path);
        self.under(OnceCell::from(path), None, entry)
    }

    fn under(&self, path: OnceCell<String>, call: Option<Call>, entry: Entry) -> Rc<Self> {
        Rc::new(Self {
            instance: Rc::clone(&self.instance),
            path,
            call,
            binding: RefCell::default(),
            code: Cell::default(),
            taken: RefCell::default(),
            reset: self.reset.clone(),
            entry,
        })
    }

    /// The scope of a call in this one.
    fn calling(self: Rc<Self>, function: &'static str) -> Rc<Self> {
        let name = self.binding().unwrap_or_else(|| function.to_owned());
        let entry = self.entry;
        let call = Call { caller: Rc::clone(&self), name, function: Cell::new(Some(function)) };
        self.under(OnceCell::new(), Some(call), entry)
    }

    /// Names from the instance down, joined with `:`; empty for the instance's own component.
    pub(crate) fn path(&self) -> &str {
        self.path.get_or_init(|| {
            let Some(call) = &self.call else { return String::new() };
            let path = call.caller.key(&call.caller.take(&call.name));
            self.instance.has_scope(&path);
            path
        })
    }

    /// A scope of the same path whose names were not taken yet.
    pub(crate) fn fresh(&self) -> Rc<Self> {
        self.at(self.path().to_owned(), self.entry)
    }

    /// The same for what was made here and runs now.
    pub(crate) fn later(&self) -> Rc<Self> {
        self.at(self.path().to_owned(), Entry::Later)
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

    /// Takes the name of a place of another module's component.
    pub(crate) fn take_place(&self, name: &str) -> String {
        self.take_marked('\u{2}', name)
    }

    fn take_marked(&self, mark: char, name: &str) -> String {
        self.take(&format!("{mark}{name}")).split_off(mark.len_utf8())
    }

    /// The key of a name in this scope.
    pub(crate) fn key(&self, name: &str) -> String {
        let path = self.path();
        if path.is_empty() { name.to_owned() } else { format!("{path}:{name}") }
    }

    /// The binding that is being made, if any.
    pub(crate) fn binding(&self) -> Option<String> {
        self.binding.borrow().clone()
    }

    /// The code of the bound value, if it is known.
    pub(crate) fn code(&self) -> Option<Code> {
        self.code.get()
    }

    /// The part marked `reset`, if there is one.
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

/// A user's name for something, with the special characters of keys (`:`, `#`) percent-encoded, `%3A`.
/// So no name can be mistaken for a path, or for the second of another name.
pub(crate) fn escaped(name: &str) -> Cow<'_, str> {
    if name.contains(['%', ':', '#']) {
        name.replace('%', "%25").replace(':', "%3A").replace('#', "%23").into()
    } else {
        name.into()
    }
}

/// Runs `f` in a scope of its own: the keys of the signals that it makes begin with `name`.
pub fn scope<R>(name: &str, f: impl FnOnce() -> R) -> R {
    match current() {
        Some(outer) => enter(outer.inner(&escaped(name)), f),
        None => f(),
    }
}

/// A closure that runs in the scope in which this is called, regardless of when and where it is called. It finds the
/// signals that it made in earlier runs again.
pub fn in_scope<A, R>(mut f: impl FnMut(A) -> R) -> impl FnMut(A) -> R {
    let home = Home::here();
    move |argument| home.again(|| f(argument))
}

/// A scope, the owner of its effects and clean-ups, and whether that is gone.
pub(crate) struct Home(Option<(Rc<Scope>, NodeHandle, Rc<Cell<bool>>)>);

impl Home {
    /// Where this is called.
    pub(crate) fn here() -> Self {
        let scope = current();
        Self(scope.map(|scope| {
            let gone = Rc::new(Cell::new(false));
            let told = Rc::clone(&gone);
            on_cleanup(move || told.set(true));
            (scope, use_current_scope(), gone)
        }))
    }

    /// Runs a function that continues here, if the scope is not gone.
    pub(crate) fn again<R>(&self, f: impl FnOnce() -> R) -> R {
        self.run(Entry::Again, f)
    }

    /// Runs something that was made here, if that is not gone.
    pub(crate) fn later<R>(&self, f: impl FnOnce() -> R) -> R {
        self.run(Entry::Later, f)
    }

    fn run<R>(&self, entry: Entry, f: impl FnOnce() -> R) -> R {
        match &self.0 {
            Some((scope, owner, gone)) if !gone.get() => {
                let scope = scope.at(scope.path().to_owned(), entry);
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
/// Nothing if the call has been given that scope already.
#[must_use]
pub fn enter_function(name: &'static str) -> Option<Entered> {
    let outer = current()?;
    let called = outer.call.as_ref().and_then(|call| call.function.take());
    if called == Some(name) { None } else { Some(Entered::new(outer.calling(name))) }
}

/// Enters the scope of a function that is about to be called. It is created when the function makes something.
#[must_use]
pub fn enter_call(function: &'static str) -> Option<Entered> {
    current().map(|outer| Entered::new(outer.calling(function)))
}

/// Goes back to the scope of the caller, for an argument of a call.
#[must_use]
pub fn enter_caller() -> Option<Entered> {
    let scope = current()?;
    let caller = scope.call.as_ref().map(|call| Rc::clone(&call.caller));
    Some(Entered::new(caller.unwrap_or(scope)))
}

/// Leaves the scope in which this value was made.
pub fn leave<T>(_entered: Option<Entered>, value: T) -> T {
    value
}

/// The name that the running scope binds; dropping it goes back to the one before.
pub struct Binding {
    scope: Option<Rc<Scope>>,
    before: Option<String>,
    code_before: Option<Code>,
    reset_before: Option<&'static str>,
}

/// Begins a binding: signals made from here on are called `name`, and `code` identifies the code of their initial values.
#[must_use]
pub fn bind(name: &str, code: u64) -> Binding {
    rename(code, |_| name.to_owned())
}

/// Begins a binding that is marked `#[reset]`.
#[must_use]
pub fn bind_reset(name: &'static str, code: u64) -> Binding {
    let binding = bind(name, code);
    if let Some(scope) = &binding.scope {
        scope.reset.set(Some(name));
    }
    binding
}

/// Begins a field of a struct literal: signals made from here on are called `binding.name`.
#[must_use]
pub fn bind_field(name: &str, code: u64) -> Binding {
    rename(code, |before| match before {
        Some(before) => format!("{before}.{name}"),
        None => name.to_owned(),
    })
}

fn rename(code: u64, name: impl FnOnce(Option<&str>) -> String) -> Binding {
    let scope = current();
    let before = scope.as_ref().and_then(|scope| scope.binding());
    let reset_before = scope.as_ref().and_then(|scope| scope.reset());
    let code_before = scope.as_ref().and_then(|scope| scope.code());
    if let Some(scope) = &scope {
        *scope.binding.borrow_mut() = Some(name(before.as_deref()));
        scope.code.set(Some(Code(code)));
    }
    Binding { scope, before, code_before, reset_before }
}

impl Drop for Binding {
    fn drop(&mut self) {
        if let Some(scope) = &self.scope {
            *scope.binding.borrow_mut() = self.before.take();
            scope.code.set(self.code_before);
            scope.reset.set(self.reset_before);
        }
    }
}

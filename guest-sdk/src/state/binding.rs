//! What the macros write around bindings and calls, so that what is made in them is named after them.

use std::rc::Rc;

use super::code::Code;
use super::scope::{Entered, Scope, current};

/// Marks the running scope, a component's, as `reset`: old values of its signals are not taken over.
pub fn reset_scope(name: &'static str) {
    if let Some(scope) = current() {
        scope.set_reset(Some(name));
    }
}

/// Enters the scope of a `#[scoped]` function: named after the binding of its result, or after the function.
/// Does nothing if the call has entered that scope already.
#[must_use]
pub fn enter_function(name: &'static str) -> Option<Entered> {
    let outer = current()?;
    let entered = outer.take_function() == Some(name);
    if entered { None } else { Some(Entered::new(outer.of_call(name))) }
}

/// Enters the scope of a function that is about to be called. It is created when the function makes something.
#[must_use]
pub fn enter_call(function: &'static str) -> Option<Entered> {
    current().map(|outer| Entered::new(outer.of_call(function)))
}

/// Goes back to the scope of the caller, for an argument of a call.
#[must_use]
pub fn enter_caller() -> Option<Entered> {
    let scope = current()?;
    Some(Entered::new(scope.caller().unwrap_or(scope)))
}

/// Leaves the scope in which this value was made.
pub fn leave<T>(_entered: Option<Entered>, value: T) -> T {
    value
}

/// The binding that is being evaluated; dropping this restores the previous one.
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
        scope.set_reset(Some(name));
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
        scope.set_binding(Some(name(before.as_deref())), Some(Code::new(code)));
    }
    Binding { scope, before, code_before, reset_before }
}

impl Drop for Binding {
    fn drop(&mut self) {
        if let Some(scope) = &self.scope {
            scope.set_binding(self.before.take(), self.code_before);
            scope.set_reset(self.reset_before);
        }
    }
}

//! Effects: code that runs again when what it read has changed.

use std::rc::Rc;

use sycamore_reactive as reactive;

use super::owner::{note_made, with_owner};
use super::reader::following;
use super::writes::{holding_run, notify_pending};
use crate::state::scope::{self, Scope};

/// Runs `f` now, and again whenever a signal or memo that it read has changed. The items it creates are disposed before
/// each further run.
pub fn effect(f: impl FnMut() + 'static) {
    effect_boxed(Box::new(f));
}

pub(crate) fn effect_boxed(mut f: Box<dyn FnMut()>) {
    let scope = scope::current();
    note_made();
    reactive::create_effect(move || following(|| run_in(scope.as_ref(), &mut f)));
    notify_pending();
}

/// Runs an effect or memo: in its scope, with all names unused, and with writes waiting.
pub(super) fn run_in<R>(scope: Option<&Rc<Scope>>, f: &mut dyn FnMut() -> R) -> R {
    let run = || match scope {
        Some(scope) => scope::enter(scope.fresh(), f),
        None => f(),
    };
    holding_run(|| with_owner(None, run))
}

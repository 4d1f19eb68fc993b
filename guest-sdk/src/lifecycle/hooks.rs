//! Hooks: what a component does before and after an update, its health check, and what it does when an update removes it.
//!
//! A hook belongs to the scope that registered it, runs there, and is removed with it. [`engine_hooks`](super::engine_hooks) runs the
//! hooks that the engine calls.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::rc::Rc;

use hmr_abi::port::Invalidation;
use hmr_abi::state::InstanceReport;
use hmr_abi::text::cut;
use sycamore_reactive::{NodeHandle, use_current_scope};

use crate::engine::{send_invalidate, send_log};
use crate::reactive::owner::on_cleanup;
use crate::reactive::reader::untrack;
use crate::reactive::turn::turn;
use crate::state::instance::Instance;
use crate::state::saved::Saved;
use crate::state::scope::{self, Scope};

/// A function that the SDK calls.
type Call<F> = Rc<RefCell<F>>;

type AfterUpdate = dyn FnMut(&Saved, &InstanceReport);

#[derive(Clone)]
pub(super) enum Hook {
    Before(Call<dyn FnMut(&mut Saved)>),
    After(Call<AfterUpdate>),
    Health(Call<dyn FnMut() -> Result<(), String>>),
    Prune(Call<dyn FnMut()>),
}

/// A hook, and the scopes in which it was registered: what it creates belongs there.
#[derive(Clone)]
struct Registered {
    number: u32,
    hook: Hook,
    owner: NodeHandle,
    scope: Rc<Scope>,
}

/// The hooks of an instance, in the order of their registration.
#[derive(Default)]
pub(crate) struct Hooks {
    last: Cell<u32>,
    registered: RefCell<Vec<Registered>>,
}

/// Runs `f` in the old code before an update replaces it. Its writes to signals are captured; it may also change the
/// passed state, and [`Saved::put`] extra values for the new code. It must leave the component working: if the
/// update fails, the old code keeps running.
pub fn before_update(f: impl FnMut(&mut Saved) + 'static) {
    register(Hook::Before(Rc::new(RefCell::new(f))));
}

/// Runs `f` in the new code of an update, once its state is restored, with what was saved and its report. It does not
/// run when the component is mounted in any other way.
pub fn after_update(f: impl FnMut(&Saved, &InstanceReport) + 'static) {
    register(Hook::After(Rc::new(RefCell::new(f))));
}

/// Checks the component's health. An update after which it is unhealthy is undone. `f` should change nothing.
pub fn health(f: impl FnMut() -> Result<(), String> + 'static) {
    register(Hook::Health(Rc::new(RefCell::new(f))));
}

/// Runs `f` when an update removes the component from the page, before its clean-ups: because its element was removed, or
/// because the new code of what it is in does not render it. In the second case what it logs is all that takes effect.
pub fn prune(f: impl FnMut() + 'static) {
    register(Hook::Prune(Rc::new(RefCell::new(f))));
}

fn register(hook: Hook) {
    let Some(scope) = scope::current() else {
        send_log(2, "a hook was registered outside of a component, and will never run");
        return;
    };
    if matches!(hook, Hook::Prune(_)) {
        // The scope of a call gets its path when it is first requested: it must exist in the new code when it did in the old.
        scope.path();
    }
    let hooks = Hooks::of(&scope.instance);
    let number = hooks.last.get().wrapping_add(1);
    hooks.last.set(number);
    let registered = Registered { number, hook, owner: use_current_scope(), scope };
    hooks.registered.borrow_mut().push(registered);
    on_cleanup(move || hooks.registered.borrow_mut().retain(|other| other.number != number));
}

/// Reports to the engine that the running instance cannot continue with its current state. It is mounted again without its
/// state, and the instance that placed it re-renders.
pub fn invalidate(reason: impl Display) {
    invalidate_with(&reason.to_string());
}

fn invalidate_with(reason: &str) {
    let Some(scope) = scope::current() else {
        send_log(2, &format!("`invalidate` was called outside of a component: {reason}"));
        return;
    };
    let reason = cut(reason).into_owned();
    let report = Invalidation { instance: scope.instance.id, reason };
    match serde_json::to_string(&report) {
        Ok(json) => send_invalidate(&json),
        Err(error) => send_log(3, &format!("an invalidation could not be written: {error}")),
    }
}

impl Hooks {
    /// The hooks of an instance.
    pub(crate) fn of(instance: &Instance) -> Rc<Self> {
        instance.part()
    }

    /// Whether there is a hook to run before an update.
    pub(super) fn has_before_update(&self) -> bool {
        self.registered.borrow().iter().any(|hook| matches!(hook.hook, Hook::Before(_)))
    }

    /// The scopes inside the instance that have a hook for their removal.
    pub(super) fn scopes_with_prune(&self) -> Vec<String> {
        let registered = self.registered.borrow();
        let prunes = registered.iter().filter(|hook| matches!(hook.hook, Hook::Prune(_)));
        let paths: BTreeSet<_> = prunes.map(|hook| hook.scope.path().to_owned()).collect();
        paths.into_iter().filter(|path| !path.is_empty()).collect()
    }

    /// Calls something with each hook and the path of its scope, in the scopes that registered it, unless an earlier hook disposed
    /// them. Nothing is borrowed while hooks run.
    pub(super) fn each(&self, mut call: impl FnMut(&Hook, &str)) {
        let all = self.registered.borrow().clone();
        for Registered { number, hook, owner, scope } in all {
            if !self.registered.borrow().iter().any(|other| other.number == number) {
                continue;
            }
            let run = || scope::enter(scope.fresh(), || untrack(|| call(&hook, scope.path())));
            turn(|| owner.run_in(run));
        }
    }

    /// Runs the hooks after an update.
    pub(super) fn after_update(&self, saved: &Saved, report: &InstanceReport) {
        self.each(|hook, _| {
            if let Hook::After(call) = hook
                && let Ok(mut call) = call.try_borrow_mut()
            {
                call(saved, report);
            }
        });
    }
}

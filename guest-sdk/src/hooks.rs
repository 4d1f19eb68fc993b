//! Hooks: what a component wants to do before and after an update, how it is, and what it does when it leaves the page.
//!
//! A hook belongs to the scope that registered it, runs there, and goes with it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::rc::Rc;

use hmr_abi::ABI_VERSION;
use hmr_abi::port::Invalidation;
use hmr_abi::state::{
    HealthReport, Illness, InstanceReport, InstanceState, PruneRequest, PrunedScopes, Snapshot,
};
use hmr_abi::text::cut;
use sycamore_reactive::{NodeHandle, use_current_scope};

use crate::dom;
use crate::engine::{send_invalidate, send_log};
use crate::instance::Instance;
use crate::reactive::{on_cleanup, turn, untrack};
use crate::runtime::runtime;
use crate::saved::Saved;
use crate::scope::{self, Scope};

/// A function that the SDK calls at its time.
type Call<F> = Rc<RefCell<F>>;

type AfterUpdate = dyn FnMut(&Saved, &InstanceReport);

#[derive(Clone)]
enum Hook {
    Before(Call<dyn FnMut(&mut Saved)>),
    After(Call<AfterUpdate>),
    Health(Call<dyn FnMut() -> Result<(), String>>),
    Prune(Call<dyn FnMut()>),
}

/// A hook and where it was registered: what it creates belongs there.
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
/// passed state, and [`Saved::put`] something aside for the new code. It must leave the component working: if the
/// update fails, the old code keeps running.
pub fn before_update(f: impl FnMut(&mut Saved) + 'static) {
    register(Hook::Before(Rc::new(RefCell::new(f))));
}

/// Runs `f` in the new code of an update, once its state is restored, with what was saved and what became of it. It does not
/// run when the component is mounted in any other way.
pub fn after_update(f: impl FnMut(&Saved, &InstanceReport) + 'static) {
    register(Hook::After(Rc::new(RefCell::new(f))));
}

/// Checks the component's health. An update after which it is unhealthy is undone. `f` should change nothing.
pub fn health(f: impl FnMut() -> Result<(), String> + 'static) {
    register(Hook::Health(Rc::new(RefCell::new(f))));
}

/// Runs `f` when an update takes the component out of the page for good, before its clean-ups: because its place is gone, or
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
        // The scope of a call takes its name when it is first requested: new code has it at the same time as the old.
        scope.path();
    }
    let instance = Rc::clone(&scope.instance);
    let number = instance.hooks.last.get().wrapping_add(1);
    instance.hooks.last.set(number);
    let registered = Registered { number, hook, owner: use_current_scope(), scope };
    instance.hooks.registered.borrow_mut().push(registered);
    on_cleanup(move || {
        instance.hooks.registered.borrow_mut().retain(|other| other.number != number);
    });
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
    let told = Invalidation { instance: scope.instance.id, reason };
    match serde_json::to_string(&told) {
        Ok(json) => send_invalidate(&json),
        Err(error) => send_log(3, &format!("an invalidation could not be written: {error}")),
    }
}

impl Hooks {
    /// Whether any is to run before an update.
    pub(crate) fn any_before(&self) -> bool {
        self.registered.borrow().iter().any(|hook| matches!(hook.hook, Hook::Before(_)))
    }

    /// The scopes inside of the instance's own that have something to run when they leave.
    pub(crate) fn prunes(&self) -> Vec<String> {
        let registered = self.registered.borrow();
        let prunes = registered.iter().filter(|hook| matches!(hook.hook, Hook::Prune(_)));
        let paths: BTreeSet<_> = prunes.map(|hook| hook.scope.path().to_owned()).collect();
        paths.into_iter().filter(|path| !path.is_empty()).collect()
    }

    /// Calls something with each hook and the path of its scope, in the scope that registered it, unless a hook before closed that. Hooks run
    /// outside of every borrow.
    fn each(&self, mut call: impl FnMut(&Hook, &str)) {
        let all = self.registered.borrow().clone();
        for Registered { number, hook, owner, scope } in all {
            if !self.registered.borrow().iter().any(|there| there.number == number) {
                continue;
            }
            let run = || scope::enter(scope.fresh(), || untrack(|| call(&hook, scope.path())));
            turn(|| owner.run_in(run));
        }
    }

    /// Runs the hooks after an update.
    pub(crate) fn after_update(&self, saved: &Saved, report: &InstanceReport) {
        self.each(|hook, _| {
            if let Hook::After(call) = hook
                && let Ok(mut call) = call.try_borrow_mut()
            {
                call(saved, report);
            }
        });
    }
}

/// `hmr_before_update`
pub(crate) fn before_update_all() -> Snapshot {
    let instances = runtime().instances.borrow().clone();
    let hooks = instances.iter().any(|instance| instance.hooks.any_before());
    let instances =
        runtime().root.run_in(|| instances.iter().map(|instance| leave(instance)).collect());
    dom::flush();
    Snapshot { abi: ABI_VERSION, hooks, instances, ..Snapshot::default() }
}

/// Runs the hooks before an update, and captures what they left.
fn leave(instance: &Instance) -> InstanceState {
    let state = untrack(|| instance.capture());
    if !instance.hooks.any_before() {
        return state;
    }
    let mut saved = Saved::new(state);
    instance.hooks.each(|hook, _| {
        if let Hook::Before(call) = hook
            && let Ok(mut call) = call.try_borrow_mut()
        {
            call(&mut saved);
        }
    });
    if let Some(error) = saved.failure() {
        send_log(3, &format!("a hook before the update of `{}`: {error}", instance.component));
    }
    saved.over(untrack(|| instance.capture()))
}

/// `hmr_health`
pub(crate) fn health_of_all() -> HealthReport {
    let instances = runtime().instances.borrow().clone();
    let ill = runtime()
        .root
        .run_in(|| instances.iter().filter_map(|instance| illness(instance)).collect());
    dom::flush();
    HealthReport { instances: ill }
}

fn illness(instance: &Instance) -> Option<Illness> {
    let mut errors = Vec::new();
    instance.hooks.each(|hook, _| {
        if let Hook::Health(call) = hook
            && let Ok(mut call) = call.try_borrow_mut()
        {
            errors.extend(call().err());
        }
    });
    (!errors.is_empty()).then(|| Illness {
        instance: instance.id,
        component: instance.component.clone(),
        error: errors.join("; "),
    })
}

/// `hmr_prune`
pub(crate) fn prune_instance(id: u32) {
    prune_in(id, &|_| true);
    dom::flush();
}

/// `hmr_prune_scopes`
pub(crate) fn prune_scopes(request: &[u8]) {
    match serde_json::from_slice::<PruneRequest>(request) {
        Ok(request) => {
            for PrunedScopes { instance, scopes } in request.instances {
                prune_in(instance, &|path| scopes.iter().any(|scope| scope == path));
            }
        }
        Err(error) => send_log(3, &format!("the scopes to prune do not parse: {error}")),
    }
    dom::flush();
}

/// Runs the hooks of an instance for what leaves, those of some of its scopes.
fn prune_in(id: u32, concerns: &dyn Fn(&str) -> bool) {
    let Some(instance) = runtime().instance(id) else { return };
    runtime().root.run_in(|| {
        instance.hooks.each(|hook, path| {
            if let Hook::Prune(call) = hook
                && concerns(path)
                && let Ok(mut call) = call.try_borrow_mut()
            {
                call();
            }
        });
    });
}

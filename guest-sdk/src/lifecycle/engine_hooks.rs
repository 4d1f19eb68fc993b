//! Runs the hooks that the engine calls: before an update, for health, and when an update removes an instance or scopes.

use hmr_abi::state::{HealthReport, Illness, InstanceState, PruneRequest, PrunedScopes, Snapshot};

use super::capture::{capture_instance, snapshot};
use super::hooks::{Hook, Hooks};
use super::instances;
use crate::dom::batch;
use crate::engine::send_log;
use crate::root;
use crate::state::instance::Instance;
use crate::state::saved::Saved;

/// `hmr_before_update`
pub(crate) fn before_update_all() -> Snapshot {
    let snapshot = snapshot(before_update);
    batch::flush();
    snapshot
}

/// Runs the hooks before an update, and captures the state after them.
fn before_update(instance: &Instance) -> InstanceState {
    let hooks = Hooks::of(instance);
    let state = capture_instance(instance);
    if !hooks.has_before_update() {
        return state;
    }
    let mut saved = Saved::new(state);
    hooks.each(|hook, _| {
        if let Hook::Before(call) = hook
            && let Ok(mut call) = call.try_borrow_mut()
        {
            call(&mut saved);
        }
    });
    if let Some(error) = saved.failure() {
        send_log(3, &format!("a hook before the update of `{}`: {error}", instance.component));
    }
    saved.applied_to(capture_instance(instance))
}

/// `hmr_health`
pub(crate) fn health_of_all() -> HealthReport {
    let all = instances::all();
    let instances = root::run_in(|| all.iter().filter_map(|instance| illness(instance)).collect());
    batch::flush();
    HealthReport { instances }
}

fn illness(instance: &Instance) -> Option<Illness> {
    let mut errors = Vec::new();
    Hooks::of(instance).each(|hook, _| {
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
    batch::flush();
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
    batch::flush();
}

/// Runs the hooks of an instance for the removal of some of its scopes.
fn prune_in(id: u32, is_removed: &dyn Fn(&str) -> bool) {
    let Some(instance) = instances::find(id) else { return };
    root::run_in(|| {
        Hooks::of(&instance).each(|hook, path| {
            if let Hook::Prune(call) = hook
                && is_removed(path)
                && let Ok(mut call) = call.try_borrow_mut()
            {
                call();
            }
        });
    });
}

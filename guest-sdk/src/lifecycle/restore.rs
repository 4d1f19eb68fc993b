//! Restores the instances of a snapshot: renders each, while its new signals and tasks claim what waits under their keys.

use std::rc::Rc;

use hmr_abi::state::{InstanceReport, InstanceState, RestoreReport, Snapshot};

use super::hooks::Hooks;
use super::instances;
use super::render::{finish, prepare, render_into};
use crate::engine::send_log;
use crate::root;
use crate::state::instance::Instance;
use crate::state::saved::Saved;
use crate::task::executor::run_ready;
use crate::task::table::Tasks;
use crate::view::component::Render;

/// `restore_state`
pub(crate) fn restore(snapshot: &[u8]) -> RestoreReport {
    let snapshot = serde_json::from_slice(snapshot).unwrap_or_else(|error| {
        send_log(3, &format!("the snapshot does not parse, nothing is restored: {error}"));
        Snapshot::default()
    });
    let report =
        RestoreReport { instances: snapshot.instances.into_iter().map(restore_instance).collect() };
    finish();
    report
}

fn restore_instance(state: InstanceState) -> InstanceReport {
    let render = match prepare(&state.component, &state.props) {
        Ok(_) if instances::find(state.instance).is_some() => {
            Err(format!("the instance {} is mounted already", state.instance))
        }
        prepared => prepared,
    };
    match render {
        Ok((render, version)) => restore_into(state, render, version),
        Err(error) => InstanceReport {
            instance: state.instance,
            component: state.component,
            error: Some(error),
            ..InstanceReport::default()
        },
    }
}

fn restore_into(
    mut state: InstanceState,
    render: Render,
    version: Option<&'static str>,
) -> InstanceReport {
    let (component, props) = (state.component.clone(), state.props.clone());
    let instance = Instance::new(state.instance, component, version, props);
    let migrations = std::mem::take(&mut state.migrations);
    // The argument of hooks after the update: whether there are any is known only when the component has run.
    let saved = Saved::new(state.clone());
    let report = InstanceReport { migrations, ..render_with(&instance, state, render) };
    root::run_in(|| Hooks::of(&instance).after_update(&saved, &report));
    report
}

/// Mounts an instance and restores its state.
pub(super) fn render_with(
    instance: &Rc<Instance>,
    state: InstanceState,
    render: Render,
) -> InstanceReport {
    let tasks = Tasks::of(instance);
    tasks.begin_restore(state.tasks, state.done);
    instance.begin_restore(state.signals, state.orphans, state.prunes);
    instances::add(instance);
    render_into(instance, render);
    // Requests of resumed tasks are part of the restore: afterwards the engine closes what was not requested again.
    root::run_in(run_ready);
    InstanceReport { tasks: tasks.end_restore(), ..instance.end_restore() }
}

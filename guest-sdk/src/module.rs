//! The implementation of the ABI's exports, as ordinary functions: mount, unmount, dispatch, capture, restore, dispose.
//! Migrations and hooks of components are in `migration` and `hooks`.
//!
//! None of them traps on malformed input: what an engine hands in may be of any content.

use std::rc::Rc;

use hmr_abi::ABI_VERSION;
use hmr_abi::event::{DISPATCH_INERT, EventData};
use hmr_abi::ops::root_of;
use hmr_abi::state::{
    InstanceReport, InstanceState, MountAnswer, MountRequest, RestoreReport, Snapshot,
};
use serde_json::value::RawValue;
use sycamore_reactive::create_child_scope;

use crate::component::{Export, JsonProps, Render};
use crate::instance::Instance;
use crate::reactive::untrack;
use crate::resource::{self, claims};
use crate::runtime::runtime;
use crate::saved::Saved;
use crate::scope::{self, Scope};
use crate::{dom, engine, event, task};

/// `hmr_mount`
pub(crate) fn mount(request: &[u8]) -> MountAnswer {
    let error = serde_json::from_slice::<MountRequest>(request)
        .map_err(|error| format!("the mount request does not parse: {error}"))
        .and_then(mount_request)
        .err();
    finish();
    MountAnswer { error }
}

fn mount_request(request: MountRequest) -> Result<(), String> {
    let (render, version) = prepare(&request.component, &request.props)?;
    match runtime().instance(request.instance) {
        Some(live) if live.component == request.component => {
            render_again(&live, request.props, render);
        }
        other => {
            if let Some(other) = other {
                unmount_instance(&other);
            }
            let MountRequest { instance, component, props, saved } = request;
            let instance = Instance::new(instance, component, version, props);
            if let Some(state) = saved {
                render_with(&instance, state, render);
            } else {
                runtime().instances.borrow_mut().push(Rc::clone(&instance));
                render_into(&instance, render);
            }
        }
    }
    Ok(())
}

/// Finds a component and its version and reads its props, before anything changes.
fn prepare(component: &str, props: &RawValue) -> Result<(Render, Option<&'static str>), String> {
    let runtime = runtime();
    let export = runtime.components.borrow().get(component).copied();
    let Some(Export { mount, version }) = export else {
        let names: Vec<_> =
            runtime.components.borrow().keys().map(|name| format!("`{name}`")).collect();
        let exported = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(format!("there is no component `{component}`; exported: {exported}"));
    };
    mount(&JsonProps::parse(props.get())?)
        .map(|render| (render, version))
        .map_err(|error| format!("the props of `{component}` do not parse: {error}"))
}

fn render_into(instance: &Rc<Instance>, render: Render) {
    runtime().root.run_in(|| {
        let node = create_child_scope(|| {
            scope::enter(Scope::of_instance(Rc::clone(instance)), || {
                untrack(|| render().place(root_of(instance.id), 0));
            });
        });
        instance.node.set(Some(node));
    });
}

fn render_again(instance: &Rc<Instance>, props: Box<RawValue>, render: Render) {
    instance.park("");
    // The engine finds out itself which elements of the new rendering are those of the old one.
    instance.places.drop_parked("");
    claims::begin_leaving(instance);
    dispose(instance);
    instance.props.replace(props);
    render_into(instance, render);
    finish();
    instance.drop_parked("");
    claims::end_leaving(instance);
}

/// Runs what a call has set going: tasks, DOM operations, and observers of the elements that are there then.
pub(crate) fn finish() {
    runtime().root.run_in(|| {
        task::run_ready();
        dom::flush();
        resource::settle_observers();
        runtime().gone.settle();
    });
}

/// Tears down what the instance rendered. Its nodes are gone with its root, or about to be.
fn dispose(instance: &Instance) {
    if let Some(node) = instance.node.take() {
        runtime().root.run_in(|| dom::discarding(|| node.dispose()));
    }
}

/// `hmr_unmount`
pub(crate) fn unmount(id: u32) {
    if let Some(instance) = runtime().instance(id) {
        unmount_instance(&instance);
    }
    dom::flush();
}

fn unmount_instance(instance: &Rc<Instance>) {
    dispose(instance);
    instance.end();
    runtime().instances.borrow_mut().retain(|other| !Rc::ptr_eq(other, instance));
}

/// `hmr_dispatch`
pub(crate) fn dispatch(handler: u32, data: &[u8]) -> u32 {
    let flags = match serde_json::from_slice::<EventData>(data) {
        Ok(data) => runtime().root.run_in(|| event::dispatch(handler, data)),
        Err(error) => {
            engine::send_log(3, &format!("an event does not parse: {error}"));
            DISPATCH_INERT
        }
    };
    finish();
    flags
}

/// `capture_state`
pub(crate) fn capture() -> Snapshot {
    let instances = runtime().instances.borrow().clone();
    let hooks = instances.iter().any(|instance| instance.hooks.any_before());
    let instances = runtime()
        .root
        .run_in(|| untrack(|| instances.iter().map(|instance| instance.capture()).collect()));
    Snapshot { abi: ABI_VERSION, hooks, instances, ..Snapshot::default() }
}

/// `restore_state`
pub(crate) fn restore(snapshot: &[u8]) -> RestoreReport {
    let snapshot = serde_json::from_slice(snapshot).unwrap_or_else(|error| {
        engine::send_log(3, &format!("the snapshot does not parse, nothing is restored: {error}"));
        Snapshot::default()
    });
    let report =
        RestoreReport { instances: snapshot.instances.into_iter().map(restore_instance).collect() };
    finish();
    report
}

fn restore_instance(state: InstanceState) -> InstanceReport {
    let render = match prepare(&state.component, &state.props) {
        Ok(_) if runtime().instance(state.instance).is_some() => {
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
    runtime().root.run_in(|| instance.hooks.after_update(&saved, &report));
    report
}

/// Mounts an instance with a state to restore.
fn render_with(instance: &Rc<Instance>, state: InstanceState, render: Render) -> InstanceReport {
    instance.begin_restore(state);
    runtime().instances.borrow_mut().push(Rc::clone(instance));
    render_into(instance, render);
    // Requests of resumed tasks belong to the restoring: the engine settles resources afterwards.
    runtime().root.run_in(task::run_ready);
    instance.end_restore()
}

/// `hmr_dispose`
pub(crate) fn dispose_all() {
    let instances = runtime().instances.take();
    resource::keep_all(&instances);
    for instance in instances {
        dispose(&instance);
        instance.end();
    }
    dom::flush();
}

//! Renders and disposes instances.

use std::rc::Rc;

use hmr_abi::ops::root_of;
use serde_json::value::RawValue;
use sycamore_reactive::create_child_scope;

use crate::dom::batch;
use crate::reactive::owner::on_cleanup;
use crate::reactive::reader::untrack;
use crate::resource::{claims, observer};
use crate::root;
use crate::state::instance::Instance;
use crate::state::node::dispose_removed;
use crate::state::scope::{self, Scope};
use crate::task::executor::run_ready;
use crate::view::component::{Export, JsonProps, Render, exported, exported_names};
use crate::view::rerender;

/// Finds a component and its version and reads its props, before anything changes.
pub(super) fn prepare(
    component: &str,
    props: &RawValue,
) -> Result<(Render, Option<&'static str>), String> {
    let Some(Export { mount, version }) = exported(component) else {
        let names: Vec<_> = exported_names().iter().map(|name| format!("`{name}`")).collect();
        let exported = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(format!("there is no component `{component}`; exported: {exported}"));
    };
    let props = JsonProps::parse(props.get())?;
    // Props that are `Copy` hold their values in a reactive scope, which ends with the rendering.
    let mut mounted = None;
    let owner = root::run_in(|| create_child_scope(|| mounted = Some(mount(&props))));
    match mounted {
        Some(Ok(render)) => {
            let render: Render = Box::new(move || {
                on_cleanup(move || owner.dispose());
                render()
            });
            Ok((render, version))
        }
        mounted => {
            owner.dispose();
            let error = mounted.and_then(Result::err).unwrap_or_default();
            Err(format!("the props of `{component}` do not parse: {error}"))
        }
    }
}

/// Renders an instance for the first time, or after what it rendered before was disposed.
pub(super) fn render_into(instance: &Rc<Instance>, render: Render) {
    root::run_in(|| {
        let owner = create_child_scope(|| {
            scope::enter(Scope::of_instance(Rc::clone(instance)), || {
                untrack(|| render().insert(root_of(instance.id), 0));
            });
        });
        instance.owner.set(Some(owner));
    });
}

/// Renders an instance again, with new props, and keeps its state.
pub(super) fn render_again(instance: &Rc<Instance>, props: Box<RawValue>, render: Render) {
    rerender::park(instance, "");
    // The engine matches the elements of the new rendering with the old ones itself.
    rerender::drop_parked_components(instance, "");
    claims::begin_leaving(instance);
    dispose(instance);
    instance.props.replace(props);
    render_into(instance, render);
    finish();
    rerender::drop_parked(instance, "");
    claims::end_leaving(instance);
}

/// Ends a call of the engine: runs the tasks that it woke, sends DOM operations, and updates observers of the elements that exist
/// then.
pub(crate) fn finish() {
    root::run_in(|| {
        run_ready();
        batch::flush();
        observer::update_all();
        dispose_removed();
    });
}

/// Disposes what the instance rendered. Its nodes are removed with its root.
pub(super) fn dispose(instance: &Instance) {
    if let Some(owner) = instance.owner.take() {
        root::run_in(|| batch::discarding(|| owner.dispose()));
    }
}

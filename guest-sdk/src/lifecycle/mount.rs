//! Mounts, unmounts and disposes instances, and runs handlers.

use std::fmt;
use std::rc::Rc;

use hmr_abi::event::DISPATCH_INERT;
use hmr_abi::state::{MountAnswer, MountRequest};
use serde_json::value::RawValue;

use super::instances;
use super::render::{dispose, finish, prepare, render_again, render_into};
use super::restore::render_with;
use crate::DEPLOYED;
use crate::dom::batch;
use crate::encoding::{raw, scan};
use crate::engine::send_log;
use crate::event::{Event, handlers};
#[cfg(target_arch = "wasm32")]
use crate::reactive::writes;
use crate::resource::claims;
use crate::root;
use crate::state::instance::Instance;
use crate::view::component::Render;

/// `hmr_mount`
pub(crate) fn mount(request: &[u8]) -> MountAnswer {
    let error = if DEPLOYED { mount_first(request) } else { mount_saved(request) }.err();
    finish();
    MountAnswer { error }
}

/// A request, without the state that may come with it.
struct FirstMount {
    instance: u32,
    component: String,
    props: Box<RawValue>,
}

/// Nothing waits for a deployed module, so it is given no saved state.
fn mount_first(request: &[u8]) -> Result<(), String> {
    let request = String::from_utf8_lossy(request);
    let fields = scan::entries(&request).map_err(unreadable)?;
    let field = |name: &str| {
        let field = fields.iter().find(|(key, _)| key == name);
        field.map(|(_, value)| *value).ok_or_else(|| unreadable(format!("missing field `{name}`")))
    };
    let request = FirstMount {
        instance: field("instance")?.parse().map_err(unreadable)?,
        component: scan::string(field("component")?).map_err(unreadable)?.into_owned(),
        props: raw(field("props")?),
    };
    mount_request(request, |instance, render| {
        instances::add(instance);
        render_into(instance, render);
    })
}

fn mount_saved(request: &[u8]) -> Result<(), String> {
    let request = serde_json::from_slice(request).map_err(unreadable)?;
    let MountRequest { instance, component, props, saved } = request;
    mount_request(FirstMount { instance, component, props }, |instance, render| {
        if let Some(state) = saved {
            render_with(instance, state, render);
        } else {
            instances::add(instance);
            render_into(instance, render);
        }
    })
}

fn unreadable(error: impl fmt::Display) -> String {
    format!("the mount request does not parse: {error}")
}

fn mount_request(
    request: FirstMount,
    begin: impl FnOnce(&Rc<Instance>, Render),
) -> Result<(), String> {
    let (render, version) = prepare(&request.component, &request.props)?;
    match instances::find(request.instance) {
        Some(live) if live.component == request.component => {
            render_again(&live, request.props, render);
        }
        other => {
            if let Some(other) = other {
                unmount_instance(&other);
            }
            let FirstMount { instance, component, props } = request;
            begin(&Instance::new(instance, component, version, props), render);
        }
    }
    Ok(())
}

/// `hmr_unmount`
pub(crate) fn unmount(id: u32) {
    if let Some(instance) = instances::find(id) {
        unmount_instance(&instance);
    }
    batch::flush();
}

fn unmount_instance(instance: &Rc<Instance>) {
    dispose(instance);
    instance.end();
    instances::remove(instance);
}

/// `hmr_dispose`
pub(crate) fn dispose_all() {
    let all = instances::take_all();
    // Resources stay open: the new code may claim them.
    for instance in &all {
        claims::begin_leaving(instance);
    }
    for instance in all {
        dispose(&instance);
        instance.end();
    }
    batch::flush();
}

/// `hmr_settle`
#[cfg(target_arch = "wasm32")]
pub(crate) fn settle() {
    root::run_in(writes::notify_pending);
    finish();
}

/// `hmr_dispatch`
pub(crate) fn dispatch(handler: u32, data: &[u8]) -> u32 {
    let flags = match Event::read(data) {
        Ok(event) => root::run_in(|| handlers::dispatch(handler, event)),
        Err(error) => {
            send_log(3, &format!("an event does not parse: {error}"));
            DISPATCH_INERT
        }
    };
    finish();
    flags
}

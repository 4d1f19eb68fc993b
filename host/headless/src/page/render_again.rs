//! Rendering a mounted instance again: with other props, or without its state. Equal nodes stay.

use hmr_abi::ops::Namespace;
use hmr_abi::state::MountAnswer;

use crate::dom::Node;
use crate::guest::Effect;
use crate::guest::fault::Fault;
use crate::mounts::Placement;
use crate::page::PageState;
use crate::page::call::{apply_but_requests, call};
use crate::page::connect::refresh;
use crate::page::guest_call::{call_held_back, trap};
use crate::page::health::count_call;
use crate::page::requests::{Requests, apply_requests, close_all_of, settle_requests};
use crate::rendering::patch::reconcile;

/// Mounts an instance again in its element, without its state.
pub(crate) fn mount_again(state: &mut PageState, instance: u32) {
    let Some(mount) = state.mounts.get(instance) else { return };
    let placement = mount.placement.clone();
    render(state, instance, &placement, true);
}

/// Renders an instance again with these props, and keeps its state.
pub(crate) fn render_again(state: &mut PageState, instance: u32, placement: &Placement) {
    render(state, instance, placement, false);
}

fn render(state: &mut PageState, instance: u32, placement: &Placement, drop_state: bool) {
    let Some(mount) = state.mounts.get_mut(instance) else { return };
    mount.placement = placement.clone();
    let node = mount.node;
    let request = match placement.request(instance) {
        Ok(request) => request,
        Err(error) => return state.log.problem(error),
    };
    let module = &placement.module;
    let apart = state.dom.create_element(Namespace::Html, "div");
    let Some(record) = state.modules.get_mut(module) else { return };
    record.tree.set_aside(instance, apart, &state.dom);
    if drop_state {
        let during = format!("unmounting `{}`", placement.component);
        call(state, module, &during, |guest| guest.unmount(instance));
        close_all_of(&mut state.environment, &mut state.connections, instance);
        // Its declarations are new, so a stream's latest value is sent to it.
        refresh(state);
    }
    let called = call_held_back(&mut state.modules, module, |guest| guest.mount(&request));
    let Some((answer, effects)) = called else {
        return put_back(state, module, instance, node);
    };
    let mut requests = Requests::default();
    match apply_rendering(state, module, answer, effects, &mut requests) {
        Ok(None) => {
            count_call(&mut state.modules, &mut state.log, module);
            if let Some(record) = state.modules.get_mut(module) {
                let serial = record.tree.serial;
                reconcile(&mut state.dom, node, serial, apart, &mut record.tree);
                record.tree.settle_aside(instance, node);
            }
            let own = requests.split_off(instance);
            settle_requests(state, module, &[instance], own);
            apply_requests(state, module, requests);
        }
        Ok(Some(error)) => {
            put_back(state, module, instance, node);
            requests.split_off(instance);
            apply_requests(state, module, requests);
            state.log.problem(placement.cannot_be_mounted(&error));
        }
        Err(fault) => {
            put_back(state, module, instance, node);
            let during = format!("rendering `{}` with new props", placement.component);
            trap(&mut state.modules, &mut state.log, module, &during, &fault);
        }
    }
}

/// Applies what a new rendering did to its tree. `Ok` has the component's error about its props.
fn apply_rendering(
    state: &mut PageState,
    module: &str,
    answer: Result<MountAnswer, Fault>,
    effects: Vec<Effect>,
    requests: &mut Requests,
) -> Result<Option<String>, Fault> {
    apply_but_requests(state, module, effects, requests)?;
    answer.map(|answer| answer.error)
}

/// Forgets a new rendering: the instance has its old nodes again.
fn put_back(state: &mut PageState, module: &str, instance: u32, node: Node) {
    if let Some(record) = state.modules.get_mut(module) {
        record.tree.put_back(instance, node, &mut state.dom);
    }
}

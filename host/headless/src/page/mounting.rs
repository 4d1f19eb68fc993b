//! Keeping the instances of a page in step with its document.
//!
//! One call of [`place_components`] makes one step, so that the next one sees what that has rendered.

use hmr_abi::constants::NESTING_LIMIT;
use hmr_abi::ops::Namespace;
use hmr_abi::state::MountAnswer;

use crate::dom::{Dom, Node};
use crate::module::Modules;
use crate::mounts::{Mount, PLACEMENT, Placement, placements};
use crate::page::PageState;
use crate::page::call::call;
use crate::page::detach::{keep_state, kept_state, note_given_back};
use crate::page::guest_call::stop_running;
use crate::page::load::{end_start, start};
use crate::page::render_again::render_again;
use crate::page::requests::close_all_of;

/// Mounts, unmounts or re-renders one instance, if one needs it. Returns whether one did.
pub(crate) fn place_components(state: &mut PageState) -> bool {
    let nodes = placements(&state.dom);
    let removed = state.mounts.iter().find(|(_, mount)| {
        !nodes.contains(&mount.node) && !state.modules.is_swapping(&mount.placement.module)
    });
    if let Some((instance, _)) = removed {
        unmount(state, instance);
        return true;
    }
    nodes.into_iter().any(|node| place(state, node))
}

/// Brings the instance in one element up to what the element asks for. Returns whether there was something to do.
fn place(state: &mut PageState, node: Node) -> bool {
    let placement = Placement::read(&state.dom, node);
    let Some((instance, mount)) = state.mounts.at(node) else {
        if state.modules.is_swapping(&placement.module) {
            return false;
        }
        let instance = state.mounts.add(node, placement.clone());
        mount_or_fail(state, instance, node, &placement);
        return true;
    };
    if mount.placement == placement || state.modules.is_swapping(&mount.placement.module) {
        return false;
    }
    if !mount.placement.is_same_component(&placement) {
        unmount(state, instance);
    } else if mount.failed {
        state.mounts.set(instance, node, placement.clone());
        mount_or_fail(state, instance, node, &placement);
    } else {
        render_again(state, instance, &placement);
    }
    true
}

/// Mounts the instances of a module again that are mounted, without their state. No code of the module runs.
pub(crate) fn mount_again(state: &mut PageState, module: &str) {
    for instance in state.mounts.mounted_of(module) {
        let Some(mount) = state.mounts.get(instance) else { continue };
        let (node, placement) = (mount.node, mount.placement.clone());
        close_all_of(&mut state.environment, &mut state.connections, instance);
        mount_or_fail(state, instance, node, &placement);
    }
}

fn mount_or_fail(state: &mut PageState, instance: u32, node: Node, placement: &Placement) {
    if let Err(error) = mount(state, instance, node, placement) {
        fail(state, instance, error);
    }
}

fn mount(
    state: &mut PageState,
    instance: u32,
    node: Node,
    placement: &Placement,
) -> Result<(), String> {
    let mut request = placement.request(instance)?;
    check_placement(&state.modules, &state.dom, node, placement)?;
    let started = start(state, &placement.module)?;
    let (path, kept) = kept_state(state, node, instance, placement).unzip();
    request.saved = kept;
    state.dom.clear(node);
    if let Some(record) = state.modules.get_mut(&placement.module) {
        record.tree.set_root(instance, node);
    }
    let during = format!("mounting `{}`", placement.component);
    let answer = call(state, &placement.module, &during, |guest| guest.mount(&request));
    if let Some(swap) = started {
        end_start(state, swap);
    }
    match answer {
        Some(MountAnswer { error: None }) => {
            if let Some(path) = path {
                note_given_back(&mut state.detached, &mut state.log, &path, placement);
            }
            Ok(())
        }
        Some(MountAnswer { error: Some(error) }) => Err(placement.cannot_be_mounted(&error)),
        None => {
            let trap = state.log.traps().last().map(ToString::to_string).unwrap_or_default();
            let hint = "its place stays empty until its props or its code change";
            Err(format!("{trap}\nhint: {hint}"))
        }
    }
}

/// Whether a component can be mounted in an element. The error is a message for the developer.
fn check_placement(
    modules: &Modules,
    dom: &Dom,
    node: Node,
    placement: &Placement,
) -> Result<(), String> {
    let Placement { module, component, .. } = placement;
    if module.is_empty() || component.is_empty() {
        return Err("an `hmr-component` element lacks its `module` or `component`\n\
             hint: write `<hmr-component module=\"…\" component=\"…\"></hmr-component>`"
            .to_owned());
    }
    let Some(record) = modules.get(module) else {
        let names: Vec<&str> = modules.names().collect();
        let hint = match names.as_slice() {
            [] => "give the page's builder its modules".to_owned(),
            names => format!("the modules are {}", list(names)),
        };
        return Err(format!("there is no module `{module}`\nhint: {hint}"));
    };
    let components = &record.code().components;
    if !components.contains(component) {
        let names: Vec<&str> = components.iter().map(String::as_str).collect();
        return Err(format!(
            "the module `{module}` has no component `{component}`\nhint: it has {}",
            list(&names)
        ));
    }
    let above = dom.with_ancestors(node);
    let depth = above.iter().filter(|node| dom.is(**node, &[PLACEMENT])).count();
    if depth > NESTING_LIMIT {
        return Err(format!(
            "components are placed in one another more than {NESTING_LIMIT} deep\n\
             hint: does `{component}` place itself?"
        ));
    }
    Ok(())
}

/// Names for a message.
fn list(names: &[&str]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Shows in an element why nothing is mounted there.
fn fail(state: &mut PageState, instance: u32, error: String) {
    let Some(mount) = state.mounts.get_mut(instance) else { return };
    mount.failed = true;
    let node = mount.node;
    if let Some(record) = state.modules.get_mut(&mount.placement.module) {
        record.tree.drop_root(instance, &mut state.dom);
    }
    close_all_of(&mut state.environment, &mut state.connections, instance);
    state.dom.clear(node);
    let message = state.dom.create_element(Namespace::Html, "pre");
    state.dom.set_attribute(message, "class", "hmr-problem");
    state.dom.set_attribute(message, "role", "alert");
    let text = state.dom.create_text(&error);
    state.dom.insert(message, text, None);
    state.dom.insert(node, message, None);
    state.log.problem(error);
}

fn unmount(state: &mut PageState, instance: u32) {
    let Some(mount) = state.mounts.remove(instance) else { return };
    tear_down(state, instance, &mount);
    let module = &mount.placement.module;
    if state.mounts.of_module(module).next().is_none() {
        stop_running(&mut state.modules, &mut state.log, module);
    }
}

/// Takes what an instance rendered out of its element, and lets its code know.
fn tear_down(state: &mut PageState, instance: u32, mount: &Mount) {
    let Placement { module, component, .. } = &mount.placement;
    if let Some(path) = mount.removed_from.clone().filter(|_| !mount.failed) {
        keep_state(state, path, instance, module);
        call(state, module, &format!("pruning `{component}`"), |guest| guest.prune(instance));
    }
    if !mount.failed {
        call(state, module, &format!("unmounting `{component}`"), |guest| guest.unmount(instance));
    }
    if let Some(record) = state.modules.get_mut(module) {
        record.tree.drop_root(instance, &mut state.dom);
    }
    close_all_of(&mut state.environment, &mut state.connections, instance);
    state.dom.clear(mount.node);
}

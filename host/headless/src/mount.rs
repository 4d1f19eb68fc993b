//! Instances: which components are where, and keeping that in sync with the document.
//!
//! The document defines what should be mounted: each `hmr-component` element in it. One call of
//! [`State::place_components`] makes one step towards that, so that what a step renders is checked by
//! the next.

use hmr_abi::constants::NESTING_LIMIT;
use hmr_abi::state::{InstanceState, MountAnswer, MountRequest, Snapshot};
use serde_json::value::RawValue;

use crate::detached::Place;
use crate::dom::Node;
use crate::engine::{Health, State};
use crate::environment::Requests;
use crate::guest::{Effect, Fault, Guest};
use crate::listen::PageEvent;
use crate::swap::{Outcome, Swap, SwapStep};

/// The component that an element requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) module: String,
    pub(crate) component: String,
    /// JSON text.
    pub(crate) props: String,
}

/// The instance mounted in an element, or the error.
#[derive(Debug, Clone)]
pub(crate) struct Mount {
    pub(crate) node: Node,
    pub(crate) wanted: Wanted,
    pub(crate) failed: bool,
    /// An update took this place out of the page.
    pub(crate) pruned: Option<Place>,
}

impl State {
    /// Mounts, unmounts or re-renders one instance, if one needs it.
    pub(crate) fn place_components(&mut self) -> bool {
        let places = self.places();
        let gone = self.mounts.iter().find(|(_, mount)| {
            !places.contains(&mount.node) && !self.is_quiesced(&mount.wanted.module)
        });
        if let Some(instance) = gone.map(|(instance, _)| *instance) {
            self.unmount(instance);
            return true;
        }
        places.into_iter().any(|node| self.place(node))
    }

    /// The elements of the document that components go into.
    pub(crate) fn places(&self) -> Vec<Node> {
        let all = self.dom.with_descendants(self.dom.root()).into_iter();
        all.filter(|node| self.dom.is(*node, &["hmr-component"])).collect()
    }

    fn place(&mut self, node: Node) -> bool {
        let wanted = self.wanted(node);
        let there = self.mounts.iter().find(|(_, mount)| mount.node == node);
        let Some((instance, mount)) = there.map(|(instance, mount)| (*instance, mount.clone()))
        else {
            if self.is_quiesced(&wanted.module) {
                return false;
            }
            self.mount(node, &wanted);
            return true;
        };
        if mount.wanted == wanted || self.is_quiesced(&mount.wanted.module) {
            return false;
        }
        let same =
            mount.wanted.module == wanted.module && mount.wanted.component == wanted.component;
        if same && mount.failed {
            self.mount_again(instance, node, &wanted);
        } else if same {
            self.render_afresh(instance, &wanted);
        } else {
            self.unmount(instance);
        }
        true
    }

    pub(crate) fn wanted(&self, node: Node) -> Wanted {
        let attribute = |name| self.dom.attribute(node, name);
        Wanted {
            module: attribute("module").unwrap_or_default(),
            component: attribute("component").unwrap_or_default(),
            props: attribute("props").unwrap_or_else(|| "{}".to_owned()),
        }
    }

    /// The instances of a module that are mounted, failed ones excepted.
    pub(crate) fn mounted_of(&self, module: &str) -> Vec<u32> {
        let mounted =
            self.mounts.iter().filter(|(_, mount)| mount.wanted.module == module && !mount.failed);
        mounted.map(|(instance, _)| *instance).collect()
    }

    fn mount(&mut self, node: Node, wanted: &Wanted) {
        let instance = self.next_instance;
        self.next_instance += 1;
        let mount = Mount { node, wanted: wanted.clone(), failed: false, pruned: None };
        self.mounts.insert(instance, mount);
        if let Err(error) = self.try_mount(instance, node, wanted) {
            self.fail(instance, error);
        }
    }

    /// Tries to mount what could not be mounted with its props from before.
    fn mount_again(&mut self, instance: u32, node: Node, wanted: &Wanted) {
        let mount = Mount { node, wanted: wanted.clone(), failed: false, pruned: None };
        self.mounts.insert(instance, mount);
        if let Err(error) = self.try_mount(instance, node, wanted) {
            self.fail(instance, error);
        }
    }

    fn try_mount(&mut self, instance: u32, node: Node, wanted: &Wanted) -> Result<(), String> {
        let mut request = request(instance, wanted)?;
        self.check_place(node, wanted)?;
        let loading = self.start(&wanted.module)?;
        let left = self.left_at(node, instance, wanted);
        let place = left.as_ref().map(|(place, _)| place.clone());
        request.saved = left.map(|(_, state)| state);
        self.dom.clear(node);
        if let Some(module) = self.modules.get_mut(&wanted.module) {
            module.tree.set_root(instance, node);
        }
        let during = format!("mounting `{}`", wanted.component);
        let answer = self.call(&wanted.module, &during, |guest| guest.mount(&request));
        if let Some(swap) = loading {
            self.loaded(swap);
        }
        match answer {
            Some(MountAnswer { error: None }) => {
                if let Some(place) = place {
                    self.taken_up(&place, wanted);
                }
                Ok(())
            }
            Some(MountAnswer { error: Some(error) }) => Err(cannot_be_mounted(wanted, &error)),
            None => {
                let trap = self.traps.last().map(ToString::to_string).unwrap_or_default();
                let hint = "its place stays empty until its props or its code change";
                Err(format!("{trap}\nhint: {hint}"))
            }
        }
    }

    fn check_place(&self, node: Node, wanted: &Wanted) -> Result<(), String> {
        let Wanted { module, component, .. } = wanted;
        if module.is_empty() || component.is_empty() {
            return Err("an `hmr-component` element lacks its `module` or `component`\n\
                 hint: write `<hmr-component module=\"…\" component=\"…\"></hmr-component>`"
                .to_owned());
        }
        let Some(known) = self.modules.get(module) else {
            let names: Vec<&str> = self.modules.keys().map(String::as_str).collect();
            let hint = match names.as_slice() {
                [] => "give the page's builder its modules".to_owned(),
                names => format!("the modules are {}", list(names)),
            };
            return Err(format!("there is no module `{module}`\nhint: {hint}"));
        };
        if !known.code.components.contains(component) {
            let names: Vec<&str> = known.code.components.iter().map(String::as_str).collect();
            return Err(format!(
                "the module `{module}` has no component `{component}`\nhint: it has {}",
                list(&names)
            ));
        }
        let above = self.dom.with_ancestors(node);
        let depth = above.iter().filter(|node| self.dom.is(**node, &["hmr-component"])).count();
        if depth > NESTING_LIMIT {
            return Err(format!(
                "components are placed in one another more than {NESTING_LIMIT} deep\n\
                 hint: does `{component}` place itself?"
            ));
        }
        Ok(())
    }

    /// Starts a module's code unless it runs. The answer is the swap that this begins, up to the step `render`.
    fn start(&mut self, name: &str) -> Result<Option<Swap>, String> {
        let terms = self.terms(name);
        let Some(module) = self.modules.get_mut(name) else { return Ok(None) };
        if module.health != Health::Well {
            return Err(format!("the module `{name}` has trapped and is not running"));
        }
        if module.guest.is_some() {
            return Ok(None);
        }
        let code = module.code.clone();
        let mut swap = Swap::new(name, &*code.hash);
        self.pass(&mut swap, SwapStep::Prepare);
        self.pass(&mut swap, SwapStep::Instantiate);
        let started = Guest::start(&code, &terms).and_then(|mut guest| {
            let effects = guest.take_effects();
            if let Some(module) = self.modules.get_mut(name) {
                module.guest = Some(guest);
            }
            self.apply(name, effects).inspect_err(|_| self.stop_running(name))
        });
        match started {
            Ok(()) => {
                self.pass(&mut swap, SwapStep::Render);
                Ok(Some(swap))
            }
            Err(fault) => {
                swap.outcome = Outcome::RolledBack;
                swap.step = Some(SwapStep::Instantiate);
                swap.error = Some(fault.to_string());
                self.pass(&mut swap, SwapStep::Rollback);
                self.ended(swap);
                Err(format!("the module `{name}` could not be started: {fault}"))
            }
        }
    }

    /// Ends the swap of code that was loaded for a component. There is no earlier version to restore.
    fn loaded(&mut self, mut swap: Swap) {
        let name = swap.module.clone();
        let prev = self.info(&name);
        if let Some(module) = self.modules.get_mut(&name) {
            module.generation += 1;
        }
        self.pass(&mut swap, SwapStep::Commit);
        if let (Some(prev), Some(next)) = (prev, self.info(&name)) {
            self.told.push_back(PageEvent::Update { next, prev });
        }
        self.pass(&mut swap, SwapStep::Probation);
        self.check_health(&name);
        self.ended(swap);
    }

    fn ended(&mut self, swap: Swap) {
        self.told.push_back(PageEvent::Swap(swap.clone()));
        self.swaps.push(swap);
    }

    /// Shows in an element why nothing is mounted there.
    pub(crate) fn fail(&mut self, instance: u32, error: String) {
        let Some(mount) = self.mounts.get_mut(&instance) else { return };
        mount.failed = true;
        let (node, module) = (mount.node, mount.wanted.module.clone());
        if let Some(module) = self.modules.get_mut(&module) {
            module.tree.drop_root(instance, &mut self.dom);
        }
        self.close_all_of(instance);
        self.dom.clear(node);
        let message = self.dom.create_element(hmr_abi::ops::Namespace::Html, "pre");
        self.dom.set_attribute(message, "class", "hmr-problem");
        self.dom.set_attribute(message, "role", "alert");
        let text = self.dom.create_text(&error);
        self.dom.insert(message, text, None);
        self.dom.insert(node, message, None);
        self.problem(error);
    }

    fn unmount(&mut self, instance: u32) {
        let Some(mount) = self.mounts.remove(&instance) else { return };
        let name = mount.wanted.module.clone();
        self.tear_down(instance, &mount);
        if !self.mounts.values().any(|mount| mount.wanted.module == name) {
            self.stop_running(&name);
        }
    }

    /// Takes what an instance rendered out of its place, and lets its code know.
    fn tear_down(&mut self, instance: u32, mount: &Mount) {
        let Wanted { module: name, component, .. } = &mount.wanted;
        if let Some(place) = mount.pruned.clone().filter(|_| !mount.failed) {
            self.leave_behind(place, instance, name);
            self.call(name, &format!("pruning `{component}`"), |guest| guest.prune(instance));
        }
        if !mount.failed {
            self.call(name, &format!("unmounting `{component}`"), |guest| guest.unmount(instance));
        }
        if let Some(module) = self.modules.get_mut(name) {
            module.tree.drop_root(instance, &mut self.dom);
        }
        self.close_all_of(instance);
        self.dom.clear(mount.node);
    }

    /// Mounts an instance again in its place, without its state. Equal nodes stay.
    pub(crate) fn mount_anew(&mut self, instance: u32) {
        let Some(mount) = self.mounts.get(&instance) else { return };
        let wanted = mount.wanted.clone();
        self.render_into(instance, &wanted, true);
    }

    /// Re-renders an instance with other props and keeps its state.
    pub(crate) fn render_afresh(&mut self, instance: u32, wanted: &Wanted) {
        self.render_into(instance, wanted, false);
    }

    fn render_into(&mut self, instance: u32, wanted: &Wanted, anew: bool) {
        let Some(mount) = self.mounts.get_mut(&instance) else { return };
        mount.wanted = wanted.clone();
        let node = mount.node;
        let request = match request(instance, wanted) {
            Ok(request) => request,
            Err(error) => return self.problem(error),
        };
        let name = &wanted.module;
        let apart = self.dom.create_element(hmr_abi::ops::Namespace::Html, "div");
        let Some(module) = self.modules.get_mut(name) else { return };
        module.tree.set_aside(instance, apart, &self.dom);
        if anew {
            let during = format!("unmounting `{}`", wanted.component);
            self.call(name, &during, |guest| guest.unmount(instance));
            self.close_all_of(instance);
            // Its declarations are new, so a stream's latest value is sent to it.
            self.refresh_connections();
        }
        let Some((answer, effects)) = self.call_held_back(name, |guest| guest.mount(&request))
        else {
            return self.put_back(name, instance, node);
        };
        let mut requests = Requests::default();
        match self.rendered_again(name, answer, effects, &mut requests) {
            Ok(None) => {
                self.count_call(name);
                if let Some(module) = self.modules.get_mut(name) {
                    let serial = module.tree.serial;
                    crate::patch::reconcile(&mut self.dom, node, serial, apart, &mut module.tree);
                    module.tree.settle_aside(instance, node);
                }
                let own = requests.split_off(instance);
                self.settle_fresh(name, &[instance], own);
                self.apply_requests(name, requests);
            }
            Ok(Some(error)) => {
                self.put_back(name, instance, node);
                requests.split_off(instance);
                self.apply_requests(name, requests);
                self.problem(cannot_be_mounted(wanted, &error));
            }
            Err(fault) => {
                self.put_back(name, instance, node);
                self.trap(
                    name,
                    &format!("rendering `{}` with new props", wanted.component),
                    &fault,
                );
            }
        }
    }

    /// Applies what a fresh rendering did to its tree. `Ok` has the component's error about its props.
    fn rendered_again(
        &mut self,
        name: &str,
        answer: Result<MountAnswer, Fault>,
        effects: Vec<Effect>,
        requests: &mut Requests,
    ) -> Result<Option<String>, Fault> {
        self.apply_but_requests(name, effects, requests)?;
        answer.map(|answer| answer.error)
    }

    fn put_back(&mut self, name: &str, instance: u32, node: Node) {
        if let Some(module) = self.modules.get_mut(name) {
            module.tree.put_back(instance, node, &mut self.dom);
        }
    }

    /// The last good state of a module, of all that is mounted from it now. An instance mounted after the capture
    /// is in it without signals.
    pub(crate) fn last_good_snapshot(&self, name: &str) -> Snapshot {
        let known = self.modules.get(name).and_then(|module| module.last_good.clone());
        self.complete(name, known.unwrap_or_default())
    }

    /// A state of a module, of all that is mounted from it now and of nothing else.
    pub(crate) fn complete(&self, name: &str, snapshot: Snapshot) -> Snapshot {
        let mut known = snapshot.instances;
        let instances = self.mounted_of(name).into_iter().filter_map(|instance| {
            let wanted = &self.mounts.get(&instance)?.wanted;
            let is_known = |state: &InstanceState| {
                state.instance == instance && state.component == wanted.component
            };
            if let Some(at) = known.iter().position(is_known) {
                return Some(known.remove(at));
            }
            let request = request(instance, wanted).ok()?;
            Some(InstanceState::new(instance, request.component, request.props))
        });
        Snapshot {
            abi: hmr_abi::ABI_VERSION,
            instances: instances.collect(),
            ..Snapshot::default()
        }
    }

    /// Records the props of instances since a previous state was restored: where the page has other ones
    /// now, it re-renders them.
    pub(crate) fn follow_props(&mut self, snapshot: &Snapshot) {
        for state in &snapshot.instances {
            if let Some(mount) = self.mounts.get_mut(&state.instance)
                && mount.wanted.props.trim() != state.props.get()
            {
                state.props.get().clone_into(&mut mount.wanted.props);
            }
        }
    }
}

fn request(instance: u32, wanted: &Wanted) -> Result<MountRequest, String> {
    let malformed = |why: String| {
        format!(
            "the props of `{}` are no JSON object: {why}\nhint: they are `{}`",
            wanted.component, wanted.props
        )
    };
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&wanted.props)
        .map_err(|error| malformed(error.to_string()))?;
    let props = RawValue::from_string(wanted.props.trim().to_owned())
        .map_err(|error| malformed(error.to_string()))?;
    Ok(MountRequest { instance, component: wanted.component.clone(), props, saved: None })
}

/// Names for a message.
fn list(names: &[&str]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The message for the developer when a component does not accept its props.
fn cannot_be_mounted(wanted: &Wanted, error: &str) -> String {
    let Wanted { module, component, .. } = wanted;
    format!(
        "`{component}` of `{module}` cannot be mounted: {error}\nhint: look at the `props` where it is placed"
    )
}

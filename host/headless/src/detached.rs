//! The states of instances whose places an update removes from the page, kept for an update that brings
//! the place back, as undoing the edit does.

use std::collections::VecDeque;

use hmr_abi::constants::LEFT_STATES;
use hmr_abi::state::{InstanceState, MigrateAnswer, Snapshot};

use crate::dom::Node;
use crate::engine::State;
use crate::mount::Wanted;
use crate::record::LogLevel;

/// A component's position in the page, `board.Board#0 > card.Card left#2`: module, component, its name if it has one, and
/// its index among those of the same name in its parent.
pub(crate) type Place = String;

/// The kept states, the latest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct DetachedStates(VecDeque<(Place, InstanceState)>);

impl State {
    /// The places of nested instances.
    pub(crate) fn inner_places(&self) -> Vec<(u32, Place)> {
        let mounted = self
            .mounts
            .iter()
            .filter(|(_, mount)| !mount.failed && self.dom.is_connected(mount.node))
            .filter(|(_, mount)| self.outer(mount.node).is_some());
        mounted.map(|(instance, mount)| (*instance, self.place_of(mount.node))).collect()
    }

    fn place_of(&self, node: Node) -> Place {
        let outer = self.outer(node);
        let kind = |node| {
            let Wanted { module, component, .. } = self.wanted(node);
            let name = self.dom.attribute(node, "name").map(|name| format!(" {name}"));
            format!("{module}.{component}{}", name.unwrap_or_default())
        };
        let name = kind(node);
        let before = self.places().into_iter().take_while(|other| *other != node);
        let nth =
            before.filter(|other| self.outer(*other) == outer && kind(*other) == name).count();
        let here = format!("{name}#{nth}");
        outer.map_or_else(|| here.clone(), |outer| format!("{} > {here}", self.place_of(outer)))
    }

    /// The element of the component that a place is in.
    fn outer(&self, node: Node) -> Option<Node> {
        let above = self.dom.with_ancestors(node).into_iter().skip(1);
        above.into_iter().find(|node| self.dom.is(*node, &["hmr-component"]))
    }

    /// Keeps the state of an instance whose place is gone.
    pub(crate) fn leave_behind(&mut self, place: Place, instance: u32, name: &str) {
        let snapshot = match self.capture(name) {
            Some(Ok(snapshot)) => snapshot,
            Some(Err(fault)) => return self.trap(name, "capturing the state", &fault),
            None => return,
        };
        let own = snapshot.instances.into_iter().find(|state| state.instance == instance);
        if let Some(state) = own {
            let left = &mut self.detached.0;
            left.retain(|(other, _)| *other != place);
            left.push_front((place, state));
            left.truncate(LEFT_STATES);
        }
    }

    /// The kept state for the place where a component is to be mounted, as its code reads it.
    pub(crate) fn left_at(
        &mut self,
        node: Node,
        instance: u32,
        wanted: &Wanted,
    ) -> Option<(Place, InstanceState)> {
        if self.detached.0.is_empty() {
            return None;
        }
        let place = self.place_of(node);
        let at = self.detached.0.iter().position(|(other, _)| *other == place)?;
        let (_, state) = self.detached.0.get(at)?.clone();
        let instances = vec![InstanceState { instance, ..state }];
        let snapshot = Snapshot { abi: hmr_abi::ABI_VERSION, instances, ..Snapshot::default() };
        let Wanted { module: name, component, .. } = wanted;
        let during = format!("migrating `{component}`");
        let migrated = match self.call(name, &during, |guest| guest.migrate(&snapshot))? {
            None => Ok(snapshot),
            Some(MigrateAnswer::Migrated(migrated)) => Ok(migrated),
            Some(MigrateAnswer::Failed { error }) => Err(error),
        };
        match migrated {
            Ok(snapshot) => {
                let own =
                    snapshot.instances.into_iter().find(|state| state.instance == instance)?;
                Some((place, own))
            }
            Err(error) => {
                let text = format!(
                    "the state that `{component}` had in `{place}` cannot be taken up: {error}"
                );
                self.write_log(LogLevel::Warn, name, text);
                None
            }
        }
    }

    /// Notes that an instance was mounted with what was left in its place.
    pub(crate) fn taken_up(&mut self, place: &Place, wanted: &Wanted) {
        self.detached.0.retain(|(other, _)| other != place);
        let text = format!("the state that `{}` had in `{place}` is taken up", wanted.component);
        self.write_log(LogLevel::Info, &wanted.module, text);
    }
}

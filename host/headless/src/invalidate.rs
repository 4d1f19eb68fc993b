//! Instances that report that they cannot continue with their state.
//!
//! Such an instance is mounted again without its state, and the instance whose view placed it re-renders with
//! its state kept; if that reports the same, its parent does, and so on. Each instance gets its turn at most once until the page
//! has settled, so that an instance that always reports does not loop forever.

use crate::engine::State;
use crate::record::LogLevel;

impl State {
    /// Deals with one instance that invalidated itself. The answer is whether there was one that could be dealt with.
    pub(crate) fn handle_invalidation(&mut self) -> bool {
        let at = self.invalidations.iter().position(|(name, invalidation)| {
            !self.is_quiesced(name) && !self.placer_is_held(invalidation.instance)
        });
        let Some((name, invalidation)) = at.and_then(|at| self.invalidations.remove(at)) else {
            return false;
        };
        let instance = invalidation.instance;
        let is_its_own = self
            .mounts
            .get(&instance)
            .is_some_and(|mount| mount.wanted.module == name && !mount.failed);
        if !is_its_own {
            let text = format!("it invalidated the instance {instance}, which it has not mounted");
            self.write_log(LogLevel::Debug, &name, text);
            return true;
        }
        if !self.invalidated_once.insert(instance) {
            let text = format!(
                "the instance {instance} was invalidated again and is left as it is: {}",
                invalidation.reason
            );
            self.write_log(LogLevel::Warn, &name, text);
            return true;
        }
        let text = format!("the instance {instance} was invalidated: {}", invalidation.reason);
        self.write_log(LogLevel::Info, &name, text);
        self.mount_anew(instance);
        match self.placed_by(instance) {
            Some(above) => {
                if let Some(wanted) = self.mounts.get(&above).map(|mount| mount.wanted.clone()) {
                    self.render_afresh(above, &wanted);
                }
            }
            None => self.problem(format!(
                "the invalidation of the instance {instance} of `{name}` went up to the page: {}",
                invalidation.reason
            )),
        }
        self.invalidated.push(invalidation);
        true
    }

    /// Ends the round in which each instance gets one turn.
    pub(crate) fn invalidation_ends(&mut self) {
        self.invalidated_once.clear();
    }

    /// Whether the module of the instance whose view placed another one is in the middle of a swap.
    fn placer_is_held(&self, instance: u32) -> bool {
        let above = self.placed_by(instance).and_then(|above| self.mounts.get(&above));
        above.is_some_and(|above| self.is_quiesced(&above.wanted.module))
    }

    /// The instance whose view placed another one.
    fn placed_by(&self, instance: u32) -> Option<u32> {
        let node = self.mounts.get(&instance)?.node;
        let above = self.dom.with_ancestors(node);
        above.into_iter().skip(1).find_map(|node| {
            let mut mounts = self.mounts.iter();
            mounts.find(|(_, mount)| mount.node == node && !mount.failed).map(|(above, _)| *above)
        })
    }
}

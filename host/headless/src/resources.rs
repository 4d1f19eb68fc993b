//! The resources that a page holds on its modules' behalf, and the clock that drives them.
//!
//! A resource is owned by instance and key and outlives the code that opened it. Nothing here calls a
//! module: [`Resources::due`] says what fires next, and the caller dispatches it.

use hmr_abi::event::{Resource, ResourceRequest};

/// A frame's length in milliseconds, at 60 frames a second.
const FRAME: f64 = 1000.0 / 60.0;

/// What became of one resource in a swap.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ResourceChange {
    /// Whose it is.
    pub instance: u32,
    /// Its key: scopes, then the name, joined with `:`.
    pub key: String,
    /// What became of it.
    pub outcome: ResourceOutcome,
}

/// What became of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceOutcome {
    /// It lives on, phase and all, with the new code's handler.
    Kept,
    /// The new code opened it with other arguments.
    Replaced,
    /// Only the new code opens it.
    Opened,
    /// The new code does not open it.
    Closed,
}

/// A live resource.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Live {
    /// Who opened it, and gets its firings.
    pub(crate) module: String,
    pub(crate) instance: u32,
    pub(crate) key: String,
    pub(crate) resource: Resource,
    pub(crate) handler: u32,
    /// When it fires next, on the page's clock.
    due: f64,
}

impl Live {
    fn is(&self, instance: u32, key: &str) -> bool {
        self.instance == instance && self.key == key
    }

    /// The type of the event that it fires.
    pub(crate) fn kind(&self) -> &'static str {
        self.resource.kind()
    }
}

/// All live resources of a page, in the order in which they were opened.
#[derive(Debug, Default)]
pub(crate) struct Resources(Vec<Live>);

impl Resources {
    /// Does what running code asks for. Opening what is live with the same arguments changes its handler only.
    pub(crate) fn apply(&mut self, module: &str, request: ResourceRequest, now: f64) {
        match request {
            ResourceRequest::Open { instance, key, resource, handler, .. } => {
                let due = first(&resource, now);
                self.open(Live {
                    module: module.to_owned(),
                    instance,
                    key,
                    resource,
                    handler,
                    due,
                });
            }
            ResourceRequest::Send { .. } => {}
            ResourceRequest::Close { instance, key } => {
                self.0.retain(|live| live.module != module || !live.is(instance, &key));
            }
        }
    }

    fn open(&mut self, wanted: Live) -> ResourceOutcome {
        let at = self.0.iter().position(|live| live.is(wanted.instance, &wanted.key));
        let Some(live) = at.map(|at| &mut self.0[at]) else {
            self.0.push(wanted);
            return ResourceOutcome::Opened;
        };
        if live.resource == wanted.resource && live.module == wanted.module {
            live.handler = wanted.handler;
            return ResourceOutcome::Kept;
        }
        *live = wanted;
        ResourceOutcome::Replaced
    }

    /// Settles what fresh code of `instances` asked for while it was held back: adopts, replaces and opens
    /// what it wants, and closes the rest of these instances' resources.
    pub(crate) fn settle(
        &mut self,
        module: &str,
        instances: &[u32],
        requests: Vec<ResourceRequest>,
        now: f64,
    ) -> Vec<ResourceChange> {
        let mut wanted: Vec<(u32, String, Resource, u32)> = Vec::new();
        for request in requests {
            match request {
                ResourceRequest::Open { instance, key, resource, handler, .. } => {
                    wanted.retain(|other| (other.0, &other.1) != (instance, &key));
                    wanted.push((instance, key, resource, handler));
                }
                ResourceRequest::Send { .. } => {}
                ResourceRequest::Close { instance, key } => {
                    wanted.retain(|other| (other.0, &other.1) != (instance, &key));
                }
            }
        }
        let mut changes = Vec::new();
        self.0.retain(|live| {
            let is_wanted = wanted.iter().any(|(instance, key, ..)| live.is(*instance, key));
            let stays = is_wanted || live.module != module || !instances.contains(&live.instance);
            if !stays {
                let (instance, key) = (live.instance, live.key.clone());
                changes.push(ResourceChange { instance, key, outcome: ResourceOutcome::Closed });
            }
            stays
        });
        for (instance, key, resource, handler) in wanted {
            let due = first(&resource, now);
            let module = module.to_owned();
            let outcome =
                self.open(Live { module, instance, key: key.clone(), resource, handler, due });
            changes.push(ResourceChange { instance, key, outcome });
        }
        changes
    }

    pub(crate) fn close_all_of(&mut self, instance: u32) {
        self.0.retain(|live| live.instance != instance);
    }

    /// The handler of a live resource.
    pub(crate) fn handler(&self, instance: u32, key: &str) -> Option<u32> {
        self.0.iter().find(|live| live.is(instance, key)).map(|live| live.handler)
    }

    /// The resource that fires first, if it does until `end`, with its time. Its next firing is arranged; a
    /// timeout is closed.
    pub(crate) fn due(&mut self, end: f64) -> Option<(f64, Live)> {
        // Equal times fire in the order of opening, hence the first of the smallest.
        let at =
            (0..self.0.len()).reduce(|a, b| if self.0[b].due < self.0[a].due { b } else { a })?;
        let live = &mut self.0[at];
        let due = live.due;
        if due > end {
            return None;
        }
        let fired = live.clone();
        match live.resource {
            Resource::Interval { ms } => live.due += period(ms),
            Resource::AnimationFrame {} => live.due = next_frame(due),
            _ => _ = self.0.remove(at),
        }
        Some((due, fired))
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

fn first(resource: &Resource, now: f64) -> f64 {
    match resource {
        Resource::Interval { ms } | Resource::Timeout { ms } => now + period(*ms),
        Resource::AnimationFrame {} => next_frame(now),
        // What no clock fires.
        _ => f64::INFINITY,
    }
}

/// A delay as it is kept: at least a millisecond, so that time passes between firings.
fn period(ms: f64) -> f64 {
    ms.max(1.0)
}

/// The first frame after `now`; frames come at the same times whoever waits for them.
fn next_frame(now: f64) -> f64 {
    // A hair more than `now`, since `now` may be a frame's time, rounded.
    ((now + 0.001) / FRAME).ceil() * FRAME
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(key: &str, ms: f64, handler: u32) -> ResourceRequest {
        ResourceRequest::Open {
            instance: 1,
            key: key.into(),
            resource: Resource::Interval { ms },
            handler,
            replay: false,
        }
    }

    #[test]
    fn an_adopted_interval_keeps_its_phase() {
        let mut resources = Resources::default();
        resources.apply("m", open("tick", 100.0, 1), 0.0);
        let changes = resources.settle("m", &[1], vec![open("tick", 100.0, 9)], 70.0);
        assert_eq!(changes[0].outcome, ResourceOutcome::Kept);
        let (at, fired) = resources.due(100.0).expect("it is due");
        assert_eq!((at, fired.handler), (100.0, 9));
        assert_eq!(resources.due(199.0), None);
    }

    #[test]
    fn what_is_not_opened_again_is_closed() {
        let mut resources = Resources::default();
        resources.apply("m", open("a", 100.0, 1), 0.0);
        resources.apply("m", open("b", 100.0, 2), 0.0);
        let changes =
            resources.settle("m", &[1], vec![open("b", 50.0, 3), open("c", 1.0, 4)], 10.0);
        let told: Vec<_> =
            changes.iter().map(|change| (change.key.as_str(), change.outcome)).collect();
        assert_eq!(
            told,
            [
                ("a", ResourceOutcome::Closed),
                ("b", ResourceOutcome::Replaced),
                ("c", ResourceOutcome::Opened)
            ]
        );
        assert_eq!(resources.len(), 2);
    }

    #[test]
    fn other_instances_are_left_alone() {
        let mut resources = Resources::default();
        resources.apply("m", open("a", 100.0, 1), 0.0);
        assert_eq!(resources.settle("m", &[2], Vec::new(), 0.0), []);
        assert_eq!(resources.len(), 1);
    }

    #[test]
    fn a_delay_of_nothing_still_takes_time() {
        let mut resources = Resources::default();
        resources.apply("m", open("a", 0.0, 1), 0.0);
        let fired = std::iter::from_fn(|| resources.due(10.0)).count();
        assert_eq!(fired, 10);
    }
}

//! Observers of elements: sizes and visibility that a test gives them, and changes below them.
//!
//! There is no layout: an element has the size and the visibility that a test gave it, and none until then. Changes are
//! found by comparing what is below an element whenever the page settles, whatever caused them.

mod changes;

use std::collections::{BTreeMap, HashMap};

use hmr_abi::event::Resource;
use serde_json::json;

use self::changes::Shape;
use crate::dom::{Dom, Node};
use crate::environment::resources::Resources;

/// The last state that an observer was notified of.
#[derive(Debug, Clone)]
enum Seen {
    Size,
    Intersecting(bool),
    Below(Shape<Node>),
}

/// The element of an observer.
#[derive(Debug, Clone)]
struct Watched {
    node: Node,
    seen: Seen,
}

/// An observer that fires, and the data for its handler.
type Firing = (u64, String);

/// All observers of a page, by the serial numbers of the resources, and the values that a test sets on elements.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observers {
    watched: BTreeMap<u64, Watched>,
    sizes: HashMap<Node, (f64, f64)>,
    ratios: HashMap<Node, f64>,
}

impl Observers {
    /// Stops an observer.
    pub(crate) fn stop(&mut self, serial: u64) {
        self.watched.remove(&serial);
    }

    /// Starts to observe an element, or continues if it is the one from before. Returns the data of the first firing, if
    /// there is one.
    pub(crate) fn watch(
        &mut self,
        dom: &Dom,
        serial: u64,
        resource: &Resource,
        node: Node,
    ) -> Option<String> {
        if self.watched.get(&serial).is_some_and(|known| known.node == node) {
            return None;
        }
        let (seen, data) = match resource {
            Resource::IntersectionObserver { threshold, .. } => {
                let (intersecting, data) = ratio_data(self.ratio(node), *threshold);
                (Seen::Intersecting(intersecting), Some(data))
            }
            Resource::ResizeObserver { .. } => (Seen::Size, Some(size_data(self.size(node)))),
            _ => (Seen::Below(shape(dom, node)), None),
        };
        self.watched.insert(serial, Watched { node, seen });
        data
    }

    /// Sets an element's size. Returns the observers that fire.
    pub(crate) fn resize(&mut self, node: Node, size: (f64, f64)) -> Vec<Firing> {
        if self.size(node) == size {
            return Vec::new();
        }
        self.sizes.insert(node, size);
        let watching = self
            .watched
            .iter()
            .filter(|(_, one)| one.node == node && matches!(one.seen, Seen::Size));
        watching.map(|(serial, _)| (*serial, size_data(size))).collect()
    }

    /// Sets which share of an element is visible. Returns the observers that fire.
    pub(crate) fn intersect(
        &mut self,
        resources: &Resources,
        node: Node,
        ratio: f64,
    ) -> Vec<Firing> {
        self.ratios.insert(node, ratio);
        let mut firings = Vec::new();
        for (serial, watched) in &mut self.watched {
            let Some(Resource::IntersectionObserver { threshold, .. }) =
                resources.get(*serial).map(|live| &live.resource)
            else {
                continue;
            };
            let (now, data) = ratio_data(ratio, *threshold);
            if let Seen::Intersecting(before) = &mut watched.seen
                && watched.node == node
                && *before != now
            {
                *before = now;
                firings.push((*serial, data));
            }
        }
        firings
    }

    /// Compares what is below the observed elements with what was there before. Returns the observers that fire.
    pub(crate) fn find_mutations(&mut self, dom: &Dom) -> Vec<Firing> {
        let mut firings = Vec::new();
        for (serial, watched) in &mut self.watched {
            let Seen::Below(before) = &mut watched.seen else { continue };
            let now = shape(dom, watched.node);
            if let Some(changes) = changes::between(before, &now) {
                firings.push((*serial, changes.data()));
            }
            *before = now;
        }
        firings
    }

    fn size(&self, node: Node) -> (f64, f64) {
        self.sizes.get(&node).copied().unwrap_or_default()
    }

    fn ratio(&self, node: Node) -> f64 {
        self.ratios.get(&node).copied().unwrap_or_default()
    }
}

fn size_data((width, height): (f64, f64)) -> String {
    json!({ "width": width, "height": height }).to_string()
}

fn ratio_data(ratio: f64, threshold: f64) -> (bool, String) {
    let intersecting = ratio > 0.0 && ratio >= threshold;
    (intersecting, json!({ "intersecting": intersecting, "ratio": ratio }).to_string())
}

fn shape(dom: &Dom, top: Node) -> Shape<Node> {
    Shape::read(dom.with_descendants(top).into_iter().map(|node| {
        let text = dom.is_text(node).then(|| dom.text(node));
        (node, dom.children(node), dom.attributes(node), text)
    }))
}

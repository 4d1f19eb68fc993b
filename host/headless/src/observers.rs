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
use crate::element::Element;
use crate::engine::State;
use crate::error::PageError;
use crate::record::LogLevel;

/// The last state that an observer saw.
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

/// All observers of a page, by the serial numbers of the resources, and the values that a test sets on elements.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observers {
    watched: BTreeMap<u64, Watched>,
    sizes: HashMap<Node, (f64, f64)>,
    ratios: HashMap<Node, f64>,
}

impl Observers {
    pub(crate) fn forget(&mut self, serial: u64) {
        self.watched.remove(&serial);
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

impl State {
    /// Starts to observe the element that an observer names now, or continues if it is the previous one.
    pub(crate) fn observe(&mut self, serial: u64) {
        let Some(live) = self.resources.get(serial) else { return };
        let (Resource::ResizeObserver { node }
        | Resource::IntersectionObserver { node, .. }
        | Resource::MutationObserver { node }) = live.resource
        else {
            return;
        };
        let (module, resource) = (live.module.clone(), live.resource.clone());
        let element = self.modules.get(&module).and_then(|module| module.tree.element_of(node));
        let Some(element) = element else {
            self.environment.observers.forget(serial);
            let text = format!(
                "the {} `{}` of {} names the node {node}, which is no element",
                resource.kind(),
                live.key.clone(),
                self.who(live.instance)
            );
            return self.write_log(LogLevel::Warn, &module, text);
        };
        if self
            .environment
            .observers
            .watched
            .get(&serial)
            .is_some_and(|known| known.node == element)
        {
            return;
        }
        let observers = &self.environment.observers;
        let (seen, data) = match resource {
            Resource::IntersectionObserver { threshold, .. } => {
                let (intersecting, data) = ratio_data(observers.ratio(element), threshold);
                (Seen::Intersecting(intersecting), Some(data))
            }
            Resource::ResizeObserver { .. } => {
                (Seen::Size, Some(size_data(observers.size(element))))
            }
            _ => (Seen::Below(shape(&self.dom, element)), None),
        };
        self.environment.observers.watched.insert(serial, Watched { node: element, seen });
        if data.is_some() {
            self.fire_later(serial, data);
        }
    }

    fn resize(&mut self, node: Node, size: (f64, f64)) {
        let observers = &mut self.environment.observers;
        if observers.size(node) == size {
            return;
        }
        observers.sizes.insert(node, size);
        let watching: Vec<u64> = observers
            .watched
            .iter()
            .filter(|(_, one)| one.node == node && matches!(one.seen, Seen::Size))
            .map(|(serial, _)| *serial)
            .collect();
        for serial in watching {
            self.fire_later(serial, Some(size_data(size)));
        }
    }

    fn intersect(&mut self, node: Node, ratio: f64) {
        self.environment.observers.ratios.insert(node, ratio);
        let mut firings = Vec::new();
        for (serial, watched) in &mut self.environment.observers.watched {
            let Some(Resource::IntersectionObserver { threshold, .. }) =
                self.resources.get(*serial).map(|live| &live.resource)
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
        for (serial, data) in firings {
            self.fire_later(serial, Some(data));
        }
    }

    /// Notifies the mutation observers of changes. Returns whether there were any.
    pub(crate) fn notice_mutations(&mut self) -> bool {
        let mut firings = Vec::new();
        for (serial, watched) in &mut self.environment.observers.watched {
            let Seen::Below(before) = &mut watched.seen else { continue };
            let now = shape(&self.dom, watched.node);
            if let Some(changes) = changes::between(before, &now) {
                firings.push((*serial, changes.data()));
            }
            *before = now;
        }
        let any = !firings.is_empty();
        for (serial, data) in firings {
            self.fire_later(serial, Some(data));
        }
        any
    }
}

fn shape(dom: &Dom, top: Node) -> Shape<Node> {
    Shape::read(dom.with_descendants(top).into_iter().map(|node| {
        let text = dom.is_text(node).then(|| dom.text(node));
        (node, dom.children(node), dom.attributes(node), text)
    }))
}

impl Element {
    /// Gives it the size of its content box, in CSS pixels. Notifies its observers.
    ///
    /// ```no_run
    /// # fn test(page: &hmr_headless::Page) -> Result<(), hmr_headless::PageError> {
    /// page.find(".board")?.resize(320.0, 200.0)?;
    /// assert_eq!(page.text(".layout"), "narrow");
    /// # Ok(())
    /// # }
    /// ```
    pub fn resize(&self, width: f64, height: f64) -> Result<&Self, PageError> {
        self.act(|state, node| state.resize(node, (width.max(0.0), height.max(0.0))))
    }

    /// Brings a share of it into view, 0 to 1. Notifies its observers when the share passes their threshold.
    pub fn intersect(&self, ratio: f64) -> Result<&Self, PageError> {
        self.act(|state, node| state.intersect(node, ratio.clamp(0.0, 1.0)))
    }
}

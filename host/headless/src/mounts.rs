//! The instances of a page: which components are mounted where.
//!
//! The document says what should be mounted: each `hmr-component` element in it is a [`Placement`]. A [`Mount`] is the
//! state of one.

pub(crate) mod detached;
pub(crate) mod invalidations;
pub(crate) mod path;

use std::collections::BTreeMap;

use hmr_abi::state::MountRequest;
use serde_json::value::RawValue;

use self::path::InstancePath;
use crate::dom::{Dom, Node};

/// The element that a component is placed with.
pub(crate) const PLACEMENT: &str = "hmr-component";

/// The elements of the document that components go into, in document order.
pub(crate) fn placements(dom: &Dom) -> Vec<Node> {
    let all = dom.with_descendants(dom.root()).into_iter();
    all.filter(|node| dom.is(*node, &[PLACEMENT])).collect()
}

/// The component that an element asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(crate) module: String,
    pub(crate) component: String,
    /// JSON text.
    pub(crate) props: String,
}

impl Placement {
    pub(crate) fn read(dom: &Dom, node: Node) -> Self {
        let attribute = |name| dom.attribute(node, name);
        Self {
            module: attribute("module").unwrap_or_default(),
            component: attribute("component").unwrap_or_default(),
            props: attribute("props").unwrap_or_else(|| "{}".to_owned()),
        }
    }

    /// Whether both ask for the same component, with any props.
    pub(crate) fn is_same_component(&self, other: &Self) -> bool {
        self.module == other.module && self.component == other.component
    }

    /// The request to mount it. The error is a message for the developer.
    pub(crate) fn request(&self, instance: u32) -> Result<MountRequest, String> {
        let malformed = |error: serde_json::Error| {
            format!(
                "the props of `{}` are no JSON object: {error}\nhint: they are `{}`",
                self.component, self.props
            )
        };
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&self.props)
            .map_err(malformed)?;
        let props = RawValue::from_string(self.props.trim().to_owned()).map_err(malformed)?;
        Ok(MountRequest { instance, component: self.component.clone(), props, saved: None })
    }

    /// The message for the developer when the component does not accept its props.
    pub(crate) fn cannot_be_mounted(&self, error: &str) -> String {
        let Self { module, component, .. } = self;
        format!(
            "`{component}` of `{module}` cannot be mounted: {error}\nhint: look at the `props` where it is placed"
        )
    }
}

/// The instance in an element.
#[derive(Debug, Clone)]
pub(crate) struct Mount {
    pub(crate) node: Node,
    pub(crate) placement: Placement,
    /// Whether it could not be mounted: the element shows why.
    pub(crate) failed: bool,
    /// Where it was, if an update has taken its element out of the page.
    pub(crate) removed_from: Option<InstancePath>,
}

/// All instances of a page.
#[derive(Debug, Default)]
pub(crate) struct Mounts {
    mounts: BTreeMap<u32, Mount>,
    last: u32,
}

impl Mounts {
    /// Adds an instance.
    pub(crate) fn add(&mut self, node: Node, placement: Placement) -> u32 {
        self.last += 1;
        self.set(self.last, node, placement);
        self.last
    }

    /// Sets what an instance is, as if it had just been added.
    pub(crate) fn set(&mut self, instance: u32, node: Node, placement: Placement) {
        let mount = Mount { node, placement, failed: false, removed_from: None };
        self.mounts.insert(instance, mount);
    }

    pub(crate) fn remove(&mut self, instance: u32) -> Option<Mount> {
        self.mounts.remove(&instance)
    }

    pub(crate) fn get(&self, instance: u32) -> Option<&Mount> {
        self.mounts.get(&instance)
    }

    pub(crate) fn get_mut(&mut self, instance: u32) -> Option<&mut Mount> {
        self.mounts.get_mut(&instance)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Mount)> {
        self.mounts.iter().map(|(instance, mount)| (*instance, mount))
    }

    /// The instance in an element.
    pub(crate) fn at(&self, node: Node) -> Option<(u32, &Mount)> {
        self.iter().find(|(_, mount)| mount.node == node)
    }

    /// The instances that did not fail.
    pub(crate) fn mounted(&self) -> impl Iterator<Item = (u32, &Mount)> {
        self.iter().filter(|(_, mount)| !mount.failed)
    }

    /// The instances of a module that did not fail.
    pub(crate) fn mounted_of(&self, module: &str) -> Vec<u32> {
        let mounted = self.mounted().filter(|(_, mount)| mount.placement.module == module);
        mounted.map(|(instance, _)| instance).collect()
    }

    /// The instances of a module, also those that failed.
    pub(crate) fn of_module(&self, module: &str) -> impl Iterator<Item = &Mount> {
        self.mounts.values().filter(move |mount| mount.placement.module == module)
    }

    /// Forgets the failed instances of a module, so that the page tries to mount them again.
    pub(crate) fn forget_failed(&mut self, module: &str) {
        self.mounts.retain(|_, mount| !mount.failed || mount.placement.module != module);
    }

    /// The module of an instance.
    pub(crate) fn module_of(&self, instance: u32) -> Option<&str> {
        self.get(instance).map(|mount| mount.placement.module.as_str())
    }

    /// The instance whose view has placed another one.
    pub(crate) fn placed_by(&self, dom: &Dom, instance: u32) -> Option<u32> {
        let node = self.get(instance)?.node;
        let above = dom.with_ancestors(node).into_iter().skip(1);
        above.into_iter().find_map(|node| {
            self.mounted().find(|(_, mount)| mount.node == node).map(|(above, _)| above)
        })
    }

    /// The names by which connections refer to the instances.
    pub(crate) fn names(&self, dom: &Dom) -> BTreeMap<u32, String> {
        let name = |mount: &Mount| {
            let given = dom.attribute(mount.node, "name").filter(|name| !name.is_empty());
            given.unwrap_or_else(|| mount.placement.component.clone())
        };
        self.mounted().map(|(instance, mount)| (instance, name(mount))).collect()
    }

    /// An instance's component as a message names it.
    pub(crate) fn component_of(&self, instance: u32) -> String {
        match self.get(instance) {
            Some(mount) => format!("`{}`", mount.placement.component),
            None => format!("the instance {instance}"),
        }
    }

    /// An instance as a message names it.
    pub(crate) fn describe(&self, instance: u32) -> String {
        match self.get(instance) {
            Some(mount) => format!("`{}` (instance {instance})", mount.placement.component),
            None => format!("the instance {instance}"),
        }
    }
}

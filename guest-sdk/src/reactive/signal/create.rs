//! Makes a signal: finds its key, claims the old value that waits under the key, and registers the signal in its instance.

use std::any::{Any, TypeId};
use std::cell::Cell;
use std::panic::Location;
use std::rc::Rc;

use crate::DEPLOYED;
use crate::engine;
use crate::reactive::owner::on_cleanup;
use crate::reactive::writes::notify_replaced;
use crate::state::code::Code;
use crate::state::instance::Instance;
use crate::state::node::{Node, note_removed};
use crate::state::restore::{self, Declared, Decode, OldValues};
use crate::state::scope::{self, Entry, Scope};
use crate::state::signals::{LiveSignal, Parked, Storage};

thread_local! {
    /// Whether it was reported that signals are distinguished by their order only.
    static WARNED_OF_UNNAMED: Cell<bool> = const { Cell::new(false) };
}

/// Warns of a second signal without a name in a scope; once in a module.
fn warn_of_unnamed(key: &str) {
    let Some(first) = key.strip_suffix("#1") else { return };
    if !WARNED_OF_UNNAMED.replace(true) {
        let text = format!(
            "`{key}` goes to no binding, so only its order tells it from `{first}`, and an edit that reorders them exchanges their \
             values; `#[scoped]` on the function that makes them, or `signal_keyed`, gives them names"
        );
        engine::send_log(2, &text);
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub(in crate::reactive) fn reset() {
    WARNED_OF_UNNAMED.set(false);
}

/// A signal that is being made.
pub(super) struct NewSignal {
    /// `None` outside of any component.
    keyed: Option<Keyed>,
    parked: Option<Parked>,
    /// The node of the previous rendering. The new signal takes it over, so that what still holds the old one writes to the new.
    node: Option<Node>,
    /// The storage of the previous rendering, if the signal was not set there.
    unset: Option<Rc<dyn Storage>>,
}

struct Keyed {
    scope: Rc<Scope>,
    key: String,
}

impl NewSignal {
    /// Finds the key, and claims what waits there. The name in the key is `name`, else that of the binding, else `signal`. In a scope
    /// that continues, the existing signal of this type is returned as the error.
    pub(super) fn begin(name: Option<&str>, stored: TypeId) -> Result<Self, Node> {
        let Some(scope) = scope::current() else {
            return Ok(Self { keyed: None, parked: None, node: None, unset: None });
        };
        let binding = scope.binding();
        let named = name.or(binding.as_deref());
        let name = named.unwrap_or("signal");
        let instance = &scope.instance;
        let key = loop {
            let key = scope.key(&scope.unique_name(name));
            match instance.signals.get(&key) {
                Some(live) if scope.entry() == Entry::Again && live.is_stored_as(stored) => {
                    return Err(live.node);
                }
                Some(_) => {}
                None => break key,
            }
        };
        if named.is_none() && scope.entry() == Entry::Rendering {
            warn_of_unnamed(&key);
        }
        let (parked, node) = match instance.signals.claim(&key) {
            Some(Parked::Live(live)) if !live.is_stored_as(stored) => {
                note_removed(&instance.component, &key, live.node);
                (None, None)
            }
            Some(Parked::Live(live)) => {
                let node = live.node;
                (Some(Parked::Live(live)), Some(node))
            }
            parked => (parked, None),
        };
        Ok(Self { keyed: Some(Keyed { scope, key }), parked, node, unset: None })
    }

    /// The storage of the previous rendering, if the signal was set there.
    pub(super) fn take_live(&mut self) -> Option<Rc<dyn Storage>> {
        match self.parked.take() {
            Some(Parked::Live(live)) if live.storage.is_set() => Some(live.storage),
            Some(Parked::Live(live)) => {
                self.unset = Some(live.storage);
                None
            }
            parked => {
                self.parked = parked;
                None
            }
        }
    }

    /// The code of the initial value.
    pub(super) fn code(&self) -> Option<Code> {
        self.keyed.as_ref().and_then(|keyed| keyed.scope.code())
    }

    /// Restores the old value, records the outcome, and returns whether the signal counts as set.
    pub(super) fn restore(&mut self, fingerprint: &str, decode: Decode<'_>) -> bool {
        let Some(Keyed { scope, key }) = &self.keyed else { return false };
        if DEPLOYED {
            return false;
        }
        let old = match self.parked.take() {
            Some(Parked::Old(old)) => Some(old),
            _ => None,
        };
        // A handler always makes new signals, so it takes no old values.
        let orphan =
            if scope.entry() == Entry::Later { None } else { scope.instance.take_orphan(key) };
        let declared = Declared { fingerprint, code: scope.code(), reset: scope.reset() };
        restore::restore(&scope.instance, key, declared, OldValues { old, orphan }, decode)
    }

    /// Registers the signal until its reactive scope is disposed.
    pub(super) fn register(
        mut self,
        storage: Rc<dyn Storage>,
        value: Rc<dyn Any>,
        made_at: &'static Location<'static>,
    ) -> Node {
        let Some(Keyed { scope, key }) = self.keyed else {
            return Node::of_no_instance(value, made_at);
        };
        let instance = Rc::clone(&scope.instance);
        let differs = self.unset.take().is_some_and(|old| !is_same(&*old, &*storage));
        let node = if let Some(node) = self.node {
            node.trigger.set_silent(value);
            node
        } else {
            instance.signals.new_node(value, made_at)
        };
        instance.signals.insert(&key, LiveSignal { storage: Rc::clone(&storage), node });
        on_cleanup(move || remove(&instance, &key, &storage));
        if differs {
            notify_replaced(node, made_at);
        }
        node
    }
}

/// Whether two signals hold the same value, as far as that can be written.
fn is_same(one: &dyn Storage, other: &dyn Storage) -> bool {
    matches!((one.write(), other.write()), (Ok(one), Ok(other)) if one.get() == other.get())
}

/// The scope that made a signal is disposed. A signal that was parked is no longer among the live ones: its node may be taken over.
fn remove(instance: &Instance, key: &str, storage: &Rc<dyn Storage>) {
    if let Some(live) = instance.signals.remove(key, storage) {
        note_removed(&instance.component, key, live.node);
    }
}

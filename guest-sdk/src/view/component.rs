//! Components: how views call them, how pages mount them, and what their props can be.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use serde::de::DeserializeOwned;
use sycamore_reactive::create_child_scope;

use super::View;
use super::into_view::IntoView;
use crate::encoding::{self, scan};
use crate::engine::send_log;
use crate::reactive::handle::Handle;
use crate::reactive::reader::untrack;
use crate::reactive::scope_handle::ScopeHandle;
use crate::state::key::escaped;
use crate::state::scope;

/// The props of a component, as its tag fills them in.
pub trait Props: Sized {
    /// Takes one prop at a time.
    type Builder;

    /// A builder that has none yet.
    fn builder() -> Self::Builder;
}

/// The builder of a component's props, given the component.
pub fn builder<P: Props, V>(_component: fn(P) -> V) -> P::Builder {
    P::builder()
}

/// Renders a component where a view uses it, in a key scope and a reactive scope of its own.
pub fn child<P, V: IntoView>(
    name: &str,
    key: Option<String>,
    props: P,
    component: fn(P) -> V,
) -> View {
    let mut props = Some(props);
    let mut render = || props.take().map_or(View::empty(), |props| component(props).into_view());
    child_boxed(name, key, &mut render)
}

fn child_boxed(name: &str, key: Option<String>, render: &mut dyn FnMut() -> View) -> View {
    let mut view = View::empty();
    let mut run = || {
        create_child_scope(|| view = untrack(&mut *render));
    };
    match scope::current() {
        Some(outer) => {
            let keyed = |key: &String| format!("{name}:{}", escaped(key));
            let name = key.as_ref().map_or_else(|| name.to_owned(), keyed);
            scope::enter(outer.unique_child(&name), run);
        }
        None => run(),
    }
    if let Some(key) = key {
        view.set_key(&key);
    }
    view
}

/// The content between a component's tags. Shown once; see [`ChildrenFn`] for more often.
#[derive(Default)]
pub struct Children(Option<Box<dyn FnOnce() -> View>>);

impl<F: FnOnce() -> View + 'static> From<F> for Children {
    fn from(render: F) -> Self {
        Self(Some(Box::new(render)))
    }
}

impl Children {
    /// Renders them.
    pub fn render(self) -> View {
        self.0.map_or(View::empty(), |render| render())
    }
}

impl IntoView for Children {
    fn into_view(self) -> View {
        self.render()
    }
}

impl fmt::Debug for Children {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Children")
    }
}

/// The content between a component's tags, for components that show it again and again, in a `<Show>` for instance.
#[derive(Clone, Default)]
pub struct ChildrenFn(Option<Rc<dyn Fn() -> View>>);

impl<F: Fn() -> View + 'static> From<F> for ChildrenFn {
    fn from(render: F) -> Self {
        Self(Some(Rc::new(render)))
    }
}

impl ChildrenFn {
    /// Renders them.
    pub fn render(&self) -> View {
        self.0.as_ref().map_or(View::empty(), |render| render())
    }
}

impl IntoView for ChildrenFn {
    fn into_view(self) -> View {
        self.render()
    }
}

impl fmt::Debug for ChildrenFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChildrenFn")
    }
}

/// A handler that is passed as a prop. Closures convert into it. `Copy`; it lives as long as the content in which it was made.
pub struct Callback<T: 'static = ()>(Option<Handle<Shared<T>>>);

type Shared<T> = Scoped<dyn Fn(T)>;

impl<T> Clone for Callback<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Callback<T> {}

impl<T> Default for Callback<T> {
    /// One that does nothing.
    fn default() -> Self {
        Self(None)
    }
}

impl<T, F: Fn(T) + 'static> From<F> for Callback<T> {
    fn from(call: F) -> Self {
        Self(Some(Handle::of(Rc::new(Scoped { scopes: ScopeHandle::current(), call }))))
    }
}

/// A closure and the scopes that it was made in: what it creates belongs there, regardless of the caller.
struct Scoped<F: ?Sized> {
    scopes: ScopeHandle,
    call: F,
}

impl<T> Callback<T> {
    /// Makes one of a closure.
    #[must_use]
    pub fn new(call: impl Fn(T) + 'static) -> Self {
        call.into()
    }

    /// Calls it. If the content that made it was removed, nothing runs, which is logged.
    #[track_caller]
    pub fn call(self, value: T) {
        let Some(handle) = self.0 else { return };
        match handle.get() {
            Some(shared) => shared.scopes.run_later(|| (shared.call)(value)),
            None => report_removed(Location::caller()),
        }
    }
}

fn report_removed(at: &Location<'_>) {
    let text = format!(
        "a callback was called at {at} after the content that made it had gone: nothing ran"
    );
    send_log(2, &text);
}

impl<T> fmt::Debug for Callback<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback")
    }
}

/// Props that came as JSON.
pub struct JsonProps(Vec<(String, String)>);

impl JsonProps {
    pub(crate) fn parse(json: &str) -> Result<Self, String> {
        let entries = scan::entries(json);
        let entries = entries.map_err(|error| format!("props are not an object: {error}"))?;
        let owned = |(name, json): (Cow<'_, str>, &str)| (name.into_owned(), json.to_owned());
        Ok(Self(entries.into_iter().map(owned).collect()))
    }

    /// A prop that has to be there.
    pub fn required<T: DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        self.optional(name)?.ok_or_else(|| format!("missing field `{name}`"))
    }

    /// A prop that may be absent.
    pub fn optional<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, String> {
        // The last one counts.
        let Some((_, json)) = self.0.iter().rev().find(|(other, _)| other == name) else {
            return Ok(None);
        };
        match encoding::read(json) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(format!("field `{name}`: {error}")),
        }
    }
}

/// Renders a component whose props were read already.
pub type Render = Box<dyn FnOnce() -> View>;

/// Reads the props of an exported component.
pub type Mount = fn(&JsonProps) -> Result<Render, String>;

/// A module's data about a component that pages can mount.
#[derive(Clone, Copy)]
pub struct Export {
    /// Reads its props.
    pub mount: Mount,
    /// The version of its state, if it declares one.
    pub version: Option<&'static str>,
}

thread_local! {
    /// The components that pages can mount, in the order of their names.
    static COMPONENTS: RefCell<Vec<(String, Export)>> = const { RefCell::new(Vec::new()) };
}

/// Makes a component mountable under a name.
pub fn register(name: &str, export: Export) {
    #[cfg(target_arch = "wasm32")]
    crate::panic::install();
    COMPONENTS.with_borrow_mut(|components| {
        match components.binary_search_by(|(other, _)| other.as_str().cmp(name)) {
            Ok(at) => components[at].1 = export,
            Err(at) => components.insert(at, (name.to_owned(), export)),
        }
    });
}

/// The component of this name that pages can mount.
pub(crate) fn exported(name: &str) -> Option<Export> {
    COMPONENTS.with_borrow(|components| {
        components.iter().find(|(other, _)| other == name).map(|(_, export)| *export)
    })
}

/// The names of the components that pages can mount, in order.
pub(crate) fn exported_names() -> Vec<String> {
    COMPONENTS.with_borrow(|components| components.iter().map(|it| it.0.clone()).collect())
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn reset() {
    COMPONENTS.take();
}

/// A component that pages can mount; what tests mount it by.
#[diagnostic::on_unimplemented(
    message = "`{Self}` are not the props of an exported component",
    label = "pages cannot mount this component",
    note = "hint: mark the component with `#[component(export)]`"
)]
pub trait Exported {
    /// Its name.
    const NAME: &'static str;
    /// The module's data about it.
    const EXPORT: Export;
}

/// Marks a required prop that was given.
pub struct Given;

/// The value of a required prop. The types of the builder ensure that it was given.
///
/// # Panics
///
/// Never, when called by `view!`.
pub fn given<T>(value: Option<T>) -> T {
    value.expect("the builder lets no required prop be absent")
}

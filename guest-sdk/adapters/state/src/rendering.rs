//! The component that renders now, and what is made in it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use crate::node::segment;

thread_local! {
    static RENDERING: RefCell<Vec<Rendering>> = const { RefCell::new(Vec::new()) };
    /// The tag whose component is about to be called.
    static TAG: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// A component that renders now.
struct Rendering {
    component: &'static str,
    /// The functions that run now and whose results have names, outermost first.
    hooks: Vec<&'static str>,
    /// How often each tag was rendered, by its name and key.
    tags: HashMap<(&'static str, String), usize>,
}

/// The time in which a component renders.
#[must_use]
pub struct Render(());

/// A component begins to render.
pub fn begin(component: &'static str) -> Render {
    let rendering = Rendering { component, hooks: Vec::new(), tags: HashMap::new() };
    RENDERING.with(|all| all.borrow_mut().push(rendering));
    Render(())
}

impl Drop for Render {
    fn drop(&mut self) {
        RENDERING.with(|all| _ = all.borrow_mut().pop());
    }
}

/// The time in which a function runs whose result has a name.
#[must_use]
pub struct InHook(());

/// A function is about to be called whose result has this name.
pub fn enter(name: &'static str) -> InHook {
    rendering(|it| it.hooks.push(name));
    InHook(())
}

/// The function has returned `result`.
pub fn leave<T>(_: InHook, result: T) -> T {
    rendering(|it| it.hooks.pop());
    result
}

fn rendering<T>(then: impl FnOnce(&mut Rendering) -> T) -> Option<T> {
    RENDERING.with(|all| all.borrow_mut().last_mut().map(then))
}

/// Whether a component renders now.
pub(crate) fn is_rendering() -> bool {
    RENDERING.with(|all| !all.borrow().is_empty())
}

/// The component that renders now, and the whole name of a value that is made in it.
pub(crate) fn whole_name(name: &str) -> (&'static str, String) {
    let (component, hooks) = rendering(|it| (it.component, it.hooks.clone())).unwrap_or_default();
    let names: Vec<&str> = hooks.into_iter().chain([name]).collect();
    (component, names.join("."))
}

/// The segment of a tag: its name, its key if it has one, and its number among the same in the component that renders now.
///
/// Outside of the rendering of a known component, as in a function that a router calls, nothing is counted.
#[must_use]
pub fn tag_segment(tag: &'static str, key: Option<&str>) -> String {
    let written = key.map(|key| format!("[{key}]")).unwrap_or_default();
    let number = rendering(|it| {
        let count = it.tags.entry((tag, written.clone())).or_default();
        *count += 1;
        *count - 1
    });
    segment(&format!("{tag}{written}"), number.unwrap_or_default())
}

/// The time in which the component of a tag is called.
#[must_use]
pub struct Tagged {
    before: Option<&'static str>,
}

/// The component of this tag is about to be called.
pub fn tagged(tag: &'static str) -> Tagged {
    Tagged { before: TAG.with(|it| it.replace(Some(tag))) }
}

impl Drop for Tagged {
    fn drop(&mut self) {
        TAG.with(|it| it.set(self.before));
    }
}

/// The tag of the component that is called now. What it calls has another one, or none.
#[must_use]
pub fn take_tag() -> Option<&'static str> {
    TAG.with(Cell::take)
}

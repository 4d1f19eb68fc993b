//! What may stand between tags.

use super::View;
use super::dynamic::{dynamic, dynamic_text};
use crate::dom;
use crate::reactive::memo::Memo;
use crate::reactive::read_signal::ReadSignal;
use crate::reactive::signal::Signal;

/// Content that is allowed between tags.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in a view",
    label = "neither text nor a view, nor a closure or signal of these",
    note = "hint: format it, `{{format!(…)}}`, or make a `view!` of it"
)]
pub trait IntoView: Sized {
    /// Whether it is always one text node, whose text is [`IntoView::into_text`].
    const TEXT: bool = false;

    /// Creates the nodes.
    fn into_view(self) -> View;

    /// The text, if this is text.
    fn into_text(self) -> String {
        String::new()
    }
}

impl IntoView for View {
    fn into_view(self) -> View {
        self
    }
}

impl IntoView for () {
    fn into_view(self) -> View {
        View::empty()
    }
}

impl IntoView for &str {
    const TEXT: bool = true;

    fn into_view(self) -> View {
        View::node(dom::create_text(self))
    }

    fn into_text(self) -> String {
        self.to_owned()
    }
}

macro_rules! text {
    ($($type:ty),*) => {$(
        impl IntoView for $type {
            const TEXT: bool = true;

            fn into_view(self) -> View {
                self.to_string().as_str().into_view()
            }

            fn into_text(self) -> String {
                self.to_string()
            }
        }
    )*};
}

text!(
    String,
    &String,
    bool,
    char,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    std::borrow::Cow<'_, str>,
    std::rc::Rc<str>,
    std::fmt::Arguments<'_>
);

impl<V: IntoView> IntoView for Option<V> {
    fn into_view(self) -> View {
        self.map_or(View::empty(), V::into_view)
    }
}

impl<V: IntoView> IntoView for Vec<V> {
    fn into_view(self) -> View {
        View { parts: self.into_iter().flat_map(|view| view.into_view().parts).collect() }
    }
}

impl<V: IntoView, const N: usize> IntoView for [V; N] {
    fn into_view(self) -> View {
        View { parts: self.into_iter().flat_map(|view| view.into_view().parts).collect() }
    }
}

impl<F, V> IntoView for F
where
    F: FnMut() -> V + 'static,
    V: IntoView + 'static,
{
    fn into_view(self) -> View {
        follow(self)
    }
}

impl<T: IntoView + Clone + 'static> IntoView for Signal<T> {
    fn into_view(self) -> View {
        follow(move || self.get())
    }
}

impl<T: IntoView + Clone + 'static> IntoView for Memo<T> {
    fn into_view(self) -> View {
        follow(move || self.get())
    }
}

impl<T: IntoView + Clone + 'static> IntoView for ReadSignal<T> {
    fn into_view(self) -> View {
        match self.fixed() {
            Some(value) => value.into_view(),
            None => follow(move || self.get()),
        }
    }
}

fn follow<V: IntoView + 'static>(mut f: impl FnMut() -> V + 'static) -> View {
    if V::TEXT {
        dynamic_text(Box::new(move || f().into_text()))
    } else {
        dynamic("?", Box::new(move || f().into_view()))
    }
}

/// A region whose closure is known to render, with the name that its key scope gets; what `view!` writes for closures that
/// hold views.
pub fn region<V: IntoView + 'static>(
    name: &'static str,
    mut f: impl FnMut() -> V + 'static,
) -> View {
    if V::TEXT {
        return dynamic_text(Box::new(move || f().into_text()));
    }
    dynamic(name, Box::new(move || f().into_view()))
}

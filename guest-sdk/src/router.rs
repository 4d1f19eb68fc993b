//! A router: the page's address as a value of the application's own type, and back.

pub(crate) mod path;

use crate::location;
use crate::reactive::handle::Handle;
use crate::reactive::memo::{Memo, memo};
use crate::reactive::read_signal::ReadSignal;

/// The addresses of an application, as a type. `#[derive(Route)]` writes it for an enum:
///
/// ```
/// # use hmr_sdk::prelude::*;
/// #[derive(Clone, PartialEq, Debug, Route)]
/// enum Place {
///     #[route("/")]
///     Home,
///     #[route("/users/:id")]
///     User { id: u32 },
///     #[route("/files/*path")]
///     File { path: String },
/// }
/// assert_eq!(Place::parse("/users/7"), Some(Place::User { id: 7 }));
/// assert_eq!(Place::parse("/users/none"), None);
/// assert_eq!(Place::File { path: "a b/c".to_owned() }.path(), "/files/a%20b/c");
/// ```
///
/// `:id` is one part of the path, `*path` all that follow; both are read with `FromStr` and written with `Display`. The first variant
/// that fits counts.
pub trait Route: Clone + PartialEq + 'static {
    /// The route of a path that begins with `/`, without the application's base path; `None` if there is no such route.
    fn parse(path: &str) -> Option<Self>;

    /// The path of the route, which begins with `/`.
    fn path(&self) -> String;
}

/// Where the route is in the page's address.
enum Mode {
    /// In the path, after this.
    Path(String),
    /// In the fragment.
    Hash,
}

/// See [`router`]. `Copy`.
pub struct Router<R: 'static> {
    mode: Handle<Mode>,
    route: Memo<Option<R>>,
}

impl<R> Clone for Router<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Router<R> {}

impl<R> std::fmt::Debug for Router<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Router")
    }
}

/// A router for an application at the top of its origin: the path of the page's address is the route. Clicks on links within the
/// application change the address without a load; those with a modifier key, `target`, `download` or `rel="external"`, and those that
/// lead elsewhere, are left to the browser.
///
/// ```
/// # use hmr_sdk::prelude::*;
/// # #[derive(Clone, PartialEq, Route)]
/// # enum Place { #[route("/")] Home, #[route("/users/:id")] User { id: u32 } }
/// # #[component] fn App() -> View {
/// let router = router::<Place>();
/// view! {
///     <a href={router.href(&Place::User { id: 7 })}>"Ann"</a>
///     {move || match router.route() {
///         Some(Place::Home) => view! { <h1>"Home"</h1> },
///         Some(Place::User { id }) => view! { <h1>"User " {id}</h1> },
///         None => view! { <h1>"There is no such page"</h1> },
///     }}
/// }
/// # }
/// ```
#[must_use]
pub fn router<R: Route>() -> Router<R> {
    router_at("")
}

/// A router for an application below a path, `/shop` for instance: the rest of the path is the route.
#[must_use]
pub fn router_at<R: Route>(base: &str) -> Router<R> {
    let base = base.trim_end_matches('/').to_owned();
    let location =
        location::follow_links(Some(if base.is_empty() { "/" } else { &base }.to_owned()));
    Router::new(location, Mode::Path(base))
}

/// A router that has the route in the fragment of the page's address, `#/users/7`: for servers that answer only one path.
#[must_use]
pub fn hash_router<R: Route>() -> Router<R> {
    // The browser follows links within the page itself.
    Router::new(location::follow(), Mode::Hash)
}

impl<R: Route> Router<R> {
    fn new(location: ReadSignal<location::Location>, mode: Mode) -> Self {
        let mode = Handle::new(mode);
        let route = memo(move || {
            location.with(|location| {
                let mode = mode.get()?;
                let path = match &*mode {
                    Mode::Path(base) => location.path.strip_prefix(base.as_str())?,
                    Mode::Hash => location.hash.as_str(),
                };
                match path {
                    "" => R::parse("/"),
                    path if path.starts_with('/') => R::parse(path),
                    _ => None,
                }
            })
        });
        Self { mode, route }
    }

    /// The route of the page's address, `None` if it has none; the running effect, memo or view follows it.
    #[must_use]
    pub fn route(self) -> Option<R> {
        self.route.get()
    }

    /// The route, without following it.
    #[must_use]
    pub fn route_untracked(self) -> Option<R> {
        self.route.get_untracked()
    }

    /// Whether the page is at a route; the running effect, memo or view follows it.
    #[must_use]
    pub fn is_at(self, route: &R) -> bool {
        self.route.with(|here| here.as_ref() == Some(route))
    }

    /// The address of a route, for links.
    #[must_use]
    pub fn href(self, route: &R) -> String {
        match self.mode.get().as_deref() {
            Some(Mode::Path(base)) => base.clone() + &route.path(),
            Some(Mode::Hash) => format!("#{}", route.path()),
            None => route.path(),
        }
    }

    /// Goes to a route. The reader can go back.
    pub fn push(self, route: &R) {
        location::push(self.href(route));
    }

    /// Goes to a route in place of the one before, to which the reader cannot go back.
    pub fn replace(self, route: &R) {
        location::replace(self.href(route));
    }
}

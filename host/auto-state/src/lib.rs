//! Rewrites the source of a web application so that the state of its components can be kept when its code is exchanged.
//!
//! The input is the text of one Rust file. The output ([`Rewritten`]) is a text in which calls that make state go through a
//! runtime crate (`hmr-yew`), the list of changed places ([`Site`]), and the map of positions ([`EditMap`]) with which messages of
//! the compiler are brought back to the user's text.
//!
//! These hold for each file:
//!
//! - A file that is not Rust is returned as it is.
//! - The rewritten text has the same lines. Nothing outside of the sites is changed.
//! - A construct that is not fully understood is left alone: its state is not kept, and everything else works.
//!
//! Whether the rewritten text compiles is not known here. The build leaves out the sites that do not ([`Options::excluded`]).
//!
//! The [`Framework`] decides what counts as a site. With Yew and Leptos as examples:
//!
//! | site | before | after |
//! |---|---|---|
//! | state | `let count = use_state(\|\| 0);` | `let count = ::hmr_yew::use_kept_state(::hmr_yew::kept!("count", \|\| 0));` |
//! | state | `let count = RwSignal::new(0);` | `let count = ::hmr_leptos::keep!("count", RwSignal::new, 0);` |
//! | variable | `static LOG: RefCell<Vec<u32>> = RefCell::default();` in `thread_local!` | `static LOG: RefCell<Vec<u32>> = ::hmr_yew::state::keep_ref_cell!(LOG, Vec<u32>, RefCell::default());` |
//! | variable | `static NEXT: AtomicU32 = AtomicU32::new(0);` | the same, and a function behind it that the page calls before the start |
//! | custom hook | `let field = use_field();` | `let field = ::hmr_yew::leave(::hmr_yew::enter("field"), use_field());` |
//! | component's start | `fn App() -> Html {` | `fn App() -> Html { let _hmr_render = ::hmr_yew::begin("App");` |
//! | component's body | `fn App() -> impl IntoView { … }` | `fn App() -> impl IntoView { ::hmr_leptos::scope("App", move \|\| { … }) }` |
//! | tag | `<Row name="a" />` | `{::hmr_yew::at("Row", ::yew::html!{<Row name="a" />})}` |
//! | component that is a type | `fn create(ctx: …) -> Self { … }` | the same in a closure, whose result goes through `::hmr_yew::created`; an implementation of `Fields` behind the component's |
//! | type | `struct Todo { … }` | the same, and an implementation of `Keep` behind it |

mod calls;
mod edits;
mod fields;
mod framework;
mod functions;
mod imports;
mod markup;
mod numbers;
mod source;
mod statics;
mod types;

use std::collections::BTreeSet;
use std::ops::Range;

pub use self::edits::EditMap;
use self::edits::Edits;
pub use self::framework::Framework;
use self::imports::Imports;
pub use self::numbers::NumberedTag;
use self::source::Source;

/// What to rewrite.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The framework that the crate uses.
    pub framework: Framework,
    /// Distinguishes the file from all others of the application, in names that the linker sees: letters, digits and `_`.
    pub unit: &'a str,
    /// The ids of the sites that are left as they are.
    pub excluded: &'a BTreeSet<String>,
    /// The tags of the version of the file before this one ([`Rewritten::tags`]).
    pub earlier: &'a [NumberedTag],
}

/// The kinds of sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SiteKind {
    /// A call that makes state.
    State,
    /// A call of a hook that may make state.
    Hook,
    /// The beginning of a component's function.
    Start,
    /// A component in markup.
    Tag,
    /// A type that gets code to write and read its values.
    Type,
    /// A component that is a type: its fields are its state.
    Fields,
    /// A call that gives a value to the components inside.
    Context,
}

/// A place that is rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Identifies it in its file, also when other parts of the file change.
    pub id: String,
    /// What it is.
    pub kind: SiteKind,
    /// The name of its value: what its key ends with. For a tag, its part of the path.
    pub key: String,
    /// The bytes of the original text that it consists of.
    pub range: Range<usize>,
    /// The line on which it begins, counted from 1.
    pub line: usize,
    /// The column at which it begins, in characters, counted from 1.
    pub column: usize,
}

/// A rewritten file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The new text.
    pub text: String,
    /// What was rewritten, in the order of the text.
    pub sites: Vec<Site>,
    /// Where positions of the new text are in the original one.
    pub map: EditMap,
    /// Its tags, for the next version of the file.
    pub tags: Vec<NumberedTag>,
}

/// Rewrites the text of one file.
#[must_use]
pub fn rewrite(text: &str, options: &Options<'_>) -> Rewritten {
    let Some(source) = Source::parse(text) else {
        // It will be repaired: the tags from before are remembered.
        let tags = options.earlier.to_vec();
        return Rewritten {
            text: text.to_owned(),
            sites: Vec::new(),
            map: EditMap::default(),
            tags,
        };
    };
    let Options { framework, unit, excluded, earlier } = *options;
    let mut edits = Edits::new(text, excluded);
    let imports = Imports::of(&source.file, framework);
    let functions = functions::rewrite(&source, &imports, framework, &mut edits);
    let tags = markup::rewrite(&source, &imports, framework, &functions, earlier, &mut edits);
    if framework == Framework::Yew {
        fields::rewrite(&source, &mut edits);
    }
    statics::rewrite(&source, framework, unit, &mut edits);
    types::rewrite(&source, framework, &mut edits);
    source::forget_spans();
    let rewritten = Rewritten { tags, ..edits.apply() };
    debug_assert!(syn::parse_file(&rewritten.text).is_ok(), "{}", rewritten.text);
    rewritten
}

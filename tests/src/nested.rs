//! The examples with lists in lists, in four frameworks: what is edited in them. All of them show the same.

/// A file, a text in it, and what replaces that.
pub type TextEdit = (&'static str, &'static str, &'static str);

/// An example with components in components.
#[derive(Debug, Clone, Copy)]
pub struct Nested {
    /// The name of its folder in `examples`.
    pub name: &'static str,
    /// Edits of a leaf, its parent and the root. The page has an element `[title=leaf]` and `[title=parent]` afterwards, and the heading `Root`.
    pub edits: [TextEdit; 3],
}

/// All of them.
pub const ALL: [Nested; 4] = [DIOXUS, LEPTOS, SYCAMORE, YEW];

/// The condition in JavaScript that is true when one has been started.
pub const READY: &str = "document.querySelectorAll('li').length === 4";

/// In Dioxus.
pub const DIOXUS: Nested = Nested {
    name: "dioxus-nested",
    edits: [
        ("src/counter.rs", "p { class: \"counter\"", "p { class: \"counter\", title: \"leaf\""),
        ("src/shelf.rs", "section { id: title,", "section { id: title, title: \"parent\","),
        ("src/main.rs", "\"Shelves\"", "\"Root\""),
    ],
};

/// In Leptos.
pub const LEPTOS: Nested = Nested {
    name: "leptos-nested",
    edits: [
        ("src/counter.rs", "<p class=\"counter\"", "<p class=\"counter\" title=\"leaf\""),
        ("src/shelf.rs", "<section id=title>", "<section id=title title=\"parent\">"),
        ("src/main.rs", "\"Shelves\"", "\"Root\""),
    ],
};

/// In Sycamore.
pub const SYCAMORE: Nested = Nested {
    name: "sycamore-nested",
    edits: [
        ("src/counter.rs", "p(class=\"counter\"", "p(class=\"counter\", title=\"leaf\""),
        ("src/shelf.rs", "section(id=title)", "section(id=title, title=\"parent\")"),
        ("src/main.rs", "\"Shelves\"", "\"Root\""),
    ],
};

/// In Yew.
pub const YEW: Nested = Nested {
    name: "yew-nested",
    edits: [
        ("src/counter.rs", "<p class=\"counter\"", "<p class=\"counter\" title=\"leaf\""),
        (
            "src/shelf.rs",
            "<section id={props.title.clone()}>",
            "<section id={props.title.clone()} title=\"parent\">",
        ),
        ("src/main.rs", "{ \"Shelves\" }", "{ \"Root\" }"),
    ],
};

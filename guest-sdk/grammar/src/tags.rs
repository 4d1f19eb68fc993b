//! The names of the elements of HTML, SVG and `MathML`.

use proc_macro2::TokenStream;
use quote::quote;

const HTML: &[&str] = &[
    "a",
    "abbr",
    "address",
    "area",
    "article",
    "aside",
    "audio",
    "b",
    "base",
    "bdi",
    "bdo",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "data",
    "datalist",
    "dd",
    "del",
    "details",
    "dfn",
    "dialog",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "kbd",
    "label",
    "legend",
    "li",
    "link",
    "main",
    "map",
    "mark",
    "menu",
    "meta",
    "meter",
    "nav",
    "noscript",
    "object",
    "ol",
    "optgroup",
    "option",
    "output",
    "p",
    "picture",
    "pre",
    "progress",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "script",
    "search",
    "section",
    "select",
    "slot",
    "small",
    "source",
    "span",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "track",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

/// Those that HTML has too (`a`, `script`, `style`, `title`) are SVG only inside `<svg>`.
const SVG: &[&str] = &[
    "svg",
    "a",
    "animate",
    "animateMotion",
    "animateTransform",
    "circle",
    "clipPath",
    "defs",
    "desc",
    "ellipse",
    "feBlend",
    "feColorMatrix",
    "feComponentTransfer",
    "feComposite",
    "feConvolveMatrix",
    "feDiffuseLighting",
    "feDisplacementMap",
    "feDistantLight",
    "feDropShadow",
    "feFlood",
    "feFuncA",
    "feFuncB",
    "feFuncG",
    "feFuncR",
    "feGaussianBlur",
    "feImage",
    "feMerge",
    "feMergeNode",
    "feMorphology",
    "feOffset",
    "fePointLight",
    "feSpecularLighting",
    "feSpotLight",
    "feTile",
    "feTurbulence",
    "filter",
    "foreignObject",
    "g",
    "image",
    "line",
    "linearGradient",
    "marker",
    "mask",
    "metadata",
    "mpath",
    "path",
    "pattern",
    "polygon",
    "polyline",
    "radialGradient",
    "rect",
    "script",
    "set",
    "stop",
    "style",
    "switch",
    "symbol",
    "text",
    "textPath",
    "title",
    "tspan",
    "use",
    "view",
];

const MATHML: &[&str] = &[
    "math",
    "annotation",
    "annotation-xml",
    "maction",
    "merror",
    "mfrac",
    "mi",
    "mmultiscripts",
    "mn",
    "mo",
    "mover",
    "mpadded",
    "mphantom",
    "mprescripts",
    "mroot",
    "mrow",
    "ms",
    "mspace",
    "msqrt",
    "mstyle",
    "msub",
    "msubsup",
    "msup",
    "mtable",
    "mtd",
    "mtext",
    "mtr",
    "munder",
    "munderover",
    "semantics",
];

const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];

/// The namespace of an element.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    Html,
    Svg,
    MathMl,
}

impl Space {
    /// The namespace of an element of this name, inside one of `outer`.
    pub(crate) fn of(tag: &str, outer: Self) -> Self {
        if tag == "svg" || (outer == Self::Svg && SVG.contains(&tag)) {
            Self::Svg
        } else if tag == "math" || (outer == Self::MathMl && MATHML.contains(&tag)) {
            Self::MathMl
        } else if HTML.contains(&tag) || tag.contains('-') {
            Self::Html
        } else if SVG.contains(&tag) {
            Self::Svg
        } else if MATHML.contains(&tag) {
            Self::MathMl
        } else {
            Self::Html
        }
    }

    /// The namespace of the content of an element.
    pub(crate) fn inside(self, tag: &str) -> Self {
        if matches!(tag, "foreignObject" | "annotation-xml") { Self::Html } else { self }
    }

    /// The function of `hmr_sdk::rt` that creates an element of it.
    pub(crate) fn function(self) -> TokenStream {
        match self {
            Self::Html => quote!(html),
            Self::Svg => quote!(svg),
            Self::MathMl => quote!(mathml),
        }
    }
}

/// Whether there is an element of this name; names with a dash are custom elements.
pub(crate) fn is_known(tag: &str) -> bool {
    tag.contains('-') || all().any(|known| known == tag)
}

/// Whether this is an element of HTML, and not a custom one.
pub(crate) fn is_html(tag: &str) -> bool {
    HTML.contains(&tag)
}

/// Whether an element never has children.
pub(crate) fn is_void(tag: &str) -> bool {
    VOID.contains(&tag)
}

/// Every element that never has children.
pub(crate) fn void() -> impl Iterator<Item = &'static str> {
    VOID.iter().copied()
}

/// Every known name.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    HTML.iter().chain(SVG).chain(MATHML).copied()
}

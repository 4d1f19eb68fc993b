//! The frameworks, and how their code is rewritten.

/// A framework whose state can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Framework {
    /// Dioxus 0.7.
    Dioxus,
    /// Leptos 0.8.
    Leptos,
    /// Sycamore 0.9.
    Sycamore,
    /// Yew 0.23.
    Yew,
}

impl Framework {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Dioxus, Self::Leptos, Self::Sycamore, Self::Yew];

    /// The name of its crate. That of the runtime which rewritten code calls is the same with `hmr_` before it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dioxus => "dioxus",
            Self::Leptos => "leptos",
            Self::Sycamore => "sycamore",
            Self::Yew => "yew",
        }
    }

    /// Its name and the version that the runtime is written for, for messages.
    #[must_use]
    pub fn supported(self) -> &'static str {
        match self {
            Self::Dioxus => "Dioxus 0.7",
            Self::Leptos => "Leptos 0.8",
            Self::Sycamore => "Sycamore 0.9",
            Self::Yew => "Yew 0.23",
        }
    }

    /// The path of the runtime in rewritten code.
    pub(crate) fn runtime(self) -> &'static str {
        match self {
            Self::Dioxus => "::hmr_dioxus",
            Self::Leptos => "::hmr_leptos",
            Self::Sycamore => "::hmr_sycamore",
            Self::Yew => "::hmr_yew",
        }
    }

    /// The name of the macro with markup.
    pub(crate) fn markup(self) -> &'static str {
        match self {
            Self::Dioxus => "rsx",
            Self::Leptos | Self::Sycamore => "view",
            Self::Yew => "html",
        }
    }

    /// The first names of paths that lead to its functions.
    pub(crate) fn crates(self) -> &'static [&'static str] {
        match self {
            Self::Dioxus => &["dioxus", "dioxus_signals", "dioxus_hooks", "dioxus_stores"],
            Self::Leptos => &["leptos", "reactive_graph", "reactive_stores"],
            Self::Sycamore => &["sycamore", "sycamore_reactive"],
            Self::Yew => &["yew"],
        }
    }

    /// The functions that make state: the ends of their paths, and how calls of them are rewritten.
    pub(crate) fn state(self) -> &'static [(&'static [&'static str], Call)] {
        match self {
            Self::Dioxus => &[
                (&["use_signal"], Call::Hook),
                (&["use_signal_sync"], Call::Hook),
                (&["use_store"], Call::Hook),
                (&["Signal", "new"], Call::Value),
                (&["Store", "new"], Call::Value),
            ],
            Self::Leptos => &[
                (&["signal"], Call::Value),
                (&["signal_local"], Call::Value),
                (&["arc_signal"], Call::Value),
                (&["create_signal"], Call::Value),
                (&["create_rw_signal"], Call::Value),
                (&["store_value"], Call::Value),
                (&["RwSignal", "new"], Call::Value),
                (&["RwSignal", "new_local"], Call::Value),
                (&["ArcRwSignal", "new"], Call::Value),
                (&["StoredValue", "new"], Call::Value),
                (&["StoredValue", "new_local"], Call::Value),
                (&["ArcStoredValue", "new"], Call::Value),
                (&["Store", "new"], Call::Readable),
                (&["Store", "new_local"], Call::Readable),
                (&["ArcStore", "new"], Call::Readable),
                (&["provide_context"], Call::Function("provide_context")),
            ],
            Self::Sycamore => &[
                (&["create_signal"], Call::Value),
                (&["create_reducer"], Call::Value),
                (&["provide_context"], Call::Function("provide_context")),
            ],
            Self::Yew => &[
                (&["use_state"], Call::YewHook("use_kept_state")),
                (&["use_state_eq"], Call::YewHook("use_kept_state_eq")),
                (&["use_reducer"], Call::YewHook("use_kept_reducer")),
                (&["use_reducer_eq"], Call::YewHook("use_kept_reducer_eq")),
                (&["use_mut_ref"], Call::YewHook("use_kept_mut_ref")),
            ],
        }
    }

    /// Components of the framework that contain no state of the application's, and may have to stand where nothing else can.
    pub(crate) fn own_components(self) -> &'static [&'static str] {
        match self {
            Self::Dioxus => &["Link", "Meta", "Outlet", "Script", "Style", "Stylesheet", "Title"],
            Self::Leptos => &[
                "A",
                "ActionForm",
                "AnimatedShow",
                "Await",
                "Body",
                "ErrorBoundary",
                "FlatRoutes",
                "Form",
                "Html",
                "Link",
                "Meta",
                "MultiActionForm",
                "Outlet",
                "ParentRoute",
                "Portal",
                "ProtectedParentRoute",
                "ProtectedRoute",
                "Provider",
                "Redirect",
                "Route",
                "Router",
                "Routes",
                "Script",
                "Show",
                "ShowLet",
                "Style",
                "Stylesheet",
                "Suspense",
                "Title",
                "Transition",
            ],
            Self::Sycamore => &["HistoryIntegration", "Indexed", "NoHydrate", "NoSsr", "Portal"],
            Self::Yew => &[],
        }
    }

    /// Components for lists with keys, which are replaced by those of the runtime.
    pub(crate) fn lists(self) -> &'static [&'static str] {
        match self {
            Self::Leptos => &["For", "ForEnumerate"],
            Self::Sycamore => &["Keyed"],
            Self::Dioxus | Self::Yew => &[],
        }
    }
}

/// How a call is rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// The first argument is a value: `keep!("count", signal, 0)`.
    Value,
    /// The same for a type of a crate that the runtime does not depend on: `keep_readable!("list", Store::new, List::default())`.
    Readable,
    /// The argument makes a value: `keep_hook!("count", use_signal, || 0)`.
    Hook,
    /// The same in Yew, where hooks must be called by their names: `use_kept_state(kept!("count", || 0))`.
    YewHook(&'static str),
    /// Another function is called instead.
    Function(&'static str),
}

//! A small coloured word.

use hmr_sdk::prelude::*;
use serde::{Deserialize, Serialize};

/// The colour family of a badge. The stylesheet gives each its light and its dark shade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Neutral.
    #[default]
    Stone,
    /// Green.
    Leaf,
    /// Yellow.
    Sun,
    /// Violet.
    Plum,
    /// Blue.
    Sky,
}

impl Tone {
    /// The class that the stylesheet knows the tone by.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Stone => "badge tone-stone",
            Self::Leaf => "badge tone-leaf",
            Self::Sun => "badge tone-sun",
            Self::Plum => "badge tone-plum",
            Self::Sky => "badge tone-sky",
        }
    }
}

/// A word on a coloured ground.
#[component]
pub fn Badge(#[prop(into)] text: String, #[prop(default)] tone: Tone) -> View {
    view! { <span class={tone.class()}>{text}</span> }
}

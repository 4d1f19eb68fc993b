//! The button of Seedbench, in three weights.

use hmr_sdk::prelude::*;

/// How much a button asks for attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    /// The one action that a person came for.
    Primary,
    /// Any other action.
    #[default]
    Plain,
    /// An action that shows only its words.
    Quiet,
}

impl Weight {
    /// The class that the stylesheet knows the weight by.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Primary => "button primary",
            Self::Plain => "button",
            Self::Quiet => "button quiet",
        }
    }
}

/// A button with a text, which never submits a form.
#[component]
pub fn Button(
    #[prop(into)] label: String,
    #[prop(default)] weight: Weight,
    on_press: Callback<Event>,
) -> View {
    view! {
        <button type="button" class={weight.class()} on:click={move |event| on_press.call(event)}>{label}</button>
    }
}

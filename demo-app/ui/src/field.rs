//! A labelled form field with a hint below it, which gives way to an error.

use hmr_sdk::prelude::*;

/// Wraps an input, which is to have the id `name` and `aria-describedby` of `name` with `-note` after it.
///
/// `error` is what is wrong with the input just now; screen readers hear of it when it changes.
#[component]
pub fn Field(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(into)] hint: String,
    error: Memo<Option<String>>,
    children: Children,
) -> View {
    let note = move || error.get().unwrap_or_else(|| hint.clone());
    let note_id = format!("{name}-note");

    view! {
        <div class="field" class:wrong={move || error.with(Option::is_some)}>
            <label for={name}>{label}</label>
            {children}
            <p class="note" id={note_id} aria-live="polite">{note}</p>
        </div>
    }
}

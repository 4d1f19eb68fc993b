use leptos::prelude::*;

/// A labelled text field. Its error is shown once the field has been left.
#[component]
pub fn Field(
    id: &'static str,
    label: &'static str,
    #[prop(default = "text")] kind: &'static str,
    value: RwSignal<String>,
    error: fn(&str) -> Option<&'static str>,
) -> impl IntoView {
    let left = RwSignal::new(false);
    let message = Memo::new(move |_| left.get().then(|| value.with(|text| error(text))).flatten());
    let error_id = format!("{id}-error");

    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                id=id
                type=kind
                aria-invalid=move || message.get().is_some().to_string()
                aria-describedby=error_id.clone()
                bind:value=value
                on:blur=move |_| left.set(true)
            />
            <span class="error" id=error_id>{move || message.get()}</span>
        </div>
    }
}

//! A place at the spring seed swap: a form that shows an error as soon as a field loses focus, and a summary.
//!
//! Try it: fill half of it in, open “A few more questions”, then change a text here or in `rules.rs` and save.

pub mod booking;
mod draft;
pub mod rules;

use booking::{Booking, DIETS, SLOTS};
use draft::{Draft, draft};
use hmr_sdk::prelude::*;
use ui::{Button, Field, Weight};

/// The form, and once it was sent, its summary.
#[component(export)]
pub fn Signup(#[prop(default = "The spring seed swap".to_owned())] title: String) -> View {
    let form = draft();
    let sent = signal(None::<Booking>);

    view! {
        <div class="signup">
            <header class="panel-head">
                <h2>{title}</h2>
                <p>"First Saturday of March, at the long bench"</p>
            </header>
            <Show when={move || sent.with(Option::is_some)} fallback={move || view! { <Form form={form} sent={sent} /> }}>
                <Summary form={form} sent={sent} />
            </Show>
        </div>
    }
}

#[component]
fn Form(form: Draft, sent: Signal<Option<Booking>>) -> View {
    let submit = move |_| {
        form.tried.set(true);
        sent.set(form.booking());
    };
    let verdict = move || match (form.tried.get(), form.faults()) {
        (false, _) | (true, 0) => String::new(),
        (true, 1) => "One field needs another look".to_owned(),
        (true, faults) => format!("{faults} fields need another look"),
    };

    view! {
        <form novalidate on:submit:prevent={submit}>
            <Field name="name" label="Your name" hint="As it should stand on your label" error={form.error("name", form.name, rules::name)}>
                <input id="name" name="name" autocomplete="name" aria-describedby="name-note"
                    bind:value={form.name} on:blur={move |_| form.leave("name")} />
            </Field>
            <Field name="email" label="Email" hint="One letter, with the plan" error={form.error("email", form.email, rules::email)}>
                <input id="email" name="email" type="email" autocomplete="email" aria-describedby="email-note"
                    bind:value={form.email} on:blur={move |_| form.leave("email")} />
            </Field>
            <div class="pair">
                <Field name="slot" label="When do you come?" hint="Doors stay open all day" error={form.error("slot", form.slot, rules::slot)}>
                    <select id="slot" name="slot" aria-describedby="slot-note" bind:value={form.slot} on:blur={move |_| form.leave("slot")}>
                        <option value="">"Choose a time"</option>
                        {options(&SLOTS)}
                    </select>
                </Field>
                <Field name="seats" label="Seats" hint="You included" error={form.error("seats", form.seats, rules::seats)}>
                    <input id="seats" name="seats" inputmode="numeric" aria-describedby="seats-note"
                        bind:value={form.seats} on:blur={move |_| form.leave("seats")} />
                </Field>
            </div>
            <label class="check">
                <input type="checkbox" name="brings-seeds" bind:checked={form.brings_seeds} />
                <span>"I bring seeds of my own"</span>
            </label>
            <More form={form} />
            <Promise form={form} />
            <div class="row">
                <button class="button primary">"Save me a seat"</button>
                <Button label="Clear" weight={Weight::Quiet} on_press={move |_| form.clear()} />
            </div>
            <p class="verdict" role="alert">{verdict}</p>
        </form>
    }
}

/// The questions that most people skip.
#[component]
fn More(form: Draft) -> View {
    let left = move || {
        let used = form.note.with(|note| note.chars().count());
        format!("{used} of {}", rules::LONGEST_NOTE)
    };

    view! {
        <details class="more">
            <summary>"A few more questions"</summary>
            <Field name="diet" label="About the soup" hint="There is always bread" error={memo(|| None)}>
                <select id="diet" name="diet" aria-describedby="diet-note" bind:value={form.diet}>{options(&DIETS)}</select>
            </Field>
            <Field name="note" label="Anything else?" hint="Allergies, ladders, a dog" error={memo(move || form.note.with(|note| rules::note(note)))}>
                <textarea id="note" name="note" rows="3" aria-describedby="note-note" bind:value={form.note}></textarea>
            </Field>
            <p class="tally">{left}</p>
        </details>
    }
}

#[component]
fn Promise(form: Draft) -> View {
    let error = move || form.tried.get().then(|| rules::promise(form.promise.get())).flatten();
    view! {
        <label class="check" class:wrong={move || error().is_some()}>
            <input type="checkbox" name="promise" aria-describedby="promise-note" bind:checked={form.promise} />
            <span>"I label what I bring"</span>
            <small id="promise-note" aria-live="polite">{error}</small>
        </label>
    }
}

#[component]
fn Summary(form: Draft, sent: Signal<Option<Booking>>) -> View {
    let thanks = move || sent.with(|sent| sent.as_ref().map(Booking::thanks));
    let lines = move || sent.with(|sent| sent.as_ref().map(Booking::lines)).unwrap_or_default();
    let again = move |_| {
        form.clear();
        sent.set(None);
    };

    view! {
        <div class="summary" role="status">
            <h3>{thanks}</h3>
            <dl>
                <For each={lines} key={|line| line.0} view={|(term, text)| view! { <div><dt>{term}</dt><dd>{text}</dd></div> }} />
            </dl>
            <div class="row">
                <Button label="Change something" on_press={move |_| sent.set(None)} />
                <Button label="Start over" weight={Weight::Quiet} on_press={again} />
            </div>
        </div>
    }
}

fn options(choices: &[(&'static str, &'static str)]) -> Vec<View> {
    choices.iter().map(|&(value, words)| view! { <option value={value}>{words}</option> }).collect()
}

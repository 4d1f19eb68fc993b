use leptos::prelude::*;

use crate::booking::{Booking, SESSIONS, email_error, name_error, seats_error};
use crate::field::Field;

#[component]
pub fn PersonStep(booking: Booking) -> impl IntoView {
    view! {
        <Field id="name" label="Name" value=booking.name error=name_error />
        <Field id="email" label="Email" kind="email" value=booking.email error=email_error />
    }
}

#[component]
pub fn SessionsStep(booking: Booking) -> impl IntoView {
    let sessions = booking.sessions;
    let toggle = move |index: usize| {
        sessions.update(|chosen| match chosen.iter().position(|each| *each == index) {
            Some(position) => drop(chosen.remove(position)),
            None => chosen.push(index),
        });
    };

    view! {
        <p id="chosen">{move || format!("{} of {} chosen", sessions.read().len(), SESSIONS.len())}</p>
        <ul id="sessions">
            <For
                each=|| SESSIONS.into_iter().enumerate()
                key=|(index, _)| *index
                children=move |(index, title)| {
                    view! {
                        <li>
                            <label>
                                <input
                                    type="checkbox"
                                    id=format!("session-{index}")
                                    prop:checked=move || sessions.read().contains(&index)
                                    on:change=move |_| toggle(index)
                                />
                                " "
                                {title}
                            </label>
                        </li>
                    }
                }
            />
        </ul>
        <Field id="seats" label="Seats" kind="number" value=booking.seats error=seats_error />
        <div class="field">
            <label for="remarks">"Remarks"</label>
            <textarea id="remarks" rows="3" bind:value=booking.remarks></textarea>
        </div>
    }
}

#[component]
pub fn ReviewStep(booking: Booking) -> impl IntoView {
    let titles = move || {
        let chosen = booking.sessions.read();
        chosen.iter().map(|index| SESSIONS[*index]).collect::<Vec<_>>().join(", ")
    };

    view! {
        <dl id="review">
            <dt>"Name"</dt>
            <dd>{booking.name}</dd>
            <dt>"Email"</dt>
            <dd>{booking.email}</dd>
            <dt>"Sessions"</dt>
            <dd>{titles}</dd>
            <dt>"Seats"</dt>
            <dd>{booking.seats}</dd>
            <Show when=move || !booking.remarks.read().is_empty()>
                <dt>"Remarks"</dt>
                <dd>{booking.remarks}</dd>
            </Show>
        </dl>
        <label>
            <input id="agreed" type="checkbox" bind:checked=booking.agreed />
            " I will come, or cancel at least a day before"
        </label>
    }
}

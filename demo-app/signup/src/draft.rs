//! The state of the form: a signal for each field, and its errors.

use crate::{booking::Booking, rules};
use hmr_sdk::prelude::*;
use std::collections::BTreeSet;

/// The form as it is being filled in. Each field is a signal of its own, so each survives on its own.
#[derive(Clone, Copy)]
pub(crate) struct Draft {
    pub(crate) name: Signal<String>,
    pub(crate) email: Signal<String>,
    pub(crate) slot: Signal<String>,
    pub(crate) seats: Signal<String>,
    pub(crate) brings_seeds: Signal<bool>,
    pub(crate) diet: Signal<String>,
    pub(crate) note: Signal<String>,
    pub(crate) promise: Signal<bool>,
    /// The fields that a person has left once: only they complain.
    pub(crate) left: Signal<BTreeSet<String>>,
    /// Whether the form was sent once: then all fields complain.
    pub(crate) tried: Signal<bool>,
}

/// An empty form.
#[scoped]
pub(crate) fn draft() -> Draft {
    let name = signal(String::new());
    let email = signal(String::new());
    let slot = signal(String::new());
    let seats = signal("1".to_owned());
    let brings_seeds = signal(false);
    let diet = signal("any".to_owned());
    let note = signal(String::new());
    let promise = signal(false);
    let left = signal(BTreeSet::new());
    let tried = signal(false);
    Draft { name, email, slot, seats, brings_seeds, diet, note, promise, left, tried }
}

impl Draft {
    /// The error of a text field, once it is time to show it.
    pub(crate) fn error(
        self,
        field: &'static str,
        text: Signal<String>,
        rule: fn(&str) -> Option<String>,
    ) -> Memo<Option<String>> {
        memo(move || if self.complains(field) { text.with(|text| rule(text)) } else { None })
    }

    /// Whether it is time to show the error of a field.
    pub(crate) fn complains(self, field: &str) -> bool {
        self.tried.get() || self.left.with(|left| left.contains(field))
    }

    /// Notes that a person has left a field.
    pub(crate) fn leave(self, field: &'static str) {
        if !self.left.with(|left| left.contains(field)) {
            self.left.update(|left| {
                left.insert(field.to_owned());
            });
        }
    }

    /// How many fields are wrong.
    pub(crate) fn faults(self) -> usize {
        [
            self.name.with(|text| rules::name(text)),
            self.email.with(|text| rules::email(text)),
            self.slot.with(|text| rules::slot(text)),
            self.seats.with(|text| rules::seats(text)),
            self.note.with(|text| rules::note(text)),
            rules::promise(self.promise.get()),
        ]
        .iter()
        .flatten()
        .count()
    }

    /// The booking, if nothing is wrong.
    pub(crate) fn booking(self) -> Option<Booking> {
        (self.faults() == 0).then(|| Booking {
            name: self.name.get(),
            email: self.email.get().trim().to_owned(),
            slot: self.slot.get(),
            seats: self.seats.get().trim().parse().unwrap_or(1),
            brings_seeds: self.brings_seeds.get(),
            diet: self.diet.get(),
            note: self.note.get(),
        })
    }

    /// Empties the form.
    pub(crate) fn clear(self) {
        batch(|| {
            for text in [self.name, self.email, self.slot, self.note] {
                text.set(String::new());
            }
            self.seats.set("1".to_owned());
            self.diet.set("any".to_owned());
            self.brings_seeds.set(false);
            self.promise.set(false);
            self.left.set(BTreeSet::new());
            self.tried.set(false);
        });
    }
}

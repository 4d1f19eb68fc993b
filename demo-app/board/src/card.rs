//! A card: its content, how it is moved, and the form that edits it.

use crate::{
    Desk,
    kanban::{Kanban, Step, Work},
};
use hmr_sdk::prelude::*;
use ui::{Badge, Button, Weight};

impl Desk {
    /// Moves the card that an event dropped, and forgets the drag.
    pub(crate) fn drop_card(self, event: &Event, column: u32, before: Option<u32>) {
        self.dragged.set(None);
        if let Ok(id) = event.data().parse() {
            self.move_card(id, |kanban| kanban.drop_card(id, column, before));
        }
    }

    /// Moves a card, and announces the move.
    fn move_card(self, id: u32, change: impl FnOnce(&mut Kanban)) {
        let was_finished = self.kanban.with(|kanban| kanban.finished(id).is_some());
        self.kanban.update(change);
        self.news.set(self.kanban.with(|kanban| kanban.whereabouts(id)));
        let title = self.kanban.with(|kanban| kanban.finished(id).map(str::to_owned));
        if let Some(title) = title.filter(|_| !was_finished) {
            self.finished.send(&title);
        }
    }

    /// Moves a card by an arrow key. The card keeps the focus, also in another column.
    fn step_card(self, event: &Event, id: u32) {
        let Some(step) = Step::for_key(&event.key()) else { return };
        event.prevent_default();
        self.move_card(id, |kanban| {
            kanban.step_card(id, step);
        });
        self.followed.set(Some(id));
    }
}

/// The card `id`, in `column`.
#[component]
pub(crate) fn CardView(desk: Desk, column: u32, id: u32) -> View {
    let editing = signal(false);
    let handle = NodeRef::new();
    let title = move || {
        desk.kanban
            .with(|kanban| kanban.card(id).map_or_else(String::new, |card| card.title.clone()))
    };
    let work = memo(move || {
        desk.kanban.with(|kanban| kanban.card(id).map(|card| card.work).unwrap_or_default())
    });

    effect(move || {
        if desk.followed.get() == Some(id) {
            handle.focus();
        }
    });

    view! {
        <li class="card" class:dragged={move || desk.dragged.get() == Some(id)}
            draggable={move || !editing.get()} data-drag={id}
            on:dragstart={move |_| desk.dragged.set(Some(id))} on:dragend={move |_| desk.dragged.set(None)}
            on:dragover:prevent={|_| ()} on:drop:prevent:stop={move |event: Event| desk.drop_card(&event, column, Some(id))}>
            <Show when={move || editing.get()} fallback={move || view! {
                <p class="card-title">{title}</p>
                <footer class="card-foot">
                    {move || view! { <Badge text={work.get().name()} tone={work.get().tone()} /> }}
                    <button type="button" class="icon" ref={handle} aria-label={move || format!("Move {}, with the arrow keys", title())}
                        on:keydown={move |event: Event| desk.step_card(&event, id)}
                        on:blur={move |_| desk.followed.set(None)}>"⠿"</button>
                    <button type="button" class="icon" aria-label={move || format!("Edit {}", title())}
                        on:click={move |_| editing.set(true)}>"✎"</button>
                    <button type="button" class="icon" aria-label={move || format!("Delete {}", title())}
                        on:click={move |_| desk.kanban.update(|kanban| { kanban.remove_card(id); })}>"×"</button>
                </footer>
            }}>
                <Editor desk={desk} id={id} editing={editing} />
            </Show>
        </li>
    }
}

/// The form in place of a card. The input is written to the board only when it is saved.
#[component]
fn Editor(desk: Desk, id: u32, editing: Signal<bool>) -> View {
    let card = desk.kanban.with(|kanban| kanban.card(id).cloned());
    let (old_title, old_work) = card.map_or_else(Default::default, |card| (card.title, card.work));
    let title = signal(old_title);
    let work = signal(old_work.name().to_owned());
    let begun = signal(false);
    let text = NodeRef::new();

    let save = move |_| {
        let work = Work::named(&work.get_untracked());
        desk.kanban.update(|kanban| kanban.edit_card(id, &title.get_untracked(), work));
        editing.set(false);
    };
    let escape = move |event: Event| {
        if event.key() == "Escape" {
            editing.set(false);
        }
    };
    let works: Vec<View> =
        Work::ALL.map(|work| view! { <option value={work.name()}>{work.name()}</option> }).into();

    let view = view! {
        <form class="editor" on:submit:prevent={save} on:keydown={escape}>
            <textarea rows="3" ref={text} aria-label="What is to be done" bind:value={title}></textarea>
            <select aria-label="Sort of work" bind:value={work}>{works}</select>
            <div class="row">
                <button class="button primary">"Save"</button>
                <Button label="Cancel" weight={Weight::Quiet} on_press={move |_| editing.set(false)} />
            </div>
        </form>
    };
    // Only a form that was just opened takes the focus, not one that new code draws again.
    if !begun.get_untracked() {
        begun.set(true);
        text.focus();
    }
    view
}

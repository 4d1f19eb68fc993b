//! Notes from everybody at the bench, live through a web socket.
//!
//! Try it: start the server (`cargo run -p feed-server`), write a note, then change a text here and save. The
//! connection stays the same one, and so does the half-written note.

pub mod migrations;
pub mod notes;

use hmr_sdk::prelude::*;
use notes::Note;
use serde::{Deserialize, Serialize};
use ui::format;

/// How many notes wait for a server that is away, at most.
const MOST_WAITING: usize = 20;

/// The state of the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Link {
    /// It is being made.
    #[default]
    Connecting,
    /// Notes come and go.
    Open,
    /// There is no server; the connection is retried later.
    Away,
}

/// The feed. `url` is that of the server's web socket.
#[component(export, version = "1.2.0")]
pub fn Feed(
    #[prop(default = "At the fence".to_owned())] title: String,
    #[prop(default = "ws://127.0.0.1:7171/".to_owned())] url: String,
) -> View {
    let notes = signal(Vec::<Note>::new());
    let waiting = signal(Vec::<String>::new());
    let draft = signal(String::new());
    let link = signal(Link::default());
    let attempts = signal(0_u32);

    // A memo, because a second request for an existing connection would create another one.
    let is_connected = memo(move || link.get() != Link::Away);
    effect(move || {
        if is_connected.get() {
            connect(&url, Wires { notes, waiting, link, attempts });
        } else {
            timeout("retry", notes::delay(attempts.get_untracked()), move || {
                link.set(Link::Connecting);
            });
        }
    });
    input("post", move |card: String| post(waiting, &format!("Done: {card}")));

    let send = move |_| {
        post(waiting, &draft.get_untracked());
        draft.set(String::new());
    };
    view! {
        <div class="feed">
            <header class="panel-head">
                <h2>{title}</h2>
                <p>{move || format::count(notes.with(Vec::len), "note", "notes")}</p>
                <LinkState link={link} attempts={attempts} />
            </header>
            <form class="feed-tools" on:submit:prevent={send}>
                <input name="note" maxlength="200" autocomplete="off" aria-label="A note for everybody" placeholder="Slugs on the move…"
                    bind:value={draft} />
                <button class="button primary" disabled={move || draft.with(|text| text.trim().is_empty())}>"Call it over"</button>
            </form>
            <Show when={move || link.get() == Link::Away}>
                <p class="feed-help">"Nobody is at the fence. Start the server: " <code>"cargo run --manifest-path demo-app/Cargo.toml -p feed-server"</code></p>
            </Show>
            <ol class="notes" aria-label="Notes, newest first">
                {move || waiting.get().into_iter().map(|text| view! { <li class="waiting"><span>{text}</span><small>"waits"</small></li> }).collect::<Vec<_>>()}
                <For each={move || notes.get()} key={|note| note.at} view={|note: Note| view! {
                    <li><span>{note.text}</span><small>{notes::time_of_day(note.at)}</small></li>
                }} />
            </ol>
        </div>
    }
}

/// The signals that a connection reads and writes.
#[derive(Clone, Copy)]
struct Wires {
    notes: Signal<Vec<Note>>,
    waiting: Signal<Vec<String>>,
    link: Signal<Link>,
    attempts: Signal<u32>,
}

/// Connects, and sends the waiting texts as soon as, and for as long as, the connection is open.
fn connect(url: &str, wires: Wires) {
    let Wires { notes, waiting, link, attempts } = wires;
    let socket = websocket("feed", url)
        .on_open(move || {
            attempts.set(0);
            link.set(Link::Open);
        })
        .on_message(move |message| match serde_json::from_str(message.text().unwrap_or_default()) {
            Ok(note) => notes.update(|notes| notes::insert(notes, note)),
            Err(error) => log::warn(format!("what came is not a note: {error}")),
        })
        .on_close(move |_| {
            attempts.update(|attempts| *attempts += 1);
            link.set(Link::Away);
        })
        .open();
    effect(move || {
        if link.get() == Link::Open && waiting.with(|texts| !texts.is_empty()) {
            for text in waiting.get_untracked() {
                socket.send(text);
            }
            waiting.set(Vec::new());
        }
    });
}

/// Adds a text to those to be sent. A blank text is ignored, and so is one too many.
fn post(waiting: Signal<Vec<String>>, text: &str) {
    let text = text.trim();
    if !text.is_empty() && waiting.with_untracked(Vec::len) < MOST_WAITING {
        waiting.update(|texts| texts.push(text.to_owned()));
    }
}

/// A word and a colour for the state of the connection.
#[component]
fn LinkState(link: Signal<Link>, attempts: Signal<u32>) -> View {
    let words = move || match link.get() {
        Link::Connecting => "connecting".to_owned(),
        Link::Open => "live".to_owned(),
        Link::Away => format!("offline, again in {} s", notes::delay(attempts.get()) / 1000),
    };
    view! { <p class="feed-state" class:live={move || link.get() == Link::Open} role="status">{words}</p> }
}

#[cfg(test)]
mod tests;

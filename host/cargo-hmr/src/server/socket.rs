//! The socket: one for each open page.
//!
//! A page gets the newest of everything first, then each message from a queue of its own ([`super::outbox`]). One that
//! falls behind gets the newest of everything again instead, so a slow page holds no memory. One that does not answer a
//! heartbeat is let go.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    extract::{
        Query, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use hmr_abi::text::cut_owned;
use serde::Deserialize;
use tokio::time::{self, MissedTickBehavior};

use super::{
    FromPage, Shared,
    limits::{self, Budget, Decision},
    outbox::{Next, Outbox},
};
use crate::protocol::{ClientMessage, Hello, ServerMessage};

/// How often a page is asked whether it is there; it has as long to answer.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long the messages of a page that can no longer be sent anything are read.
const REST: Duration = Duration::from_secs(2);
/// The largest message that a page may send, in bytes.
const LARGEST: usize = hmr_abi::constants::MESSAGE_BYTES;

static PAGES: AtomicU64 = AtomicU64::new(1);

/// What the address of the socket carries.
#[derive(Deserialize)]
pub(super) struct Credentials {
    #[serde(default)]
    token: String,
    #[serde(default)]
    page: String,
    #[serde(default)]
    id: String,
    /// The application that the page was loaded from. A page that does not know is taken for one of this application.
    app: Option<String>,
}

impl Credentials {
    /// The id that the page keeps, if it is one.
    fn id(&self) -> Option<&str> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        Some(&*self.id).filter(|id| (1..=64).contains(&id.len()) && id.chars().all(fits))
    }
}

/// Opens a page's socket.
pub(super) async fn open(
    State(shared): State<Arc<Shared>>,
    Query(credentials): Query<Credentials>,
    upgrade: WebSocketUpgrade,
) -> Response {
    if credentials.token != shared.token {
        let text = "refused: the token is not this server's; ask `/@hmr/session` for it\n";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    if credentials.app.as_ref().is_some_and(|app| *app != shared.app) {
        let text = "refused: another application is served here now than the one that the page belongs to; load the page again\n";
        return (StatusCode::CONFLICT, text).into_response();
    }
    let path: String = credentials.page.chars().filter(|c| !c.is_control()).take(80).collect();
    let page = format!("{path}#{}", PAGES.fetch_add(1, Ordering::Relaxed));
    // A page without an id is another one each time that it connects.
    let id = credentials.id().unwrap_or(&page).to_owned();
    upgrade.max_message_size(LARGEST).on_upgrade(move |socket| async move {
        serve(&shared, socket, &page, &id).await;
        shared.outboxes.close(&page);
        shared.say(FromPage::Disconnected { page });
    })
}

/// Passes messages both ways until either side is gone.
async fn serve(shared: &Shared, socket: WebSocket, page: &str, id: &str) {
    let (mut to_page, from_page) = socket.split();
    // The queue is there first, then the greeting is made: no message is lost in between.
    let outbox = shared.outboxes.open(page);
    let hello = shared.hello_for(id);
    let greeted = hello.sequence;
    shared.say(FromPage::Connected { page: page.to_owned(), id: id.to_owned(), greeted });
    let text = greeting(shared, &outbox, hello);
    let mut inbox = Inbox { shared, page, from_page, budget: Budget::new(Instant::now()) };
    let sent = send(&mut to_page, Message::Text((&*text).into())).await;
    let lost = sent.is_err() || exchange(shared, &outbox, &mut to_page, &mut inbox, id).await;
    if lost {
        inbox.read_rest().await;
    }
}

/// Passes messages both ways. Returns whether the page can no longer be sent anything, while something that it sent may
/// still be unread.
async fn exchange(
    shared: &Shared,
    outbox: &Outbox,
    to_page: &mut SplitSink<WebSocket, Message>,
    inbox: &mut Inbox<'_>,
    id: &str,
) -> bool {
    let mut heartbeat = time::interval(HEARTBEAT);
    // After a pause, a page still has the whole time to answer.
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut alive = true;
    loop {
        let next = tokio::select! {
            next = outbox.next() => next,
            message = inbox.next() => {
                let Some(message) = message else { return false };
                alive = true;
                // Here, where no other branch can cancel it while it waits: the message would be lost.
                inbox.pass_on(&message).await;
                continue;
            }
            _ = heartbeat.tick() => {
                let ping = Message::Ping(axum::body::Bytes::new());
                if !std::mem::take(&mut alive) {
                    return false;
                }
                if send(to_page, ping).await.is_err() {
                    return true;
                }
                continue;
            }
        };
        let text = match next {
            Next::Text(text) => text,
            Next::Greeting => greeting(shared, outbox, shared.hello_for(id)),
            Next::End => {
                let message = "the page asks for rehearsals and does not read the answers; it was disconnected";
                let page = inbox.page.to_owned();
                shared.say(FromPage::Noted { page, message: message.to_owned() });
                return false;
            }
        };
        if send(to_page, Message::Text((&*text).into())).await.is_err() {
            return true;
        }
    }
}

/// The messages of one page.
struct Inbox<'a> {
    shared: &'a Shared,
    page: &'a str,
    from_page: SplitStream<WebSocket>,
    budget: Budget,
}

impl Inbox<'_> {
    /// The next message; none once the page has closed the socket.
    async fn next(&mut self) -> Option<Message> {
        match self.from_page.next().await {
            Some(Ok(Message::Close(_)) | Err(_)) | None => None,
            Some(Ok(message)) => Some(message),
        }
    }

    /// Passes on a message, within the limits of the page.
    async fn pass_on(&mut self, message: &Message) {
        let (shared, page) = (self.shared, self.page);
        let note = |message: String| shared.say(FromPage::Noted { page: page.to_owned(), message });
        let parsed = match message {
            Message::Text(text) => {
                if let Decision::Wait(time) = self.budget.bytes(text.len(), Instant::now()) {
                    time::sleep(time).await;
                }
                ClientMessage::parse(text).map_err(|error| error.to_string())
            }
            Message::Binary(_) => Err("a binary message".to_owned()),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => return,
        };
        match self.budget.message(parsed.as_ref().ok(), Instant::now()) {
            Decision::Read => {}
            Decision::Wait(time) => time::sleep(time).await,
            Decision::Drop { report } => {
                if report {
                    note(limits::dropped());
                }
                return;
            }
        }
        match parsed {
            Ok(mut message) => {
                if let Some(cut) = limits::cut(&mut message) {
                    note(cut);
                }
                shared.say(FromPage::Said { page: page.to_owned(), message });
            }
            Err(error) => {
                note(cut_owned(format!("the page sent something that is not a message: {error}")));
            }
        }
    }

    /// Reads what a page sent before it went.
    async fn read_rest(&mut self) {
        let rest = async {
            while let Some(message) = self.next().await {
                self.pass_on(&message).await;
            }
        };
        // A page that is still there, and only reads nothing, is disconnected.
        _ = time::timeout(REST, rest).await;
    }
}

/// Sends one message. It fails when the page reads nothing for too long ([`super::connections`]), so that neither the heartbeat nor
/// the connection waits for it any longer.
async fn send(
    to_page: &mut SplitSink<WebSocket, Message>,
    message: Message,
) -> Result<(), axum::Error> {
    to_page.send(message).await
}

/// The newest of everything, which covers the news up to its number.
fn greeting(shared: &Shared, outbox: &Outbox, hello: Hello) -> Arc<str> {
    outbox.greeted(hello.sequence);
    let mut hello = ServerMessage::Hello(hello);
    // A page that missed updates swaps to the versions in this greeting.
    hello.set_rehearse(shared.rehearsing.load(Ordering::Relaxed));
    hello.to_json().into()
}

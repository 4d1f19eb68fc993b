//! The messages that wait to be sent to pages: each page has its own bounded queue.
//!
//! Two kinds of messages wait in it. *News* is for any page, and the greeting covers all of it: a page that falls behind
//! gets a new greeting instead of the news that it missed. *Answers* are for the page that sent the request, and are never dropped.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use hmr_protocol::ServerMessage;

/// How many pieces of news may wait for a page before it gets a new greeting instead.
const MOST_NEWS: usize = 64;

/// How many answers may wait for a page. One that keeps sending requests and does not read is disconnected.
const MOST_ANSWERS: usize = 256;

/// The queues of all connected pages.
#[derive(Debug, Default)]
pub(super) struct Outboxes(Mutex<HashMap<String, Arc<Outbox>>>);

/// The queue of one page.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Each with its number, if it has one.
    news: VecDeque<(Option<u64>, Arc<str>)>,
    answers: VecDeque<Arc<str>>,
    /// Whether news was dropped, so that a greeting is due.
    behind: bool,
    /// The number of the last message that the latest greeting covers.
    greeted: u64,
    /// Whether the page sends requests without reading the answers.
    overrun: bool,
}

/// What a page gets next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This message.
    Text(Arc<str>),
    /// A new greeting.
    Greeting,
    /// No more messages: it sends requests without reading the answers.
    End,
}

impl Outboxes {
    /// Makes the queue of a page that connects.
    pub(super) fn open(&self, page: &str) -> Arc<Outbox> {
        let outbox = Arc::<Outbox>::default();
        self.lock().insert(page.to_owned(), Arc::clone(&outbox));
        outbox
    }

    /// Removes the queue of a page that has disconnected.
    pub(super) fn close(&self, page: &str) {
        self.lock().remove(page);
    }

    /// Sends a message to every page.
    pub(super) fn send(&self, message: &ServerMessage) {
        let text: Arc<str> = message.to_json().into();
        for outbox in self.lock().values() {
            outbox.push(message, &text);
        }
    }

    /// Sends a message to one page, if it is still connected.
    pub(super) fn send_to(&self, page: &str, message: &ServerMessage) {
        let outbox = self.lock().get(page).cloned();
        if let Some(outbox) = outbox {
            outbox.push(message, &message.to_json().into());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Outbox>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox {
    /// What the page gets next, once there is something. Nothing is lost if the caller stops waiting.
    pub(super) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.lock().take() {
                return next;
            }
            self.more.notified().await;
        }
    }

    /// Notes that a greeting covers every message up to this number.
    pub(super) fn greeted(&self, sequence: u64) {
        self.lock().greeted = sequence;
    }

    fn push(&self, message: &ServerMessage, text: &Arc<str>) {
        self.lock().push(message, text);
        self.more.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn push(&mut self, message: &ServerMessage, text: &Arc<str>) {
        if matches!(message, ServerMessage::Verdict(_)) {
            self.overrun |= self.answers.len() >= MOST_ANSWERS;
            if !self.overrun {
                self.answers.push_back(Arc::clone(text));
            }
        } else if self.news.len() >= MOST_NEWS {
            self.news.clear();
            self.behind = true;
        } else if !self.behind {
            self.news.push_back((message.sequence(), Arc::clone(text)));
        }
    }

    fn take(&mut self) -> Option<Next> {
        if self.overrun {
            return Some(Next::End);
        }
        if let Some(answer) = self.answers.pop_front() {
            return Some(Next::Text(answer));
        }
        // Cleared before the greeting is made: later messages are newer than it, or are skipped below.
        if std::mem::take(&mut self.behind) {
            return Some(Next::Greeting);
        }
        while let Some((sequence, text)) = self.news.pop_front() {
            if sequence.is_none_or(|sequence| sequence > self.greeted) {
                return Some(Next::Text(text));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use hmr_protocol::{RehearsalOutcome, RehearsalTime, Verdict};

    fn news(sequence: u64) -> ServerMessage {
        ServerMessage::BuildSucceeded { sequence }
    }

    fn verdict(id: u64) -> ServerMessage {
        ServerMessage::Verdict(Verdict {
            id: id.into(),
            outcome: RehearsalOutcome::Passed,
            step: None,
            error: None,
            duration: RehearsalTime::default(),
        })
    }

    fn taken(outbox: &Outbox) -> Vec<Next> {
        std::iter::from_fn(|| outbox.lock().take()).collect()
    }

    fn text(message: &ServerMessage) -> Next {
        Next::Text(message.to_json().into())
    }

    #[test]
    fn a_message_for_one_page_goes_to_that_page_alone() {
        let outboxes = Outboxes::default();
        let [one, two] = ["/#1", "/#2"].map(|page| outboxes.open(page));
        outboxes.send_to("/#1", &verdict(1));
        outboxes.send_to("/#3", &verdict(3));
        outboxes.send(&news(1));
        assert_eq!(taken(&one), [text(&verdict(1)), text(&news(1))]);
        assert_eq!(taken(&two), [text(&news(1))]);
        outboxes.close("/#1");
        outboxes.send(&news(2));
        assert_eq!(taken(&one), []);
    }

    #[test]
    fn a_page_that_falls_behind_is_greeted_again_and_keeps_its_answers() {
        let outboxes = Outboxes::default();
        let page = outboxes.open("/#1");
        for sequence in 1..=100 {
            outboxes.send(&news(sequence));
            outboxes.send_to("/#1", &verdict(sequence));
        }
        let mut expected: Vec<Next> = (1..=100).map(|id| text(&verdict(id))).collect();
        expected.push(Next::Greeting);
        assert_eq!(taken(&page), expected);
        page.greeted(101);
        outboxes.send(&news(101));
        outboxes.send(&news(102));
        outboxes.send(&ServerMessage::Rehearsals {});
        let expected = [text(&news(102)), text(&ServerMessage::Rehearsals {})];
        assert_eq!(taken(&page), expected, "the greeting covers earlier messages");
    }

    #[test]
    fn a_page_that_sends_requests_without_reading_is_disconnected() {
        let outboxes = Outboxes::default();
        let page = outboxes.open("/#1");
        for id in 0..1000 {
            outboxes.send_to("/#1", &verdict(id));
        }
        assert_eq!(page.lock().take(), Some(Next::End));
        assert_eq!(page.lock().answers.len(), MOST_ANSWERS);
    }

    #[tokio::test]
    async fn nothing_is_lost_when_the_caller_stops_waiting() {
        let outboxes = Outboxes::default();
        let page = outboxes.open("/#1");
        for id in 0..100 {
            // Polled once, as a branch that another one wins against.
            tokio::select! {
                biased;
                next = page.next() => panic!("there is nothing yet: {next:?}"),
                () = std::future::ready(()) => {}
            }
            outboxes.send_to("/#1", &verdict(id));
            assert_eq!(page.next().await, text(&verdict(id)));
        }
    }
}

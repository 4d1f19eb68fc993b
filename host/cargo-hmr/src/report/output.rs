//! Printing without waiting for the reader.
//!
//! Output goes through a queue to a thread that writes it. A pipe that is not read, or a paused terminal, blocks
//! that thread and nothing else. Once the queue is full, lines are dropped; their number is shown instead as soon as the
//! output is read again.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How many bytes may wait to be written.
const LIMIT: usize = 4 << 20;

/// How many bytes each item counts in addition to its text, so that empty ones are limited too.
const ITEM: usize = 64;

/// How long dropping the output waits for what was not written yet.
const END_TIMEOUT: Duration = Duration::from_millis(500);

/// An item to show.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A line, or several.
    Line(String),
    /// The running work; the next one replaces it.
    Progress(String),
    /// The running work has ended.
    Idle,
    /// So many lines were dropped here, and the running work has ended.
    Dropped(u64),
}

impl Item {
    fn bytes(&self) -> usize {
        ITEM + match self {
            Self::Line(text) | Self::Progress(text) => text.len(),
            Self::Idle | Self::Dropped(_) => 0,
        }
    }
}

/// A queue and the thread that empties it. When it is dropped, it waits a moment for what has not been written yet.
pub(super) struct Output {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    /// No more items are pushed.
    closed: bool,
    /// The thread has written everything and ended.
    ended: bool,
}

impl Output {
    /// Starts a thread that shows each item with `show`.
    pub(super) fn start(mut show: impl FnMut(Item) + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let queue = Arc::clone(&shared);
        std::thread::spawn(move || {
            while let Some(item) = queue.next() {
                show(item);
            }
            queue.lock().ended = true;
            queue.changed.notify_all();
        });
        Self { shared }
    }

    /// Has an item shown. Never waits.
    pub(super) fn push(&self, item: Item) {
        let mut queue = self.shared.lock();
        let is_full = queue.bytes + item.bytes() > LIMIT && !queue.items.is_empty();
        match (queue.items.back_mut(), item) {
            // They include it already.
            (Some(Item::Idle | Item::Dropped(_)), Item::Idle) => {}
            (Some(Item::Dropped(count)), Item::Line(_)) if is_full => *count += 1,
            (_, Item::Line(_)) if is_full => queue.add(Item::Dropped(1)),
            // Progress of running work is not needed later.
            (_, Item::Progress(_)) if is_full => {}
            // The previous one was not shown yet.
            (Some(last @ Item::Progress(_)), item @ Item::Progress(_)) => {
                let bytes = item.bytes();
                let before = std::mem::replace(last, item).bytes();
                queue.bytes = queue.bytes + bytes - before;
            }
            // The end of running work is shown even if the queue is full: nothing else would end it.
            (_, item) => queue.add(item),
        }
        self.shared.changed.notify_all();
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.closed = true;
        self.shared.changed.notify_all();
        // Output that is not read in time is dropped.
        _ = self.shared.changed.wait_timeout_while(queue, END_TIMEOUT, |queue| !queue.ended);
    }
}

impl Queue {
    fn add(&mut self, item: Item) {
        self.bytes += item.bytes();
        self.items.push_back(item);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next item; none when there will be no more.
    fn next(&self) -> Option<Item> {
        let queue = self.lock();
        let waits = |queue: &mut Queue| queue.items.is_empty() && !queue.closed;
        let waited = self.changed.wait_while(queue, waits);
        let mut queue = waited.unwrap_or_else(PoisonError::into_inner);
        let item = queue.items.pop_front()?;
        queue.bytes -= item.bytes();
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, SyncSender};

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(20);

    /// An output whose items are shown one by one, when they are received.
    fn output() -> (Output, Receiver<Item>) {
        let (show, shown): (SyncSender<Item>, _) = mpsc::sync_channel(0);
        // The tool keeps running if the receiver was dropped.
        (Output::start(move |item| _ = show.send(item)), shown)
    }

    fn line(number: usize) -> Item {
        Item::Line(format!("{number:>1024}"))
    }

    #[test]
    fn what_does_not_fit_is_counted_where_it_was_dropped() {
        let (output, shown) = output();
        let all = 2 * LIMIT / 1024;
        for number in 0..all {
            output.push(line(number));
        }
        let next = || shown.recv_timeout(DEADLINE).expect("an item");
        let mut kept = 0;
        let dropped = loop {
            match next() {
                Item::Dropped(count) => break count,
                item => assert_eq!(item, line(kept)),
            }
            kept += 1;
        };
        assert!(kept >= LIMIT / (1024 + ITEM), "{kept}");
        assert_eq!(kept + usize::try_from(dropped).expect("few"), all);
        output.push(line(all));
        assert_eq!(next(), line(all));
    }

    #[test]
    fn what_waits_is_limited_whatever_it_is() {
        for item in [|_| Item::Idle, |_| Item::Line(String::new()), line] {
            let (output, shown) = output();
            for number in 0..200_000 {
                // As for each event: the running work has ended, and there may be a line.
                output.push(Item::Progress(number.to_string()));
                output.push(Item::Idle);
                output.push(item(number));
            }
            let waiting = std::mem::take(&mut output.shared.lock().items);
            assert!(waiting.len() < 100_000, "{} items wait", waiting.len());
            assert!(!waiting.contains(&Item::Dropped(0)));
            drop(shown);
        }
    }

    #[test]
    fn the_end_of_running_work_is_queued_once() {
        let (output, shown) = output();
        output.push(Item::Progress("one".to_owned()));
        assert_eq!(shown.recv_timeout(DEADLINE), Ok(Item::Progress("one".to_owned())));
        // The thread takes the first of these, or none.
        for _ in 0..100 {
            output.push(Item::Idle);
        }
        let waiting = output.shared.lock().items.len();
        assert!(waiting <= 1, "{waiting} wait");
        assert_eq!(shown.recv_timeout(DEADLINE), Ok(Item::Idle), "the spinner ends");
    }

    #[test]
    fn a_line_that_is_too_long_by_itself_is_written() {
        let (output, shown) = output();
        output.push(Item::Line("x".repeat(2 * LIMIT)));
        assert!(matches!(shown.recv_timeout(DEADLINE), Ok(Item::Line(_))));
    }

    #[test]
    fn an_end_waits_for_what_was_printed_but_not_for_ever() {
        let (output, shown) = output();
        output.push(line(0));
        let reader = std::thread::spawn(move || shown.iter().count());
        drop(output);
        assert_eq!(reader.join().expect("no panic"), 1);

        let (output, shown) = self::output();
        output.push(line(0));
        drop(output);
        drop(shown);
    }
}

//! All that a page reports: log lines, traps, problems, swaps, and the events for listeners.

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use crate::guest::Effect;
use crate::report::events::{Listeners, PageEvent};
use crate::report::slow_export::SlowExport;
use crate::report::swap::Swap;
use crate::report::trap::Trap;
use hmr_protocol::SwapStep;

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For who looks into the details.
    Debug,
    /// Worth knowing.
    Info,
    /// Something was left out or looks wrong.
    Warn,
    /// Something failed.
    Error,
}

impl From<u32> for LogLevel {
    /// The level of the import `log`; numbers that it does not know are errors.
    fn from(level: u32) -> Self {
        match level {
            0 => Self::Debug,
            1 => Self::Info,
            2 => Self::Warn,
            _ => Self::Error,
        }
    }
}

/// A line that a module or the engine wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// The module that it is of; empty if it is of the page.
    pub module: String,
    /// The text.
    pub text: String,
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        };
        let module = if self.module.is_empty() { "page" } else { &self.module };
        write!(f, "{level}: {module}: {}", self.text)
    }
}

/// What a page has reported so far.
#[derive(Default)]
pub(crate) struct Log {
    lines: Vec<LogLine>,
    traps: Vec<Trap>,
    problems: Vec<String>,
    /// All swaps that have ended, in order.
    swaps: Vec<Swap>,
    slow_exports: Vec<SlowExport>,
    /// How often code that trapped was restarted.
    pub(crate) restarts: u64,
    /// Events for listeners, pending while the page is in use.
    pending: VecDeque<PageEvent>,
    listeners: Rc<Listeners>,
}

impl Log {
    pub(crate) fn lines(&self) -> &[LogLine] {
        &self.lines
    }

    pub(crate) fn traps(&self) -> &[Trap] {
        &self.traps
    }

    pub(crate) fn problems(&self) -> &[String] {
        &self.problems
    }

    pub(crate) fn swaps(&self) -> &[Swap] {
        &self.swaps
    }

    pub(crate) fn slow_exports(&self) -> &[SlowExport] {
        &self.slow_exports
    }

    pub(crate) fn listeners(&self) -> &Rc<Listeners> {
        &self.listeners
    }

    /// Writes a line; `module` is empty for one of the page.
    pub(crate) fn write(&mut self, level: LogLevel, module: &str, text: String) {
        self.lines.push(LogLine { level, module: module.to_owned(), text });
    }

    /// Writes the log lines among a call's requests, and ignores the rest.
    pub(crate) fn write_effects(&mut self, module: &str, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Log(level, text) = effect {
                self.write(LogLevel::from(level), module, text);
            }
        }
    }

    /// Reports something that the developer should see.
    pub(crate) fn problem(&mut self, text: String) {
        self.write(LogLevel::Error, "", text.clone());
        self.notify(PageEvent::Problem(text.clone()));
        self.problems.push(text);
    }

    pub(crate) fn trap(&mut self, trap: Trap) {
        self.notify(PageEvent::Trap(trap.clone()));
        self.traps.push(trap);
    }

    pub(crate) fn slow_export(&mut self, slow: SlowExport) {
        self.write(LogLevel::Warn, &slow.module, slow.to_string());
        self.notify(PageEvent::Slower(slow.clone()));
        self.slow_exports.push(slow);
    }

    /// Enters a step of a swap.
    pub(crate) fn step(&mut self, swap: &mut Swap, step: SwapStep) {
        swap.events.push(step);
        let (module, hash) = (swap.module.clone(), swap.hash.clone());
        self.notify(PageEvent::Step { module, hash, step });
    }

    /// Records a swap that has ended.
    pub(crate) fn swap_ended(&mut self, swap: Swap) {
        self.notify(PageEvent::Swap(swap.clone()));
        self.swaps.push(swap);
    }

    /// Records a swap that has ended, whose event waits until its invalidations are known. [`Log::swap_settled`] takes the
    /// returned mark.
    pub(crate) fn swap_ended_unsettled(&mut self, swap: Swap) -> UnsettledSwap {
        self.swaps.push(swap);
        UnsettledSwap { at: self.swaps.len() - 1, event_at: self.pending.len() }
    }

    /// Completes the record of a swap, and reports it before what happened since it ended.
    pub(crate) fn swap_settled(
        &mut self,
        UnsettledSwap { at, event_at }: UnsettledSwap,
        complete: impl FnOnce(&mut Swap),
    ) -> Swap {
        let swap = &mut self.swaps[at];
        complete(swap);
        let swap = swap.clone();
        self.pending.insert(event_at, PageEvent::Swap(swap.clone()));
        swap
    }

    /// Queues an event for listeners.
    pub(crate) fn notify(&mut self, event: PageEvent) {
        self.pending.push_back(event);
    }

    /// The next event for listeners.
    pub(crate) fn next_event(&mut self) -> Option<PageEvent> {
        self.pending.pop_front()
    }

    /// Drops the pending events and all listeners.
    pub(crate) fn clear_listeners(&mut self) {
        self.pending.clear();
        self.listeners.clear();
    }
}

/// A recorded swap whose event is not queued yet.
#[must_use]
pub(crate) struct UnsettledSwap {
    at: usize,
    event_at: usize,
}

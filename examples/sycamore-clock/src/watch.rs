use js_sys::Date;
use sycamore::prelude::*;

#[derive(Clone, Copy, PartialEq)]
pub struct Lap {
    pub number: usize,
    /// What this lap took, in milliseconds.
    pub took: f64,
    pub note: Signal<String>,
}

/// A stopwatch. Its times are in milliseconds.
#[derive(Clone, Copy)]
pub struct Watch {
    /// The time of day, which the interval keeps up to date.
    pub now: Signal<f64>,
    /// When it was started; `None` while it stands.
    started: Signal<Option<f64>>,
    /// What it showed when it was last stopped.
    before: Signal<f64>,
    pub laps: Signal<Vec<Lap>>,
}

impl Watch {
    pub fn new() -> Self {
        Self {
            now: create_signal(Date::now()),
            started: create_signal(None),
            before: create_signal(0.0),
            laps: create_signal(Vec::new()),
        }
    }

    pub fn is_running(self) -> bool {
        self.started.get().is_some()
    }

    pub fn elapsed(self) -> f64 {
        let since = self.started.get().map_or(0.0, |started| self.now.get() - started);
        self.before.get() + since.max(0.0)
    }

    pub fn start_or_stop(self) {
        self.now.set(Date::now());
        if self.is_running() {
            self.before.set(self.elapsed());
            self.started.set(None);
        } else {
            self.started.set(Some(self.now.get()));
        }
    }

    pub fn lap(self) {
        self.now.set(Date::now());
        let earlier: f64 = self.laps.with(|laps| laps.iter().map(|lap| lap.took).sum());
        let took = self.elapsed() - earlier;
        self.laps.update(|laps| {
            let note = create_signal(String::new());
            laps.push(Lap { number: laps.len() + 1, took, note });
        });
    }

    pub fn reset(self) {
        batch(|| {
            self.started.set(None);
            self.before.set(0.0);
            self.laps.set(Vec::new());
        });
    }

    pub fn best(self) -> Option<usize> {
        self.laps.with(|laps| {
            let best = laps.iter().min_by(|a, b| a.took.total_cmp(&b.took));
            best.filter(|_| laps.len() > 1).map(|lap| lap.number)
        })
    }
}

/// Minutes, seconds and tenths.
pub fn format_duration(milliseconds: f64) -> String {
    let tenths = (milliseconds / 100.0).floor();
    let minutes = (tenths / 600.0).floor();
    format!("{minutes:02}:{:04.1}", (tenths % 600.0) / 10.0)
}

//! Messages from pages: connections, results of updates, failures.

use hmr_build::{Diagnostic, Failure, Level};

use super::{Coordinator, Effect, version_history::VersionHistory};
use crate::{
    events::Event,
    experiment::{Experiments, Teller},
};
use hmr_protocol::{ServerMessage, Slower, Swap, SwapOutcome, Trap};

/// What a page has done.
#[derive(Debug)]
pub enum Said {
    /// It has opened its socket.
    Connected {
        /// The id that the page keeps when it is loaded again.
        id: String,
        /// The number of the last message before its greeting.
        greeted: u64,
    },
    /// It has gone.
    Disconnected,
    /// It has acknowledged an update, or loaded code without one.
    Swapped {
        /// The update's number.
        sequence: Option<u64>,
        /// What became of each module.
        swaps: Vec<Swap>,
    },
    /// Its running code has trapped.
    Trapped(Trap),
    /// Calls take longer than before.
    Slowed(Slower),
}

impl Coordinator {
    pub(super) fn heard(&mut self, page: String, said: Said, effects: &mut Vec<Effect>) {
        match said {
            Said::Connected { id, greeted } => {
                // The page missed messages to single pages since its greeting.
                if greeted != self.sequence {
                    let message = ServerMessage::Hello(self.hello_for(&id));
                    effects.push(Effect::SendTo { page: page.clone(), message });
                }
                self.pages.insert(page.clone(), id);
                effects.push(Effect::Tell(Event::ClientConnected { page }));
            }
            Said::Disconnected => {
                self.pages.remove(&page);
                effects.push(Effect::Tell(Event::ClientDisconnected { page }));
            }
            Said::Swapped { sequence, swaps } => self.swapped(page, sequence, swaps, effects),
            Said::Trapped(trap) => {
                if let Some(line) = self.histories.get_mut(&trap.module) {
                    line.note_trap(&trap);
                }
                self.note(&page, &trap.module, |experiments, from| {
                    experiments.note_trap(from, &trap);
                });
                effects.push(Effect::Tell(Event::Trap { page, trap }));
            }
            Said::Slowed(slower) => {
                self.note(&page, &slower.module, |experiments, from| {
                    experiments.note_slower(from, &slower);
                });
                effects.push(Effect::Tell(Event::Slower { page, slower }));
            }
        }
    }

    /// A page reports the result of an update. Versions that failed there are given to no new page.
    fn swapped(
        &mut self,
        page: String,
        sequence: Option<u64>,
        mut swaps: Vec<Swap>,
        effects: &mut Vec<Effect>,
    ) {
        let mut refused = Vec::new();
        for swap in &mut swaps {
            self.note(&page, &swap.module, |experiments, from| experiments.note_swap(from, swap));
            if swap.has_failed() {
                self.refuse(&page, swap, &mut refused);
            }
        }
        effects.push(Effect::Tell(match sequence {
            Some(sequence) => Event::Swap { sequence, page, swaps },
            None => Event::Loaded { page, swaps },
        }));
        effects.extend(refused);
    }

    /// Adds a page's report about a module to its experiment, if there is one.
    fn note(&mut self, page: &str, module: &str, note: impl FnOnce(&mut Experiments, Teller<'_>)) {
        if let Some(page) = self.pages.get(page)
            && self.experiments.runs(module)
        {
            let newest = self.histories.get(module).and_then(VersionHistory::current);
            let newest = newest.as_ref().map(|newest| &*newest.version.hash);
            note(&mut self.experiments, Teller { page, newest });
        }
    }

    /// Gives a version that failed to no new page, if it is known.
    fn refuse(&mut self, page: &str, swap: &mut Swap, effects: &mut Vec<Effect>) {
        self.experiments.refuse(&swap.module, &swap.hash);
        let Some(line) = self.histories.get_mut(&swap.module) else { return };
        // The trap was reported before the rollback that it caused.
        if let (None, Some(trap)) = (&swap.file, line.trap_of(&swap.hash)) {
            swap.file.clone_from(&trap.file);
            swap.line = trap.line;
        }
        let pinned = line.pinned() == Some(&*swap.hash);
        let Some(serves) = line.refuse(&swap.hash, failed_in_page(swap)) else { return };
        effects.push(Effect::Tell(Event::Refused {
            page: page.to_owned(),
            module: swap.module.clone(),
            hash: swap.hash.clone(),
            serves: serves.hash,
            reason: swap.error.clone().unwrap_or_default(),
        }));
        if pinned {
            let module = swap.module.clone();
            effects.push(Effect::Tell(Event::Pinned { module, hash: None }));
        }
    }
}

/// The failure of a version in a page, in the form of a compiler failure.
fn failed_in_page(swap: &Swap) -> Failure {
    let error = swap.error.clone().unwrap_or_else(|| "no reason was given".to_owned());
    let how = match (swap.outcome, swap.step) {
        (SwapOutcome::Undone, _) => "was undone".to_owned(),
        (_, Some(step)) => format!("was rolled back at {step}"),
        (_, None) => "was rolled back".to_owned(),
    };
    let diagnostic = Diagnostic {
        level: Level::Error,
        message: error.lines().next().unwrap_or_default().to_owned(),
        code: None,
        file: swap.file.clone(),
        line: swap.line,
        column: None,
        rendered: match (&swap.file, swap.line) {
            (Some(file), Some(line)) => format!("{error}\n  --> {file}:{line}"),
            _ => error,
        },
    };
    Failure {
        title: format!("the new version of `{}` {how}", swap.module),
        diagnostics: vec![diagnostic],
        files: Vec::new(),
    }
}

//! Events of pages: connections, results of updates, failures.

use hmr_build::{Diagnostic, Failure, Level};
use hmr_protocol::{ClientMessage, ServerMessage, Swap, SwapOutcome};

use super::{ClientEvent, Coordinator, Effect};
use crate::{
    events::Event,
    experiment::{Experiments, ReportSource},
};

impl Coordinator {
    pub(super) fn client_event(
        &mut self,
        page: String,
        event: ClientEvent,
        effects: &mut Vec<Effect>,
    ) {
        match event {
            ClientEvent::Connected { id, greeted } => {
                // The page missed messages to single pages since its greeting.
                if greeted != self.sequence {
                    let message = ServerMessage::Hello(self.hello_for(&id));
                    effects.push(Effect::SendTo { page: page.clone(), message });
                }
                self.pages.insert(page.clone(), id);
                effects.push(Effect::Report(Event::ClientConnected { page }));
            }
            ClientEvent::Message(message) => self.client_message(page, message, effects),
            ClientEvent::Problem(message) => {
                effects.push(Effect::Report(Event::Problem { page, message }));
            }
            ClientEvent::Disconnected => {
                self.pages.remove(&page);
                effects.push(Effect::Report(Event::ClientDisconnected { page }));
            }
        }
    }

    fn client_message(&mut self, page: String, message: ClientMessage, effects: &mut Vec<Effect>) {
        match message {
            // Ignored: the tool learns from the connection that a page is open, and from reports of swaps which versions run.
            ClientMessage::Ready { .. } => {}
            // A report about an update of an earlier run of the tool, whose numbers are different.
            ClientMessage::Swap { server: Some(run), .. }
            | ClientMessage::Applied { server: Some(run), .. }
                if run != self.server => {}
            ClientMessage::Swap { sequence, swaps, .. } => {
                self.swapped(page, sequence, swaps, effects);
            }
            ClientMessage::Applied { sequence, what, count, .. } => {
                effects.push(Effect::Report(Event::Applied { sequence, page, what, count }));
            }
            ClientMessage::Trap(trap) => {
                if let Some(history) = self.histories.get_mut(&trap.module) {
                    history.note_trap(&trap);
                }
                self.note(&page, &trap.module, |experiments, from| {
                    experiments.note_trap(from, &trap);
                });
                effects.push(Effect::Report(Event::Trap { page, trap }));
            }
            ClientMessage::Slower(slower) => {
                self.note(&page, &slower.module, |experiments, from| {
                    experiments.note_slower(from, &slower);
                });
                effects.push(Effect::Report(Event::Slower { page, slower }));
            }
            ClientMessage::Rehearse(request) => {
                let version = self.kept_version(&request.module, &request.hash).ok();
                effects.push(Effect::Rehearse { page, request, version });
            }
            // A state of a version that is not kept cannot be used.
            ClientMessage::State(state) => {
                if self.kept_version(&state.module, &state.hash).is_ok() {
                    effects.push(Effect::LearnState(state));
                }
            }
            ClientMessage::Problem { message } => {
                effects.push(Effect::Report(Event::Problem { page, message }));
            }
        }
    }

    /// A page reports the result of an update. New pages do not get versions that failed there.
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
        effects.push(Effect::Report(match sequence {
            Some(sequence) => Event::Swap { sequence, page, swaps },
            None => Event::Loaded { page, swaps },
        }));
        effects.extend(refused);
    }

    /// Adds a page's report about a module to its experiment, if there is one.
    fn note(
        &mut self,
        page: &str,
        module: &str,
        note: impl FnOnce(&mut Experiments, ReportSource<'_>),
    ) {
        if let Some(page) = self.pages.get(page)
            && self.experiments.runs(module)
        {
            let newest = self.histories.get(module).and_then(|history| history.current());
            let newest = newest.map(|newest| newest.hash.clone());
            let newest = newest.as_deref();
            note(&mut self.experiments, ReportSource { page, newest });
        }
    }

    /// Refuses a version that failed, if it is known: new pages do not get it.
    fn refuse(&mut self, page: &str, swap: &mut Swap, effects: &mut Vec<Effect>) {
        self.experiments.refuse(&swap.module, &swap.hash);
        let Some(history) = self.histories.get_mut(&swap.module) else { return };
        // The trap was reported before the rollback that it caused.
        if let (None, Some(trap)) = (&swap.file, history.trap_of(&swap.hash)) {
            swap.file.clone_from(&trap.file);
            swap.line = trap.line;
        }
        let pinned = history.pinned() == Some(&*swap.hash);
        let Some(serves) = history.refuse(&swap.hash, failed_in_page(swap)) else { return };
        effects.push(Effect::Report(Event::Refused {
            page: page.to_owned(),
            module: swap.module.clone(),
            hash: swap.hash.clone(),
            serves: serves.hash.clone(),
            reason: swap.error.clone().unwrap_or_default(),
        }));
        if pinned {
            let module = swap.module.clone();
            effects.push(Effect::Report(Event::Pinned { module, hash: None }));
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

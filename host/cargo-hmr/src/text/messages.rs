//! The texts in messages of pages. A new field does not compile until it is decided here whether it is one.

use hmr_protocol::{Diagnostic, Slower, Swap, Trap};

use super::{Kind, Texts};

impl Texts for Swap {
    fn texts(&mut self, edit: &mut dyn FnMut(&mut String, Kind)) {
        let Self {
            module,
            hash,
            outcome: _,
            step: _,
            error,
            file,
            line: _,
            report,
            resources,
            connections,
            invalidated,
            events: _,
            duration,
            rehearsal,
            cut,
            cause: _,
            running: _,
        } = self;
        *cut = std::mem::take(cut)
            .into_iter()
            .map(|(mut outcome, count)| {
                outcome.texts(edit);
                (outcome, count)
            })
            .collect();
        for text in [module, hash] {
            text.texts(edit);
        }
        for text in [error, file] {
            text.texts(edit);
        }
        for values in [resources, connections, invalidated] {
            values.texts(edit);
        }
        report.texts(edit);
        duration.texts(edit);
        rehearsal.texts(edit);
    }
}

impl Texts for Trap {
    fn texts(&mut self, edit: &mut dyn FnMut(&mut String, Kind)) {
        let Self { module, hash, message, file, line: _, column: _, stack } = self;
        for text in [module, hash, message] {
            text.texts(edit);
        }
        for text in [file, stack] {
            text.texts(edit);
        }
    }
}

impl Texts for Slower {
    fn texts(&mut self, edit: &mut dyn FnMut(&mut String, Kind)) {
        let Self { module, hash, before, call, calls: _, before_ms: _, after_ms: _ } = self;
        for text in [module, hash, before, call] {
            text.texts(edit);
        }
    }
}

impl Texts for Diagnostic {
    fn texts(&mut self, edit: &mut dyn FnMut(&mut String, Kind)) {
        let Self { level: _, message, code, file, line: _, column: _, rendered } = self;
        message.texts(edit);
        code.texts(edit);
        file.texts(edit);
        edit(rendered, Kind::Coloured);
    }
}

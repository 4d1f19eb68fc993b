//! Limits on the messages of a page: how often, how many bytes, how long their texts and lists are.
//!
//! A page may run any code, also code that reports problems in a loop, and must not block the tool. Text
//! for people is cut, with a note where it was cut. Pure: the time is a parameter.

use std::time::{Duration, Instant};

use hmr_abi::text::cut_owned;

use hmr_protocol::{ClientMessage, limits::MOST_SWAPS, shorten};

use crate::text::{Kind, Texts as _};

/// How many messages a page may send at once, and how many a second after that.
const MESSAGES: Rate = Rate { burst: 200.0, each_second: 50.0 };

/// How many bytes a page may send at once, and how many a second after that.
const BYTES: Rate = Rate { burst: 16e6, each_second: 4e6 };

/// How long a page must have been within its rate before it is reported again that it was not.
const QUIET: Duration = Duration::from_secs(10);

struct Rate {
    burst: f64,
    each_second: f64,
}

/// Tokens that are used up and refilled with time.
#[derive(Debug)]
struct Bucket {
    left: f64,
    filled: Instant,
}

/// The decision about a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is read now.
    Read,
    /// It is read after this time. Nothing else is read from the page until then.
    Wait(Duration),
    /// It is left out.
    Drop {
        /// Whether this is the first for some time, so that it is reported.
        report: bool,
    },
}

/// The recent messages of one page.
#[derive(Debug)]
pub(super) struct Budget {
    messages: Bucket,
    bytes: Bucket,
    /// When a message was left out last.
    dropped: Option<Instant>,
}

impl Budget {
    pub(super) fn new(now: Instant) -> Self {
        let full = |rate: &Rate| Bucket { left: rate.burst, filled: now };
        Self { messages: full(&MESSAGES), bytes: full(&BYTES), dropped: None }
    }

    /// Decides about the bytes of a message, before it is parsed.
    pub(super) fn bytes(&mut self, length: usize, now: Instant) -> Decision {
        #[expect(clippy::cast_precision_loss, reason = "a message is smaller than 4 MiB")]
        let wait = self.bytes.take(length as f64, &BYTES, now);
        if wait.is_zero() { Decision::Read } else { Decision::Wait(wait) }
    }

    /// Decides about a message. Reports of swaps and what a page waits for are never left out.
    pub(super) fn message(&mut self, message: Option<&ClientMessage>, now: Instant) -> Decision {
        let wait = self.messages.take(1.0, &MESSAGES, now);
        if wait.is_zero() {
            return Decision::Read;
        }
        if matches!(message, Some(ClientMessage::Swap { .. } | ClientMessage::Rehearse(_))) {
            return Decision::Wait(wait);
        }
        // The message is dropped, so its token is returned.
        self.messages.left += 1.0;
        let last = self.dropped.replace(now);
        Decision::Drop { report: last.is_none_or(|last| now.duration_since(last) > QUIET) }
    }
}

impl Bucket {
    /// Takes tokens, and returns how long it takes until there are enough.
    fn take(&mut self, tokens: f64, rate: &Rate, now: Instant) -> Duration {
        let passed = now.duration_since(self.filled).as_secs_f64();
        self.left = (self.left + passed * rate.each_second).min(rate.burst);
        self.filled = now;
        self.left -= tokens;
        Duration::from_secs_f64((-self.left / rate.each_second).max(0.0))
    }
}

/// The report about a page whose messages were left out.
pub(super) fn dropped() -> String {
    format!(
        "the page sends more than {} messages a second; some are left out\nhint: look for code that reports the same again and again, in an effect or a timer for instance",
        MESSAGES.each_second
    )
}

/// Cuts texts and lists that are too long for people. States, which are for a rehearsal, are not changed. Returns a report if
/// the page sends more swaps than any page makes.
pub(super) fn cut(message: &mut ClientMessage) -> Option<String> {
    let edit = &mut |text: &mut String, _: Kind| *text = cut_owned(std::mem::take(text));
    match message {
        ClientMessage::Swap { swaps, .. } => {
            let too_many = swaps.len() > MOST_SWAPS;
            swaps.truncate(MOST_SWAPS);
            swaps.texts(edit);
            let too_large = shorten(swaps);
            if too_many || too_large > 0 {
                let kept = swaps.len();
                return Some(format!(
                    "the page reports too many swaps in one message; only {kept} are read"
                ));
            }
        }
        ClientMessage::Trap(trap) => trap.texts(edit),
        ClientMessage::Slower(slower) => slower.texts(edit),
        ClientMessage::Problem { message: text }
        | ClientMessage::Applied { what: text, .. }
        | ClientMessage::Ready { page: text, modules: _ } => text.texts(edit),
        ClientMessage::Rehearse(_) | ClientMessage::State(_) => {}
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use hmr_protocol::{ModuleState, Swap};

    fn problem() -> ClientMessage {
        ClientMessage::Problem { message: "no".into() }
    }

    #[test]
    fn messages_of_a_page_within_its_rate_are_read() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        for second in 0..60 {
            for _ in 0..50 {
                let now = start + Duration::from_secs(second);
                assert_eq!(budget.message(Some(&problem()), now), Decision::Read);
            }
        }
    }

    #[test]
    fn too_many_messages_are_left_out_with_one_report() {
        let now = Instant::now();
        let mut budget = Budget::new(now);
        let decisions: Vec<Decision> =
            (0..1000).map(|_| budget.message(Some(&problem()), now)).collect();
        let count = |expected: &Decision| decisions.iter().filter(|it| *it == expected).count();
        assert_eq!(count(&Decision::Read), 200);
        assert_eq!(count(&Decision::Drop { report: true }), 1);
        assert_eq!(count(&Decision::Drop { report: false }), 799);
        let later = now + Duration::from_secs(1);
        assert_eq!(budget.message(None, later), Decision::Read, "tokens are refilled");
    }

    #[test]
    fn what_a_page_waits_for_is_read_later_and_never_left_out() {
        let now = Instant::now();
        let mut budget = Budget::new(now);
        let swap = ClientMessage::Swap { server: None, sequence: Some(1), swaps: Vec::new() };
        for _ in 0..200 {
            assert_eq!(budget.message(Some(&swap), now), Decision::Read);
        }
        let waits = Decision::Wait(Duration::from_millis(20));
        assert_eq!(budget.message(Some(&swap), now), waits);
        assert_eq!(budget.bytes(16_000_000, now), Decision::Read);
        assert_eq!(budget.bytes(4_000_000, now), Decision::Wait(Duration::from_secs(1)));
    }

    #[test]
    fn one_message_reports_a_limited_number_of_swaps() {
        let swaps = vec!["{}"; 100_000].join(",");
        let text = format!(r#"{{"type":"swap","swaps":[{swaps}]}}"#);
        let mut message = ClientMessage::parse(&text).expect("a message");
        assert_eq!(
            cut(&mut message).as_deref(),
            Some("the page reports too many swaps in one message; only 256 are read")
        );
        let ClientMessage::Swap { swaps, .. } = message else { panic!("another message") };
        assert_eq!(swaps.len(), 256);
    }

    #[test]
    fn reports_of_one_message_share_a_limit() {
        let swap = |number: usize| {
            let report = serde_json::json!({"instances": vec!["x".repeat(1000); 300]});
            Swap { module: number.to_string(), report: Some(report), ..Swap::default() }
        };
        let swaps = (0..8).map(swap).collect();
        let mut message = ClientMessage::Swap { server: None, sequence: Some(1), swaps };
        assert_eq!(cut(&mut message), None);
        let ClientMessage::Swap { swaps, .. } = message else { panic!("another message") };
        assert_eq!(swaps.len(), 8);
        let reports: Vec<bool> = swaps.iter().map(|swap| swap.report.is_some()).collect();
        assert_eq!(reports, [true, true, true, false, false, false, false, false]);
        assert_eq!(swaps[3].cut.get("report"), Some(&1));
    }

    #[test]
    fn texts_are_cut_and_states_are_not() {
        let long = "x".repeat(1 << 20);
        let mut message = ClientMessage::Problem { message: long.clone() };
        assert_eq!(cut(&mut message), None);
        let ClientMessage::Problem { message } = message else { panic!("another message") };
        assert!(message.len() < 4096 && message.ends_with("x … (cut, 1044 kB more)"), "{message}");
        let state = ModuleState { snapshot: long.clone(), ..ModuleState::default() };
        let mut message = ClientMessage::State(state);
        assert_eq!(cut(&mut message), None);
        assert!(
            matches!(message, ClientMessage::State(ModuleState { snapshot, .. }) if snapshot == long)
        );
    }
}

use std::path::Path;

use serde_json::json;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A worker with a placeholder process, and its events.
fn worker(now: Instant) -> (Worker, mpsc::Receiver<PreflightEvent>) {
    let (emit, events) = mpsc::channel();
    let emit = move |what| _ = emit.send(what);
    let mut worker = Worker::new(Box::new(emit), mpsc::channel().0);
    let process = Process::start(Path::new("cat"), |_| {}).expect("`cat` runs");
    worker.process = Some((process, Heartbeat::new(now)));
    worker.ready = true;
    (worker, events)
}

/// Sends the request of a page whose state is different from all others.
fn request_rehearsal(worker: &mut Worker, page: u64, hash: &str, since: Instant) {
    let request = Rehearse {
        id: json!(page),
        module: "board".into(),
        hash: hash.into(),
        snapshot: page.to_string(),
        transform: json!([]),
    };
    worker.rehearse(page.to_string(), request, None, since);
}

/// The process sends a verdict, and answers a ping.
fn passed(worker: &mut Worker, id: u64) {
    let (outcome, step, error, run_ms) = (Outcome::Passed, None, None, 1.0);
    worker.received(Some(Answer::Verdict { id, outcome, step, error, run_ms }));
    worker.received(Some(Answer::Pong));
}

/// The pages that got an answer, and its outcome.
fn answers(events: &mpsc::Receiver<PreflightEvent>) -> Vec<(u64, Outcome)> {
    let answer = |event| match event {
        PreflightEvent::Verdict { page, verdict: Verdict { outcome, .. } } => {
            Some((page.parse().expect("a number"), outcome))
        }
        _ => None,
    };
    events.try_iter().filter_map(answer).collect()
}

#[test]
fn waiting_for_other_pages_does_not_count_as_a_rehearsal() {
    let begin = Instant::now();
    let (mut worker, events) = worker(begin);
    for page in 0..100 {
        // One a second, and many at once, most of which time out before their turn.
        let since = begin + SECOND * u32::try_from(page).expect("few");
        request_rehearsal(&mut worker, page, "a", since);
        request_rehearsal(&mut worker, 1000 + page, "a", begin);
    }
    worker.check(begin);
    for second in 0..100 {
        let id = worker.running.as_ref().expect("a rehearsal runs").id;
        passed(&mut worker, id);
        worker.check(begin + SECOND * (second + 1));
        assert!(worker.process.is_some(), "it answers each second");
    }
    let answers = answers(&events);
    let count = |expected| answers.iter().filter(|(_, outcome)| *outcome == expected).count();
    assert_eq!((count(Outcome::Passed), count(Outcome::Skipped)), (100, 99), "{answers:?}");
}

#[test]
fn a_rehearsal_that_does_not_end_counts_as_a_crash_of_its_version() {
    let begin = Instant::now();
    let (mut worker, events) = worker(begin);
    for hash in ["a", "b"] {
        let version =
            Version { module: "board".into(), hash: hash.into(), bytes: Bytes::new(), crashes: 0 };
        worker.add(version);
    }
    request_rehearsal(&mut worker, 0, "a", begin);
    worker.check(begin);
    worker.received(Some(Answer::Pong));
    let since = begin + SECOND * 28;
    request_rehearsal(&mut worker, 1, "b", since);
    worker.check(since);
    passed(&mut worker, 0);
    worker.check(begin + SECOND * 29);
    worker.received(Some(Answer::Pong));
    worker.check(begin + SECOND * 31);
    worker.received(Some(Answer::Pong));
    assert!(worker.process.is_some(), "the second has just begun");
    worker.check(begin + SECOND * 59);
    assert!(worker.process.is_none());
    assert_eq!(answers(&events), [(0, Outcome::Passed), (1, Outcome::Skipped)]);
    let crashes = |hash, it: &mut Worker| it.version("board", hash).map(|it| it.crashes);
    assert_eq!((crashes("a", &mut worker), crashes("b", &mut worker)), (Some(0), Some(1)));
}

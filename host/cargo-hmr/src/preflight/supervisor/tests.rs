use std::path::Path;

use serde_json::json;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A supervisor with a process that does not answer by itself, and its reports.
fn supervisor(now: Instant) -> (Supervisor, mpsc::Receiver<PreflightEvent>) {
    let (emit, told) = mpsc::channel();
    let emit = move |what| _ = emit.send(what);
    let mut supervisor = Supervisor::new(Box::new(emit), mpsc::channel().0);
    let process = Process::start(Path::new("cat"), |_| {}).expect("`cat` runs");
    supervisor.process = Some((process, Pulse::new(now)));
    supervisor.ready = true;
    (supervisor, told)
}

/// A page asks, with a state of its own.
fn ask(supervisor: &mut Supervisor, page: u64, hash: &str, since: Instant) {
    let request = Rehearse {
        id: json!(page),
        module: "board".into(),
        hash: hash.into(),
        snapshot: page.to_string(),
        transform: json!([]),
    };
    supervisor.rehearse(page.to_string(), request, None, since);
}

/// The process gives a verdict, and signs of life.
fn passes(supervisor: &mut Supervisor, id: u64) {
    let (outcome, step, error, run_ms) = (Outcome::Passed, None, None, 1.0);
    supervisor.said(Some(Answer::Verdict { id, outcome, step, error, run_ms }));
    supervisor.said(Some(Answer::Pong));
}

/// The pages that got an answer, and its outcome.
fn answers(told: &mpsc::Receiver<PreflightEvent>) -> Vec<(u64, Outcome)> {
    let answer = |told| match told {
        PreflightEvent::Verdict { page, verdict: Verdict { outcome, .. } } => {
            Some((page.parse().expect("a number"), outcome))
        }
        _ => None,
    };
    told.try_iter().filter_map(answer).collect()
}

#[test]
fn waiting_for_other_pages_does_not_count_as_a_rehearsal() {
    let begin = Instant::now();
    let (mut supervisor, told) = supervisor(begin);
    for page in 0..100 {
        // One a second, and many at once, most of which time out before their turn.
        let since = begin + SECOND * u32::try_from(page).expect("few");
        ask(&mut supervisor, page, "a", since);
        ask(&mut supervisor, 1000 + page, "a", begin);
    }
    supervisor.look(begin);
    for second in 0..100 {
        let id = supervisor.at_work.as_ref().expect("somebody waits").id;
        passes(&mut supervisor, id);
        supervisor.look(begin + SECOND * (second + 1));
        assert!(supervisor.process.is_some(), "it answers each second");
    }
    let answers = answers(&told);
    let count = |wanted| answers.iter().filter(|(_, outcome)| *outcome == wanted).count();
    assert_eq!((count(Outcome::Passed), count(Outcome::Skipped)), (100, 99), "{answers:?}");
}

#[test]
fn one_rehearsal_that_does_not_end_is_given_up_and_its_version_blamed() {
    let begin = Instant::now();
    let (mut supervisor, told) = supervisor(begin);
    for hash in ["a", "b"] {
        let version =
            Version { module: "board".into(), hash: hash.into(), bytes: Bytes::new(), deaths: 0 };
        supervisor.add(version);
    }
    ask(&mut supervisor, 0, "a", begin);
    supervisor.look(begin);
    supervisor.said(Some(Answer::Pong));
    let since = begin + SECOND * 28;
    ask(&mut supervisor, 1, "b", since);
    supervisor.look(since);
    passes(&mut supervisor, 0);
    supervisor.look(begin + SECOND * 29);
    supervisor.said(Some(Answer::Pong));
    supervisor.look(begin + SECOND * 31);
    supervisor.said(Some(Answer::Pong));
    assert!(supervisor.process.is_some(), "the second has just begun");
    supervisor.look(begin + SECOND * 59);
    assert!(supervisor.process.is_none());
    assert_eq!(answers(&told), [(0, Outcome::Passed), (1, Outcome::Skipped)]);
    let deaths = |hash, it: &mut Supervisor| it.version("board", hash).map(|it| it.deaths);
    assert_eq!((deaths("a", &mut supervisor), deaths("b", &mut supervisor)), (Some(0), Some(1)));
}

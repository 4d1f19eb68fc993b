use super::*;

fn open(key: &str, resource: Resource, handler: u32) -> ResourceRequest {
    ResourceRequest::Open { instance: 1, key: key.into(), resource, handler, replay: false }
}

fn tick(key: &str, ms: f64, handler: u32) -> ResourceRequest {
    open(key, Resource::Interval { ms }, handler)
}

fn socket(url: &str) -> Resource {
    Resource::WebSocket { url: url.to_owned(), protocols: Vec::new() }
}

fn call(function: &str) -> Resource {
    Resource::Call { function: function.to_owned(), argument: serde_json::Value::Null }
}

fn outcomes(changes: &[ResourceChange]) -> Vec<(&str, ResourceOutcome)> {
    changes.iter().map(|change| (change.key.as_str(), change.outcome)).collect()
}

#[test]
fn an_adopted_interval_keeps_its_phase() {
    let mut resources = Resources::default();
    resources.apply("m", tick("tick", 100.0, 1), 0.0);
    let (changes, steps) = resources.settle("m", &[1], vec![tick("tick", 100.0, 9)], 70.0);
    assert_eq!(outcomes(&changes), [("tick", ResourceOutcome::Kept)]);
    assert_eq!(steps, [Step::Adopt(1)]);
    let (at, fired) = resources.due(100.0).expect("it is due");
    assert_eq!((at, resources.get(fired).map(|live| live.handler)), (100.0, Some(9)));
    assert_eq!(resources.due(199.0), None);
}

#[test]
fn what_is_not_opened_again_is_closed() {
    let mut resources = Resources::default();
    resources.apply("m", tick("a", 100.0, 1), 0.0);
    resources.apply("m", tick("b", 100.0, 2), 0.0);
    let requests = vec![tick("b", 50.0, 3), tick("c", 1.0, 4)];
    let (changes, steps) = resources.settle("m", &[1], requests, 10.0);
    assert_eq!(
        outcomes(&changes),
        [
            ("a", ResourceOutcome::Closed),
            ("b", ResourceOutcome::Replaced),
            ("c", ResourceOutcome::Opened)
        ]
    );
    assert_eq!(steps, [Step::Stop(1), Step::Stop(2), Step::Start(3), Step::Start(4)]);
}

#[test]
fn other_instances_are_left_alone() {
    let mut resources = Resources::default();
    resources.apply("m", tick("a", 100.0, 1), 0.0);
    assert_eq!(resources.settle("m", &[2], Vec::new(), 0.0), (Vec::new(), Vec::new()));
    assert!(resources.get(1).is_some());
}

#[test]
fn a_delay_of_nothing_still_takes_time() {
    let mut resources = Resources::default();
    resources.apply("m", tick("a", 0.0, 1), 0.0);
    assert_eq!(std::iter::from_fn(|| resources.due(10.0)).count(), 10);
}

#[test]
fn a_spent_one_shot_is_kept_by_fresh_code_and_started_again_by_its_own() {
    let mut resources = Resources::default();
    resources.apply("m", open("load", call("load"), 1), 0.0);
    assert!(resources.fires(1, Some("7")));
    assert!(!resources.fires(1, Some("8")), "it fires once");
    resources.delivered(1);
    let (changes, steps) = resources.settle("m", &[1], vec![open("load", call("load"), 2)], 0.0);
    assert_eq!(outcomes(&changes), [("load", ResourceOutcome::Kept)]);
    assert_eq!(steps, [Step::Adopt(1)]);
    assert!(!resources.fires(1, None), "it is still spent");
    let steps = resources.apply("m", open("load", call("load"), 2), 0.0);
    assert_eq!(steps, [Step::Stop(1), Step::Start(2)]);
    assert!(resources.fires(2, None));
}

#[test]
fn a_replay_tells_the_answer_again_unless_it_is_still_on_its_way() {
    let replayed = |resources: &mut Resources| {
        let request = ResourceRequest::Open {
            instance: 1,
            key: "load".into(),
            resource: call("load"),
            handler: 2,
            replay: true,
        };
        resources.settle("m", &[1], vec![request], 0.0).1
    };
    let mut resources = Resources::default();
    resources.apply("m", open("load", call("load"), 1), 0.0);
    assert_eq!(replayed(&mut resources), [Step::Adopt(1)]);
    resources.fires(1, Some("7"));
    assert_eq!(replayed(&mut resources), [Step::Adopt(1)], "it waits in a queue");
    resources.delivered(1);
    let again = Step::Replay(1, Some("7".to_owned()));
    assert_eq!(replayed(&mut resources), [Step::Adopt(1), again.clone()]);
    assert_eq!(replayed(&mut resources), [Step::Adopt(1), again]);
    resources.apply("m", ResourceRequest::Close { instance: 1, key: "load".into() }, 0.0);
    assert_eq!(replayed(&mut resources), [Step::Start(2)], "closing forgets");
}

#[test]
fn a_socket_that_has_ended_is_opened_again() {
    let mut resources = Resources::default();
    resources.apply("m", open("feed", socket("/feed"), 1), 0.0);
    let (changes, _) = resources.settle("m", &[1], vec![open("feed", socket("/feed"), 2)], 0.0);
    assert_eq!(outcomes(&changes), [("feed", ResourceOutcome::Kept)]);
    resources.ended(1);
    let (changes, steps) = resources.settle("m", &[1], vec![open("feed", socket("/feed"), 3)], 0.0);
    assert_eq!(outcomes(&changes), [("feed", ResourceOutcome::Replaced)]);
    assert_eq!(steps, [Step::Stop(1), Step::Start(2)]);
}

#[test]
fn an_observer_goes_on_with_another_element() {
    let mut resources = Resources::default();
    resources.apply("m", open("size", Resource::ResizeObserver { node: 3 }, 1), 0.0);
    let moved = vec![open("size", Resource::ResizeObserver { node: 8 }, 2)];
    let (changes, _) = resources.settle("m", &[1], moved, 0.0);
    assert_eq!(outcomes(&changes), [("size", ResourceOutcome::Kept)]);
    assert_eq!(
        resources.get(1).map(|live| live.resource.clone()),
        Some(Resource::ResizeObserver { node: 8 })
    );
}

#[test]
fn messages_find_their_socket_only() {
    let mut resources = Resources::default();
    resources.apply("m", tick("tick", 1.0, 1), 0.0);
    resources.apply("m", open("feed", socket("/feed"), 1), 0.0);
    let mut sent_to = |key: &str| {
        let send =
            ResourceRequest::Send { instance: 1, key: key.into(), data: "x".into(), binary: false };
        match resources.apply("m", send, 0.0).pop() {
            Some(Step::Send { socket, .. }) => socket,
            _ => None,
        }
    };
    assert_eq!((sent_to("tick"), sent_to("feed"), sent_to("none")), (None, Some(2), None));
}

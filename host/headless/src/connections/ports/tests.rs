use super::*;

fn output(instance: u32, port: &str, kind: PortKind, fingerprint: &str) -> PortRequest {
    PortRequest::Output { instance, port: port.into(), kind, fingerprint: fingerprint.into() }
}

fn input(instance: u32, port: &str, fingerprint: &str) -> PortRequest {
    PortRequest::Input { instance, port: port.into(), fingerprint: fingerprint.into(), handler: 1 }
}

fn declared(from: &str, to: &str) -> Declared {
    Declared::read(Some(from), Some(to), None, None).expect("both are ends")
}

/// Two boards with an output `moved`, two logs with an input `entry`.
fn page() -> (Ports, BTreeMap<u32, String>) {
    let mut ports = Ports::default();
    for instance in [1, 2] {
        ports.apply(output(instance, "moved", PortKind::Stream, "u32"));
        ports.apply(input(instance + 2, "entry", "u32"));
    }
    let names = [(1, "Board"), (2, "Board"), (3, "Log"), (4, "Log")];
    (ports, names.into_iter().map(|(instance, name)| (instance, name.to_owned())).collect())
}

#[test]
fn all_instances_of_a_name_are_linked() {
    let (ports, names) = page();
    let twice = [declared("Board.moved", "Log.entry"), declared("Board.moved", "Log.entry")];
    let (links, problems) = ports.links(&twice, &names);
    let pairs: Vec<_> = links.iter().map(|link| (link.from.0, link.to.0)).collect();
    assert_eq!(pairs, [(1, 3), (1, 4), (2, 3), (2, 4)]);
    assert_eq!(problems, [""; 0]);
    assert_eq!(ports.links(&[declared("Board.gone", "Log.entry")], &names), (vec![], vec![]));
}

#[test]
fn ends_are_split_at_the_last_dot() {
    assert_eq!(
        declared("left.Board.moved", "Log.entry").from,
        ("left.Board".into(), "moved".into())
    );
    for wrong in [None, Some("Board"), Some("Board."), Some(".moved")] {
        let error = Declared::read(wrong, Some("Log.entry"), None, None).expect_err("no end");
        assert!(error.contains("hint: an end is"), "{error}");
    }
}

#[test]
fn types_and_kinds_must_fit() {
    let (mut ports, names) = page();
    let problems = |ports: &Ports, declared: Declared| ports.links(&[declared], &names).1.len();
    let plain = declared("Board.moved", "Log.entry");
    ports.apply(input(3, "entry", "String"));
    ports.apply(input(4, "entry", "String"));
    assert_eq!(problems(&ports, plain.clone()), 1, "the same problem is reported once");
    let transform = Some("shorten".to_owned());
    assert_eq!(problems(&ports, Declared { transform, ..plain.clone() }), 0);
    ports.apply(input(3, "entry", ANY_TYPE));
    ports.apply(input(4, "entry", ANY_TYPE));
    assert_eq!(problems(&ports, plain.clone()), 0);
    let kind = |kind: &str| Declared { kind: Some(kind.to_owned()), ..plain.clone() };
    assert_eq!((problems(&ports, kind("stream")), problems(&ports, kind("port"))), (0, 1));
}

#[test]
fn fresh_code_keeps_a_streams_latest_value_while_its_type_stays() {
    let (mut ports, _) = page();
    let name = (1, "moved".to_owned());
    assert!(ports.note(&Sent { from: name.clone(), value: "7".into() }));
    ports.settle(&[1], vec![output(1, "moved", PortKind::Stream, "u32")]);
    assert_eq!(ports.latest(&name), Some("7"));
    ports.settle(&[1], vec![output(1, "moved", PortKind::Stream, "u64")]);
    assert_eq!(ports.latest(&name), None);
    ports.settle(&[1], Vec::new());
    assert!(!ports.note(&Sent { from: name, value: "8".into() }), "the port is gone");
    assert!(ports.given(&(2, "moved".to_owned())).is_some(), "others are left alone");
}

#[test]
fn changes_are_reported_by_name_with_a_reason() {
    let (mut ports, names) = page();
    let all = [declared("Board.moved", "Log.entry"), declared("Board.moved", "Log.note")];
    let before = ports.links(&all, &names).0;
    ports.settle(&[3], vec![input(3, "note", "u32")]);
    ports.settle(&[4], vec![input(4, "note", "u32")]);
    let after = ports.links(&all, &names).0;
    let reported = changes(&before, &after, &[3, 4], |link| ports.why_gone(link, &all));
    let reported: Vec<_> =
        reported.iter().map(|one| (one.to.as_str(), one.outcome, one.reason.as_deref())).collect();
    assert_eq!(
        reported,
        [
            ("Log.entry", ConnectionOutcome::Dropped, Some("the input `Log.entry` is gone")),
            ("Log.note", ConnectionOutcome::Made, None)
        ]
    );
    assert_eq!(changes(&before, &after, &[9], |_| String::new()), []);
}

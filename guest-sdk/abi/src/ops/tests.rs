use super::*;

const ALL: [Op<'static>; 16] = [
    Op::CreateElement { id: 1, namespace: Namespace::Svg, tag: "circle" },
    Op::CreateText { id: 2, text: "grüß" },
    Op::CreateMarker { id: 3 },
    Op::Insert { parent: root_of(7), child: 1, before: 0 },
    Op::Remove { id: 3 },
    Op::SetAttribute { id: 1, name: "r", value: "4" },
    Op::RemoveAttribute { id: 1, name: "r" },
    Op::SetProperty { id: 1, name: "value", json: "\"x\"" },
    Op::SetText { id: 2, text: "" },
    Op::SetClass { id: 1, name: "on", on: true },
    Op::SetStyle { id: 1, name: "--hue", value: "3" },
    Op::Listen { id: 1, event: "click", handler: 9, flags: LISTEN_PREVENT | LISTEN_STOP },
    Op::Unlisten { id: 1, event: "click", flags: 0 },
    Op::SetKey { id: 1, key: "k" },
    Op::Call { id: 1, method: Method::ScrollIntoView },
    Op::Draw { id: 1, commands: "[[\"fill\"]]" },
];

#[test]
fn decodes_what_it_encodes() {
    let mut batch = Vec::new();
    for op in ALL {
        op.encode(&mut batch);
    }
    assert_eq!(Ops::new(&batch).collect::<Result<Vec<_>, _>>(), Ok(ALL.to_vec()));
}

#[test]
fn every_truncation_is_an_error_or_a_shorter_batch() {
    for op in ALL {
        let mut batch = Vec::new();
        op.encode(&mut batch);
        for len in 1..batch.len() {
            assert_eq!(
                Ops::new(&batch[..len]).next(),
                Some(Err(DecodeError::Truncated(0))),
                "{op:?}"
            );
        }
    }
}

#[test]
fn names_what_it_does_not_know() {
    assert_eq!(
        Ops::new(&[99]).next(),
        Some(Err(DecodeError::Unknown { at: 0, what: "opcode", value: 99 }))
    );
    assert_eq!(
        Ops::new(&[15, 1, 0, 0, 0, 9]).next(),
        Some(Err(DecodeError::Unknown { at: 5, what: "method", value: 9 }))
    );
    assert_eq!(
        Ops::new(&[2, 1, 0, 0, 0, 1, 0, 0, 0, 0xff]).next(),
        Some(Err(DecodeError::NotText(9)))
    );
}

#[test]
fn ends_after_an_error() {
    let mut ops = Ops::new(&[99, 3, 1, 0, 0, 0]);
    assert!(ops.next().is_some_and(|op| op.is_err()));
    assert_eq!(ops.next(), None);
}

#![allow(
    clippy::option_option,
    clippy::needless_pass_by_value,
    clippy::zero_sized_map_values,
    reason = "such values are what is to be kept"
)]

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{read, scan, write};

fn text<T: Serialize>(value: &T) -> String {
    write(value).expect("it can be written").get().to_owned()
}

/// A value after writing and reading it.
fn again<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let text = text(value);
    read(&text).unwrap_or_else(|error| panic!("`{text}` cannot be read: {error}"))
}

#[track_caller]
fn stays<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    assert_eq!(again(&value), value, "written as `{}`", text(&value));
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Wrapped(Option<Option<u8>>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Kind {
    Plain,
    One(u8),
    Two(u8, String),
    Named { at: i64, deep: Option<Box<Kind>> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Dot { x: f64 },
    Text { text: String, more: Option<u8> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Record {
    a: Option<Option<i32>>,
    b: Vec<Option<()>>,
    c: BTreeMap<(u8, bool), Option<Option<String>>>,
    d: Kind,
    e: (i128, u128, char),
    f: BTreeMap<u32, f64>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[test]
fn what_plain_json_loses_stays() {
    stays(Some(None::<u32>));
    stays(Some(Some(None::<u32>)));
    stays(Some(Some(1)));
    stays(None::<Option<u32>>);
    stays(Some(()));
    stays(Some(Unit));
    stays(Unit);
    stays(Wrapped(Some(None)));
    stays(Some(Wrapped(Some(None))));
    stays(Some(Value::Null));
    stays(vec![Some(f64::INFINITY), Some(f64::NEG_INFINITY), None]);
    stays((f32::INFINITY, -0.0_f64, f64::MIN_POSITIVE, 0.1_f32));
    assert!(again(&f64::NAN).is_nan() && again(&f32::NAN).is_nan());
    assert!(again(&Some(f64::NAN)).is_some_and(f64::is_nan));
    assert!(again(&-0.0_f64).is_sign_negative());
    stays((i128::MIN, u128::MAX, u64::MAX, i64::MIN));
    stays(BTreeMap::from([((1_u8, false), 'x'), ((2, true), '\u{0}')]));
    stays(BTreeMap::from([(Kind::One(1), 1), (Kind::Named { at: -1, deep: None }, 2)]));
    stays(BTreeMap::from([(Some(1), "a".to_owned()), (None, String::new())]));
    stays(BTreeMap::from([(true, 1), (false, 0)]));
    stays(BTreeMap::from([(i128::MIN, 1)]));
    stays(HashMap::from([('a', 1), ('"', 2)]));
    stays(BTreeMap::from([(String::from("x:null}"), ()), ("{\"".to_owned(), ())]));
    stays(BTreeMap::<(u8, u8), u8>::new());
    stays(vec![Tagged::Dot { x: 1.5 }, Tagged::Text { text: "\u{2028}\\".into(), more: None }]);
    stays(vec![0_u8, 255]);
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
enum AnyKey {
    Flag(bool),
    Number(i64),
    Text(String),
    Pair(u8, u8),
}

#[test]
fn maps_stay_whichever_of_their_keys_are_text() {
    let kinds = [Kind::Plain, Kind::One(1), Kind::Named { at: 1, deep: None }];
    let kinds = BTreeMap::from(kinds.map(|kind| (kind, vec![1])));
    assert_eq!(
        text(&kinds),
        r#"[["Plain",[1]],[{"One":1},[1]],[{"Named":{"at":1,"deep":null}},[1]]]"#
    );
    stays(kinds);
    // None comes first in an ordered map, and anywhere in the other.
    let options =
        (0..20).map(|n| (Some(format!("\"{n},:")), BTreeMap::from([(Some(n), None::<u8>)])));
    let options: Vec<_> = options.chain([(None, BTreeMap::from([(None, Some(1))]))]).collect();
    stays(options.iter().cloned().collect::<BTreeMap<_, _>>());
    stays(options.into_iter().collect::<HashMap<_, _>>());
    let reversed = |n: u32| (std::cmp::Reverse(Some(n).filter(|n| *n > 0)), n);
    let reversed: BTreeMap<_, _> = (0..3).map(reversed).collect();
    assert_eq!(text(&reversed), "[[2,2],[1,1],[null,0]]");
    stays(reversed);
    let any = BTreeMap::from([
        (AnyKey::Flag(true), 0),
        (AnyKey::Number(-7), 1),
        (AnyKey::Text("7".into()), 2),
        (AnyKey::Text("true".into()), 3),
        (AnyKey::Pair(1, 2), 4),
    ]);
    assert_eq!(text(&any), r#"[[true,0],[-7,1],["7",2],["true",3],[[1,2],4]]"#);
    stays(any);
    stays(BTreeMap::from([(Kind::Plain, 1)]));
    assert_eq!(text(&BTreeMap::from([(Kind::Plain, 1)])), r#"{"Plain":1}"#);
    let pairs = vec![(Kind::Plain, 0), (Kind::One(1), 1)];
    let nested = BTreeMap::from([(BTreeMap::from_iter(pairs), 1), (BTreeMap::new(), 0)]);
    stays(nested);
}

#[test]
fn what_looks_like_the_written_form_stays() {
    let like = BTreeMap::from([("$some".to_owned(), None::<u8>)]);
    stays(like.clone());
    stays(Some(like.clone()));
    stays(Some(Some(like)));
    stays(Some(serde_json::json!({ "$some": { "$some": null } })));
    stays(Some("NaN".to_owned()));
    stays(vec![("a".to_owned(), 1)]);
}

#[test]
fn what_serde_json_has_written_reads_as_it_did() {
    let record = Record {
        a: Some(Some(7)),
        b: vec![None],
        c: BTreeMap::new(),
        d: Kind::Two(1, "x".into()),
        e: (-1, 1, 'é'),
        f: BTreeMap::from([(7, 0.5)]),
        rest: BTreeMap::from([("more".to_owned(), serde_json::json!([1, null, {}]))]),
    };
    let plain = serde_json::to_string(&record).expect("JSON");
    assert_eq!(text(&record), plain);
    assert_eq!(read::<Record>(&plain), Ok(record));
    assert_eq!(read::<Vec<u8>>(" [ 1 , 2 ] "), Ok(vec![1, 2]));
    let raw: Box<RawValue> = read("{\"a\": 1.50}").expect("any JSON");
    assert_eq!(raw.get(), "{\"a\": 1.50}");
    assert_eq!(text(&vec![raw]), "[{\"a\": 1.50}]");
}

#[test]
fn errors_name_what_is_wrong() {
    let missing = read::<Record>("{}").expect_err("fields are missing");
    assert_eq!((missing.to_string().as_str(), missing.missing), ("missing field `b`", Some("b")));
    let wrong = |json: &str| read::<u8>(json).map_err(|error| error.to_string());
    assert_eq!(wrong("\"x\""), Err("invalid type: string \"x\", expected u8".to_owned()));
    assert_eq!(wrong("300"), Err("invalid value: integer `300`, expected u8".to_owned()));
    assert!(wrong("[").is_err() && wrong("").is_err() && wrong("1 2").is_err());
    assert!(read::<(u8, u8)>("[1,2,3]").is_err());
    assert!(read::<Kind>("{\"One\":1,\"Two\":2}").is_err() && read::<Kind>("7").is_err());
}

#[derive(Debug, Serialize, Deserialize)]
struct Deep(Option<Box<(Deep,)>>);

#[test]
fn values_that_are_too_deep_are_an_error() {
    let json = format!("{}null{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read::<Deep>(&json).is_err());
    assert!(read::<Value>(&json).is_err());
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Chain(Option<Box<Chain>>);

fn chain(length: usize) -> Chain {
    (0..length).fold(Chain(None), |chain, _| Chain(Some(Box::new(chain))))
}

/// A list whose every item is an object and an option.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Node {
    next: Option<Box<Node>>,
}

#[test]
fn options_inside_of_options_are_counted() {
    stays(chain(100));
    let json = format!("{}null{}", "{\"$some\":".repeat(20_000), "}".repeat(20_000));
    assert!(read::<Chain>(&json).is_err());
    // Nothing of this is used up by reading an option of it.
    assert!(read::<Chain>("7").is_err());
    assert!(read::<BTreeMap<Chain, u8>>("{\"a\":1}").is_err());
    assert!(read::<BTreeMap<Chain, u8>>("[[7,1]]").is_err());
    stays((0..120).fold(Node { next: None }, |node, _| Node { next: Some(Box::new(node)) }));
}

fn kind() -> impl Strategy<Value = Kind> {
    let leaf = prop_oneof![
        Just(Kind::Plain),
        any::<u8>().prop_map(Kind::One),
        (any::<u8>(), ".*").prop_map(|(one, text)| Kind::Two(one, text)),
    ];
    leaf.prop_recursive(4, 8, 1, |inner| {
        (any::<i64>(), proptest::option::of(inner))
            .prop_map(|(at, deep)| Kind::Named { at, deep: deep.map(Box::new) })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_value_stays(
        options in proptest::collection::vec(any::<Option<Option<Option<bool>>>>(), 0..8),
        units in proptest::collection::vec(any::<Option<()>>(), 0..8),
        numbers in any::<(i128, u128, i64, u64, f64, f32)>(),
        map in proptest::collection::btree_map(any::<(i8, Option<bool>)>(), any::<Option<Option<String>>>(), 0..6),
        text in proptest::collection::btree_map(any::<String>(), any::<Option<Option<char>>>(), 0..6),
        kinds in proptest::collection::btree_map(kind(), any::<Option<u8>>(), 0..4),
        floats in proptest::collection::vec(proptest::num::f64::ANY, 0..8),
    ) {
        stays((options, units, map, text, kinds));
        stays(numbers);
        let bits = |all: &[f64]| all.iter().map(|x| if x.is_nan() { 0 } else { x.to_bits() }).collect::<Vec<_>>();
        prop_assert_eq!(bits(&again(&floats)), bits(&floats));
    }

    #[test]
    fn any_text_is_an_error_at_worst(json in ".*") {
        let _ = (read::<Record>(&json), read::<Kind>(&json), read::<Option<Option<f64>>>(&json));
        let _ = read::<BTreeMap<(u8, u8), Tagged>>(&json);
    }
}

/// Text that is JSON, nearly JSON, or neither.
fn json_like() -> impl Strategy<Value = String> {
    let parts = [
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"a\"",
        "\"\\n\"",
        "\"\\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"\\x\"",
        "\"\u{1}\"",
        "null",
        "true",
        "fals",
        "0",
        "-1",
        "01",
        "1.5",
        "1.",
        "-",
        "1e5",
        "1E+",
        " ",
        "\n",
        "é",
        "\"",
    ];
    prop::collection::vec(prop::sample::select(parts.to_vec()), 0..12).prop_map(|all| all.concat())
}

proptest! {
    #[test]
    fn json_text_is_accepted_as_serde_json_accepts_it(text in json_like()) {
        let expected = serde_json::from_str::<&RawValue>(&text);
        let found = scan::value(&text);
        prop_assert_eq!(found.is_ok(), expected.is_ok(), "{:?} {:?}", found, expected);
        if let (Ok(found), Ok(expected)) = (found, expected) {
            prop_assert_eq!(found, expected.get());
            let string = scan::string(found).ok().map(std::borrow::Cow::into_owned);
            if found.starts_with('"') {
                prop_assert_eq!(string, serde_json::from_str(found).ok());
            }
            let list: Option<Vec<&RawValue>> = serde_json::from_str(found).ok();
            let list = list.map(|list| list.into_iter().map(RawValue::get).collect::<Vec<_>>());
            prop_assert_eq!(scan::items(found).ok(), list);
        }
    }

    #[test]
    fn texts_are_written_as_serde_json_writes_them(text: String) {
        let written = write(&text).expect("it can be written");
        prop_assert_eq!(written.get(), serde_json::to_string(&text).expect("JSON"));
    }

    #[test]
    fn objects_are_split_as_serde_json_splits_them(map: BTreeMap<String, Vec<u8>>) {
        let json = serde_json::to_string(&map).expect("JSON");
        let found = scan::entries(&json).expect("an object");
        let expected: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&json).expect("JSON");
        prop_assert_eq!(found.len(), expected.len());
        for (key, value) in found {
            prop_assert_eq!(value, expected[&*key].get());
        }
    }
}

//! Values of types with serde's traits are written and read.

use std::collections::BTreeMap;
use std::rc::Rc;

use hmr_serde::dispatch::*;
use hmr_state::{codec_of_value, Keep, NotCarried, ReadError, Value};
use serde::{Deserialize, Serialize};

/// Checks how a value is written, and that it is the same when it is read.
macro_rules! same {
    ($value:expr, $json:expr $(,)?) => {{
        let (value, json) = ($value, $json);
        let codec = codec_of_value!(&value);
        let written = (codec.write)(&value).expect("it can be written");
        assert_eq!(written.to_json(), json);
        let read = (codec.read)(&Value::parse(json).expect("JSON"));
        assert_eq!(read, Ok(value));
    }};
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Plain,
    One(u8),
    Two(i64, f32),
    Named { x: Option<char>, y: Unit },
}

#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
struct Id(u32);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Free {
    Number(u64),
    Text(String),
    Items(Vec<Free>),
    Entries(BTreeMap<String, Free>),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    id: u64,
    #[serde(flatten)]
    rest: BTreeMap<String, Free>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Tagged {
    FirstOne { a: i8 },
    Other,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Skipped {
    shown: bool,
    #[serde(skip)]
    hidden: u8,
    #[serde(default)]
    new: Vec<u8>,
}

#[test]
fn all_forms_are_written_and_read() {
    same!(Kind::Plain, r#""Plain""#);
    same!(Kind::One(7), r#"{"One":7}"#);
    same!(Kind::Two(i64::MIN, 0.1), r#"{"Two":[-9223372036854775808,0.1]}"#);
    same!(Kind::Named { x: Some('"'), y: Unit }, r#"{"Named":{"x":"\"","y":null}}"#);
    same!((Id(1), Unit, [true, false]), "[1,null,[true,false]]");
    same!(vec![None, Some("a".to_owned())], r#"[null,"a"]"#);
    same!(
        (u128::MAX, i128::MIN),
        "[340282366920938463463374607431768211455,-170141183460469231731687303715884105728]",
    );
    same!((f64::INFINITY, 1e20, 2.0_f64), r#"["inf",100000000000000000000,2]"#,);
}

/// A map that only serde can write.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Map<K: Ord, V>(BTreeMap<K, V>);

#[test]
fn maps_may_have_any_keys() {
    same!(Map(BTreeMap::from([("a".to_owned(), Id(1))])), r#"{"a":1}"#);
    same!(Map(BTreeMap::from([(Id(1), 'x'), (Id(2), 'y')])), r#"[[1,"x"],[2,"y"]]"#);
    same!(Map(BTreeMap::from([((1_u8, true), Unit)])), "[[[1,true],null]]");
    same!(Map(BTreeMap::<u8, u8>::new()), "{}");
    // Without serde they are arrays. One that serde has written is read, too.
    same!(BTreeMap::from([("a".to_owned(), 1)]), r#"[["a",1]]"#);
    assert_eq!(
        Keep::read(&Value::parse(r#"{"a":1}"#).expect("JSON")),
        Ok(BTreeMap::from([("a".to_owned(), 1)]))
    );
}

#[test]
fn what_serde_reads_without_a_known_type_is_the_same() {
    let free = Free::Items(vec![
        Free::Number(1),
        Free::Text("a".to_owned()),
        Free::Entries(BTreeMap::from([("b".to_owned(), Free::Number(2))])),
    ]);
    same!(free, r#"[1,"a",{"b":2}]"#);
    let rest = BTreeMap::from([("note".to_owned(), Free::Text("x".to_owned()))]);
    same!(Flat { id: 1, rest }, r#"{"id":1,"note":"x"}"#);
    same!(Tagged::FirstOne { a: -1 }, r#"{"type":"firstOne","a":-1}"#);
    same!(Tagged::Other, r#"{"type":"other"}"#);
}

#[test]
fn attributes_of_serde_count() {
    let codec = codec_of_value!(&Skipped { shown: true, hidden: 1, new: vec![] });
    let written = (codec.write)(&Skipped { shown: true, hidden: 1, new: vec![2] });
    assert_eq!(written.expect("it can be written").to_json(), r#"{"shown":true,"new":[2]}"#);
    let read = (codec.read)(&Value::parse(r#"{"shown":true}"#).expect("JSON"));
    assert_eq!(read, Ok(Skipped { shown: true, hidden: 0, new: vec![] }));
}

/// A type as the tool makes one: the runtime's code stands behind it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Both {
    kept: u8,
    #[serde(skip)]
    fails: bool,
}

impl Keep for Both {
    fn write(&self) -> Result<Value, NotCarried> {
        if self.fails {
            Err(NotCarried::new("bool"))
        } else {
            Ok(Value::Number(self.kept.to_string()))
        }
    }
    fn read(value: &Value) -> Result<Self, ReadError> {
        Ok(Self { kept: u8::read(value)?, fails: false })
    }
}

#[test]
fn serde_writes_what_cannot_be_kept_otherwise() {
    same!(Both { kept: 1, fails: false }, "1");
    let value = Both { kept: 1, fails: true };
    let codec = codec_of_value!(&value);
    let written = (codec.write)(&value).expect("it can be written");
    assert_eq!(written.to_json(), r#"{"kept":1}"#);
    assert_eq!((codec.read)(&written), Ok(Both { kept: 1, fails: false }));
}

#[test]
fn a_value_that_does_not_fit_is_an_error() {
    let codec = codec_of_value!(&Kind::Plain);
    let error = |json: &str| {
        let value = Value::parse(json).expect("JSON");
        (codec.read)(&value).expect_err("an error").to_string()
    };
    assert!(error(r#""Gone""#).contains("unknown variant `Gone`"), "{}", error(r#""Gone""#));
    assert!(error("1").contains("a number"), "{}", error("1"));
    assert!(error(r#"{"One":300}"#).contains("300"), "{}", error(r#"{"One":300}"#));
    assert!(error(r#"{"Plain":1}"#).contains("without fields"), "{}", error(r#"{"Plain":1}"#));
}

#[test]
fn other_types_are_not_carried() {
    let value: Rc<dyn Fn()> = Rc::new(|| {});
    let codec = codec_of_value!(&value);
    let error = (codec.write)(&value).expect_err("it cannot be written").to_string();
    assert!(error.contains("dyn core::ops::function::Fn()"), "{error}");
}

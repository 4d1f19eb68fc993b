//! Mutations of inputs: of bytes, and, where an input is JSON, of the values in it.
//!
//! A mutation that only turned bytes over would hardly ever get past a JSON parser; one that only made JSON would never
//! test the parser itself. So each input gets a few of both kinds.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// The longest input, in bytes: what is found in a longer one is found in a shorter one.
const LONGEST: usize = 1 << 14;

/// A mutation of one of the seeds, perhaps with parts of others.
///
/// # Panics
///
/// If there are no seeds.
#[must_use]
pub fn mutated(seeds: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    let mut input = pick(seeds, random).clone();
    let other = pick(seeds, random);
    let changed = random.u8(..8) != 0 && json_inside(&mut input, other, random);
    if !changed || random.u8(..4) == 0 {
        for _ in 0..random.usize(1..4) {
            bytes(&mut input, other, random);
        }
    }
    input.truncate(LONGEST);
    input
}

fn pick<'a, T>(items: &'a [T], random: &mut Rng) -> &'a T {
    &items[random.usize(..items.len())]
}

/// Changes values inside the input if it ends with JSON, as most do from their first byte on; returns whether it did.
fn json_inside(input: &mut Vec<u8>, other: &[u8], random: &mut Rng) -> bool {
    let begin = input.iter().position(|byte| matches!(byte, b'{' | b'[')).unwrap_or(0);
    let Ok(mut value) = serde_json::from_slice::<Value>(&input[begin..]) else { return false };
    let begins = other.iter().position(|byte| matches!(byte, b'{' | b'[')).unwrap_or(0);
    let other = serde_json::from_slice(&other[begins..]).unwrap_or(Value::Null);
    for _ in 0..random.usize(1..4) {
        let donor = inner_value(&mut other.clone(), random).clone();
        change(inner_value(&mut value, random), donor, random);
    }
    input.truncate(begin);
    input.extend(value.to_string().into_bytes());
    true
}

/// Any value inside a value, itself included.
fn inner_value<'a>(value: &'a mut Value, random: &mut Rng) -> &'a mut Value {
    let inner = match value {
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => 0,
    };
    if inner == 0 || random.u8(..5) == 0 {
        return value;
    }
    let at = random.usize(..inner);
    match value {
        Value::Array(items) => inner_value(&mut items[at], random),
        Value::Object(fields) => match fields.values_mut().nth(at) {
            Some(field) => inner_value(field, random),
            None => unreachable!("the number is below the number of fields"),
        },
        _ => unreachable!("it has values inside"),
    }
}

fn change(value: &mut Value, donor: Value, random: &mut Rng) {
    match random.u8(..6) {
        // A value of the same kind is what gets past the types that it is read as.
        0.. if value.is_f64() => *value = json!(random.f64() * 100.0),
        0 => *value = odd(random),
        1 => *value = donor,
        2 => match value {
            Value::Object(fields) => fields_changed(fields, donor, random),
            Value::Array(items) if !items.is_empty() => {
                let twice = pick(items, random).clone();
                items.insert(random.usize(..items.len()), twice);
            }
            _ => *value = odd(random),
        },
        3 => match value {
            Value::Array(items) if !items.is_empty() => {
                drop(items.remove(random.usize(..items.len())));
            }
            Value::Object(fields) => {
                let names: Vec<String> = fields.keys().cloned().collect();
                if !names.is_empty() {
                    fields.remove(pick(&names, random));
                }
            }
            _ => *value = json!([value]),
        },
        4 => *value = json!({ "value": value }),
        _ => {
            if let Value::String(text) = value {
                let parts = ["#1", ":", "\0", "é", "\t", "\r", "."];
                text.push_str(pick::<&str>(&parts, random));
            } else {
                *value = odd(random);
            }
        }
    }
}

/// Renames a field, or adds a field to an object.
fn fields_changed(fields: &mut Map<String, Value>, donor: Value, random: &mut Rng) {
    let names: Vec<String> = fields.keys().cloned().collect();
    if names.is_empty() || random.bool() {
        fields.insert(
            pick(&["", "value", "instance", "signals", "For:1:Item:n"], random).to_string(),
            donor,
        );
    } else if let Some(value) = fields.remove(pick(&names, random)) {
        let name = format!("{}{}", pick(&names, random), pick(&["", "#1", ":x", "\u{0}"], random));
        fields.insert(name, value);
    }
}

fn odd(random: &mut Rng) -> Value {
    match random.u8(..14) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(0),
        3 => json!(-1),
        4 => json!(u32::MAX),
        5 => json!(0x8000_0000_u32),
        6 => json!(u64::MAX),
        7 => json!(f64::from_bits(random.u64(..) & !(1 << 62))),
        8 => json!(random.f64()),
        9 => json!(""),
        10 => json!([]),
        11 => json!({}),
        12 => (0..random.u8(..140)).fold(Value::Null, |inner, _| json!([inner])),
        _ => json!("1.0.0"),
    }
}

fn bytes(input: &mut Vec<u8>, other: &[u8], random: &mut Rng) {
    let at = random.usize(..=input.len());
    let end = (at + random.usize(..16)).min(input.len());
    match random.u8(..8) {
        0 => input.truncate(at),
        1 => drop(input.drain(at..end)),
        2 => {
            let again = input[at..end].to_vec();
            input.splice(at..at, again);
        }
        3 => {
            let from = random.usize(..=other.len());
            let to = (from + random.usize(..64)).min(other.len());
            input.splice(at..end, other[from..to].iter().copied());
        }
        4 => {
            let number = pick(&[0_u32, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX], random);
            input.splice(at..end, number.to_le_bytes());
        }
        5 => input.insert(at, *pick(b"\0\t\r\n\"\\,:[]{}\x7f\x80\xff", random)),
        6 if at < end => input[at] ^= 1 << random.u8(..8),
        _ if at < end => input[at] = random.u8(..),
        _ => input.push(random.u8(..)),
    }
}

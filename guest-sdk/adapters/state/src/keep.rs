//! Types whose values can be kept.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::rc::Rc;
use std::sync::Arc;

use crate::value::Value;

/// A type whose values are kept when code is exchanged.
///
/// The tool adds an implementation to the types of an application in the copy that it compiles. Implement it by hand for a type with
/// another form.
pub trait Keep: Sized {
    /// Writes the value.
    ///
    /// # Errors
    ///
    /// If something in it cannot be carried.
    fn write(&self) -> Result<Value, NotCarried>;

    /// Reads a value, which may be of an earlier version of the type.
    ///
    /// # Errors
    ///
    /// If it does not fit.
    fn read(value: &Value) -> Result<Self, ReadError>;
}

/// Why a value cannot be carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotCarried {
    place: Option<&'static str>,
    kind: String,
}

impl NotCarried {
    /// A value of this type has no written form.
    #[must_use]
    pub fn new(kind: &str) -> Self {
        Self { place: None, kind: kind.to_owned() }
    }

    /// The same, as part of the field at `place`. The innermost place counts.
    #[must_use]
    pub fn within(self, place: &'static str) -> Self {
        Self { place: self.place.or(Some(place)), ..self }
    }
}

impl fmt::Display for NotCarried {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(to, "`{place}` is of the type `{}`", self.kind),
            None => write!(to, "it is of the type `{}`", self.kind),
        }
    }
}

impl std::error::Error for NotCarried {}

/// Why a written value cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError(String);

impl ReadError {
    /// With this text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Another kind of value was expected.
    #[must_use]
    pub fn expected(what: &str, found: &Value) -> Self {
        Self(format!("{} where {what} is expected", found.kind()))
    }

    /// An enum has no such variant.
    #[must_use]
    pub fn variant(name: &str, variant: &str) -> Self {
        Self(format!("`{name}` has no variant `{variant}`"))
    }

    /// The same, in a field.
    #[must_use]
    pub fn within(self, field: &str) -> Self {
        Self(format!("{field}: {}", self.0))
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl std::error::Error for ReadError {}

macro_rules! numbers {
    ($($type:ty)*) => {$(
        impl Keep for $type {
            fn write(&self) -> Result<Value, NotCarried> {
                Ok(Value::Number(self.to_string()))
            }
            fn read(value: &Value) -> Result<Self, ReadError> {
                match value {
                    Value::Number(number) => number.parse().map_err(|_| {
                        ReadError::new(format!("`{number}` does not fit into `{}`", stringify!($type)))
                    }),
                    other => Err(ReadError::expected("a number", other)),
                }
            }
        }
    )*};
}

numbers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

macro_rules! floats {
    ($($type:ty)*) => {$(
        impl Keep for $type {
            fn write(&self) -> Result<Value, NotCarried> {
                // JSON has no infinity.
                let text = self.to_string();
                Ok(if self.is_finite() { Value::Number(text) } else { Value::Text(text) })
            }
            fn read(value: &Value) -> Result<Self, ReadError> {
                let number = match value {
                    Value::Number(number) | Value::Text(number) => number,
                    other => return Err(ReadError::expected("a number", other)),
                };
                number.parse().map_err(|_| ReadError::new(format!("`{number}` is not a number")))
            }
        }
    )*};
}

floats!(f32 f64);

impl Keep for bool {
    fn write(&self) -> Result<Value, NotCarried> {
        Ok(Value::Bool(*self))
    }
    fn read(value: &Value) -> Result<Self, ReadError> {
        match value {
            Value::Bool(value) => Ok(*value),
            other => Err(ReadError::expected("a boolean", other)),
        }
    }
}

impl Keep for char {
    fn write(&self) -> Result<Value, NotCarried> {
        Ok(Value::Text(self.to_string()))
    }
    fn read(value: &Value) -> Result<Self, ReadError> {
        let mut chars = value.as_text().unwrap_or_default().chars();
        match (chars.next(), chars.next()) {
            (Some(char), None) => Ok(char),
            _ => Err(ReadError::expected("one character", value)),
        }
    }
}

impl Keep for () {
    fn write(&self) -> Result<Value, NotCarried> {
        Ok(Value::Null)
    }
    fn read(_: &Value) -> Result<Self, ReadError> {
        Ok(())
    }
}

macro_rules! texts {
    ($($type:ty)*) => {$(
        impl Keep for $type {
            fn write(&self) -> Result<Value, NotCarried> {
                let text: &str = self;
                Ok(Value::from(text))
            }
            fn read(value: &Value) -> Result<Self, ReadError> {
                let text = value.as_text().ok_or_else(|| ReadError::expected("a text", value))?;
                Ok(<$type>::from(text.to_owned()))
            }
        }
    )*};
}

texts!(String Box<str> Rc<str> Arc<str>);
#[cfg(feature = "yew")]
texts!(yew::AttrValue);

thread_local! {
    /// Texts that live as long as the program.
    static STATIC: RefCell<BTreeSet<&'static str>> = const { RefCell::new(BTreeSet::new()) };
}

impl Keep for &'static str {
    fn write(&self) -> Result<Value, NotCarried> {
        Ok(Value::from(*self))
    }
    /// Each text that is read is kept in memory once.
    fn read(value: &Value) -> Result<Self, ReadError> {
        let text = value.as_text().ok_or_else(|| ReadError::expected("a text", value))?;
        STATIC.with(|known| {
            let mut known = known.borrow_mut();
            if let Some(known) = known.get(text) {
                return Ok(*known);
            }
            let text: &'static str = Box::leak(text.into());
            known.insert(text);
            Ok(text)
        })
    }
}

impl<T: Keep> Keep for Option<T> {
    fn write(&self) -> Result<Value, NotCarried> {
        let Some(inner) = self else { return Ok(Value::Null) };
        Ok(match inner.write()? {
            // `Some(None)` is not `None`.
            null_inside @ (Value::Null | Value::Object(_)) if is_some(&null_inside) => {
                Value::Object(vec![(SOME.to_owned(), null_inside)])
            }
            value => value,
        })
    }
    fn read(value: &Value) -> Result<Self, ReadError> {
        match value {
            Value::Null => Ok(None),
            Value::Object(entries) if entries.len() == 1 && entries[0].0 == SOME => {
                T::read(&entries[0].1).map(Some)
            }
            value => T::read(value).map(Some),
        }
    }
}

/// The key of a value in `Some` that would be read as another one without it.
const SOME: &str = "$some";

fn is_some(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(entries) => entries.len() == 1 && entries[0].0 == SOME,
        _ => false,
    }
}

macro_rules! pointers {
    ($($pointer:ident)*) => {$(
        impl<T: Keep> Keep for $pointer<T> {
            fn write(&self) -> Result<Value, NotCarried> {
                T::write(self)
            }
            fn read(value: &Value) -> Result<Self, ReadError> {
                T::read(value).map($pointer::new)
            }
        }
    )*};
}

// Not cells: what two values share by one would be two cells afterwards.
pointers!(Box Rc Arc);

fn items(value: &Value) -> Result<&[Value], ReadError> {
    value.as_array().ok_or_else(|| ReadError::expected("an array", value))
}

macro_rules! sequences {
    ($($type:ident<T $(: $bound:ident $(+ $more:ident)*)?>)*) => {$(
        impl<T: Keep $(+ $bound $(+ $more)*)?> Keep for $type<T> {
            fn write(&self) -> Result<Value, NotCarried> {
                self.iter().map(T::write).collect::<Result<_, _>>().map(Value::Array)
            }
            fn read(value: &Value) -> Result<Self, ReadError> {
                items(value)?.iter().map(T::read).collect()
            }
        }
    )*};
}

sequences!(Vec<T> VecDeque<T> BTreeSet<T: Ord>);

impl<T: Keep + Eq + Hash, S: BuildHasher + Default> Keep for HashSet<T, S> {
    fn write(&self) -> Result<Value, NotCarried> {
        self.iter().map(T::write).collect::<Result<_, _>>().map(Value::Array)
    }
    fn read(value: &Value) -> Result<Self, ReadError> {
        items(value)?.iter().map(T::read).collect()
    }
}

impl<T: Keep, const N: usize> Keep for [T; N] {
    fn write(&self) -> Result<Value, NotCarried> {
        self.iter().map(T::write).collect::<Result<_, _>>().map(Value::Array)
    }
    fn read(value: &Value) -> Result<Self, ReadError> {
        let read: Vec<T> = Vec::read(value)?;
        let found = read.len();
        read.try_into().map_err(|_| ReadError::new(format!("{found} items where {N} are expected")))
    }
}

/// A map is an array of pairs: keys need not be texts. An object, as serde writes maps with texts, is read, too.
fn pairs<'a, K: Keep + 'a, V: Keep + 'a>(
    entries: impl Iterator<Item = (&'a K, &'a V)>,
) -> Result<Value, NotCarried> {
    let pair = |(key, value): (&K, &V)| Ok(Value::Array(vec![key.write()?, value.write()?]));
    entries.map(pair).collect::<Result<_, _>>().map(Value::Array)
}

fn read_pairs<K: Keep, V: Keep, M: FromIterator<(K, V)>>(value: &Value) -> Result<M, ReadError> {
    if let Value::Object(entries) = value {
        let pair = |(key, it): &(String, Value)| Ok((K::read(&Value::from(&**key))?, V::read(it)?));
        return entries.iter().map(pair).collect();
    }
    items(value)?.iter().map(<(K, V)>::read).collect()
}

impl<K: Keep + Ord, V: Keep> Keep for BTreeMap<K, V> {
    fn write(&self) -> Result<Value, NotCarried> {
        pairs(self.iter())
    }
    fn read(value: &Value) -> Result<Self, ReadError> {
        read_pairs(value)
    }
}

impl<K: Keep + Eq + Hash, V: Keep, S: BuildHasher + Default> Keep for HashMap<K, V, S> {
    fn write(&self) -> Result<Value, NotCarried> {
        pairs(self.iter())
    }
    fn read(value: &Value) -> Result<Self, ReadError> {
        read_pairs(value)
    }
}

macro_rules! tuples {
    ($($count:literal: $($name:ident $at:tt)*;)*) => {$(
        impl<$($name: Keep),*> Keep for ($($name,)*) {
            fn write(&self) -> Result<Value, NotCarried> {
                Ok(Value::Array(vec![$(self.$at.write()?),*]))
            }
            fn read(value: &Value) -> Result<Self, ReadError> {
                let items = items(value)?;
                if items.len() != $count {
                    return Err(ReadError::new(format!("{} items where {} are expected", items.len(), $count)));
                }
                Ok(($($name::read(&items[$at])?,)*))
            }
        }
    )*};
}

tuples! {
    1: A 0;
    2: A 0 B 1;
    3: A 0 B 1 C 2;
    4: A 0 B 1 C 2 D 3;
    5: A 0 B 1 C 2 D 3 E 4;
    6: A 0 B 1 C 2 D 3 E 4 F 5;
}

impl Keep for std::time::Duration {
    fn write(&self) -> Result<Value, NotCarried> {
        (self.as_secs(), self.subsec_nanos()).write()
    }
    fn read(value: &Value) -> Result<Self, ReadError> {
        let (seconds, nanos) = Keep::read(value)?;
        Ok(Self::new(seconds, nanos))
    }
}

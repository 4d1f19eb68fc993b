//! The forms in which structs and enums are written: those that serde uses.

use crate::keep::ReadError;
use crate::value::Value;

/// Makes a value of written fields.
pub mod shape {
    use crate::value::Value;

    /// `{"x":1}`
    #[must_use]
    pub fn named<const N: usize>(fields: [(&str, Value); N]) -> Value {
        Value::Object(fields.into_iter().map(|(name, it)| (name.to_owned(), it)).collect())
    }

    /// `[1,2]`
    #[must_use]
    pub fn tuple<const N: usize>(fields: [(&str, Value); N]) -> Value {
        Value::Array(fields.into_iter().map(|(_, it)| it).collect())
    }

    /// The one field.
    #[must_use]
    pub fn newtype<const N: usize>(fields: [(&str, Value); N]) -> Value {
        fields.into_iter().next().map_or(Value::Null, |(_, it)| it)
    }

    /// `null`
    #[must_use]
    pub fn unit(_: [(&str, Value); 0]) -> Value {
        Value::Null
    }

    /// `"Name"`, or `{"Name":…}` with fields.
    #[must_use]
    pub fn variant(name: &str, fields: Value) -> Value {
        match fields {
            Value::Null => Value::from(name),
            fields => Value::Object(vec![(name.to_owned(), fields)]),
        }
    }
}

/// The written fields of a struct or a variant.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    value: &'a Value,
    is_newtype: bool,
}

impl<'a> Fields<'a> {
    /// Fields with names.
    #[must_use]
    pub fn named(value: &'a Value) -> Self {
        Self { value, is_newtype: false }
    }

    /// Several fields without names.
    #[must_use]
    pub fn tuple(value: &'a Value) -> Self {
        Self { value, is_newtype: false }
    }

    /// One field without a name.
    #[must_use]
    pub fn newtype(value: &'a Value) -> Self {
        Self { value, is_newtype: true }
    }

    /// No fields.
    #[must_use]
    pub fn unit(value: &'a Value) -> Self {
        Self { value, is_newtype: false }
    }

    /// The value of a field; `null` if it is missing, which only optional values accept.
    ///
    /// # Errors
    ///
    /// If the fields are no fields.
    pub fn get(&self, name: &str) -> Result<&'a Value, ReadError> {
        if self.is_newtype {
            return Ok(self.value);
        }
        match (self.value, name.parse::<usize>()) {
            (Value::Object(_), _) => Ok(self.value.get(name).unwrap_or(&Value::Null)),
            (Value::Array(items), Ok(at)) => Ok(items.get(at).unwrap_or(&Value::Null)),
            (other, _) => Err(ReadError::expected("fields", other)),
        }
    }

    /// Reads a field.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn read<T>(
        &self,
        name: &str,
        read: fn(&Value) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let value = self.get(name)?;
        let is_missing =
            !self.is_newtype && *value == Value::Null && self.value.get(name).is_none();
        read(value).map_err(|error| {
            if is_missing {
                ReadError::new(format!("missing field `{name}`"))
            } else {
                error.within(name)
            }
        })
    }
}

/// A written variant of an enum.
#[derive(Debug, Clone, Copy)]
pub struct Variant<'a> {
    name: &'a str,
    value: &'a Value,
}

impl<'a> Variant<'a> {
    /// Reads which variant it is.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn of(value: &'a Value) -> Result<Self, ReadError> {
        match value {
            Value::Text(name) => Ok(Self { name, value: &Value::Null }),
            Value::Object(entries) if entries.len() == 1 => {
                Ok(Self { name: &entries[0].0, value: &entries[0].1 })
            }
            other => Err(ReadError::expected("a variant", other)),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Its fields, if they have names.
    #[must_use]
    pub fn named(&self) -> Fields<'a> {
        Fields::named(self.value)
    }

    /// Its fields, if they have none.
    #[must_use]
    pub fn tuple(&self) -> Fields<'a> {
        Fields::tuple(self.value)
    }

    /// Its one field.
    #[must_use]
    pub fn newtype(&self) -> Fields<'a> {
        Fields::newtype(self.value)
    }

    /// No fields.
    #[must_use]
    pub fn unit(&self) -> Fields<'a> {
        Fields::unit(self.value)
    }
}

/// Writes a field: its type, a reference to it, and its place for messages.
#[macro_export]
macro_rules! write_field {
    ($type:ty, $field:expr, $place:literal) => {
        ($crate::codec!($type).write)($field).map_err(|error| error.within($place))
    };
}

/// Reads a field: its type, the fields, and its name.
#[macro_export]
macro_rules! read_field {
    ($type:ty, $fields:expr, $name:literal) => {
        $fields.read::<$type>($name, $crate::codec!($type).read)
    };
}

//! The numbers that go into and out of exports.

use std::fmt;

use wasmtime::{Val, ValType};

/// A number as WebAssembly has them: the parameters and results of exports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// 32 bits; how the sign bit is read is up to the function.
    I32(i32),
    /// 64 bits; how the sign bit is read is up to the function.
    I64(i64),
    /// Single precision.
    F32(f32),
    /// Double precision.
    F64(f64),
}

impl Value {
    pub(crate) fn is(&self, ty: &ValType) -> bool {
        matches!(
            (self, ty),
            (Self::I32(_), ValType::I32)
                | (Self::I64(_), ValType::I64)
                | (Self::F32(_), ValType::F32)
                | (Self::F64(_), ValType::F64)
        )
    }

    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::I32(_) => "i32",
            Self::I64(_) => "i64",
            Self::F32(_) => "f32",
            Self::F64(_) => "f64",
        }
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::I32(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::I32(value.cast_signed())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::I64(value)
    }
}

impl From<f32> for Value {
    fn from(value: f32) -> Self {
        Self::F32(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::F64(value)
    }
}

impl From<Value> for Val {
    fn from(value: Value) -> Self {
        match value {
            Value::I32(value) => Self::I32(value),
            Value::I64(value) => Self::I64(value),
            Value::F32(value) => Self::F32(value.to_bits()),
            Value::F64(value) => Self::F64(value.to_bits()),
        }
    }
}

impl TryFrom<&Val> for Value {
    type Error = ();

    /// Fails for references and vectors, which are not numbers.
    fn try_from(value: &Val) -> Result<Self, ()> {
        match value {
            Val::I32(value) => Ok(Self::I32(*value)),
            Val::I64(value) => Ok(Self::I64(*value)),
            Val::F32(bits) => Ok(Self::F32(f32::from_bits(*bits))),
            Val::F64(bits) => Ok(Self::F64(f64::from_bits(*bits))),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32(value) => value.fmt(f),
            Self::I64(value) => value.fmt(f),
            Self::F32(value) => value.fmt(f),
            Self::F64(value) => value.fmt(f),
        }
    }
}

/// Items with commas between them, for a message.
pub(crate) fn list<T: fmt::Display>(items: impl Iterator<Item = T>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

//! Variables of modules: those of `thread_local!`, and plain `static` ones.

use std::any::type_name;
use std::cell::{Cell, RefCell};
use std::sync::atomic::{
    AtomicBool, AtomicI16, AtomicI32, AtomicI64, AtomicI8, AtomicIsize, AtomicU16, AtomicU32,
    AtomicU64, AtomicU8, AtomicUsize, Ordering,
};
use std::sync::{Mutex, OnceLock, RwLock};
use std::thread::LocalKey;

use crate::codec::{Codec, Probe};
use crate::keep::{Keep, NotCarried, ReadError};
use crate::registry::{refuse, Place};
use crate::slot::{Read, Slot};
use crate::value::Value;

/// The initial value of a variable: `static OPEN: Cell<bool> = keep_cell!(OPEN, bool, Cell::new(false));`.
#[macro_export]
macro_rules! keep_cell {
    ($variable:ident, $type:ty, $initial:expr) => {
        $crate::variable_in_cell(
            (module_path!(), stringify!($variable)),
            $crate::codec!($type),
            $initial,
            &$variable,
        )
    };
}

/// The initial value of a variable: `static LOG: RefCell<Vec<u32>> = keep_ref_cell!(LOG, Vec<u32>, RefCell::default());`.
#[macro_export]
macro_rules! keep_ref_cell {
    ($variable:ident, $type:ty, $initial:expr) => {
        $crate::variable_in_ref_cell(
            (module_path!(), stringify!($variable)),
            $crate::codec!($type),
            $initial,
            &$variable,
        )
    };
}

fn in_use() -> NotCarried {
    NotCarried::new("a value that is in use")
}

/// What a variable in a `Cell` begins with. Its module and its name are its place.
pub fn variable_in_cell<T: Copy>(
    (module, name): (&'static str, &'static str),
    codec: Codec<T>,
    initial: Cell<T>,
    variable: &'static LocalKey<Cell<T>>,
) -> Cell<T> {
    let read: Read = Box::new(move || {
        let value = variable.try_with(Cell::get).map_err(|_| in_use())?;
        (codec.write)(&value)
    });
    Cell::new(Slot::of_variable(module, name, codec, initial.into_inner(), read))
}

/// What a variable in a `RefCell` begins with. Its module and its name are its place.
pub fn variable_in_ref_cell<T>(
    (module, name): (&'static str, &'static str),
    codec: Codec<T>,
    initial: RefCell<T>,
    variable: &'static LocalKey<RefCell<T>>,
) -> RefCell<T> {
    let read: Read = Box::new(move || {
        let written = |cell: &RefCell<T>| {
            let value = cell.try_borrow().map_err(|_| in_use())?;
            (codec.write)(&value)
        };
        variable.try_with(written).map_err(|_| in_use())?
    });
    RefCell::new(Slot::of_variable(module, name, codec, initial.into_inner(), read))
}

/// Keeps the content of a `static` variable: `keep_static!(NEXT, AtomicU32)`. Call it once, before the program starts.
#[macro_export]
macro_rules! keep_static {
    ($variable:ident, $type:ty) => {{
        #[allow(unused_imports)]
        use $crate::dispatch::*;
        (&$crate::Probe::<$type>::new()).declare(module_path!(), stringify!($variable), &$variable)
    }};
}

/// A type of `static` variables whose content can be exchanged.
pub trait Variable: Sync {
    /// What is in it.
    type Content: Keep;

    /// Writes the content.
    ///
    /// # Errors
    ///
    /// If it cannot be carried, or is in use.
    fn write(&self) -> Result<Value, NotCarried>;

    /// Exchanges the content.
    ///
    /// # Errors
    ///
    /// If it is in use.
    fn set(&self, content: Self::Content) -> Result<(), ReadError>;
}

macro_rules! atomics {
    ($($atomic:ident $number:ty;)*) => {$(
        impl Variable for $atomic {
            type Content = $number;

            fn write(&self) -> Result<Value, NotCarried> {
                self.load(Ordering::Relaxed).write()
            }

            fn set(&self, content: $number) -> Result<(), ReadError> {
                self.store(content, Ordering::Relaxed);
                Ok(())
            }
        }
    )*};
}

atomics! {
    AtomicBool bool;
    AtomicI8 i8; AtomicI16 i16; AtomicI32 i32; AtomicI64 i64; AtomicIsize isize;
    AtomicU8 u8; AtomicU16 u16; AtomicU32 u32; AtomicU64 u64; AtomicUsize usize;
}

macro_rules! locks {
    ($($lock:ident $look:ident $change:ident;)*) => {$(
        impl<T: Keep + Send + Sync> Variable for $lock<T> {
            type Content = T;

            fn write(&self) -> Result<Value, NotCarried> {
                self.$look().map_err(|_| in_use())?.write()
            }

            fn set(&self, content: T) -> Result<(), ReadError> {
                *self.$change().map_err(|_| ReadError::new("it is in use".to_owned()))? = content;
                Ok(())
            }
        }
    )*};
}

locks! {
    Mutex try_lock try_lock;
    RwLock try_read try_write;
}

impl<T: Keep + Send + Sync> Variable for OnceLock<T> {
    type Content = Option<T>;

    fn write(&self) -> Result<Value, NotCarried> {
        self.get().map_or(Ok(Value::Null), T::write)
    }

    fn set(&self, content: Option<T>) -> Result<(), ReadError> {
        let Some(content) = content else { return Ok(()) };
        self.set(content).map_err(|_| ReadError::new("it has a value already".to_owned()))
    }
}

/// Types that implement [`Variable`].
pub trait Declare<V> {
    /// Keeps the content of a variable.
    fn declare(self, module: &'static str, name: &'static str, variable: &'static V);
}

impl<V: Variable> Declare<V> for &Probe<V> {
    fn declare(self, module: &'static str, name: &'static str, variable: &'static V) {
        Slot::of_static(module, name, variable);
    }
}

/// All other types.
pub trait DeclareOther<V> {
    /// Reports that the content of a variable is not kept.
    fn declare(self, module: &'static str, name: &'static str, variable: &'static V);
}

impl<V> DeclareOther<V> for Probe<V> {
    fn declare(self, module: &'static str, name: &'static str, _: &'static V) {
        let (component, name) = (module.to_owned(), name.to_owned());
        let place = Place { path: String::new(), component, name };
        refuse(&place, &NotCarried::new(type_name::<V>()));
    }
}

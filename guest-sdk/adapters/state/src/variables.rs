//! Variables of `thread_local!`.

use std::cell::{Cell, RefCell};
use std::thread::LocalKey;

use crate::codec::Codec;
use crate::keep::NotCarried;
use crate::slot::{Read, Slot};

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

//! What the page calls. Texts are passed as an address and a length.

#![cfg(target_family = "wasm")]

use std::cell::RefCell;

thread_local! {
    /// The text that was returned last, and where it is.
    static RETURNED: RefCell<(String, [usize; 2])> = const { RefCell::new((String::new(), [0; 2])) };
}

/// Keeps a text until the next call, and returns where its address and length are.
fn returned(text: String) -> *const usize {
    RETURNED.with(|returned| {
        let mut returned = returned.borrow_mut();
        returned.0 = text;
        returned.1 = [returned.0.as_ptr() as usize, returned.0.len()];
        returned.1.as_ptr()
    })
}

/// Memory for a text of `length` bytes, for `hmr_state_restore`.
#[no_mangle]
extern "C" fn hmr_state_alloc(length: usize) -> *mut u8 {
    Box::leak(vec![0; length].into_boxed_slice()).as_mut_ptr()
}

/// Restores a snapshot, and frees its memory. Returns an error as a text, which is empty if there is none.
///
/// # Safety
///
/// `text` and `length` are those of `hmr_state_alloc`, and the memory was filled.
#[no_mangle]
unsafe extern "C" fn hmr_state_restore(text: *mut u8, length: usize) -> *const usize {
    // SAFETY: it was made by `hmr_state_alloc` with this length, and nothing else has it.
    let bytes = unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(text, length)) };
    let restored = String::from_utf8(bytes.into_vec())
        .map_err(|error| error.to_string())
        .and_then(|snapshot| crate::restore(&snapshot));
    returned(restored.err().unwrap_or_default())
}

/// The snapshot of all values.
#[no_mangle]
extern "C" fn hmr_state_capture() -> *const usize {
    returned(crate::capture())
}

/// What became of each value.
#[no_mangle]
extern "C" fn hmr_state_report() -> *const usize {
    returned(crate::report())
}

/// `main` has returned.
#[no_mangle]
extern "C" fn hmr_state_started() {
    crate::started();
}

/// Ends the time in which old values can be taken.
#[no_mangle]
extern "C" fn hmr_state_settle() {
    crate::settle();
}

//! The exports of the ABI. They are defined here and exported from the wasm binary that this crate is linked into. Those that only a swap calls do
//! nothing in a deployed module, from which they are removed: so the linker adds none of their data.

use std::cell::RefCell;

use serde::Serialize;

use crate::DEPLOYED;
use crate::encoding;
use crate::lifecycle::{capture, engine_hooks, migration, mount, restore};

thread_local! {
    /// The last export's result: valid until the next call into the module.
    static ANSWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn answer(value: &impl Serialize) -> *const u8 {
    serde_json::to_string(value).map_or(std::ptr::null(), |json| answer_text(&json))
}

fn answer_text(json: &str) -> *const u8 {
    let mut bytes = vec![0; 4];
    bytes.extend_from_slice(json.as_bytes());
    let len = u32::try_from(bytes.len() - 4).unwrap_or(0);
    bytes[..4].copy_from_slice(&len.to_le_bytes());
    ANSWER.with_borrow_mut(|answer| {
        *answer = bytes;
        answer.as_ptr()
    })
}

/// Takes ownership of what the engine wrote at an address of `hmr_alloc`.
fn argument(ptr: *mut u8, len: usize) -> Box<[u8]> {
    // SAFETY: by the ABI, `ptr` is what `hmr_alloc(len)` gave, and nothing else frees it.
    unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(ptr, len)) }
}

#[unsafe(no_mangle)]
extern "C" fn hmr_alloc(len: usize) -> *mut u8 {
    Box::into_raw(vec![0_u8; len].into_boxed_slice()).cast()
}

#[unsafe(no_mangle)]
extern "C" fn hmr_mount(ptr: *mut u8, len: usize) -> *const u8 {
    let answer = encoding::text(&mount::mount(&argument(ptr, len)));
    answer.map_or(std::ptr::null(), |json| answer_text(&json))
}

#[unsafe(no_mangle)]
extern "C" fn hmr_unmount(instance: u32) {
    mount::unmount(instance);
}

#[unsafe(no_mangle)]
extern "C" fn hmr_dispatch(handler: u32, ptr: *mut u8, len: usize) -> u32 {
    mount::dispatch(handler, &argument(ptr, len))
}

#[unsafe(no_mangle)]
extern "C" fn capture_state() -> *const u8 {
    if DEPLOYED { std::ptr::null() } else { answer(&capture::capture()) }
}

#[unsafe(no_mangle)]
extern "C" fn restore_state(ptr: *mut u8, len: usize) -> *const u8 {
    if DEPLOYED { std::ptr::null() } else { answer(&restore::restore(&argument(ptr, len))) }
}

#[unsafe(no_mangle)]
extern "C" fn hmr_dispose() {
    mount::dispose_all();
}

#[unsafe(no_mangle)]
extern "C" fn hmr_before_update() -> *const u8 {
    if DEPLOYED { std::ptr::null() } else { answer(&engine_hooks::before_update_all()) }
}

#[unsafe(no_mangle)]
extern "C" fn hmr_migrate(ptr: *mut u8, len: usize) -> *const u8 {
    if DEPLOYED { std::ptr::null() } else { answer(&migration::migrate(&argument(ptr, len))) }
}

#[unsafe(no_mangle)]
extern "C" fn hmr_health() -> *const u8 {
    if DEPLOYED { std::ptr::null() } else { answer(&engine_hooks::health_of_all()) }
}

#[unsafe(no_mangle)]
extern "C" fn hmr_settle() {
    mount::settle();
}

#[unsafe(no_mangle)]
extern "C" fn hmr_prune(instance: u32) {
    if !DEPLOYED {
        engine_hooks::prune_instance(instance);
    }
}

#[unsafe(no_mangle)]
extern "C" fn hmr_prune_scopes(ptr: *mut u8, len: usize) {
    if !DEPLOYED {
        engine_hooks::prune_scopes(&argument(ptr, len));
    }
}

//! Random numbers, from the engine: `crypto.getRandomValues` in a browser, a generator with a seed in tests.
//!
//! In unit tests they are the same each time, see [`Page::set_random_seed`](crate::testing::Page::set_random_seed).

use crate::clock;
use crate::engine::fill_random;

/// Fills a slice with random bytes, which are good enough for keys and tokens.
pub fn fill(bytes: &mut [u8]) {
    clock::note_read();
    fill_random(bytes);
}

/// An array of random bytes.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// A number from 0 to below 1.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "53 bits are what an `f64` holds")]
pub fn fraction() -> f64 {
    (u64::from_le_bytes(bytes()) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A number from 0 to below `limit`, each equally likely. 0 if the limit is 0.
#[must_use]
pub fn below(limit: usize) -> usize {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    if limit == 0 {
        return 0;
    }
    // What is above the last multiple of the limit would make small numbers likelier.
    let excess = (u64::MAX % limit + 1) % limit;
    loop {
        let number = u64::from_le_bytes(bytes());
        if number <= u64::MAX - excess {
            return usize::try_from(number % limit).unwrap_or(0);
        }
    }
}

/// One of the items, each equally likely. Nothing if there are none.
#[must_use]
pub fn pick<T>(items: &[T]) -> Option<&T> {
    items.get(below(items.len()))
}

/// Puts the items into a random order.
pub fn shuffle<T>(items: &mut [T]) {
    for at in (1..items.len()).rev() {
        items.swap(at, below(at + 1));
    }
}

/// A random UUID (version 4) as text, `67e55044-10b1-4f2e-9247-bb680e5fe0c8` for instance.
///
/// ```
/// # use hmr_sdk::prelude::*;
/// # #[component] fn App() -> View {
/// let id = signal(random::uuid()); // a swap keeps it
/// # view! { {id} } }
/// ```
#[must_use]
pub fn uuid() -> String {
    let mut number = u128::from_be_bytes(bytes());
    number = (number & !(0xf_u128 << 76)) | (0x4_u128 << 76);
    number = (number & !(0b11_u128 << 62)) | (0b10_u128 << 62);
    let digits = format!("{number:032x}");
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    parts.join("-")
}

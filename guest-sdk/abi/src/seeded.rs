//! Bytes that look random and are the same each time: what engines give to modules in tests.
//!
//! The generator is mulberry32, which takes one line in any language. It is not for secrets.

/// A source of such bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeededBytes(u32);

impl SeededBytes {
    /// The bytes of a seed.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// Fills a slice with the next bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            [*byte, ..] = self.next().to_le_bytes();
        }
    }

    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x6d2b_79f5);
        let mixed = (self.0 ^ (self.0 >> 15)).wrapping_mul(1_u32 | self.0);
        let mixed = mixed.wrapping_add((mixed ^ (mixed >> 7)).wrapping_mul(mixed | 0x3d)) ^ mixed;
        mixed ^ (mixed >> 14)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_bytes_each_time_and_another_one_others() {
        let first = |seed| {
            let mut bytes = [0; 8];
            SeededBytes::new(seed).fill(&mut bytes);
            bytes
        };
        assert_eq!(first(0), first(0));
        assert_ne!(first(0), first(1));
        assert_ne!(first(0), [0; 8]);
    }
}

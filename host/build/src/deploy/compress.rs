//! Compression of what is deployed.
//!
//! It is in this crate because this one is always compiled with optimisation: the encoders are generic, and would be as slow as the crate that
//! calls them.

use std::io::{self, Write as _};

use flate2::{Compression, write::GzEncoder};

/// The best quality of brotli, and its largest window, as a logarithm.
const BROTLI: (u32, u32) = (11, 22);

/// Compresses with gzip. The same content always gives the same bytes: there is no time in them.
pub fn gzip(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    encoder.finish()
}

/// Compresses with brotli.
pub fn brotli(content: &[u8]) -> io::Result<Vec<u8>> {
    let (quality, window) = BROTLI;
    let mut compressed = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut compressed, 4096, quality, window);
    encoder.write_all(content)?;
    encoder.flush()?;
    drop(encoder);
    Ok(compressed)
}

//! Batches of DOM operations.

use hmr_abi::ops::{DecodeError, Ops};

/// A batch is decoded up to its end or to an error inside it, and what was decoded is written as the same bytes.
pub fn ops(input: &[u8]) {
    let mut written = Vec::new();
    let mut decoded = Ops::new(input);
    while let Some(op) = decoded.next() {
        match op {
            Ok(op) => op.encode(&mut written),
            Err(error) => {
                let (DecodeError::Truncated(at)
                | DecodeError::NotText(at)
                | DecodeError::Unknown { at, .. }) = error;
                assert!(at >= written.len() && at <= input.len(), "{error} is not in the batch");
                assert_eq!(decoded.next(), None, "nothing follows an error");
                assert!(input.starts_with(&written));
                return;
            }
        }
    }
    assert_eq!(written, input);
}

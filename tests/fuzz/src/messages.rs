//! The messages of a page to the tool.

use hmr_protocol::{ClientMessage, Swap};

use crate::beside;

/// Text of any content is a message or an error. What is passed on of a swap reads as it was.
pub fn messages(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(message) = ClientMessage::parse(text) else { return };
    let ClientMessage::Swap { swaps, .. } = message else { return };
    for swap in swaps {
        let written = serde_json::to_string(&swap).expect("a swap can be written");
        let again: Swap = serde_json::from_str(&written).expect("what was written reads");
        assert!(again == swap, "{}", beside(&swap, &again));
        assert_eq!(again.has_failed(), swap.has_failed());
    }
}

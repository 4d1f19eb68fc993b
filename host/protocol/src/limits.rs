//! Limits of messages.

/// The maximum number of swaps in one message of a page.
pub const MOST_SWAPS: usize = 256;

/// How many entries the report of a swap may have: keys, tasks, resources and connections together.
pub const REPORT_ENTRIES: usize = 1000;

/// How large the reports of one message may be as JSON, in bytes.
pub const REPORT_BYTES: usize = 1 << 20;

/// How large a message between a page and the tool may be, in bytes.
pub const MESSAGE_BYTES: usize = 4 << 20;

/// How long a page waits for the verdict of a rehearsal, in milliseconds.
pub const REHEARSAL_WAIT_MS: u64 = 2000;

/// The limits that the client has too, by name.
#[cfg(test)]
pub(crate) const SHARED: [(&str, u64); 4] = [
    ("REPORT_ENTRIES", REPORT_ENTRIES as u64),
    ("REPORT_BYTES", REPORT_BYTES as u64),
    ("MESSAGE_BYTES", MESSAGE_BYTES as u64),
    ("REHEARSAL_WAIT_MS", REHEARSAL_WAIT_MS),
];

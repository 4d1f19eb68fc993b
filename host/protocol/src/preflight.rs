//! The frames between the tool and `hmr-preflight`, the process that rehearses swaps.
//!
//! Both directions carry frames ([`read_frame`], [`write_frame`]): the length of a JSON message and the length of the
//! bytes that go with it, both `u32` in little endian, then the two. Messages are [`Request`] and [`Answer`].

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::swap::{RehearsalOutcome, SwapStep};

/// The version of the messages. A process that speaks another one is of no use.
pub const PROTOCOL: u32 = 3;

/// The largest part of a frame, in bytes.
const LARGEST: u32 = 256 << 20;

/// How many versions of each module the process keeps, the newest ones.
pub const KEPT: usize = 4;

/// A message of the tool to the process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Request {
    /// A version was built. Its bytes go with the message.
    Version {
        /// The module.
        module: String,
        /// The hash of its bytes.
        hash: String,
    },
    /// A page runs a version, and this is its state: swaps of the module will start from a similar one. It is not answered.
    Learn {
        /// The module.
        module: String,
        /// The hash of its bytes.
        hash: String,
        /// The page's snapshot, as JSON text.
        snapshot: String,
    },
    /// Asks for a sign of life; the answer does not wait for rehearsals.
    Ping,
    /// A page is about to swap.
    Rehearse {
        /// The id of the answer.
        id: u64,
        /// The module.
        module: String,
        /// The version that it would swap to.
        hash: String,
        /// The page's snapshot, as JSON text.
        snapshot: String,
        /// What the update asks to be done to the state.
        #[serde(default)]
        transform: serde_json::Value,
    },
}

/// What the process answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Answer {
    /// It has started.
    Ready {
        /// Its [`PROTOCOL`].
        protocol: u32,
    },
    /// The answer to [`Request::Ping`].
    Pong,
    /// The answer to [`Request::Rehearse`].
    Verdict {
        /// Which one.
        id: u64,
        /// How it ended.
        outcome: RehearsalOutcome,
        /// The step that failed.
        step: Option<SwapStep>,
        /// Why it failed or was skipped.
        error: Option<String>,
        /// How long it took, compiling included, in milliseconds.
        run_ms: f64,
    },
}

/// Reads a frame: a message and the bytes that go with it. Nothing at the end of the input.
///
/// # Errors
/// The error of the reader; `InvalidData` for a frame that is too large or not a message.
pub fn read_frame<T: serde::de::DeserializeOwned>(
    from: &mut impl Read,
) -> io::Result<Option<(T, Vec<u8>)>> {
    let mut head = [0; 8];
    match from.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let [message, bytes] =
        [0, 4].map(|at| head[at..].first_chunk().map_or(0, |four| u32::from_le_bytes(*four)));
    let (message, bytes) = (read_part(from, message)?, read_part(from, bytes)?);
    let message = serde_json::from_slice(&message)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(Some((message, bytes)))
}

fn read_part(from: &mut impl Read, len: u32) -> io::Result<Vec<u8>> {
    if len > LARGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame of more than 256 MiB"));
    }
    let mut part = Vec::new();
    let read = from.take(u64::from(len)).read_to_end(&mut part)?;
    if read == len as usize { Ok(part) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Writes a frame.
///
/// # Errors
/// The error of the writer; `InvalidInput` for a frame that is too large.
pub fn write_frame(to: &mut impl Write, message: &impl Serialize, bytes: &[u8]) -> io::Result<()> {
    let message = serde_json::to_vec(message)?;
    let mut frame = Vec::with_capacity(8 + message.len() + bytes.len());
    for len in [message.len(), bytes.len()] {
        let len = u32::try_from(len).ok().filter(|len| *len <= LARGEST);
        let len = len.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        frame.extend_from_slice(&len.to_le_bytes());
    }
    frame.extend_from_slice(&message);
    frame.extend_from_slice(bytes);
    to.write_all(&frame)?;
    to.flush()
}

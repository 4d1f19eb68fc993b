//! Bytes that an engine and a module pass to each other: arguments in room that the module allocates, and answers with
//! their length in front.

use hmr_abi::exports;
use hmr_abi::text::cut_owned;
use serde::de::DeserializeOwned;

/// An instantiated module that can be called with bytes.
pub trait Exchange {
    /// Why a call failed.
    type Fault;

    /// Calls an export whose parameters are all `i32`, and whose result is one `i32`.
    ///
    /// # Errors
    /// The code trapped, or the export is not such a function.
    fn call_i32(&mut self, export: &str, params: &[u32]) -> Result<u32, Self::Fault>;

    /// The module's memory.
    fn memory(&self) -> &[u8];

    /// The module's memory, to be changed.
    fn memory_mut(&mut self) -> &mut [u8];

    /// The fault of a module that breaks the ABI.
    fn malformed(message: String) -> Self::Fault;

    /// Copies `bytes` into room that the module allocates. Returns their address and length.
    ///
    /// # Errors
    /// The module trapped, or its room is not in its memory.
    fn argument(&mut self, bytes: &[u8]) -> Result<(u32, u32), Self::Fault> {
        let len = u32::try_from(bytes.len())
            .map_err(|_| Self::malformed("an argument of more than 4 GiB".to_owned()))?;
        let ptr = self.call_i32(exports::ALLOC, &[len])?;
        let room = self.memory_mut().get_mut(ptr as usize..);
        let Some(room) = room.and_then(|room| room.get_mut(..bytes.len())) else {
            return Err(Self::malformed(format!(
                "`{}` answered with room for {len} bytes at {ptr}, outside of the memory",
                exports::ALLOC
            )));
        };
        room.copy_from_slice(bytes);
        Ok((ptr, len))
    }

    /// Calls an export with bytes. Returns the address of its answer.
    ///
    /// # Errors
    /// The module trapped, or its room for the bytes is not in its memory.
    fn send(&mut self, export: &str, bytes: &[u8]) -> Result<u32, Self::Fault> {
        let (ptr, len) = self.argument(bytes)?;
        self.call_i32(export, &[ptr, len])
    }

    /// The bytes of the answer at `ptr`; address 0 is an empty answer.
    ///
    /// # Errors
    /// The answer is not all in the module's memory.
    fn answer(&self, export: &str, ptr: u32) -> Result<&[u8], Self::Fault> {
        if ptr == 0 {
            return Ok(&[]);
        }
        let at = self.memory().get(ptr as usize..).and_then(|at| at.split_first_chunk::<4>());
        at.and_then(|(len, rest)| rest.get(..u32::from_le_bytes(*len) as usize)).ok_or_else(|| {
            Self::malformed(format!("the answer of `{export}` at {ptr} is outside of the memory"))
        })
    }

    /// Reads the answer at `ptr` as JSON; address 0 is the default value.
    ///
    /// # Errors
    /// The answer is not all in the module's memory, or is not the expected JSON.
    fn json_answer<T: DeserializeOwned + Default>(
        &self,
        export: &str,
        ptr: u32,
    ) -> Result<T, Self::Fault> {
        if ptr == 0 {
            return Ok(T::default());
        }
        read_answer(export, self.answer(export, ptr)?).map_err(Self::malformed)
    }
}

/// Reads an export's answer as JSON.
///
/// # Errors
/// The bytes are not the expected JSON: the message for the developer.
pub fn read_answer<T: DeserializeOwned>(export: &str, bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| not_json(export, &error))
}

/// The message for an answer that is not the expected JSON.
#[must_use]
pub fn not_json(export: &str, error: &serde_json::Error) -> String {
    // The error may quote a value of any length.
    cut_owned(format!("the answer of `{export}` is no such JSON: {error}"))
}

//! Ports and invalidation: a module's messages to an engine about its instances' links, as JSON.

use serde::{Deserialize, Serialize};

/// The fingerprint of a port that takes or gives any JSON value.
pub const ANY_TYPE: &str = "serde_json::value::Value";

/// How an output port's values reach those connected to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PortKind {
    /// Each value is an event: each input connected when it is sent gets it once.
    #[default]
    Port,
    /// The latest value counts: an input connected later gets it then.
    Stream,
}

/// A module's message to the engine about its ports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum PortRequest {
    /// The instance has an output port.
    Output {
        /// The instance.
        instance: u32,
        /// Its name, unique among the instance's outputs.
        port: String,
        /// How its values are delivered.
        kind: PortKind,
        /// The fingerprint of its values' type.
        #[serde(rename = "type")]
        fingerprint: String,
    },
    /// The instance has an input port.
    Input {
        /// The instance.
        instance: u32,
        /// Its name, unique among the instance's inputs.
        port: String,
        /// The fingerprint of its values' type.
        #[serde(rename = "type")]
        fingerprint: String,
        /// The number passed to `hmr_dispatch`, with an event of type `port` whose `data` is the value as JSON.
        handler: u32,
    },
    /// A value leaves through an output port.
    Send {
        /// The instance.
        instance: u32,
        /// The port's name.
        port: String,
        /// The value as JSON text.
        value: String,
    },
    /// A port was removed with its scope.
    Close {
        /// The instance.
        instance: u32,
        /// The port's name.
        port: String,
        /// Whether it is an input.
        input: bool,
    },
}

/// An instance reports that it cannot continue with its current state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalidation {
    /// The instance.
    pub instance: u32,
    /// Why, for the developer to read.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_read_as_documented() {
        for text in [
            r#"{"op":"output","instance":1,"port":"moved","kind":"stream","type":"u32"}"#,
            r#"{"op":"input","instance":1,"port":"pick","type":"u32","handler":7}"#,
            r#"{"op":"send","instance":1,"port":"moved","value":"18446744073709551615"}"#,
            r#"{"op":"close","instance":1,"port":"pick","input":true}"#,
        ] {
            let request: PortRequest = serde_json::from_str(text).expect("a request");
            assert_eq!(serde_json::to_string(&request).expect("JSON"), text);
        }
    }
}

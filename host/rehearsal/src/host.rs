//! What the imports of a module do in a rehearsal: nothing but checks.

use std::time::Instant;

use hmr_abi::event::ResourceRequest;
use hmr_abi::ops::Ops;
use hmr_abi::port::{Invalidation, PortRequest};
use hmr_abi::read::ReadRequest;
use hmr_abi::seeded::SeededBytes;
use hmr_guest::{Host, Transfer, store_limits};
use wasmtime::{Error, StoreLimits};

/// The imports' side of a rehearsal.
pub(crate) struct RehearsalHost {
    pub(crate) limits: StoreLimits,
    pub(crate) transfer: Transfer,
    started: Instant,
    /// The time at the start, in milliseconds since the Unix epoch.
    start_time: f64,
    random: SeededBytes,
}

impl RehearsalHost {
    /// With so many bytes of memory for the module, and so many that it may send.
    pub(crate) fn new(memory: usize, sent: usize, start_time: f64) -> Self {
        Self {
            limits: store_limits(memory),
            transfer: Transfer { room: sent, ..Transfer::default() },
            started: Instant::now(),
            start_time,
            random: SeededBytes::default(),
        }
    }
}

impl Host for RehearsalHost {
    fn transfer(&mut self) -> &mut Transfer {
        &mut self.transfer
    }

    fn now(&self) -> f64 {
        self.start_time + self.started.elapsed().as_secs_f64() * 1e3
    }

    fn dom(&mut self, batch: Vec<u8>) -> wasmtime::Result<()> {
        Ops::new(&batch).try_for_each(|op| op.map(drop)).map_err(|error| {
            Error::msg(format!("a batch of DOM operations does not decode: {error}"))
        })
    }

    fn log(&mut self, _level: u32, _text: &[u8]) {}

    fn resource(&mut self, _request: ResourceRequest) {}

    fn port(&mut self, _request: PortRequest) {}

    fn invalidate(&mut self, _invalidation: Invalidation) {}

    fn random(&mut self, bytes: &mut [u8]) {
        self.random.fill(bytes);
    }

    /// There is no page: the code takes what its snapshot has.
    fn read(&mut self, _request: &ReadRequest) -> Option<String> {
        None
    }
}

//! The imports of the ABI: everything that a module requests from its engine goes through here.
//!
//! In a wasm module these are the imports of `hmr`. On a host, where a crate's own tests run, they are recorded in
//! the thread instead, for [`crate::testing`] to read.

pub(crate) mod requests;

#[cfg(target_arch = "wasm32")]
mod imported {
    #[link(wasm_import_module = "hmr")]
    unsafe extern "C" {
        fn dom(ptr: *const u8, len: usize);
        fn log(level: u32, ptr: *const u8, len: usize);
        fn now() -> f64;
        fn panic(ptr: *const u8, len: usize);
        fn resource(ptr: *const u8, len: usize);
        fn port(ptr: *const u8, len: usize);
        fn invalidate(ptr: *const u8, len: usize);
        fn random(ptr: *mut u8, len: usize);
        fn read(ptr: *const u8, len: usize, into: *mut u8, room: usize) -> i32;
    }

    /// Hands over a batch of DOM operations.
    pub(crate) fn send_dom(batch: &[u8]) {
        // SAFETY: the engine reads `len` bytes at `ptr` during the call, which the slice guarantees.
        unsafe { dom(batch.as_ptr(), batch.len()) }
    }

    /// Writes a line to the console; `level` as in the ABI.
    pub(crate) fn send_log(level: u32, text: &str) {
        // Engines cut it as well; this saves carrying it over.
        let text = hmr_abi::text::cut(text);
        // SAFETY: as in `send_dom`.
        unsafe { log(level, text.as_ptr(), text.len()) }
    }

    /// The engine's clock, in milliseconds since the Unix epoch.
    pub(crate) fn clock() -> f64 {
        // SAFETY: the import takes and changes nothing.
        unsafe { now() }
    }

    /// Reports a panic to the engine, as JSON.
    pub(crate) fn send_panic(info: &str) {
        // SAFETY: as in `send_dom`.
        unsafe { panic(info.as_ptr(), info.len()) }
    }

    /// Asks for a resource, as JSON.
    pub(crate) fn send_resource(request: &str) {
        // SAFETY: as in `send_dom`.
        unsafe { resource(request.as_ptr(), request.len()) }
    }

    /// Reports a port, as JSON.
    pub(crate) fn send_port(request: &str) {
        // SAFETY: as in `send_dom`.
        unsafe { port(request.as_ptr(), request.len()) }
    }

    /// Reports that an instance cannot continue with its current state, as JSON.
    pub(crate) fn send_invalidate(report: &str) {
        // SAFETY: as in `send_dom`.
        unsafe { invalidate(report.as_ptr(), report.len()) }
    }

    /// Fills a slice with random bytes.
    pub(crate) fn fill_random(bytes: &mut [u8]) {
        // SAFETY: the engine writes `len` bytes at `ptr` during the call, which the slice guarantees.
        unsafe { random(bytes.as_mut_ptr(), bytes.len()) }
    }

    /// Reads something that the engine knows: JSON both ways. Nothing if it does not know it.
    pub(crate) fn read_now(request: &str) -> Option<String> {
        let mut answer = vec![0; 256];
        loop {
            let (into, room) = (answer.as_mut_ptr(), answer.len());
            // SAFETY: the engine reads `request`, and writes at most `room` bytes at `into`, during the call.
            let len = unsafe { read(request.as_ptr(), request.len(), into, room) };
            let len = usize::try_from(len).ok()?;
            if len <= room {
                answer.truncate(len);
                return String::from_utf8(answer).ok();
            }
            answer.resize(len, 0);
        }
    }
}

#[cfg(target_arch = "wasm32")]
pub(crate) use imported::{
    clock, fill_random, read_now, send_dom, send_invalidate, send_log, send_panic, send_port,
    send_resource,
};

#[cfg(not(target_arch = "wasm32"))]
mod recorded {
    use std::cell::RefCell;

    use hmr_abi::read::{Location, ReadRequest};
    use hmr_abi::seeded::SeededBytes;

    /// A module's requests since the last check.
    #[derive(Debug, Default)]
    pub(crate) struct Recorded {
        pub(crate) batches: Vec<Vec<u8>>,
        pub(crate) log: Vec<(u32, String)>,
        pub(crate) resources: Vec<String>,
        pub(crate) ports: Vec<String>,
        pub(crate) invalidations: Vec<String>,
        pub(crate) clock: f64,
        pub(crate) random: SeededBytes,
        /// How many minutes local time is ahead of UTC.
        pub(crate) time_zone: f64,
        pub(crate) location: Location,
    }

    thread_local! {
        static RECORDED: RefCell<Recorded> = RefCell::default();
    }

    /// Reads or changes what this thread's module requested.
    pub(crate) fn recorded<R>(look: impl FnOnce(&mut Recorded) -> R) -> R {
        RECORDED.with_borrow_mut(look)
    }

    pub(crate) fn send_dom(batch: &[u8]) {
        recorded(|all| all.batches.push(batch.to_vec()));
    }

    pub(crate) fn send_log(level: u32, text: &str) {
        recorded(|all| all.log.push((level, text.to_owned())));
    }

    pub(crate) fn clock() -> f64 {
        recorded(|all| all.clock)
    }

    pub(crate) fn send_resource(request: &str) {
        recorded(|all| all.resources.push(request.to_owned()));
    }

    pub(crate) fn send_port(request: &str) {
        recorded(|all| all.ports.push(request.to_owned()));
    }

    pub(crate) fn send_invalidate(report: &str) {
        recorded(|all| all.invalidations.push(report.to_owned()));
    }

    pub(crate) fn fill_random(bytes: &mut [u8]) {
        recorded(|all| all.random.fill(bytes));
    }

    pub(crate) fn read_now(request: &str) -> Option<String> {
        let request = serde_json::from_str(request).ok()?;
        recorded(|all| match request {
            ReadRequest::TimeZone { .. } => serde_json::to_string(&all.time_zone).ok(),
            ReadRequest::Location {} => serde_json::to_string(&all.location).ok(),
        })
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use recorded::{
    Recorded, clock, fill_random, read_now, recorded, send_dom, send_invalidate, send_log,
    send_port, send_resource,
};

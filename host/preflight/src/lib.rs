//! Rehearses swaps before a page makes them, in a process of its own.
//!
//! The tool starts `hmr-preflight`, sends it each version that it builds, and asks for rehearsals with the snapshots of
//! pages; [`serve`] answers. The messages are in [`hmr_protocol::preflight`]. It is a process of its own because wasmtime takes
//! minutes to compile and must not be what a first start of the tool waits for, and because what a hostile module does to its
//! memory or to wasmtime itself ends there.

mod worker;

pub use worker::serve;

/// Makes this process end with the tool that started it, even if it is busy with a rehearsal or was stopped by a signal.
/// For the `main` of a process that [`serve`]s. Where the system cannot do that, it ends once its standard input has.
pub fn end_with_tool() {
    // The tool starts it from a thread that lives as long as it needs rehearsals.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
}

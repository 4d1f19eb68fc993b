//! The signals that end the tool.

/// How long after the first signal a second one counts as the same request: `timeout`, for instance, sends two.
#[cfg(unix)]
const SAME_REQUEST: std::time::Duration = std::time::Duration::from_millis(200);

/// Calls `stop` on Ctrl-C and other signals that end a process; a second signal ends the process at once, even if
/// it is busy. The handlers are installed when this returns.
///
/// # Errors
/// The handlers cannot be installed.
#[cfg(unix)]
pub fn on_stop(stop: impl Fn() + Send + 'static) -> std::io::Result<()> {
    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM},
        iterator::Signals,
        low_level,
    };
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    // A thread of its own: nothing that blocks the others keeps the tool from ending.
    std::thread::spawn(move || {
        let mut first = None;
        for signal in signals.forever() {
            match first {
                None => {
                    first = Some(std::time::Instant::now());
                    stop();
                }
                Some(first) if first.elapsed() < SAME_REQUEST => {}
                Some(_) => low_level::exit(128 + signal),
            }
        }
    });
    Ok(())
}

/// Calls `stop` on Ctrl-C; a second one ends the process at once.
///
/// # Errors
/// None on this system.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub fn on_stop(stop: impl Fn() + Send + 'static) -> std::io::Result<()> {
    tokio::spawn(async move {
        _ = tokio::signal::ctrl_c().await;
        stop();
        _ = tokio::signal::ctrl_c().await;
        std::process::exit(130);
    });
    Ok(())
}

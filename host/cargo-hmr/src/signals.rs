//! The signals that end the tool.

use tokio::sync::mpsc;

use super::Message;

/// How long after the first signal a second one counts as the same request: `timeout`, for instance, sends two.
#[cfg(unix)]
const SAME_REQUEST: std::time::Duration = std::time::Duration::from_millis(200);

/// Ends the loop on Ctrl-C and other signals that end a process; a second signal ends the process at once, even if
/// the loop is busy. The handlers are installed when this returns.
#[cfg(unix)]
pub(super) fn stop_on_signals(messages: &mpsc::UnboundedSender<Message>) -> std::io::Result<()> {
    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM},
        iterator::Signals,
        low_level,
    };
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let messages = messages.clone();
    // A thread of its own: nothing that blocks the others keeps the tool from ending.
    std::thread::spawn(move || {
        let mut first = None;
        for signal in signals.forever() {
            match first {
                None => {
                    first = Some(std::time::Instant::now());
                    _ = messages.send(Message::Stop);
                }
                Some(first) if first.elapsed() < SAME_REQUEST => {}
                Some(_) => low_level::exit(128 + signal),
            }
        }
    });
    Ok(())
}

/// Ends the loop on Ctrl-C; a second one ends the process at once.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(super) fn stop_on_signals(messages: &mpsc::UnboundedSender<Message>) -> std::io::Result<()> {
    let messages = messages.clone();
    tokio::spawn(async move {
        _ = tokio::signal::ctrl_c().await;
        _ = messages.send(Message::Stop);
        _ = tokio::signal::ctrl_c().await;
        std::process::exit(130);
    });
    Ok(())
}

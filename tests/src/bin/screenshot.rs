//! Takes the pictures of the README: the demo in use, before and after a swap.
//!
//! In: the folder to write to. Out: `swap-before.png` and `swap-after.png` in it. Nothing in them is arranged: the
//! texts are typed through `WebDriver`, the watch runs, and the edits go through the real tool.

use hmr_tests::session::Session;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

/// The size of the window, in CSS pixels.
const SIZE: (u32, u32) = (1440, 1100);

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("error: no folder\nhint: run `cargo xtask screenshot`");
        return ExitCode::FAILURE;
    };
    match write(&folder, pictures()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

/// The page before and after the edits.
fn pictures() -> [Vec<u8>; 2] {
    let mut session = Session::start();
    session.browser.resize(SIZE.0, SIZE.1);
    use_the_page(&session);
    let before = session.browser.picture();

    session.demo.edit(
        "board/src/lib.rs",
        "\"Drag a card, or focus its handle \"",
        "\"Swapped while you typed. Drag a card, or focus its handle \"",
    );
    session.dev.wait_swap("board", "committed");
    session.browser.wait_text("#plan .help", "Swapped while you typed");
    session.demo.edit("stopwatch/src/lib.rs", "\"Stop\" }", "\"Still running. Stop\" }");
    session.dev.wait_swap("stopwatch", "committed");
    session.browser.wait_text("#watch .primary", "Still running");
    session.demo.edit("signup/src/lib.rs", "\"Save me a seat\"", "\"Keep me a chair\"");
    session.dev.wait_swap("signup", "committed");
    session.browser.wait_text("#swap .primary", "Keep me a chair");
    [before, session.browser.picture()]
}

/// Leaves state in every corner: a running watch, a half-written card, a half-filled form.
fn use_the_page(session: &Session) {
    let browser = &session.browser;
    browser.click("#watch .primary");
    browser.click("#watch .row .button:nth-child(2)");
    browser.keys("#name", "Ada");
    browser.keys("#email", "ada@exam");
    browser.run("document.querySelector('.card .icon[aria-label^=Edit]').click()", &[]);
    browser.wait("document.querySelector('.editor textarea')");
    browser.keys(".editor textarea", ", and the pear");
    browser.run("scrollTo({ top: 0, behavior: 'instant' })", &[]);
}

fn write(folder: &Path, [before, after]: [Vec<u8>; 2]) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("swap-before.png"), before)?;
    fs::write(folder.join("swap-after.png"), after)
}

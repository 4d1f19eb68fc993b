//! Pages at other addresses than `localhost`, and pages whose `<base>` leads elsewhere.

use hmr_tests::browser::Browser;
use hmr_tests::session::Session;

const BUTTON: &str = "#swap .primary";

/// Saves an edit, and waits until the page shows it.
fn assert_swaps(session: &mut Session) {
    session.demo.edit("signup/src/lib.rs", "\"Save me a seat\"", "\"Come along\"");
    session.dev.wait_swap("signup", "committed");
    session.browser.wait_text(BUTTON, "Come along");
    assert!(session.is_marked());
}

#[test]
fn a_page_that_is_not_a_secure_context_works_with_the_key_of_the_printed_address() {
    const NAME: &str = "dev.example";
    let mut session = Session::start_at(
        |_| (),
        &["--host", "0.0.0.0", "--allowed-host", NAME],
        || Browser::start_with(&[&format!("--host-resolver-rules=MAP {NAME} 127.0.0.1")]),
        |dev| {
            let key = dev.key().expect("the printed address has a key");
            format!("http://{NAME}:{}/?key={key}", dev.port())
        },
    );
    assert_eq!(session.browser.value("window.isSecureContext", &[]), false);
    let shown = session.browser.value("location.href", &[]);
    assert_eq!(shown, format!("http://{NAME}:{}/", session.dev.port()), "the key is not shown");
    assert_eq!(session.browser.value("document.cookie", &[]), "", "no script reads the key");
    session.browser.keys("#name", "Ada");
    assert_swaps(&mut session);
    assert_eq!(session.browser.value("document.querySelector('#name').value", &[]), "Ada");
    // The tool's requests, except the socket.
    session.browser.run("__hmr.saveSnapshot('away').then(() => { window.saved = true })", &[]);
    session.browser.wait("window.saved");
    session.browser.run("__hmr.deleteSnapshot('away').then(() => { window.saved = false })", &[]);
    session.browser.wait("window.saved === false");
}

#[test]
fn a_base_of_another_origin_is_for_the_addresses_of_the_page_alone() {
    let mut session = Session::start_at(
        |demo| {
            let head = "<meta charset=\"utf-8\">";
            demo.edit(
                "index.html",
                head,
                &format!("{head}\n<base href=\"https://other.example/x/\">"),
            );
        },
        &[],
        || Browser::start_with(&["--host-resolver-rules=MAP other.example ~NOTFOUND"]),
        |dev| dev.url().to_owned(),
    );
    assert_eq!(session.browser.value("document.baseURI", &[]), "https://other.example/x/");
    session.browser.run(
        "const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: `${location.origin}/style.css` }); \
         link.onload = () => { window.styled = true; }; document.head.append(link);",
        &[],
    );
    session.browser.wait("window.styled");
    assert_swaps(&mut session);
    session.browser.run("__hmr.saveSnapshot('based').then(() => { window.saved = true })", &[]);
    session.browser.wait("window.saved");
    session.browser.run("__hmr.deleteSnapshot('based').then(() => { window.saved = false })", &[]);
    session.browser.wait("window.saved === false");
    session.demo.edit(
        "static/style.css",
        ".masthead h1 { font-size:",
        ".masthead h1 { letter-spacing: 7px; font-size:",
    );
    session
        .browser
        .wait("getComputedStyle(document.querySelector('.masthead h1')).letterSpacing === '7px'");
}

//! A service worker of the application that answers from its cache first.

use hmr_tests::browser::Browser;
use hmr_tests::demo::DemoCopy;
use hmr_tests::dev::Dev;
use hmr_tests::feed::Feed;
use hmr_tests::session::Session;

const BUTTON: &str = "#swap .primary";

/// A worker as tutorials have it, with the options of its look into the cache.
fn worker(options: &str) -> String {
    format!(
        "addEventListener('install', () => skipWaiting());
         addEventListener('activate', event => event.waitUntil(clients.claim()));
         addEventListener('fetch', event => event.respondWith((async () => {{
           const cache = await caches.open('all');
           const known = await cache.match(event.request, {options});
           if (known) return known;
           const answer = await fetch(event.request);
           if (event.request.method === 'GET' && answer.ok) await cache.put(event.request, answer.clone());
           return answer;
         }})()));"
    )
}

/// A page that the worker has served and can serve again, after the tool was started again and code was saved.
fn restarted(options: &str) -> (Browser, Dev, DemoCopy, Feed) {
    let session = Session::start_with(|demo| demo.write("static/worker.js", worker(options)));
    session.browser.run("navigator.serviceWorker.register('/worker.js')", &[]);
    session.browser.wait("navigator.serviceWorker.controller !== null");
    session.browser.reload();
    session.wait_components();
    session.mark();
    let port = session.dev.port();
    let Session { browser, dev, demo, feed } = session;
    dev.stop();
    demo.edit("signup/src/lib.rs", "\"Save me a seat\"", "\"Keep me a chair\"");
    let dev = Dev::start_on(demo.folder(), port);
    (browser, dev, demo, feed)
}

#[test]
fn a_page_connects_again_past_a_worker_that_answers_from_its_cache() {
    let (browser, mut dev, _demo, _feed) = restarted("{}");
    dev.wait("client-connected");
    browser.wait_text(BUTTON, "Keep me a chair");
    assert_eq!(browser.value("window.untouched", &[]), true);

    // The worker's copy of the page has the token and the versions of the tool before.
    browser.reload();
    dev.wait("client-connected");
    browser.wait_text(BUTTON, "Keep me a chair");
}

#[test]
fn a_page_whose_requests_all_reach_the_worker_reports_what_answers() {
    let (browser, _dev, _demo, _feed) = restarted("{ ignoreSearch: true }");
    let status = "document.querySelector('hmr-status').shadowRoot.textContent";
    for part in ["/worker.js", "`/@hmr/`"] {
        browser.wait(&format!("{status}.includes('{part}')"));
    }
}

//! Static files, modules and the client, as browsers fetch them.

use hmr_tests::request::send;
use hmr_tests::server::Server;
use std::fs;

#[test]
fn hidden_files_and_copies_that_editors_leave_are_neither_served_nor_announced() {
    let mut server = Server::start();
    server.dev.wait_built();
    let public = [".well-known/security.txt", "~plain.css", "bak/plain.css"];
    let refused = [
        ".env",
        ".hg/hgrc",
        "deep/.htaccess",
        "style.css~",
        "style.css.bak",
        ".style.css.swp",
        "#style.css#",
        "style.css.orig",
    ];
    for path in refused.iter().chain(&public) {
        server.demo.write(&format!("static/{path}"), "pigeon loft");
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(server.demo.path("static/.env"), server.demo.path("static/env.txt"))
        .expect("a link can be made");
    for path in refused.iter().chain(&["env.txt"]) {
        let path = path.replace('#', "%23");
        for path in [format!("/{path}"), format!("/%2e/{path}"), format!("//{path}")] {
            let reply = server.get(&path, &[]);
            assert_eq!(reply.status, 404, "{path}: {reply:?}");
        }
    }
    for path in public {
        assert_eq!(server.get(&format!("/{path}"), &[]).body, "pigeon loft", "{path}");
    }
    server.demo.write("static/last.css", "");
    // Styles and other files of one moment are announced one after the other.
    let last = ["/last.css".to_owned(), "/.well-known/security.txt".to_owned()];
    let mut announced = Vec::new();
    while !last.iter().all(|path| announced.contains(path)) {
        let update = server.dev.wait("update");
        let paths = update["paths"].as_array().into_iter().flatten();
        announced.extend(paths.filter_map(|path| path.as_str().map(str::to_owned)));
    }
    for path in refused {
        assert!(!announced.contains(&format!("/{path}")), "{path}: {announced:?}");
    }
}

#[test]
fn a_static_file_is_served_as_a_static_file_server_does() {
    let server = Server::start();
    let whole = "0123456789".repeat(100_000);
    server.demo.write("static/film.mp4", &whole);
    let first = server.get("/film.mp4", &[]);
    assert_eq!((first.status, first.body.len()), (200, whole.len()));
    assert_eq!(first.header("content-type"), Some("video/mp4"));
    assert_eq!(first.header("accept-ranges"), Some("bytes"));
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    let tag = first.header("etag").expect("it has a tag").to_owned();
    let date = first.header("last-modified").expect("it has a date").to_owned();

    for (range, status, content, body) in [
        ("bytes=3-6", 206, "bytes 3-6/1000000", "3456"),
        ("bytes=999998-", 206, "bytes 999998-999999/1000000", "89"),
        ("bytes=-3", 206, "bytes 999997-999999/1000000", "789"),
        ("bytes=999999-2000000", 206, "bytes 999999-999999/1000000", "9"),
        ("bytes=1000000-", 416, "bytes */1000000", ""),
    ] {
        let reply = server.get("/film.mp4", &[("Range", range)]);
        assert_eq!((reply.status, reply.body.as_str()), (status, body), "{range}");
        assert_eq!(reply.header("content-range"), Some(content), "{range}");
    }
    for range in ["bytes=5-3", "bytes=x-", "lines=1-2", "bytes=0-1,4-5"] {
        let reply = server.get("/film.mp4", &[("Range", range)]);
        assert_eq!((reply.status, reply.body.len()), (200, whole.len()), "{range}");
    }
    for condition in [("If-None-Match", tag.as_str()), ("If-Modified-Since", &date)] {
        let reply = server.get("/film.mp4", &[condition]);
        assert_eq!((reply.status, reply.body.as_str()), (304, ""), "{condition:?}");
        assert_eq!(reply.header("etag"), Some(tag.as_str()), "{condition:?}");
    }
    let part = ("Range", "bytes=3-6");
    assert_eq!(server.get("/film.mp4", &[part, ("If-Range", &tag)]).body, "3456");
    assert_eq!(server.get("/film.mp4", &[part, ("If-Range", "\"other\"")]).status, 200);
    assert_eq!(server.get("/film.mp4", &[("If-Match", "\"other\"")]).status, 412);

    let own = [("Host", server.own.as_str())];
    let head = send(server.port, "HEAD /film.mp4", &own);
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), Some("1000000"));
    assert_eq!(head.header("etag"), Some(tag.as_str()));

    // The same size and the same date, but other content.
    server.demo.write("static/new.mp4", "9876543210".repeat(100_000));
    let written = fs::metadata(server.demo.path("static/film.mp4")).and_then(|it| it.modified());
    let new = fs::File::options().append(true).open(server.demo.path("static/new.mp4"));
    let new = new.expect("the file can be opened");
    new.set_modified(written.expect("files have dates")).expect("a date can be set");
    drop(new);
    fs::rename(server.demo.path("static/new.mp4"), server.demo.path("static/film.mp4"))
        .expect("a file can be replaced");
    let changed = server.get("/film.mp4", &[("If-None-Match", &tag)]);
    assert_eq!(changed.status, 200);
    assert!(changed.body.starts_with("987"));
}

#[test]
fn the_client_and_modules_are_fetched_once() {
    let mut server = Server::start();
    server.dev.wait_built();
    let page = server.get("/", &[("Accept", "text/html")]).body;
    let start = page.find("/@hmr/module/board/").expect("the page names the module's address");
    let module = page[start..].split('"').next().expect("the address ends");
    for path in ["/@hmr/client/main.js", module] {
        let tag = server.get(path, &[]).header("etag").map(str::to_owned);
        let tag = tag.unwrap_or_else(|| panic!("{path} has a tag"));
        let reply = server.get(path, &[("If-None-Match", &tag)]);
        assert_eq!((reply.status, reply.body.as_str()), (304, ""), "{path}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_not_a_file_blocks_nothing() {
    let server = Server::start();
    let made = std::process::Command::new("mkfifo").arg(server.demo.path("static/pipe")).status();
    assert!(made.is_ok_and(|status| status.success()), "a pipe can be made");
    for path in ["/pipe", "/deep/../pipe"] {
        assert_eq!(server.get(path, &[]).status, 404, "{path}");
    }
    server.assert_alive();
}

//! The configurations in `docs/deploying.md`.

use std::fs;
use std::path::Path;
use std::process::Command;

use hmr_tests::app_folder::AppFolder;
use hmr_tests::demo::repository;

/// The blocks of the document in this language.
fn blocks(language: &str) -> Vec<String> {
    let text = fs::read_to_string(repository().join("docs/deploying.md")).expect("the document");
    let start = format!("```{language}\n");
    let blocks = text.split(&start).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_settings_for_netlify_and_for_cargo_are_toml() {
    let blocks = blocks("toml");
    assert_eq!(blocks.len(), 2);
    let netlify: toml_edit::DocumentMut = blocks[0].parse().expect("it is TOML");
    assert_eq!(netlify["build"]["publish"].as_str(), Some("dist"));
    assert_eq!(netlify["redirects"][0]["to"].as_str(), Some("/index.html"));
    assert!(netlify["headers"][0]["values"]["Cache-Control"].is_str());
}

#[test]
fn the_server_that_embeds_the_folder_compiles() {
    let server = AppFolder::new();
    let dependencies = &blocks("toml")[1];
    assert!(dependencies.starts_with("[dependencies]"), "{dependencies}");
    let package = "[package]\nname = \"server\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    server.write("Cargo.toml", format!("{package}{dependencies}[workspace]\n"));
    server.write("src/main.rs", &blocks("rust,ignore")[0]);
    server.write("dist/index.html", "<!doctype html>");
    // The versions that are there already.
    fs::copy(repository().join("Cargo.lock"), server.path("Cargo.lock")).expect("a lock file");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("document");
    let mut cargo = Command::new("cargo");
    cargo.args(["check", "--quiet", "--target-dir"]).arg(target).current_dir(server.path(""));
    let output = cargo.output().expect("cargo can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

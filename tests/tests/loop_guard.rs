//! The loop guard as the tool puts it into modules: how it is set, and how it is left out.

use hmr_abi::exports::BUDGET;
use hmr_tests::demo::DemoCopy;
use hmr_tests::dev::{Dev, tool};
use hmr_tests::request::send;

/// The page's configuration, and whether the stopwatch counts how far it runs.
fn served(dev: &Dev) -> (serde_json::Value, bool) {
    let get = |path: &str| {
        let reply = send(dev.port(), &format!("GET {path}"), &[("Host", dev.authority())]);
        assert_eq!(reply.status, 200, "{path}");
        reply.body
    };
    let page = get("/");
    let (_, config) = page.split_once(r#"id="hmr-config">"#).expect("the page's configuration");
    let (config, _) = config.split_once("</script>").expect("its end");
    let config: serde_json::Value = serde_json::from_str(config).expect("JSON");
    let mut modules = config["modules"].as_array().into_iter().flatten();
    let module = modules.find(|module| module["module"] == "stopwatch").expect("it is built");
    let guarded = get(module["url"].as_str().expect("an address")).contains(BUDGET);
    (config, guarded)
}

#[test]
fn the_budget_of_the_manifest_reaches_pages() {
    let demo = DemoCopy::take();
    demo.edit(
        "Cargo.toml",
        "[workspace.package]",
        "[workspace.metadata.hmr]\nloop-budget = 7000\n\n[workspace.package]",
    );
    let mut dev = Dev::start(demo.folder());
    dev.wait_built();
    let (config, guarded) = served(&dev);
    assert_eq!(config["budget"], 7000);
    assert!(guarded);
}

#[test]
fn a_tool_without_the_loop_guard_leaves_modules_as_they_are() {
    let demo = DemoCopy::take();
    let mut command = tool();
    command.arg("dev").arg(demo.folder()).args(["--json", "--port", "0", "--no-loop-guard"]);
    let mut dev = Dev::run(command);
    dev.wait_built();
    let (_, guarded) = served(&dev);
    assert!(!guarded);
}

//! The client's types of messages and its constants, made from the Rust sources. `HMR_BLESS=1` writes them.

use std::fmt::Write as _;
use std::path::Path;

use ts_rs::{Config, TS};

use crate::limits;
use crate::{
    ApplicationStart, Cause, ClientMessage, Diagnostic, Failure, Hello, Level, ModuleState,
    RehearsalOutcome, RehearsalTime, Rehearse, ServerMessage, Slower, Swap, SwapOutcome, SwapStep,
    Trap, Verdict, Version,
};

const NOTE: &str = "Made from `host/protocol` and `guest-sdk/abi`. After a change there: `HMR_BLESS=1 cargo test -p hmr-protocol`";

/// Compares a file of the client with what it should be, or writes it.
fn check(file: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../client").join(file);
    if std::env::var_os("HMR_BLESS").is_some_and(|bless| bless == "1") {
        std::fs::write(&path, expected).expect("the file can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "`client/{file}` does not match the Rust sources\nhint: run `HMR_BLESS=1 cargo test -p hmr-protocol`"
    );
}

fn add<T: TS>(text: &mut String, config: &Config) {
    if let Some(docs) = T::docs() {
        text.push_str(docs.trim_end());
        text.push('\n');
    }
    _ = writeln!(text, "export {}\n", T::decl(config));
}

#[test]
fn the_client_has_the_types_of_messages() {
    let config = Config::new().with_large_int("number");
    let mut text = format!(
        "// {NOTE}\n\nimport type {{\n  ConnectionOutcome,\n  Invalidation,\n  ResourceOutcome,\n  RestoreReport,\n}} from \"./report-entries.d.ts\";\n\n"
    );
    add::<Level>(&mut text, &config);
    add::<Diagnostic>(&mut text, &config);
    add::<Failure>(&mut text, &config);
    add::<ApplicationStart>(&mut text, &config);
    add::<Version>(&mut text, &config);
    add::<Hello>(&mut text, &config);
    add::<RehearsalOutcome>(&mut text, &config);
    add::<RehearsalTime>(&mut text, &config);
    add::<Verdict>(&mut text, &config);
    add::<ServerMessage>(&mut text, &config);
    add::<SwapOutcome>(&mut text, &config);
    add::<SwapStep>(&mut text, &config);
    add::<Cause>(&mut text, &config);
    add::<Swap>(&mut text, &config);
    add::<Trap>(&mut text, &config);
    add::<Slower>(&mut text, &config);
    add::<Rehearse>(&mut text, &config);
    add::<ModuleState>(&mut text, &config);
    add::<ClientMessage>(&mut text, &config);
    check("tool/messages.d.ts", &format!("{}\n", text.trim_end()));
}

#[test]
fn the_client_has_the_same_constants() {
    let mut text = format!(
        "/**\n * Numbers on which both engines and the tool must agree. `docs/abi.md` explains them.\n *\n * {NOTE}\n */\n\n"
    );
    for (name, value) in hmr_abi::constants::SHARED {
        _ = writeln!(text, "export const {name} = {value};");
    }
    for (name, value) in limits::SHARED {
        _ = writeln!(text, "export const {name} = {value};");
    }
    check("common/constants.js", &text);
}

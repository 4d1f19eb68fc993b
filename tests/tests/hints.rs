//! The commands in messages and documents: each is tried, so that all of them work.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hmr_tests::dev::tool;

/// Where messages are written, and what people read.
const SOURCES: [&str; 11] = [
    "host/cargo-hmr/src",
    "host/build/src",
    "host/guest/src",
    "host/headless/src",
    "host/preflight/src",
    "host/rehearsal/src",
    "guest-sdk/src",
    "guest-sdk/grammar/src",
    "client",
    "docs",
    "README.md",
];

/// The programs whose commands are tried.
const PROGRAMS: [&str; 3] = ["cargo ", "rustup ", "sudo "];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder around").to_owned()
}

/// The text files below a path.
fn files(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_file() {
        let read = path.extension().and_then(|it| it.to_str());
        found.extend(read.is_some_and(|it| ["rs", "js", "md"].contains(&it)).then(|| path.into()));
        return;
    }
    for entry in fs::read_dir(path).expect("a folder") {
        let entry = entry.expect("an entry");
        if !["node_modules", "test", "tests", "tests.rs"].iter().any(|it| entry.file_name() == **it)
        {
            files(&entry.path(), found);
        }
    }
}

/// The text between backticks in messages and documents that begins like a command or a flag of the tool.
fn commands() -> BTreeSet<String> {
    let mut paths = Vec::new();
    for source in SOURCES {
        files(&repository().join(source), &mut paths);
    }
    assert!(paths.len() > 100, "{paths:?}");
    let mut found = BTreeSet::new();
    for path in paths {
        let text = fs::read_to_string(&path).expect("a text");
        let of_the_tool = path.starts_with(repository().join("host/cargo-hmr"));
        let lines = text
            .lines()
            .map(str::trim)
            .filter(|line| !["//", "*", "/*"].iter().any(|comment| line.starts_with(comment)));
        let text: Vec<&str> = lines.collect();
        for part in text.join("\n").replace("\\`", "`").split('`').skip(1).step_by(2) {
            let is_flag = of_the_tool && part.starts_with("--");
            if !part.contains('\n') && (is_flag || PROGRAMS.iter().any(|it| part.starts_with(it))) {
                found.insert(part.to_owned());
            }
        }
    }
    found
}

/// What a command prints if it succeeds, or else its errors.
fn run(mut command: Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn run_in(folder: &Path, program: &str, words: &[&str]) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(words).current_dir(folder);
    run(command)
}

/// The help of the tool for these arguments, if it understands them.
fn understood(words: &[&str]) -> Result<String, String> {
    let mut command = tool();
    command.args(words).arg("--help");
    run(command)
}

/// Whether a command of the tool has this option.
fn has_option(option: &str) -> Result<(), String> {
    for command in ["dev", "build", "serve"] {
        let help = understood(&[command])?;
        let mut words = help.split(|letter: char| letter.is_whitespace() || letter == ',');
        if words.any(|word| word == option) {
            return Ok(());
        }
    }
    Err("no such option".into())
}

/// A workspace that has `hmr-sdk` and, for wasm only, `wasm-bindgen`, both of them empty.
fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    };
    let package = |name: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n")
    };
    for name in ["hmr-sdk", "wasm-bindgen"] {
        write(&format!("{name}/Cargo.toml"), &package(name));
        write(&format!("{name}/src/lib.rs"), "");
    }
    let dependencies = "[dependencies]\nhmr-sdk = { path = \"hmr-sdk\" }\n\
        [target.'cfg(target_arch = \"wasm32\")'.dependencies]\nwasm-bindgen = { path = \"wasm-bindgen\" }\n[workspace]\n";
    write("Cargo.toml", &(package("app") + dependencies));
    write("src/lib.rs", "");
    folder
}

/// Tries a command as far as it can be tried without changing this machine.
fn attempt(command: &str, workspace: &Path) -> Result<(), String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.as_slice() {
        [option] if option.starts_with("--") => has_option(option),
        [option, ..] if option.starts_with("--") => {
            let tried = ["dev", "build", "serve"]
                .map(|command| understood(&[&[command], words.as_slice()].concat()).map(drop));
            tried.into_iter().reduce(Result::or).unwrap_or(Ok(()))
        }
        ["cargo", "hmr", rest @ ..] => understood(rest).map(drop),
        ["cargo", "install", "--path", path, ..] => {
            let manifest = repository().join(path).join("Cargo.toml");
            let main = repository().join(path).join("src/main.rs");
            if manifest.is_file() && main.is_file() {
                Ok(())
            } else {
                Err("no program there".into())
            }
        }
        // Tests do not ask the registry, which has this package.
        ["cargo", "install", "wasm-bindgen-cli", "--version", "{version}"] => {
            let help = run_in(workspace, "cargo", &["install", "--help"])?;
            help.contains("--version").then_some(()).ok_or_else(|| "no such option".into())
        }
        ["cargo", "install", ..] => Err("a package that is in no registry".into()),
        ["cargo", "build", "--package", "{NAME}"] => {
            attempt("cargo build --package hmr-preflight", workspace)
        }
        ["cargo", "build", "--package", name] => {
            run_in(&repository(), "cargo", &["pkgid", "--offline", name]).map(drop)
        }
        ["cargo", "init", ..] => {
            let empty = tempfile::Builder::new().prefix("app").tempdir().expect("a folder");
            run_in(empty.path(), "cargo", &words[1..]).map(drop)
        }
        ["cargo", "tree", ..] => {
            let shown = run_in(workspace, "cargo", &[&words[1..], &["--offline"]].concat())?;
            // Without dependants, `-i` shows nothing; without duplicates, `-d` shows nothing.
            if shown.is_empty() && words.contains(&"-i") {
                return Err("it shows nothing".into());
            }
            Ok(())
        }
        ["cargo", "metadata" | "update", ..] => {
            run_in(workspace, "cargo", &[&words[1..], &["--offline"]].concat()).map(drop)
        }
        ["cargo", "xtask" | "test" | "build" | "run" | "check" | "clean", ..] | ["cargo"] => {
            // Placeholders in upper case are not arguments.
            let arguments = words[1..].iter().filter(|word| word.chars().any(char::is_lowercase));
            let mut arguments: Vec<&str> = arguments.copied().collect();
            let at = arguments.iter().position(|word| *word == "--").unwrap_or(arguments.len());
            arguments.insert(at, "--help");
            run_in(&repository(), "cargo", &arguments).map(drop)
        }
        ["rustup", rest @ ..] => match Command::new("rustup").arg("--version").output() {
            Ok(_) => run_in(workspace, "rustup", &[rest, &["--help"]].concat()).map(drop),
            // Without rustup, the command cannot be checked.
            Err(_) => Ok(()),
        },
        ["sudo", "apt-get", "install", ..] | ["sudo", "sysctl", ..] => Ok(()),
        _ => Err("this test cannot try it".into()),
    }
}

#[test]
fn every_command_that_is_named_works() {
    let workspace = workspace();
    let commands = commands();
    for known in ["--no-preflight", "cargo hmr doctor"] {
        assert!(commands.contains(known), "{known} is not among {commands:?}");
    }
    let failed: Vec<String> = commands
        .iter()
        .filter_map(|command| {
            Some(format!("`{command}`: {}", attempt(command, workspace.path()).err()?))
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn commands_that_do_not_work_are_detected() {
    let workspace = workspace();
    for command in [
        "cargo tree -i wasm-bindgen",
        "cargo install hmr-preflight",
        "cargo hmr dev --no-prefligth",
        "cargo hmr docter",
        "--hots",
        "cargo frobnicate",
        "cargo install --path host/nothing",
    ] {
        assert!(attempt(command, workspace.path()).is_err(), "{command}");
    }
}

//! The files that decide how an app is compiled and are not part of it: which toolchain is active, and cargo's configuration.
//!
//! rustup and cargo look for them in the folder where they are started and in all folders above it, and in the user's own
//! folders.

use std::path::PathBuf;

use camino::{Utf8Path, Utf8PathBuf};

/// Files that decide how an app is compiled, whether they exist or not; absolute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// What rustup reads: which toolchain is active.
    pub toolchain: Vec<Utf8PathBuf>,
    /// What cargo reads: its configuration.
    pub cargo: Vec<Utf8PathBuf>,
}

impl Settings {
    /// The files that count for a toolchain that is active in `folder`, and a cargo that is started in `cargo_folder`.
    pub(super) fn of(folder: &Utf8Path, cargo_folder: &Utf8Path) -> Self {
        let above = |folder: &Utf8Path, names: &[&str]| -> Vec<Utf8PathBuf> {
            folder
                .ancestors()
                .flat_map(|folder| names.iter().map(|name| folder.join(name)))
                .collect()
        };
        let mut toolchain = above(folder, &["rust-toolchain.toml", "rust-toolchain"]);
        // `rustup default` and `rustup override set` write here.
        toolchain.extend(home("RUSTUP_HOME", ".rustup").map(|home| home.join("settings.toml")));
        let mut cargo = above(cargo_folder, &[".cargo/config.toml", ".cargo/config"]);
        let own = home("CARGO_HOME", ".cargo");
        cargo.extend(own.iter().flat_map(|home| ["config.toml", "config"].map(|it| home.join(it))));
        // A folder above the app may be the user's.
        cargo.sort();
        cargo.dedup();
        Self { toolchain, cargo }
    }
}

/// A folder that a variable names, or else one in the user's own.
fn home(variable: &str, name: &str) -> Option<Utf8PathBuf> {
    let set = std::env::var_os(variable).map(PathBuf::from);
    let home = set.or_else(|| Some(dirs::home_dir()?.join(name)))?;
    Utf8PathBuf::from_path_buf(home).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_all_folders_above_count() {
        let settings = Settings::of("/home/me/app".into(), "/home/me/app".into());
        for file in
            ["/home/me/app/rust-toolchain.toml", "/home/rust-toolchain", "/rust-toolchain.toml"]
        {
            assert!(settings.toolchain.iter().any(|it| it == file), "{file}");
        }
        assert!(settings.cargo.iter().any(|it| it == "/home/me/.cargo/config.toml"));
        assert!(settings.toolchain.iter().any(|it| it.file_name() == Some("settings.toml")));
    }
}

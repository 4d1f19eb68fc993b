//! The command line with which cargo starts rustc.

use std::path::{Path, PathBuf};

/// The arguments of one call of rustc.
#[derive(Debug, Clone)]
pub(super) struct Arguments {
    all: Vec<String>,
}

impl Arguments {
    pub(super) fn new(all: Vec<String>) -> Self {
        Self { all }
    }

    pub(super) fn all(&self) -> &[String] {
        &self.all
    }

    /// The values of an option: `--name value`, `--name=value`, and of `-C name=value` those of a name.
    pub(super) fn values<'a>(&'a self, option: &'a str) -> impl Iterator<Item = &'a str> {
        let joined = move |at: usize| {
            let rest = self.all[at].strip_prefix(option)?;
            // `-Lpath` and `-Cname=value`, but not another option that begins with the same letters.
            let short = option.len() == 2;
            if rest.is_empty() {
                self.all.get(at + 1).map(String::as_str)
            } else if let Some(value) = rest.strip_prefix('=').filter(|_| !short) {
                Some(value)
            } else {
                short.then_some(rest)
            }
        };
        (0..self.all.len()).filter_map(joined)
    }

    pub(super) fn value<'a>(&'a self, option: &'a str) -> Option<&'a str> {
        self.values(option).next()
    }

    /// The value of `-C name=…`.
    pub(super) fn codegen<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.values("-C").find_map(|it| it.strip_prefix(name)?.strip_prefix('='))
    }

    /// The file of a dependency with this name.
    pub(super) fn dependency(&self, name: &str) -> Option<PathBuf> {
        self.values("--extern").find_map(|it| {
            let (options_and_name, path) = it.split_once('=')?;
            let found = options_and_name.rsplit(':').next()?;
            (found == name).then(|| PathBuf::from(path))
        })
    }

    /// The position of the crate's root file.
    fn root_position(&self) -> Option<usize> {
        let is_root = |at: &usize| {
            let text = &self.all[*at];
            !text.starts_with('-')
                && Path::new(text).extension().is_some_and(|it| it == "rs")
                // Not the value of an option.
                && (*at == 0 || !self.all[*at - 1].starts_with("--") || self.all[*at - 1].contains('='))
        };
        (0..self.all.len()).find(is_root)
    }

    /// The crate's root file, as cargo names it.
    pub(super) fn root(&self) -> Option<&Path> {
        self.root_position().map(|at| Path::new(&self.all[at]))
    }

    /// The same with another root file, and further arguments.
    pub(super) fn with(
        &self,
        root: &Path,
        further: impl IntoIterator<Item = String>,
    ) -> Vec<String> {
        let mut all = self.all.clone();
        if let Some(at) = self.root_position() {
            all[at] = root.to_string_lossy().into_owned();
        }
        all.extend(further);
        all
    }

    /// The file into which rustc writes which files it has read.
    pub(super) fn dep_info(&self) -> Option<PathBuf> {
        let (folder, name) = (self.value("--out-dir")?, self.value("--crate-name")?);
        let suffix = self.codegen("extra-filename").unwrap_or_default();
        Some(Path::new(folder).join(format!("{name}{suffix}.d")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Arguments {
        Arguments::new(line.split(' ').map(ToOwned::to_owned).collect())
    }

    #[test]
    fn what_cargo_passes_is_found() {
        let line = "--crate-name app --edition=2024 src/main.rs --error-format=json --crate-type bin --out-dir /t/deps -C extra-filename=-1f -C incremental=/t/i --target wasm32-unknown-unknown -L dependency=/t/deps --extern yew=/t/deps/libyew-1.rlib --extern noprelude:x=/t/x.rlib";
        let found = arguments(line);
        assert_eq!(found.root(), Some(Path::new("src/main.rs")));
        assert_eq!(found.value("--target"), Some("wasm32-unknown-unknown"));
        assert_eq!(found.value("--error-format"), Some("json"));
        assert_eq!(found.codegen("incremental"), Some("/t/i"));
        assert_eq!(found.dep_info(), Some(PathBuf::from("/t/deps/app-1f.d")));
        assert_eq!(found.dependency("yew"), Some(PathBuf::from("/t/deps/libyew-1.rlib")));
        assert_eq!(found.dependency("x"), Some(PathBuf::from("/t/x.rlib")));
        assert_eq!(found.dependency("y"), None);
        assert_eq!(found.values("-L").collect::<Vec<_>>(), ["dependency=/t/deps"]);
        let replaced = found.with(Path::new("/copy/src/main.rs"), ["--cfg".to_owned()]);
        assert!(
            replaced.join(" ").contains(" /copy/src/main.rs ")
                && replaced.ends_with(&["--cfg".to_owned()])
        );
        assert_eq!(arguments("-vV").root(), None);
    }
}

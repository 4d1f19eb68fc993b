//! The names of this machine's folders, which panics and `file!()` leave in a binary.
//!
//! The compiler can be asked for other names (`--remap-path-prefix`), but only by flags that replace those of the user's configuration. So the
//! names are overwritten in what it has made. A text in a binary has a fixed length, so the new name is filled up with `/`: the path
//! `/home/me/.cargo/registry/src/x.rs` becomes `cargo//////////registry/src/x.rs`.

use camino::{Utf8Path, Utf8PathBuf};
use wasm_encoder::SectionId;

use crate::App;
use crate::wasm::Binary;

/// The folders of this machine that may be named in what the compiler makes.
#[derive(Debug, Clone)]
pub struct MachinePaths {
    /// The longest first, each with its new name.
    folders: Vec<(Utf8PathBuf, &'static str)>,
}

impl MachinePaths {
    /// Those that matter to an app.
    #[must_use]
    pub fn of(app: &App) -> Self {
        let set = |name: &str| std::env::var(name).ok().map(Utf8PathBuf::from);
        let home = dirs::home_dir().and_then(|home| Utf8PathBuf::try_from(home).ok());
        let in_home = |name: &str| home.as_ref().map(|home| home.join(name));
        let mut folders = vec![(app.workspace_root.clone(), "."), (app.root.clone(), ".")];
        folders.extend(app.packages.iter().map(|package| (package.folder.clone(), ".")));
        folders.extend(set("CARGO_HOME").or_else(|| in_home(".cargo")).map(|it| (it, "cargo")));
        folders.extend(set("RUSTUP_HOME").or_else(|| in_home(".rustup")).map(|it| (it, "rustup")));
        folders.extend(home.map(|home| (home, "~")));
        Self::new(folders)
    }

    fn new(mut folders: Vec<(Utf8PathBuf, &'static str)>) -> Self {
        // The root of a disk is in every path.
        folders.retain(|(folder, name)| {
            folder.parent().is_some() && folder.as_str().len() > name.len()
        });
        folders.sort_by_key(|(folder, _)| std::cmp::Reverse(folder.as_str().len()));
        Self { folders }
    }

    /// Overwrites the folders in the data of a wasm binary.
    ///
    /// # Errors
    /// An explanation, if it is malformed.
    pub fn remove_from(&self, wasm: &mut [u8]) -> Result<(), String> {
        let binary = Binary::read(wasm)?;
        let Some(data) = binary.section(SectionId::Data) else { return Ok(()) };
        let range = data.start..data.start + data.contents.len();
        self.overwrite(&mut wasm[range]);
        Ok(())
    }

    fn overwrite(&self, bytes: &mut [u8]) {
        for (folder, name) in &self.folders {
            let (old, mut at) = (folder.as_str().as_bytes(), 0);
            while let Some(found) = find(&bytes[at..], old) {
                let start = at + found;
                at = start + old.len();
                // Not in the middle of another name.
                if !matches!(bytes.get(at), Some(b'/' | b'\\')) {
                    continue;
                }
                let place = &mut bytes[start..at];
                place.fill(b'/');
                place[..name.len()].copy_from_slice(name.as_bytes());
            }
        }
    }

    /// The first of these folders that is named in `bytes`.
    #[must_use]
    pub fn named_in(&self, bytes: &[u8]) -> Option<&Utf8Path> {
        let is_named = |folder: &Utf8Path| {
            let with_slash = format!("{folder}/");
            find(bytes, with_slash.as_bytes()).is_some()
        };
        self.folders.iter().map(|(folder, _)| folder.as_path()).find(|folder| is_named(folder))
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, wanted)
}

#[cfg(test)]
mod tests {
    use super::MachinePaths;

    #[test]
    fn folders_are_overwritten_in_their_length_and_only_as_whole_names() {
        let paths = MachinePaths::new(vec![
            ("/home/me".into(), "~"),
            ("/home/me/.cargo".into(), "cargo"),
            ("/".into(), "."),
        ]);
        let mut text = b"/home/me/.cargo/registry/a.rs /home/me/x /home/mexico /home/me".to_vec();
        paths.overwrite(&mut text);
        assert_eq!(
            String::from_utf8_lossy(&text),
            "cargo///////////registry/a.rs ~////////x /home/mexico /home/me"
        );
        assert_eq!(paths.named_in(b"/home/me/a"), Some("/home/me".into()));
        assert_eq!(paths.named_in(b"/home/mexico"), None);
    }
}

//! Saved snapshots: the body of a request that saves one, and the file that it becomes.

use std::cell::OnceCell;

use camino::Utf8Path;
use cargo_hmr::snapshots::{self, SnapshotError};
use tempfile::TempDir;

thread_local! {
    static FOLDER: OnceCell<TempDir> = const { OnceCell::new() };
}

/// The first line is the name, the rest the body. What is refused is the name or the body and leaves nothing; what is saved
/// is listed, reads byte by byte and can be removed.
pub fn saved(input: &[u8]) {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| tempfile::tempdir().expect("a folder can be made"));
        let folder = Utf8Path::from_path(folder.path()).expect("the path is UTF-8");
        save(folder, input);
        let left = folder.read_dir_utf8().expect("the folder is there").count();
        assert_eq!(left, 0, "something is left in the folder");
    });
}

fn save(folder: &Utf8Path, input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let name = String::from_utf8_lossy(&input[..end]);
    let body = input.get(end + 1..).unwrap_or_default();
    match snapshots::write(folder, &name, body) {
        Err(SnapshotError::Name(_) | SnapshotError::Content(_)) => {}
        Err(error) => panic!("a body was refused for another reason than itself: {error}"),
        Ok(()) => {
            let read = snapshots::read(folder, &name).expect("what was saved reads");
            assert_eq!(read.as_bytes(), body);
            let listed = snapshots::list(folder).expect("a list");
            assert!(listed.len() == 1 && listed[0].name == name, "{listed:?} is not `{name}`");
            snapshots::remove(folder, &name).expect("what was saved can be removed");
        }
    }
}

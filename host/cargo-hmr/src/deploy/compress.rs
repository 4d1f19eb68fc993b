//! Compressed copies of the files, for servers that have them sent instead (`gzip_static`, `brotli_static`, `precompressed`).

use std::fs;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use camino::Utf8Path;
use hmr_build::CancelToken;
use hmr_build::deploy::{MachinePaths, brotli, gzip};

use super::dist::{DistError, files_in};
use super::{DeployError, FileSize};

/// Files that are smaller fit into one packet anyway, in bytes.
const SMALLEST: usize = 1024;

/// Files that are compressed already, by their endings.
const COMPRESSED: [&str; 12] =
    ["avif", "br", "gif", "gz", "jpeg", "jpg", "mp3", "mp4", "ogg", "png", "webm", "webp"];

/// Writes the compressed copies of all files in a folder. Returns the sizes, the largest first, and a note for each file that names a folder
/// of this machine.
pub(super) fn folder(
    folder: &Utf8Path,
    paths: &MachinePaths,
    cancel: &CancelToken,
) -> Result<(Vec<FileSize>, Vec<String>), DeployError> {
    let files = files_in(folder)?;
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let work = || {
            while let Some((inside, path)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                if cancel.is_cancelled() {
                    return;
                }
                let result = file(inside, path, paths);
                results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    if cancel.is_cancelled() {
        return Err(DeployError::Cancelled);
    }
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (mut sizes, mut notes) = (Vec::new(), Vec::new());
    for result in results {
        let (size, note) = result?;
        sizes.push(size);
        notes.extend(note);
    }
    sizes.sort_by(|a, b| b.raw.cmp(&a.raw).then_with(|| a.path.cmp(&b.path)));
    notes.sort();
    Ok((sizes, notes))
}

fn file(
    inside: &Utf8Path,
    path: &Utf8Path,
    paths: &MachinePaths,
) -> Result<(FileSize, Option<String>), DistError> {
    let content = fs::read(path).map_err(|error| DistError::read(path, error))?;
    let named = paths.named_in(&content);
    let note =
        named.map(|folder| format!("`{inside}` names the folder `{folder}` of this machine"));
    let name = inside.as_str().replace('\\', "/");
    let mut size =
        FileSize { path: name, raw: content.len(), gzip: content.len(), brotli: content.len() };
    let is_compressed = inside.extension().is_some_and(|ending| COMPRESSED.contains(&ending));
    if content.len() < SMALLEST || is_compressed {
        return Ok((size, note));
    }
    let gzip = gzip(&content).map_err(|error| DistError::written(path, error))?;
    let brotli = brotli(&content).map_err(|error| DistError::written(path, error))?;
    for (ending, compressed, length) in
        [("gz", gzip, &mut size.gzip), ("br", brotli, &mut size.brotli)]
    {
        if compressed.len() < content.len() {
            *length = compressed.len();
            let path = Utf8Path::new(path.as_str()).as_str().to_owned() + "." + ending;
            fs::write(&path, compressed)
                .map_err(|error| DistError::written(Utf8Path::new(&path), error))?;
        }
    }
    Ok((size, note))
}

//! Checks that the static folder contains only files that are meant for browsers.

use camino::{Utf8Path, Utf8PathBuf};

use super::{App, AppError, normalise};

/// Refuses a static folder that contains the workspace, a package, what cargo builds, or the user's home folder: everything in
/// it is served.
pub(super) fn check(app: &App) -> Result<(), AppError> {
    let folder = real(&app.root.join(&app.config.static_folder));
    let home = std::env::home_dir().and_then(|home| Utf8PathBuf::try_from(home).ok());
    let home = home.filter(|home| home.is_absolute());
    let packages = app.packages.iter().map(|package| ("the package", &package.folder));
    let inner = packages
        .chain([
            ("the workspace", &app.workspace_root),
            ("the target folder", &app.target_directory),
        ])
        .chain(home.iter().map(|home| ("the home folder", home)))
        .find(|(_, inner)| real(inner).starts_with(&folder));
    match inner {
        Some((what, inner)) => {
            Err(AppError::StaticFolder { folder, what, inner: inner.to_owned() })
        }
        None => Ok(()),
    }
}

/// The path without links, as far as it exists.
fn real(path: &Utf8Path) -> Utf8PathBuf {
    path.canonicalize_utf8().unwrap_or_else(|_| normalise(path))
}

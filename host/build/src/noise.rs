//! Names of files and folders that are not inputs of a build unless something names them.

/// Whether a name is one that editors use for temporary files: swap files, backups, locks.
#[must_use]
pub fn is_leftover(name: &str) -> bool {
    let ending = [".swp", ".swx", ".swo", "~"].iter().any(|ending| name.ends_with(ending));
    name == "4913" || ending || name.starts_with('#') || name.starts_with(".#")
}

/// Whether a name is one of files and folders that are not sources unless something names them: hidden files, version control,
/// packages of npm.
#[must_use]
pub fn is_private(name: &str) -> bool {
    let hidden = name.starts_with('.') && name != ".cargo" && name.len() > 1;
    name == "node_modules" || hidden
}

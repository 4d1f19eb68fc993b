//! The linker for a compiler that is used with a sysroot from the cache: it does not look for its own linker then.

use camino::{Utf8Path, Utf8PathBuf};

use super::compiler::Compiler;

/// Finds a linker that reads what `compiler` writes: its own, that of `active`, one of any rustup
/// toolchain, or LLVM's in its newest version.
///
/// rustc passes `-flavor wasm` to each of them, so each program of LLVM's linker can be used.
pub(super) fn find(compiler: &Compiler, active: &Compiler) -> Option<Utf8PathBuf> {
    let host = compiler.version.field("host")?;
    let bundled = |sysroot: &Utf8Path| {
        let folder = sysroot.join("lib/rustlib").join(host).join("bin");
        [folder.join("rust-lld"), folder.join("rust-lld.exe")]
            .into_iter()
            .find(|file| file.is_file())
    };
    bundled(&compiler.sysroot)
        .or_else(|| bundled(&active.sysroot))
        .or_else(|| rustup_toolchains().iter().find_map(|toolchain| bundled(toolchain)))
        .or_else(installed)
}

/// The sysroots of rustup's toolchains, stable ones first.
fn rustup_toolchains() -> Vec<Utf8PathBuf> {
    let home = std::env::var("RUSTUP_HOME").map(Utf8PathBuf::from).ok();
    let home = home.or_else(|| Utf8PathBuf::from_path_buf(dirs::home_dir()?.join(".rustup")).ok());
    let folders = home.and_then(|home| home.join("toolchains").read_dir_utf8().ok());
    let mut folders: Vec<_> =
        folders.into_iter().flatten().flatten().map(camino::Utf8DirEntry::into_path).collect();
    folders
        .sort_by_key(|folder| !folder.file_name().is_some_and(|name| name.starts_with("stable")));
    folders
}

/// LLVM's linker on the `PATH`, where distributions put it.
fn installed() -> Option<Utf8PathBuf> {
    let named = |name: &str| Utf8PathBuf::from_path_buf(which::which(name).ok()?).ok();
    named("rust-lld")
        .or_else(|| named("wasm-ld"))
        .or_else(|| (14..=40).rev().find_map(|version| named(&format!("wasm-ld-{version}"))))
}

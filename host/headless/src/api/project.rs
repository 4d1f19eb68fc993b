//! An application's sources, built and edited by a test.
//!
//! In: the folder of an app. Out: its modules' bytes, and pages that swap to what an edit makes of them. The
//! building is `hmr-build`'s, which is what the tool uses as well.
//!
//! All copies of an application are compiled into one folder below the target folder of the original, so that
//! dependencies are compiled once. They take turns there, see [`copy::Turn`]: to cargo, copies of one workspace are
//! the same packages, and it would take one copy's fresh results for another's.

mod copy;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use camino::{Utf8Path, Utf8PathBuf};
use hmr_build::{App, BuildOutcome, BuildRequest, CancelToken, Toolchain};
use tempfile::TempDir;

use self::copy::Turn;
use super::Page;
use super::builder::PageBuilder;
use super::error::OpenError;
use crate::report::swap::Swap;

/// Why an application could not be read, edited or built.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The folder is not an app.
    #[error(transparent)]
    App(#[from] hmr_build::AppError),
    /// There is no way to compile for wasm32 here.
    #[error(transparent)]
    Toolchain(#[from] hmr_build::ToolchainError),
    /// The compiler failed; the message has its output.
    #[error("{title}\n{rendered}")]
    Build {
        /// A headline: `board does not compile`.
        title: String,
        /// The compiler's output.
        rendered: String,
    },
    /// A module was compiled, but an engine cannot run it.
    #[error(transparent)]
    Prepare(#[from] hmr_build::TransformError),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A path is not UTF-8.
    #[error("`{}` is not UTF-8", .0.display())]
    NotUtf8(PathBuf),
    /// A manifest of a copy is not TOML.
    #[error("{path}: {why}")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// The error message.
        why: String,
    },
    /// The text to replace is not there, or there more than once.
    #[error("{file} has the text to replace {count} times, not once: `{text}`")]
    Edit {
        /// The file, as it was named.
        file: String,
        /// The text to find.
        text: String,
        /// How often it occurs.
        count: usize,
    },
    /// The page could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl ProjectError {
    fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::File { path, source }
    }
}

/// An application on disk.
#[derive(Debug)]
pub struct Project {
    app: App,
    toolchain: Toolchain,
    /// The temporary folder of a copy, which goes with it.
    copy: Option<TempDir>,
}

impl Project {
    /// An application as it is on disk. [`Project::edit`] changes its files: for that, take a
    /// [`Project::copy_of`] it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ProjectError> {
        let app = App::load(&utf8(path.as_ref())?)?;
        let toolchain = Toolchain::find(&app.workspace_root, &mut |_| {})?;
        Ok(Self { app, toolchain, copy: None })
    }

    /// A copy of an application in a temporary folder, which is deleted with the value. Paths in its manifests that
    /// lead out of the workspace are made absolute.
    pub fn copy_of(path: impl AsRef<Path>) -> Result<Self, ProjectError> {
        let original = App::load(&utf8(path.as_ref())?)?;
        let folder = tempfile::tempdir().map_err(ProjectError::file(&std::env::temp_dir()))?;
        let caches: Vec<PathBuf> = original.caches().into_iter().map(Into::into).collect();
        copy::copy(original.workspace_root.as_std_path(), folder.path(), &caches)?;
        let root =
            utf8(&fs::canonicalize(folder.path()).map_err(ProjectError::file(folder.path()))?)?;
        let inner =
            original.root.strip_prefix(&original.workspace_root).unwrap_or(Utf8Path::new(""));
        let mut app = App::load(&root.join(inner))?;
        app.target_directory = original.target_directory.join("headless");
        let toolchain = Toolchain::find(&app.workspace_root, &mut |_| {})?;
        Ok(Self { app, toolchain, copy: Some(folder) })
    }

    /// The folder of its workspace. Files are named relative to it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.app.workspace_root.as_std_path()
    }

    /// The names of its modules.
    #[must_use]
    pub fn modules(&self) -> Vec<String> {
        self.app.modules.iter().map(|module| module.name.clone()).collect()
    }

    /// Compiles all modules: their bytes by name, as an engine gets them.
    pub fn build(&self) -> Result<BTreeMap<String, Vec<u8>>, ProjectError> {
        let turn = self
            .copy
            .as_ref()
            .map(|copy| Turn::take(self.app.target_dir().as_std_path(), copy.path()));
        let _turn = turn.transpose()?;
        let modules = self.modules();
        let request = BuildRequest::new(&self.app, &self.toolchain, &modules);
        let artifacts = match hmr_build::build(&request, &CancelToken::default(), &mut |_| {}) {
            BuildOutcome::Built(artifacts) => artifacts,
            BuildOutcome::Failed(failure) => {
                let rendered = failure.diagnostics.iter().map(|one| {
                    if one.rendered.is_empty() { one.message.clone() } else { one.rendered.clone() }
                });
                let rendered = rendered.collect::<Vec<_>>().join("\n");
                return Err(ProjectError::Build { title: failure.title, rendered });
            }
            BuildOutcome::Cancelled => {
                return Err(ProjectError::Build {
                    title: "the build was cancelled".to_owned(),
                    rendered: String::new(),
                });
            }
        };
        let mut built = BTreeMap::new();
        for artifact in artifacts {
            let bytes = fs::read(&artifact.wasm)
                .map_err(ProjectError::file(artifact.wasm.as_std_path()))?;
            let prepared = hmr_build::prepare(&artifact.module, &bytes)?;
            built.insert(artifact.module, prepared.bytes);
        }
        Ok(built)
    }

    /// Replaces text in a file. It is an error if the text is not there exactly once.
    pub fn edit(&self, file: &str, old: &str, new: &str) -> Result<(), ProjectError> {
        let path = self.folder().join(file);
        let text = fs::read_to_string(&path).map_err(ProjectError::file(&path))?;
        let count = text.matches(old).count();
        if count != 1 {
            return Err(ProjectError::Edit { file: file.to_owned(), text: old.to_owned(), count });
        }
        self.write(file, &text.replacen(old, new, 1))
    }

    /// Writes a file, creating its parent folders.
    pub fn write(&self, file: &str, text: &str) -> Result<(), ProjectError> {
        let path = self.folder().join(file);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(ProjectError::file(folder))?;
        }
        fs::write(&path, text).map_err(ProjectError::file(&path))
    }

    /// A page with all modules of the application, built.
    pub fn page(&self, html: &str) -> Result<Page, ProjectError> {
        Ok(self.page_builder(html)?.open()?)
    }

    /// [`Project::page`], to be completed.
    pub fn page_builder(&self, html: &str) -> Result<PageBuilder, ProjectError> {
        let modules = self.build()?;
        let builder = Page::builder().html(html);
        Ok(modules.into_iter().fold(builder, |builder, (name, bytes)| builder.module(name, bytes)))
    }

    /// The app's own `index.html`.
    pub fn index_html(&self) -> Result<String, ProjectError> {
        let path = self.app.root.join("index.html");
        fs::read_to_string(&path).map_err(ProjectError::file(path.as_std_path()))
    }
}

impl Page {
    /// Builds an application, and swaps the modules whose bytes are others than those that the page has.
    pub fn rebuild(&self, project: &Project) -> Result<Vec<Swap>, ProjectError> {
        let built = project.build()?;
        let changed =
            built.into_iter().filter(|(name, bytes)| self.bytes(name).as_ref() != Some(bytes));
        Ok(changed.map(|(name, bytes)| self.swap(&name, bytes)).collect())
    }
}

fn utf8(path: &Path) -> Result<Utf8PathBuf, ProjectError> {
    Utf8PathBuf::from_path_buf(path.to_owned()).map_err(ProjectError::NotUtf8)
}

//! The stylesheet of a project for cargo-leptos: `style-file`, followed by what Tailwind makes.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use super::build::{CSS, without_tailwind};
use super::built::{ServedFile, Source};
use super::error::PageError;
use super::sass;
use super::tool::{RunTool, ToolCall, ToolError};
use crate::leptos::Leptos;
use crate::paths;

/// The stylesheet of a project for cargo-leptos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeptosStyle {
    /// What is served.
    pub file: ServedFile,
    /// What was left out, and what the compiler warns of, in one sentence each.
    pub notes: Vec<String>,
}

/// What a part of the stylesheet was made from.
#[derive(Default)]
struct Parts {
    css: String,
    inputs: Vec<Utf8PathBuf>,
    notes: Vec<String>,
}

impl Leptos {
    /// The path of the stylesheet below the base of the served files; none if the project has no stylesheet. `package` is the name of the
    /// package.
    #[must_use]
    pub fn style_path(&self, package: &str) -> Option<String> {
        let has_style = self.style_file.is_some() || self.tailwind_input_file.is_some();
        let name = self.output_name.as_deref().unwrap_or(package);
        let path = self.site_pkg_dir.join(name).with_extension("css");
        paths::url_path(&path).filter(|_| has_style)
    }

    /// Makes the stylesheet; nothing if the project has none. `folder` is that of the manifest, absolute; `package` is the name of the
    /// package. `run` starts Tailwind; if its program is missing, its part is left out and a note says how to install it.
    pub fn style(
        &self,
        folder: &Utf8Path,
        package: &str,
        run: &RunTool<'_>,
    ) -> Result<Option<LeptosStyle>, PageError> {
        let Some(url_path) = self.style_path(package) else { return Ok(None) };
        let style = self.style_file.as_ref().map(|file| paths::join(folder, file));
        if let (Some(path), None) = (&style, &self.tailwind_input_file)
            && path.extension() == Some("css")
            && path.is_file()
        {
            // A change needs no processing.
            let (source, inputs) = (Source::File(path.clone()), vec![path.clone()]);
            let file = ServedFile { url_path, source, inputs, scans_sources: false };
            return Ok(Some(LeptosStyle { file, notes: Vec::new() }));
        }
        let mut parts = Parts::default();
        if let Some(path) = &style {
            parts.add_file(path)?;
        }
        let tailwind = self.tailwind_input_file.as_ref().map(|file| paths::join(folder, file));
        if let Some(path) = tailwind {
            parts.add_tailwind(path, folder, self.tailwind_config_file.as_deref(), run)?;
        }
        let source = Source::Bytes { content: parts.css.into(), media_type: CSS };
        let scans_sources = self.tailwind_input_file.is_some();
        let file = ServedFile { url_path, source, inputs: parts.inputs, scans_sources };
        Ok(Some(LeptosStyle { file, notes: parts.notes }))
    }
}

impl Parts {
    fn add_file(&mut self, path: &Utf8Path) -> Result<(), PageError> {
        let wrong = |message: String| PageError::Style {
            path: path.to_owned(),
            message,
            inputs: vec![path.to_owned()],
        };
        match path.extension() {
            Some("scss" | "sass") if path.is_file() => {
                let compiled = sass::compile(path, false)?;
                self.css.push_str(&compiled.css);
                self.inputs.extend(compiled.inputs);
                self.notes.extend(compiled.warnings);
            }
            Some("css" | "scss" | "sass") => {
                let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
                self.css.push_str(&text);
                self.inputs.push(path.to_owned());
            }
            _ => return Err(wrong("it is not `.css`, `.scss` or `.sass`".to_owned())),
        }
        Ok(())
    }

    fn add_tailwind(
        &mut self,
        path: Utf8PathBuf,
        folder: &Utf8Path,
        config: Option<&Utf8Path>,
        run: &RunTool<'_>,
    ) -> Result<(), PageError> {
        let program = "tailwindcss";
        let mut arguments = vec!["--input".to_owned(), path.to_string()];
        if let Some(config) = config {
            arguments.extend(["--config".to_owned(), paths::join(folder, config).to_string()]);
        }
        let folder = folder.to_owned();
        let call = ToolCall { program, arguments, folder, environment: Vec::new() };
        match run(&call) {
            Ok(css) => {
                self.css.push('\n');
                self.css.push_str(&String::from_utf8_lossy(&css));
            }
            Err(ToolError::Missing) => {
                self.notes.push(without_tailwind("`tailwind-input-file`", &path, program));
            }
            Err(ToolError::Failed { message }) => {
                let message = format!("{program}: {message}");
                return Err(PageError::Style { inputs: vec![path.clone()], path, message });
            }
        }
        self.inputs.push(path);
        Ok(())
    }
}

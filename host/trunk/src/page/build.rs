//! Making what is served from the elements of a page.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use super::asset::{Asset, Content, Kind, Language, Style};
use super::attributes::Attributes;
use super::built::{BuiltPage, ServedFile, Source};
use super::error::PageError;
use super::tool::{RunTool, ToolCall, ToolError};
use super::{html, names, sass};
use crate::integrity;
use crate::paths;
use crate::rust_link::RustLinkKind;

pub(super) const CSS: &str = "text/css";

/// Where a page is, and where it is served.
#[derive(Debug, Clone, Copy)]
pub struct BuildOptions<'a> {
    /// The folder of the page, absolute. Paths in the page are relative to it.
    pub page_folder: &'a Utf8Path,
    /// The folder of the project, absolute: that of its `Trunk.toml`. External programs run in it.
    pub project_folder: &'a Utf8Path,
    /// What the URLs of all files begin with, with a `/` at its end: [`Build::public_url`](crate::Build::public_url).
    pub public_url: &'a str,
    /// The markup that starts the application. It replaces the link to the application, or is added at the end of `<body>` if the
    /// page has none, as Trunk does it.
    pub app_html: &'a str,
    /// Whether linked stylesheets, icons and scripts get a hash of their content in their names, and `integrity` attributes: for a page that
    /// is deployed.
    pub hashed: bool,
    /// Whether stylesheets that are compiled are made smaller, unless they have the attribute `data-no-minify`.
    pub minify: bool,
}

/// Builds the whole page. What is wrong with one asset leaves out that asset alone.
pub(super) fn page(
    text: &str,
    assets: &[Asset],
    options: &BuildOptions<'_>,
    run: &RunTool<'_>,
) -> Result<BuiltPage, PageError> {
    let names = names::assign(assets);
    let mut build =
        Builder { options, run, built: BuiltPage { notes: names.notes, ..BuiltPage::default() } };
    let mut replacements = Vec::new();
    for (asset, path) in assets.iter().zip(names.paths) {
        replacements.push(build.asset(asset, path).unwrap_or_else(|error| {
            build.left_out(error);
            String::new()
        }));
    }
    let starts =
        |asset: &Asset| matches!(&asset.kind, Kind::Rust(link) if link.kind == RustLinkKind::Main);
    let changes = html::Changes {
        replacements: &replacements,
        at_end: if assets.iter().any(starts) { "" } else { options.app_html },
        public_url: options.public_url,
    };
    let markup = html::rewrite(text, &changes)?;
    Ok(BuiltPage { html: markup, ..build.built })
}

/// Builds the stylesheet that is served as `url_path`.
pub(super) fn style(
    assets: &[Asset],
    url_path: &str,
    options: &BuildOptions<'_>,
    run: &RunTool<'_>,
) -> Result<ServedFile, PageError> {
    let names = names::assign(assets);
    let mut found = assets.iter().zip(&names.paths).filter_map(|(asset, path)| match &asset.kind {
        Kind::Style(style) if path.as_deref() == Some(url_path) => Some((asset.line, style)),
        _ => None,
    });
    let missing = || PageError::NoSuchStyle { url_path: url_path.to_owned() };
    let (line, style) = found.next().ok_or_else(missing)?;
    let mut build = Builder { options, run, built: BuiltPage::default() };
    let sheet = build.sheet(line, style)?.ok_or_else(|| PageError::Style {
        path: paths::join(options.page_folder, &style.file.href),
        message: build.built.notes.join("\n"),
        inputs: Vec::new(),
    })?;
    Ok(sheet.served(url_path))
}

/// A stylesheet that was made.
struct Sheet {
    source: Source,
    inputs: Vec<Utf8PathBuf>,
    scans_sources: bool,
}

impl Sheet {
    fn served(self, url_path: &str) -> ServedFile {
        let Self { source, inputs, scans_sources } = self;
        ServedFile { url_path: url_path.to_owned(), source, inputs, scans_sources }
    }
}

/// A file that the page links.
struct Linked {
    url_path: String,
    url: String,
    integrity: Option<String>,
}

impl Linked {
    /// The `integrity` attribute with a space before it, unless there is none, or the element has its own or wants none.
    fn integrity_unless(&self, attributes: &Attributes) -> String {
        let unwanted =
            attributes.has("integrity") || attributes.get("data-integrity") == Some("none");
        match &self.integrity {
            Some(integrity) if !unwanted => format!(" integrity=\"{integrity}\""),
            _ => String::new(),
        }
    }
}

/// A page that is being built.
struct Builder<'a> {
    options: &'a BuildOptions<'a>,
    run: &'a RunTool<'a>,
    built: BuiltPage,
}

impl Builder<'_> {
    /// Notes why something is left out. A change of what it was made from builds the page again.
    fn left_out(&mut self, error: PageError) {
        self.built.inlined.extend(error.inputs());
        self.built.errors.push(error);
    }

    /// Builds one asset: returns what replaces its element.
    fn asset(&mut self, asset: &Asset, url_path: Option<String>) -> Result<String, PageError> {
        let line = asset.line;
        let url_path = url_path.unwrap_or_default();
        match &asset.kind {
            Kind::Rust(app) if app.kind == RustLinkKind::Main && !app.skip => {
                if let Some(initializer) = &app.initializer {
                    // Under its file name.
                    let url_path = initializer.file_name().unwrap_or_default().to_owned();
                    if let Err(error) = self.serve_file(line, initializer, url_path) {
                        self.left_out(error);
                    }
                }
                return Ok(self.options.app_html.to_owned());
            }
            Kind::Rust(_) => {}
            Kind::Style(style) => return self.style(line, style, url_path),
            Kind::Inline { href, content } => return self.inline(line, href, *content),
            Kind::Icon(file) => {
                let linked = self.serve_linked(line, &file.href, url_path)?;
                return Ok(format!("<link rel=\"icon\" href=\"{}\"/>", linked.url));
            }
            Kind::Script { file, attributes } => {
                let linked = self.serve_linked(line, &file.href, url_path)?;
                let integrity = linked.integrity_unless(attributes);
                let attributes = attributes.write(&["src", "data-integrity"]);
                return Ok(format!(
                    "<script src=\"{}\"{integrity}{attributes}></script>",
                    linked.url
                ));
            }
            Kind::CopyFile(file) => self.serve_file(line, &file.href, url_path)?,
            Kind::CopyFolder(file) => {
                let path = self.path(&file.href);
                if !path.is_dir() {
                    return Err(missing(line, path, "the folder does not exist"));
                }
                self.serve(ServedFile {
                    url_path,
                    source: Source::Folder(path.clone()),
                    inputs: vec![path],
                    scans_sources: false,
                });
            }
        }
        Ok(String::new())
    }

    fn style(&mut self, line: usize, style: &Style, url_path: String) -> Result<String, PageError> {
        let Some(sheet) = self.sheet(line, style)? else {
            return Ok(String::new());
        };
        if style.inline
            && let Source::Bytes { content, .. } = &sheet.source
        {
            let css = String::from_utf8_lossy(content).into_owned();
            self.built.inlined.extend(sheet.inputs);
            self.built.scans_sources |= sheet.scans_sources;
            // `type` is of no use on a `style`.
            return Ok(format!("<style{}>{css}</style>", style.attributes.write(&["type"])));
        }
        let linked = if let Source::Bytes { content, .. } = &sheet.source {
            self.linked(url_path, content)
        } else {
            let content = self.read_linked(line, &style.file.href)?;
            self.linked(url_path, &content)
        };
        let integrity = linked.integrity_unless(&style.attributes);
        self.serve(sheet.served(&linked.url_path));
        let attributes = style.attributes.write(&["data-integrity"]);
        Ok(format!("<link rel=\"stylesheet\" href=\"{}\"{integrity}{attributes}/>", linked.url))
    }

    /// Makes a stylesheet; nothing, with a note, if its compiler is not installed.
    fn sheet(&mut self, line: usize, style: &Style) -> Result<Option<Sheet>, PageError> {
        let path = self.file(line, &style.file.href)?;
        let small = self.options.minify && !style.attributes.has("data-no-minify");
        match &style.language {
            Language::Css => {
                let source = Source::File(path.clone());
                Ok(Some(Sheet { source, inputs: vec![path], scans_sources: false }))
            }
            Language::Sass => {
                let compiled = sass::compile(&path, small)?;
                self.built.notes.extend(compiled.warnings);
                let source = Source::Bytes { content: compiled.css.into(), media_type: CSS };
                Ok(Some(Sheet { source, inputs: compiled.inputs, scans_sources: false }))
            }
            Language::Tailwind { program, config } => {
                self.tailwind(line, path, program, config.as_deref(), small)
            }
        }
    }

    fn tailwind(
        &mut self,
        line: usize,
        path: Utf8PathBuf,
        program: &'static str,
        config: Option<&str>,
        small: bool,
    ) -> Result<Option<Sheet>, PageError> {
        // Versions 3 and 4 write to standard output if there is no `--output`.
        let mut arguments = vec!["--input".to_owned(), path.to_string()];
        arguments.extend(config.into_iter().flat_map(|config| ["--config".into(), config.into()]));
        arguments.extend(small.then(|| "--minify".to_owned()));
        let folder = self.options.project_folder.to_owned();
        let call = ToolCall { program, arguments, folder, environment: Vec::new() };
        match (self.run)(&call) {
            Ok(content) => {
                let source = Source::Bytes { content, media_type: CSS };
                Ok(Some(Sheet { source, inputs: vec![path], scans_sources: true }))
            }
            Err(ToolError::Missing) => {
                self.built.notes.push(without_tailwind(&format!("line {line}"), &path, program));
                Ok(None)
            }
            Err(ToolError::Failed { message }) => {
                let message = format!("{program}: {message}");
                Err(PageError::Style { inputs: vec![path.clone()], path, message })
            }
        }
    }

    fn inline(
        &mut self,
        line: usize,
        href: &Utf8Path,
        content: Content,
    ) -> Result<String, PageError> {
        let path = self.file(line, href)?;
        let text = fs::read_to_string(&path)
            .map_err(|error| missing(line, path.clone(), &error.to_string()))?;
        self.built.inlined.push(path);
        Ok(match content {
            Content::Markup => text,
            Content::Css => format!("<style>{text}</style>"),
            Content::Script => format!("<script>{text}</script>"),
            Content::Module => format!("<script type=\"module\">{text}</script>"),
        })
    }

    fn serve_file(
        &mut self,
        line: usize,
        href: &Utf8Path,
        url_path: String,
    ) -> Result<(), PageError> {
        let path = self.file(line, href)?;
        let source = Source::File(path.clone());
        self.serve(ServedFile { url_path, source, inputs: vec![path], scans_sources: false });
        Ok(())
    }

    /// Serves a file that the page links.
    fn serve_linked(
        &mut self,
        line: usize,
        href: &Utf8Path,
        url_path: String,
    ) -> Result<Linked, PageError> {
        let content = self.read_linked(line, href)?;
        let linked = self.linked(url_path, &content);
        self.serve_file(line, href, linked.url_path.clone())?;
        Ok(linked)
    }

    /// The content of a file that the page links, if its hash is needed.
    fn read_linked(&self, line: usize, href: &Utf8Path) -> Result<Vec<u8>, PageError> {
        let path = self.file(line, href)?;
        if !self.options.hashed {
            return Ok(Vec::new());
        }
        fs::read(&path).map_err(|error| missing(line, path, &error.to_string()))
    }

    fn linked(&self, url_path: String, content: &[u8]) -> Linked {
        let hashed = self.options.hashed;
        let url_path = if hashed { integrity::hashed_name(&url_path, content) } else { url_path };
        let url = format!("{}{url_path}", self.options.public_url).replace('"', "&quot;");
        Linked { url_path, url, integrity: hashed.then(|| integrity::integrity(content)) }
    }

    /// Adds a file, once.
    fn serve(&mut self, file: ServedFile) {
        if !self.built.files.contains(&file) {
            self.built.files.push(file);
        }
    }

    /// The path of what a link names. A `/` at its start means the folder of the page, if there is no such file at the root of the disk.
    fn path(&self, href: &Utf8Path) -> Utf8PathBuf {
        let path = paths::join(self.options.page_folder, href);
        let inside = href.as_str().strip_prefix('/').map(Utf8Path::new);
        match inside.map(|inside| paths::join(self.options.page_folder, inside)) {
            Some(inside) if !path.exists() && inside.exists() => inside,
            _ => path,
        }
    }

    /// The path of a file that exists.
    fn file(&self, line: usize, href: &Utf8Path) -> Result<Utf8PathBuf, PageError> {
        let path = self.path(href);
        if path.is_file() { Ok(path) } else { Err(missing(line, path, "the file does not exist")) }
    }
}

fn missing(line: usize, path: Utf8PathBuf, reason: &str) -> PageError {
    PageError::File { line, path, reason: reason.to_owned() }
}

/// The note about a stylesheet whose program is missing; `place` says where it is named.
pub(super) fn without_tailwind(place: &str, path: &Utf8Path, program: &str) -> String {
    let install = match program {
        "tailwindcss" => {
            "install it with `npm install -g @tailwindcss/cli`, or download the standalone program from https://github.com/tailwindlabs/tailwindcss/releases"
        }
        _ => "download it from https://github.com/dobicinaitis/tailwind-cli-extra/releases",
    };
    format!("{place}: `{program}` was not found, so `{path}` is left out; {install}")
}

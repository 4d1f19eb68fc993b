//! The modules of an app, as they are deployed.

use std::collections::BTreeMap;

use hmr_build::deploy::{
    CrateSize, MachinePaths, NEWER_WASM_OPT, Optimised, Optimiser, crate_sizes, native,
};
use hmr_build::{
    App, ApplicationTarget, Bindgen, BuildEvent, BuildOutcome, BuildRequest, CancelToken,
    CompiledModule, DeployedApplication, Failure, Module, ModuleKind, Profile, Toolchain,
    small_settings,
};
use hmr_trunk::hashed_name;

use super::natives::{Native, NativeGlue};
use super::{DeployError, ModuleSize, Options};
use crate::events::Event;

/// How many crates of a module are named.
const CRATES: usize = 5;

/// The variable with which dx gives the compiler the path that an application is served below, without a `/` at either end. In builds for
/// development, applications read it in their page instead.
const DIOXUS_BASE_PATH: &str = "DIOXUS_ASSET_ROOT";

/// How to get `wasm-opt`.
const WITHOUT_WASM_OPT: &str = "`wasm-opt` was not found, so the modules are larger than they need to be; install it with `npm install -g binaryen`";

/// What is said when `wasm-opt` fails.
const WASM_OPT_FAILS: &str = "`wasm-opt` fails, so modules are as the compiler has made them, and larger than they need to be";

/// What is said about an application that makes functions from text, as Dioxus does for titles.
const EVALUATES: &str = "can make functions from text, as Dioxus does for `document::Title` and `document::eval`; where it does, a content security policy needs `script-src 'unsafe-eval'`";

/// An application.
pub(super) struct Application {
    pub(super) name: String,
    /// The name of its crate, as files of `wasm-pack` have it.
    pub(super) crate_name: String,
    /// The name of its wasm file.
    pub(super) file: String,
    pub(super) deployed: DeployedApplication,
    pub(super) target: ApplicationTarget,
    /// Whether a script of the page starts it.
    pub(super) imported: bool,
}

/// All modules of an app.
pub(super) struct Modules {
    pub(super) natives: Vec<Native>,
    pub(super) applications: Vec<Application>,
    /// What should be known, in one sentence each.
    pub(super) notes: Vec<String>,
    crates: BTreeMap<String, Vec<CrateSize>>,
}

impl Modules {
    /// Compiles and prepares all modules.
    pub(super) fn build(
        app: &App,
        toolchain: &Toolchain,
        options: &Options,
        cancel: &CancelToken,
        on: &(dyn Fn(Event) + Sync),
    ) -> Result<Self, DeployError> {
        let names: Vec<String> = app.modules.iter().map(|module| module.name.clone()).collect();
        let base_path = app.site.iter().filter_map(|site| site.dioxus.as_ref()?.base_path.clone());
        let environment: Vec<_> = base_path.map(|path| (DIOXUS_BASE_PATH, path)).collect();
        let request = BuildRequest {
            profile: Profile::Deployment(options.profile.as_deref()),
            arguments: &options.cargo_arguments,
            environment: &environment,
            ..BuildRequest::new(app, toolchain, &names)
        };
        let compiled = match hmr_build::build(&request, cancel, &mut |event| on(reported(event))) {
            BuildOutcome::Built(compiled) => compiled,
            BuildOutcome::Failed(failure) => {
                return Err(DeployError::NotCompiled(Box::new(failure)));
            }
            BuildOutcome::Cancelled => return Err(DeployError::Cancelled),
        };
        let mut modules = Self {
            natives: Vec::new(),
            applications: Vec::new(),
            notes: Vec::new(),
            crates: BTreeMap::new(),
        };
        modules.notes.extend(small_note(app, options.profile.as_deref()));
        let work = Work {
            app,
            optimiser: options.wasm_opt.then(|| Optimiser::find(&app.root)),
            paths: MachinePaths::of(app),
            bindgen: Bindgen::default(),
            cancel,
            on,
        };
        for compiled in &compiled {
            work.add(compiled, &mut modules)?;
        }
        Ok(modules)
    }

    /// Adds a note, unless there is one with the same beginning.
    fn note_once(&mut self, start: &str, rest: &str) {
        if !self.notes.iter().any(|note| note.starts_with(start)) {
            self.notes.push(format!("{start}{rest}"));
        }
    }

    /// What is largest in each module.
    pub(super) fn sizes(&self) -> Vec<ModuleSize> {
        let natives = self.natives.iter().map(|it| (&it.name, it.file.clone()));
        let applications = self.applications.iter().map(|it| (&it.name, it.wasm_path()));
        let size = |(module, file): (&String, String)| ModuleSize {
            module: module.clone(),
            file,
            crates: self.crates.get(module).into_iter().flatten().take(CRATES).map(named).collect(),
        };
        natives.chain(applications).map(size).collect()
    }
}

impl Application {
    /// The path of its wasm file in the folder.
    pub(super) fn wasm_path(&self) -> String {
        if self.imported { format!("pkg/{}", self.file) } else { self.file.clone() }
    }
}

/// Says which settings of the profile native modules were compiled with that nobody has chosen.
fn small_note(app: &App, profile: Option<&str>) -> Option<String> {
    let settings = small_settings(app, profile);
    if settings.is_empty() || !app.modules.iter().any(Module::is_native) {
        return None;
    }
    let settings: Vec<_> =
        settings.iter().map(|(key, value)| format!("`{key} = {value}`")).collect();
    Some(format!(
        "native modules were compiled with {}, because `[profile.release]` of the manifest says nothing else",
        settings.join(", ")
    ))
}

fn named(size: &CrateSize) -> (String, usize) {
    (size.name.clone(), size.bytes)
}

fn reported(event: BuildEvent) -> Event {
    match event {
        BuildEvent::Compiling { package, done } => {
            Event::Progress { message: format!("compiling {package} ({done})") }
        }
        BuildEvent::Waiting { what } => Event::Waiting { what },
    }
}

/// What the work on each module needs.
struct Work<'a> {
    app: &'a App,
    optimiser: Option<Optimiser>,
    paths: MachinePaths,
    bindgen: Bindgen,
    cancel: &'a CancelToken,
    on: &'a (dyn Fn(Event) + Sync),
}

impl Work<'_> {
    fn add(&self, compiled: &CompiledModule, modules: &mut Modules) -> Result<(), DeployError> {
        let Some(module) = self.app.modules.iter().find(|it| it.name == compiled.module) else {
            return Ok(());
        };
        let bytes = std::fs::read(&compiled.wasm)
            .map_err(|error| super::DistError::read(&compiled.wasm, error))?;
        let crates = crate_sizes(&bytes).unwrap_or_default();
        modules.crates.insert(module.name.clone(), crates);
        match &module.kind {
            ModuleKind::Native { wasm_bindgen } => {
                let native = self.native(module, &bytes, wasm_bindgen.as_deref(), modules)?;
                modules.natives.push(native);
            }
            ModuleKind::Application(target) => {
                let crate_name = module.crate_name();
                let html = self.app.site.as_deref().map_or("", hmr_build::Site::html);
                let imported = hmr_build::imports_glue(html, &format!("{crate_name}.js"));
                // The name is only known when the content is: the glue gets it later.
                let mut deployed = self.bind(compiled, target)?;
                deployed.wasm =
                    self.finished(&module.name, deployed.wasm, Some(target), modules)?;
                let file = hashed_name(&format!("{crate_name}_bg.wasm"), &deployed.wasm);
                deployed.glue = deployed.glue.replace(WASM_FILE, &file);
                if makes_functions(&deployed.glue) {
                    modules.note_once(&format!("`{}` {EVALUATES}", module.name), "");
                }
                modules.applications.push(Application {
                    name: module.name.clone(),
                    crate_name,
                    file,
                    deployed,
                    target: target.clone(),
                    imported,
                });
            }
        }
        Ok(())
    }

    fn native(
        &self,
        module: &Module,
        bytes: &[u8],
        wasm_bindgen: Option<&str>,
        modules: &mut Modules,
    ) -> Result<Native, DeployError> {
        let name = &module.name;
        let failed = |error: hmr_build::TransformError| {
            Failure::plain("a module cannot be used", &error.to_string())
        };
        let deployed = native(name, bytes).map_err(failed)?;
        let (mut wasm, mut glue) = (deployed.wasm, None);
        if let Some(version) = wasm_bindgen.filter(|_| deployed.uses_browser) {
            let mut on = |message| (self.on)(Event::Progress { message });
            let bound = self.bindgen.deploy_native(name, &wasm, version, self.cancel, &mut on)?;
            glue = Some(NativeGlue::new(name, &bound));
            wasm = bound.wasm;
        }
        let wasm = self.finished(name, wasm, None, modules)?;
        let components = deployed.manifest.components.into_iter().map(|it| it.name);
        Ok(Native {
            name: name.clone(),
            file: hashed_name(&format!("{name}.wasm"), &wasm),
            wasm,
            components: components.collect(),
            imports: deployed.imports,
            glue,
        })
    }

    fn bind(
        &self,
        compiled: &CompiledModule,
        target: &ApplicationTarget,
    ) -> Result<DeployedApplication, DeployError> {
        let mut on = |message| (self.on)(Event::Progress { message });
        Ok(self.bindgen.deploy(compiled, target, WASM_FILE, self.cancel, &mut on)?)
    }

    /// The binary optimised, and without the names of this machine's folders.
    fn finished(
        &self,
        module: &str,
        wasm: Vec<u8>,
        target: Option<&ApplicationTarget>,
        modules: &mut Modules,
    ) -> Result<Vec<u8>, DeployError> {
        let mut wasm = self.optimised(module, wasm, target, modules)?;
        self.paths.remove_from(&mut wasm).map_err(|reason| {
            Failure::plain(
                &format!("`{module}` cannot be used"),
                &format!("its wasm binary is malformed: {reason}"),
            )
        })?;
        Ok(wasm)
    }

    fn optimised(
        &self,
        module: &str,
        wasm: Vec<u8>,
        target: Option<&ApplicationTarget>,
        modules: &mut Modules,
    ) -> Result<Vec<u8>, DeployError> {
        let Some(optimiser) = &self.optimiser else { return Ok(wasm) };
        let level = target.and_then(|target| target.wasm_opt.as_deref());
        let arguments = target.map_or(&[][..], |target| &target.wasm_opt_arguments);
        (self.on)(Event::Progress { message: format!("optimising {module}") });
        match optimiser.run(module, &wasm, level, arguments, self.cancel)? {
            Optimised::Done(smaller) => Ok(smaller),
            Optimised::Off => Ok(wasm),
            Optimised::Cancelled => Err(DeployError::Cancelled),
            Optimised::NotInstalled => {
                modules.note_once(WITHOUT_WASM_OPT, "");
                Ok(wasm)
            }
            Optimised::Failed(text) => {
                let why = format!(" (`{module}`, {text})");
                modules.note_once(WASM_OPT_FAILS, &format!("{why}; {NEWER_WASM_OPT}"));
                Ok(wasm)
            }
        }
    }
}

/// Whether code of an application makes JavaScript functions from text. With one argument, it only finds the global object in old browsers.
fn makes_functions(glue: &str) -> bool {
    glue.lines()
        .any(|line| line.contains("new Function(") && line.matches("getStringFromWasm").count() > 1)
}

/// What stands in glue for the name of the wasm file until that is known.
const WASM_FILE: &str = "cargo-hmr-wasm-file.wasm";

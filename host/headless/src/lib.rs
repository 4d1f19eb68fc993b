//! Runs and swaps cargo-hmr modules in wasmtime, so that an application can test in `cargo test` that it survives its
//! own edits.
//!
//! A [`Page`] is what a browser page is to the browser engine: a document, modules, and the components that
//! `hmr-component` elements place. A swap in it goes through the same steps as in a browser, with the same
//! reconciliation and the same report. A [`Project`] is an application's sources, which a test edits and
//! builds:
//!
//! ```no_run
//! use hmr_headless::Project;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let project = Project::copy_of(env!("CARGO_MANIFEST_DIR"))?;
//! let page = project.page(r#"<hmr-component module="counter" component="Counter"></hmr-component>"#)?;
//! page.find("button.add")?.click()?;
//! page.find("input")?.type_text("milk")?;
//!
//! project.edit("counter/src/lib.rs", "*n += 1", "*n += 10")?;
//! for swap in page.rebuild(&project)? {
//!     assert!(swap.is_committed(), "{swap}");
//! }
//! page.find("button.add")?.click()?;
//! assert_eq!(page.text("output"), "11");
//! assert_eq!(page.find("input")?.value()?, "milk");
//! # Ok(())
//! # }
//! ```
//!
//! Any bytes that speak the ABI (`docs/abi.md`) will do, from any compiler:
//!
//! ```
//! use hmr_headless::{SwapOutcome, Page};
//!
//! /// A module whose one component shows five letters.
//! fn greeting(text: &str) -> Vec<u8> {
//!     wat::parse_str(format!(r#"(module
//!         (@custom "hmr.manifest" "abi\091\ncomponent\09Hello\09hello.wat\091\n")
//!         (import "hmr" "dom" (func $dom (param i32 i32)))
//!         (memory (export "memory") 1)
//!         ;; Creates the text 1 and appends it to the root of the instance 1.
//!         (data (i32.const 8) "\02\01\00\00\00\05\00\00\00{text}\04\01\00\00\80\01\00\00\00\00\00\00\00")
//!         (data (i32.const 64) "\3c\00\00\00{{\22instances\22:[{{\22instance\22:1,\22component\22:\22Hello\22,\22keys\22:{{}}}}]}}")
//!         (func $render (call $dom (i32.const 8) (i32.const 27)))
//!         (func (export "hmr_alloc") (param i32) (result i32) (i32.const 1024))
//!         (func (export "hmr_mount") (param i32 i32) (result i32) (call $render) (i32.const 0))
//!         (func (export "hmr_unmount") (param i32))
//!         (func (export "hmr_dispatch") (param i32 i32 i32) (result i32) (i32.const 4))
//!         (func (export "capture_state") (result i32) (i32.const 0))
//!         (func (export "restore_state") (param i32 i32) (result i32) (call $render) (i32.const 64))
//!         (func (export "hmr_dispose"))
//!         (func (export "hmr_component:Hello")))"#)).expect("the text is WebAssembly")
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let page = Page::builder()
//!     .html(r#"<p><hmr-component module="hello" component="Hello"></hmr-component></p>"#)
//!     .module("hello", greeting("hello"))
//!     .open()?;
//! assert_eq!(page.text("p"), "hello");
//!
//! let swap = page.swap("hello", greeting("salve"));
//! assert!(swap.is_committed(), "{swap}");
//! assert_eq!(page.text("p"), "salve");
//!
//! // What cannot run leaves the page as it is, and says why.
//! let swap = page.swap("hello", b"no wasm");
//! assert_eq!(swap.outcome, SwapOutcome::RolledBack);
//! assert_eq!(page.text("p"), "salve");
//! # Ok(())
//! # }
//! ```
//!
//! # After a swap
//!
//! New code is on probation for its first calls: if it traps in one of them or reports that it is unhealthy, the version from
//! before comes back with the state from before, and [`Page::undone`] reports it. [`Page::history`] has the states that a module
//! had, [`Page::go_to`] goes to one of them, and [`Page::save_snapshot`] writes all of them down. [`Page::module`]
//! calls the exports of the running version, [`Page::on`] receives each step, [`Page::profile`] measures, and
//! [`Page::warnings`] lists what has become slower. [`execute`] runs a module that is not part of a page.
//!
//! # What is simulated
//!
//! Documents, selectors, events that go down and up, the focus, form fields with their values, ticks and
//! selections, labels, `details`, radio groups, submission by button and by `Enter`, dragging, and scroll offsets.
//!
//! A test simulates everything outside of the document that modules use:
//!
//! | what | by |
//! |---|---|
//! | intervals, timeouts, animation frames | [`Page::advance`], which moves the clock |
//! | HTTP requests | [`Page::requests`] and [`Request::answer`], or [`Page::serve`] |
//! | web sockets, event sources | [`Page::sockets`], [`Page::event_sources`] |
//! | listeners of the window and the document | what goes up to them, [`Page::fire_window`], [`Page::fire_document`] |
//! | resize, intersection and mutation observers | [`Element::resize`], [`Element::intersect`]; changes of the tree |
//! | media queries | [`Page::set_media`] |
//! | storage | [`Page::storage`], [`Page::store_from_elsewhere`] |
//! | the address and its history | [`PageBuilder::location`], [`Page::go_to_location`], [`Page::go_by`], [`Element::click`] on a link |
//! | random numbers, the time zone | [`PageBuilder::random_seed`], [`PageBuilder::time_zone`] |
//! | files, the clipboard | [`Element::choose_files`], [`Page::set_clipboard`], [`Page::deny_clipboard`] |
//! | drawings on a `canvas` | [`Element::drawing`] lists the commands |
//! | host functions | [`Page::host`], or [`Page::host_deferred`] and [`Page::calls`] |
//!
//! Nothing leaves the process. Values that modules send through ports are delivered as the `hmr-connect` elements of the
//! document define. A mutation observer is called once with all changes, when the page has settled.
//!
//! # What is not
//!
//! Layout and style sheets (nothing has a size but what a test gives it, is hidden or is scrolled into view), loading other pages (a link that leads
//! out of the application is listed by [`Page::loads`], a form fires its events and goes nowhere), scripts of the page, shadow trees, media playback, and moving the focus with
//! `Tab`. The pseudo-classes of live state, such as `:focus` and `:checked`, match nothing that only the live state
//! knows: ask the [`Element`]. For what a browser alone can show, test in a browser.
//!
//! # Hostile modules
//!
//! A module of any content traps, is refused or is rolled back; it does not make the host panic, loop, or fill
//! its memory. Limits on time and memory are set on the [`PageBuilder`].

mod api;
mod connections;
mod dom;
mod environment;
mod guest;
mod module;
mod mounts;
mod page;
mod rendering;
mod report;
mod swap;

pub use hmr_abi::event::{EventData, StorageArea};
pub use hmr_abi::port::Invalidation;
pub use hmr_abi::state::{
    InstanceReport, InstanceState, KeyOutcome, RestoreReport, SignalState, Snapshot,
};
pub use hmr_guest::ModuleError;
pub use hmr_guest::wasm::custom_section;
pub use hmr_protocol::{SwapOutcome, SwapStep};

pub use api::Page;
pub use api::builder::PageBuilder;
pub use api::calls::Call;
pub use api::element::Element;
pub use api::error::{OpenError, PageError};
pub use api::execute::{ExecuteError, Executed, Execution, execute};
pub use api::files::File;
pub use api::project::{Project, ProjectError};
pub use api::proxy::ModuleProxy;
pub use api::requests::{Request, Response};
pub use api::snapshots::{NamedSnapshot, SavedModule};
pub use api::storage::Storage;
pub use api::streams::{EventSource, Socket};
pub use connections::ports::{ConnectionChange, ConnectionOutcome};
pub use environment::network::Message;
pub use environment::resources::{ResourceChange, ResourceOutcome};
pub use guest::value::Value;
pub use guest::wrappers::{CallError, CallMetrics, Original, Patch, Profile};
pub use report::events::{EventKind, PageEvent, Subscription};
pub use report::log::{LogLevel, LogLine};
pub use report::module_info::{Keys, ModuleInfo, ModuleState, RefusedVersion, Stats};
pub use report::slow_export::SlowExport;
pub use report::swap::Swap;
pub use report::trap::Trap;

//! Ports: typed ends of the links between instances.
//!
//! A port's name is unique in the instance, regardless of the scope that declares it. It exists as long as that scope. Declared
//! twice at the same time, the later declaration counts, until it is removed.

use std::any::type_name;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use hmr_abi::port::{PortKind, PortRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::encoding::{self, ReadError, WriteError};
use crate::engine::requests::{close_port, request_port};
use crate::engine::send_log;
use crate::event::Event;
use crate::event::handlers::register;
use crate::reactive::handle::Handle;
use crate::reactive::owner::on_cleanup;
use crate::reactive::signal::{Signal, State, signal_keyed};
use crate::reactive::turn::MadeIn;
use crate::reactive::writes::afterwards;
use crate::resource::claims::{Claim, Claims, PortName};
use crate::resource::{report_disposed, requesting_scope};
use crate::state::instance::Instance;

/// An output port. `Copy`.
pub struct Output<T> {
    port: Option<Handle<(Rc<Instance>, String)>>,
    value: PhantomData<fn(T)>,
}

impl<T> Clone for Output<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Output<T> {}

impl<T> std::fmt::Debug for Output<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("port", &self.port).finish()
    }
}

impl<T: Serialize> Output<T> {
    /// Sends a value to every input that is connected.
    pub fn send(self, value: &T) {
        self.send_text(encoding::write(value));
    }
}

impl<T> Output<T> {
    fn send_text(self, value: Result<Box<RawValue>, WriteError>) {
        let port = self.port.and_then(Handle::get);
        match (port.as_deref(), value) {
            (Some((instance, port)), Ok(value)) => {
                let (instance, port) = (instance.id, port.clone());
                request_port(&PortRequest::Send { instance, port, value: value.get().to_owned() });
            }
            (Some((_, port)), Err(error)) => send_log(
                3,
                &format!("a `{}` cannot be sent through `{port}`: {error}", type_name::<T>()),
            ),
            (None, _) => send_log(2, "a value was sent through a port whose component has gone"),
        }
    }
}

/// Gives the instance an output port: a sent value is an event, which reaches the inputs connected at that time.
///
/// ```
/// # use hmr_sdk::prelude::*;
/// # #[component] fn App() -> View {
/// let moved = output::<u32>("moved");
/// view! { <button on:click={move |_| moved.send(&7)}>"move"</button> }
/// # }
/// ```
#[must_use]
pub fn output<T: Serialize + 'static>(name: &str) -> Output<T> {
    let fingerprint = type_name::<T>();
    Output { port: declare_output(name, PortKind::Port, fingerprint), value: PhantomData }
}

/// Gives the instance an output port whose latest value counts: an input that is connected later gets it then.
#[must_use]
pub fn output_stream<T: Serialize + 'static>(name: &str) -> Output<T> {
    let fingerprint = type_name::<T>();
    Output { port: declare_output(name, PortKind::Stream, fingerprint), value: PhantomData }
}

/// Gives the instance an input port, and calls `f` with each value that arrives. A value that is not a `T` is logged.
/// A `serde_json::Value` takes values of every type.
pub fn input<T: DeserializeOwned + 'static>(name: &str, mut f: impl FnMut(T) + 'static) {
    let take = move |json: &str| {
        f(encoding::read(json)?);
        Ok(())
    };
    declare_input(name, type_name::<T>(), Box::new(take));
}

/// Gives the instance an input port, and answers a signal of the latest value that arrived. Its key is the port's name, and
/// it survives a swap.
#[must_use]
pub fn input_stream<T: State>(name: &str) -> Signal<Option<T>> {
    let latest = signal_keyed(name, None);
    input(name, move |value| latest.set(Some(value)));
    latest
}

fn declare_output(
    name: &str,
    kind: PortKind,
    fingerprint: &str,
) -> Option<Handle<(Rc<Instance>, String)>> {
    let scope = requesting_scope(name)?;
    let instance = Rc::clone(&scope.instance);
    let (port, fingerprint) = (name.to_owned(), fingerprint.to_owned());
    let request = PortRequest::Output { instance: instance.id, port, kind, fingerprint };
    declare(&instance, (false, name.to_owned()), request);
    Some(Handle::new((instance, name.to_owned())))
}

/// Takes a value as JSON.
type Take = Box<dyn FnMut(&str) -> Result<(), ReadError>>;

fn declare_input(name: &str, fingerprint: &'static str, mut take: Take) {
    let Some(scope) = requesting_scope(name) else { return };
    let port = name.to_owned();
    let handler = register(Rc::new(RefCell::new(move |event: Event| {
        if let Err(error) = take(event.sent().as_deref().unwrap_or("null")) {
            send_log(
                3,
                &format!("a value for the input port `{port}` is no `{fingerprint}`: {error}"),
            );
        }
    })));
    let instance = &scope.instance;
    let (port, fingerprint) = (name.to_owned(), fingerprint.to_owned());
    let request = PortRequest::Input { instance: instance.id, port, fingerprint, handler };
    declare(instance, (true, name.to_owned()), request);
}

/// The declared ports of an instance.
#[derive(Default)]
struct Ports(RefCell<Vec<Declaration>>);

/// One declaration of a port, with a number of its own. If a name is declared more than once, the last declaration counts.
struct Declaration {
    id: u64,
    name: PortName,
    request: PortRequest,
    made: MadeIn,
}

impl Ports {
    fn of(instance: &Instance) -> Rc<Self> {
        instance.part()
    }

    /// The declaration of a name that counts, as the engine knows it.
    fn request_of(&self, name: &PortName) -> Option<PortRequest> {
        let ports = self.0.borrow();
        let last = ports.iter().rev().find(|declared| declared.name == *name);
        last.map(|last| last.request.clone())
    }
}

fn declare(instance: &Rc<Instance>, name: PortName, request: PortRequest) {
    Claims::of(instance).claim(&Claim::Port(name.clone()));
    let ports = Ports::of(instance);
    let before = ports.request_of(&name);
    if before.as_ref().is_some_and(|before| !may_be_declared_twice(before, &request)) {
        let which = if name.0 { "input" } else { "output" };
        send_log(
            2,
            &format!("the {which} port `{}` is declared twice; the later one counts", name.1),
        );
    }
    if before.as_ref() != Some(&request) {
        request_port(&request);
    }
    let mut ports = ports.0.borrow_mut();
    let id = ports.last().map_or(0, |last| last.id + 1);
    ports.push(Declaration { id, name, request, made: MadeIn::this_turn() });
    let instance = Rc::clone(instance);
    on_cleanup(move || withdraw(&instance, id));
}

/// Whether two declarations of one output are the same type and kind. Inputs cannot be declared twice: a value goes to one of them.
fn may_be_declared_twice(one: &PortRequest, other: &PortRequest) -> bool {
    matches!(one, PortRequest::Output { .. }) && one == other
}

/// The scope of a declaration is disposed.
fn withdraw(instance: &Rc<Instance>, id: u64) {
    let ports = Ports::of(instance);
    let at = ports.0.borrow().iter().position(|declared| declared.id == id);
    let Some(at) = at else { return };
    let (name, made) = (ports.0.borrow()[at].name.clone(), ports.0.borrow()[at].made);
    if made.is_being_rendered() {
        report_unless_declared(Rc::clone(&ports), name.clone());
    }
    let before = ports.request_of(&name);
    ports.0.borrow_mut().remove(at);
    match ports.request_of(&name) {
        Some(request) if Some(&request) != before.as_ref() => request_port(&request),
        Some(_) => {}
        None => {
            if Claims::of(instance).must_close(Claim::Port(name.clone())) {
                let (input, port) = name;
                close_port(instance.id, &port, input);
            }
        }
    }
}

/// Logs a declaration by content that was disposed, unless the new content has declared the same by the time that all is rendered.
fn report_unless_declared(ports: Rc<Ports>, name: PortName) {
    afterwards(move || {
        if ports.request_of(&name).is_none() {
            report_disposed(&name.1);
        }
    });
}

//! Ports, and the rules by which declared connections link them.
//!
//! In: what modules declare of their instances' ports, what `hmr-connect` elements declare, and what the instances are
//! called. Out: the links, from one instance's output to another's input, and the errors of declarations that make
//! none. Nothing here reads a document or calls a module; [`crate::connections`] does.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use hmr_abi::port::{ANY_TYPE, PortKind, PortRequest};

/// A port of an instance: whose, and its name.
pub(crate) type PortName = (u32, String);

#[derive(Debug, Clone, PartialEq)]
struct Output {
    kind: PortKind,
    fingerprint: String,
    /// The last value that left through it, if it is a stream.
    latest: Option<String>,
}

/// An input port.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Input {
    pub(crate) fingerprint: String,
    pub(crate) handler: u32,
}

/// The declaration of an `hmr-connect` element. An end is the name of an instance and that of a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Declared {
    pub(crate) from: (String, String),
    pub(crate) to: (String, String),
    /// The kind that the output must have.
    pub(crate) kind: Option<String>,
    pub(crate) transform: Option<String>,
}

impl Declared {
    /// Reads the attributes of an element. The error describes the correct form.
    pub(crate) fn read(
        from: Option<&str>,
        to: Option<&str>,
        kind: Option<String>,
        transform: Option<String>,
    ) -> Result<Self, String> {
        let end = |text: Option<&str>, name: &str| {
            let parts = text.and_then(|text| text.rsplit_once('.'));
            let parts = parts.filter(|(name, port)| !name.is_empty() && !port.is_empty());
            parts.map(|(name, port)| (name.to_owned(), port.to_owned())).ok_or_else(|| {
                format!(
                    "an `hmr-connect` element has {} as its `{name}`\nhint: an end is a component's name and a port: \
                     `<hmr-connect from=\"Board.moved\" to=\"Log.entry\"></hmr-connect>`",
                    text.map_or_else(|| "nothing".to_owned(), |text| format!("`{text}`"))
                )
            })
        };
        let kind = kind.filter(|kind| !kind.is_empty());
        let transform = transform.filter(|transform| !transform.is_empty());
        Ok(Self { from: end(from, "from")?, to: end(to, "to")?, kind, transform })
    }

    /// The ends as messages name them.
    pub(crate) fn ends(&self) -> (String, String) {
        let text = |(name, port): &(String, String)| format!("{name}.{port}");
        (text(&self.from), text(&self.to))
    }

    /// Whether values can go from a port to another through this.
    fn check(&self, output: &Output, input: &Input) -> Result<(), String> {
        let (from, to) = self.ends();
        let kind = kind_name(output.kind);
        if let Some(required) = self.kind.as_deref().filter(|required| *required != kind) {
            return Err(format!(
                "`{from}` is a `{kind}`, and the connection asks for a `{required}`"
            ));
        }
        if self.transform.is_some() || is_compatible(&output.fingerprint, &input.fingerprint) {
            return Ok(());
        }
        Err(format!(
            "`{from}` gives `{}` and `{to}` takes `{}`\nhint: a `transform` can make the one from the other",
            output.fingerprint, input.fingerprint
        ))
    }
}

/// Whether values of a type can reach an input of another.
pub(crate) fn is_compatible(given: &str, taken: &str) -> bool {
    given == taken || given == ANY_TYPE || taken == ANY_TYPE
}

fn kind_name(kind: PortKind) -> &'static str {
    match kind {
        PortKind::Port => "port",
        PortKind::Stream => "stream",
    }
}

/// A way for values, from an output to an input. There is one at most between two ports for each transform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Link {
    pub(crate) from: PortName,
    pub(crate) to: PortName,
    pub(crate) transform: Option<String>,
    /// The ends as messages name them.
    pub(crate) ends: (String, String),
    /// The types of the output and the input.
    pub(crate) types: (String, String),
}

impl Link {
    /// Whether this is the same link, regardless of its instances' current names. An input of another type is another target:
    /// values that it got before do not count.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.from == other.from
            && self.to == other.to
            && self.transform == other.transform
            && self.types == other.types
    }
}

/// A value that leaves through an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) from: PortName,
    /// JSON text.
    pub(crate) value: String,
}

/// All ports of a page.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    outputs: BTreeMap<PortName, Output>,
    inputs: BTreeMap<PortName, Input>,
}

impl Ports {
    /// Performs the requests of running code; the caller delivers a value that it sends.
    pub(crate) fn apply(&mut self, request: PortRequest) -> Option<Sent> {
        match request {
            PortRequest::Output { instance, port, kind, fingerprint } => {
                let known = self.outputs.remove(&(instance, port.clone()));
                // A stream's last value stays valid while its type is the same.
                let same = known.filter(|old| old.kind == kind && old.fingerprint == fingerprint);
                let latest = same.and_then(|old| old.latest);
                self.outputs.insert((instance, port), Output { kind, fingerprint, latest });
                None
            }
            PortRequest::Input { instance, port, fingerprint, handler } => {
                self.inputs.insert((instance, port), Input { fingerprint, handler });
                None
            }
            PortRequest::Close { instance, port, input: true } => {
                self.inputs.remove(&(instance, port));
                None
            }
            PortRequest::Close { instance, port, input: false } => {
                self.outputs.remove(&(instance, port));
                None
            }
            PortRequest::Send { instance, port, value } => {
                Some(Sent { from: (instance, port), value })
            }
        }
    }

    /// Settles what fresh code of `instances` declared while it was held back: the ports that it does not declare
    /// are gone. The answer is what it sent, in order.
    pub(crate) fn settle(&mut self, instances: &[u32], requests: Vec<PortRequest>) -> Vec<Sent> {
        let mut outputs = Vec::new();
        let mut inputs = Vec::new();
        for request in &requests {
            match request {
                PortRequest::Output { instance, port, .. } => {
                    outputs.push((*instance, port.clone()));
                }
                PortRequest::Input { instance, port, .. } => inputs.push((*instance, port.clone())),
                _ => {}
            }
        }
        self.outputs.retain(|name, _| !instances.contains(&name.0) || outputs.contains(name));
        self.inputs.retain(|name, _| !instances.contains(&name.0) || inputs.contains(name));
        requests.into_iter().filter_map(|request| self.apply(request)).collect()
    }

    pub(crate) fn close_all_of(&mut self, instance: u32) {
        self.outputs.retain(|name, _| name.0 != instance);
        self.inputs.retain(|name, _| name.0 != instance);
    }

    pub(crate) fn input(&self, name: &PortName) -> Option<&Input> {
        self.inputs.get(name)
    }

    /// The type of an output's values.
    pub(crate) fn given(&self, name: &PortName) -> Option<&str> {
        self.outputs.get(name).map(|output| output.fingerprint.as_str())
    }

    /// Notes what leaves through an output, for those that are linked with it later. The answer is whether
    /// there is such an output.
    pub(crate) fn note(&mut self, sent: &Sent) -> bool {
        let Some(output) = self.outputs.get_mut(&sent.from) else { return false };
        if output.kind == PortKind::Stream {
            output.latest = Some(sent.value.clone());
        }
        true
    }

    /// A stream's last value.
    pub(crate) fn latest(&self, name: &PortName) -> Option<&str> {
        self.outputs.get(name)?.latest.as_deref()
    }

    /// The links that declarations make, `names` being what the instances are called, and why others make none.
    pub(crate) fn links(
        &self,
        declared: &[Declared],
        names: &BTreeMap<u32, String>,
    ) -> (Vec<Link>, Vec<String>) {
        let (mut links, mut problems): (Vec<Link>, Vec<String>) = (Vec::new(), Vec::new());
        for one in declared {
            for (from, output) in ends_of(&self.outputs, &one.from, names) {
                for (to, input) in ends_of(&self.inputs, &one.to, names) {
                    let link = Link {
                        from: from.clone(),
                        to: to.clone(),
                        transform: one.transform.clone(),
                        ends: one.ends(),
                        types: (output.fingerprint.clone(), input.fingerprint.clone()),
                    };
                    match one.check(output, input) {
                        Ok(()) if !links.iter().any(|other| other.is(&link)) => links.push(link),
                        Ok(()) => {}
                        Err(why) => {
                            let (from, to) = &link.ends;
                            problems.push(format!("`{from}` is not connected to `{to}`: {why}"));
                        }
                    }
                }
            }
        }
        problems.dedup();
        (links, problems)
    }

    /// Missing ports that connections wait for: the instance exists, the port does not.
    pub(crate) fn absent(
        &self,
        declared: &[Declared],
        names: &BTreeMap<u32, String>,
    ) -> Vec<String> {
        let mut absent = Vec::new();
        for one in declared {
            let (from, to) = one.ends();
            let mut look = |end: &(String, String), kind: &str, ports: Vec<&PortName>| {
                let (name, port) = end;
                let is_there = names.values().any(|other| other == name);
                let theirs: Vec<&str> = ports
                    .into_iter()
                    .filter(|(instance, _)| names.get(instance) == Some(name))
                    .map(|(_, port)| port.as_str())
                    .collect();
                if is_there && !theirs.contains(&port.as_str()) {
                    absent.push(format!(
                        "`{from}` is not connected to `{to}` yet: `{name}` has no {kind} `{port}`{}",
                        others(&theirs, kind)
                    ));
                }
            };
            look(&one.from, "output", self.outputs.keys().collect());
            look(&one.to, "input", self.inputs.keys().collect());
        }
        absent
    }

    /// Why a link is no longer made.
    pub(crate) fn why_gone(&self, link: &Link, declared: &[Declared]) -> String {
        let (from, to) = &link.ends;
        let Some(output) = self.outputs.get(&link.from) else {
            return format!("the output `{from}` is gone");
        };
        let Some(input) = self.inputs.get(&link.to) else {
            return format!("the input `{to}` is gone");
        };
        let same = |one: &&Declared| one.ends() == link.ends && one.transform == link.transform;
        match declared.iter().find(same).map(|one| one.check(output, input)) {
            Some(Err(why)) => why,
            _ => "no `hmr-connect` element declares it any more".to_owned(),
        }
    }
}

/// The component's other ports, to suggest instead of an unknown one.
fn others(ports: &[&str], kind: &str) -> String {
    let mut names: Vec<String> = ports.iter().map(|port| format!("`{port}`")).collect();
    names.sort();
    names.dedup();
    if names.is_empty() { String::new() } else { format!("; its {kind}s: {}", names.join(", ")) }
}

/// The ports that an end of a declaration means.
fn ends_of<'a, P>(
    ports: &'a BTreeMap<PortName, P>,
    end: &'a (String, String),
    names: &'a BTreeMap<u32, String>,
) -> impl Iterator<Item = (&'a PortName, &'a P)> {
    ports
        .iter()
        .filter(move |((instance, port), _)| *port == end.1 && names.get(instance) == Some(&end.0))
}

/// The outcome of one connection of a module in a swap.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ConnectionChange {
    /// The output: a component's name and the port, `Board.moved` for instance.
    pub from: String,
    /// The input, likewise.
    pub to: String,
    /// The outcome.
    pub outcome: ConnectionOutcome,
    /// Why it was dropped.
    pub reason: Option<String>,
}

/// The outcome of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionOutcome {
    /// It continues.
    Kept,
    /// The new code lacks the port, or has one of another type.
    Dropped,
    /// It waited for a port that only the new code has.
    Made,
}

/// The outcome of the links of `instances`, reported once for each pair of ends. `why` is the reason for a removal.
pub(crate) fn changes(
    before: &[Link],
    after: &[Link],
    instances: &[u32],
    why: impl Fn(&Link) -> String,
) -> Vec<ConnectionChange> {
    let is_theirs =
        |link: &&Link| instances.contains(&link.from.0) || instances.contains(&link.to.0);
    let mut changes: Vec<ConnectionChange> = Vec::new();
    for link in before.iter().chain(after).filter(is_theirs) {
        let (from, to) = link.ends.clone();
        if changes.iter().any(|change| (&change.from, &change.to) == (&from, &to)) {
            continue;
        }
        let was = before.iter().any(|other| other.ends == link.ends);
        let is = after.iter().any(|other| other.ends == link.ends);
        let (outcome, reason) = match (was, is) {
            (true, true) => (ConnectionOutcome::Kept, None),
            (false, _) => (ConnectionOutcome::Made, None),
            (true, false) => (ConnectionOutcome::Dropped, Some(why(link))),
        };
        changes.push(ConnectionChange { from, to, outcome, reason });
    }
    changes
}

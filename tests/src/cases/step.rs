//! One thing that happens to a page: a line of a case's steps.

use serde::Serialize;
use serde_json::Value;

/// A step. Selectors are CSS; they select the first element that matches.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Step {
    /// `open`: nothing happens; the first step of each case, written by the runner.
    Open,
    /// `click SELECTOR`
    Click {
        /// The clicked element.
        at: String,
    },
    /// `input SELECTOR = TEXT`: the field gets the focus, and the text replaces its content.
    Input {
        /// The field.
        at: String,
        /// The text.
        text: String,
    },
    /// `choose SELECTOR = VALUE, VALUE`: the options with these values are selected in a `select`, and no others. `choose SELECTOR`
    /// selects none.
    Choose {
        /// The `select`.
        at: String,
        /// The values.
        values: Vec<String>,
    },
    /// `pick SELECTOR`: an option is selected in its `select`.
    Pick {
        /// The option.
        at: String,
    },
    /// `focus SELECTOR`
    Focus {
        /// The element to focus.
        at: String,
    },
    /// `advance MS`: time passes on the page's clock.
    Advance {
        /// Milliseconds.
        ms: f64,
    },
    /// `swap MODULE VERSION`, several joined with `+`, and `with [TRANSFORM]` behind one.
    Swap {
        /// The modules of the update.
        modules: Vec<To>,
        /// Steps in the middle of the first module's swap, by the swap step that has just been entered.
        meanwhile: Vec<(String, Step)>,
    },
    /// `append HTML`: markup is added to the end of the body.
    Append {
        /// The markup.
        html: String,
    },
    /// `remove SELECTOR`
    Remove {
        /// The element to remove.
        at: String,
    },
    /// `set SELECTOR NAME = VALUE`
    Set {
        /// The element.
        at: String,
        /// The attribute.
        name: String,
        /// Its value.
        value: String,
    },
    /// `before SELECTOR = HTML`: markup is put in front of an element.
    Before {
        /// The element.
        at: String,
        /// The markup.
        html: String,
    },
    /// `wrap SELECTOR = TAG`: an element is put into a new one, which replaces it.
    Wrap {
        /// The element.
        at: String,
        /// The new one's tag.
        tag: String,
    },
    /// `translate SELECTOR`: a translator replaces each text in an element with elements that have other text.
    Translate {
        /// The element.
        at: String,
    },
    /// `replace SELECTOR = HTML`: markup replaces all content of an element, as an editor or a script that sets `innerHTML`
    /// does.
    Replace {
        /// The element.
        at: String,
        /// The markup.
        html: String,
    },
    /// `highlight SELECTOR`: a highlighter replaces each text in an element with several nodes, a `span` for each word.
    Highlight {
        /// The element.
        at: String,
    },
    /// `window EVENT {DATA}` and `document EVENT {DATA}`
    Fire {
        /// `window` or `document`.
        target: String,
        /// The event's type.
        event: String,
        /// Its fields.
        data: Value,
    },
    /// `answer URL STATUS BODY`: the oldest request of that URL that is in flight.
    Answer {
        /// The request's URL.
        url: String,
        /// The status; 0 fails the request with the body as the reason.
        status: u16,
        /// The body.
        body: String,
    },
    /// `socket URL open`, `socket URL says TEXT`, `socket URL closes CODE`
    Socket {
        /// The socket's URL.
        url: String,
        /// `open`, `says` or `closes`.
        what: String,
        /// The text or the code.
        text: String,
    },
    /// `source URL open`, `source URL says TEXT`, `source URL fails`
    Source {
        /// The event source's URL.
        url: String,
        /// `open`, `says` or `fails`.
        what: String,
        /// The text.
        text: String,
    },
    /// `reply VALUE`: answers the oldest call of the host function `later`.
    Reply {
        /// The answer.
        value: Value,
    },
    /// `elsewhere AREA ITEM VALUE`: another page stores something.
    Elsewhere {
        /// `local` or `session`.
        area: String,
        /// The item.
        item: String,
        /// Its value.
        value: String,
    },
    /// `media QUERY is true`
    Media {
        /// The media query.
        query: String,
        /// Whether it matches from now on.
        matches: bool,
    },
    /// `resize SELECTOR = WIDTH HEIGHT`
    Resize {
        /// The element.
        at: String,
        /// CSS pixels.
        width: f64,
        /// CSS pixels.
        height: f64,
    },
    /// `intersect SELECTOR = RATIO`
    Intersect {
        /// The element.
        at: String,
        /// How much of it is in view, 0 to 1.
        ratio: f64,
    },
    /// `file SELECTOR = NAME TYPE TEXT`: a file is chosen in a field.
    File {
        /// The field.
        at: String,
        /// The file's name.
        name: String,
        /// Its media type.
        kind: String,
        /// Its content.
        text: String,
    },
    /// `clipboard TEXT`: the reader copies something elsewhere.
    Clipboard {
        /// The text.
        text: String,
    },
    /// `refuse REASON`: the reader refuses the clipboard to the page.
    Refuse {
        /// The message of the browser.
        reason: String,
    },
    /// `visit URL`: a script of the page goes to another address.
    Visit {
        /// The address.
        url: String,
    },
    /// `go BY`: the reader goes back (-1) or forward (1).
    Go {
        /// How far.
        by: i64,
    },
    /// `history MODULE BY`: one step back is -1.
    History {
        /// The module.
        module: String,
        /// How far.
        by: i32,
    },
    /// `reload MODULE`: the same version is restarted, with its state.
    Reload {
        /// The module.
        module: String,
    },
    /// `restart MODULE`: the same code again, without its state.
    Restart {
        /// The module.
        module: String,
    },
    /// `rollback MODULE`: the version before runs again, with the state.
    Rollback {
        /// The module.
        module: String,
    },
    /// `call MODULE EXPORT ARGUMENTS`: through the module's proxy.
    Call {
        /// The module.
        module: String,
        /// The export.
        export: String,
        /// Numbers.
        arguments: Vec<f64>,
    },
    /// `state MODULE`: the answer is what each signal holds, by instance and key.
    State {
        /// The module.
        module: String,
    },
    /// `generation MODULE`
    Generation {
        /// The module.
        module: String,
    },
}

/// A module and the version that it is swapped to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct To {
    /// The module.
    pub module: String,
    /// The version, as the case names it.
    pub version: String,
    /// The update's change of the state.
    pub transform: Option<Value>,
}

impl Step {
    /// Reads a line.
    ///
    /// # Panics
    ///
    /// If it is not a step, with the line.
    #[must_use]
    pub fn parse(line: &str) -> Self {
        Self::read(line).unwrap_or_else(|| panic!("this is not a step: `{line}`"))
    }

    #[expect(clippy::too_many_lines, reason = "one list of all steps")]
    fn read(line: &str) -> Option<Self> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        let text = || rest.to_owned();
        let two = || rest.split_once(' ').map(|(a, b)| (a.to_owned(), b.trim().to_owned()));
        let assigned = || rest.split_once(" = ").map(|(a, b)| (a.trim().to_owned(), b.to_owned()));
        Some(match verb {
            "click" => Self::Click { at: text() },
            "focus" => Self::Focus { at: text() },
            "remove" => Self::Remove { at: text() },
            "translate" => Self::Translate { at: text() },
            "highlight" => Self::Highlight { at: text() },
            "choose" => {
                let Some((at, values)) = assigned() else {
                    return Some(Self::Choose { at: text(), values: Vec::new() });
                };
                Self::Choose { at, values: values.split(", ").map(str::to_owned).collect() }
            }
            "pick" => Self::Pick { at: text() },
            "before" => {
                let (at, html) = assigned()?;
                Self::Before { at, html }
            }
            "wrap" => {
                let (at, tag) = assigned()?;
                Self::Wrap { at, tag }
            }
            "replace" => {
                let (at, html) = assigned()?;
                Self::Replace { at, html }
            }
            "append" => Self::Append { html: text() },
            "input" => {
                let (at, text) = assigned()?;
                Self::Input { at, text }
            }
            "advance" => Self::Advance { ms: rest.parse().ok()? },
            "swap" => Self::Swap {
                modules: rest.split(" + ").map(to).collect::<Option<_>>()?,
                meanwhile: Vec::new(),
            },
            "set" => {
                let (target, value) = assigned()?;
                let (at, name) = target.rsplit_once(' ')?;
                Self::Set { at: at.to_owned(), name: name.to_owned(), value }
            }
            "window" | "document" => {
                let (event, data) = two().unwrap_or_else(|| (text(), "{}".to_owned()));
                Self::Fire {
                    target: verb.to_owned(),
                    event,
                    data: serde_json::from_str(&data).ok()?,
                }
            }
            "answer" => {
                let (url, rest) = two()?;
                let (status, body) = rest.split_once(' ').unwrap_or((&rest, ""));
                Self::Answer { url, status: status.parse().ok()?, body: body.to_owned() }
            }
            "socket" | "source" => {
                let (url, rest) = two()?;
                let (what, text) = rest.split_once(' ').unwrap_or((&rest, ""));
                let (what, text) = (what.to_owned(), text.to_owned());
                if verb == "socket" {
                    Self::Socket { url, what, text }
                } else {
                    Self::Source { url, what, text }
                }
            }
            "file" => {
                let (at, file) = assigned()?;
                let mut words = file.splitn(3, ' ').map(str::to_owned);
                Self::File { at, name: words.next()?, kind: words.next()?, text: words.next()? }
            }
            "clipboard" => Self::Clipboard { text: text() },
            "refuse" => Self::Refuse { reason: text() },
            "visit" => Self::Visit { url: text() },
            "go" => Self::Go { by: rest.parse().ok()? },
            "reply" => Self::Reply { value: serde_json::from_str(rest).ok()? },
            "elsewhere" => {
                let (area, rest) = two()?;
                let (item, value) = rest.split_once(' ')?;
                Self::Elsewhere { area, item: item.to_owned(), value: value.to_owned() }
            }
            "media" => {
                let (query, matches) = rest.rsplit_once(" is ")?;
                Self::Media { query: query.to_owned(), matches: matches.parse().ok()? }
            }
            "resize" => {
                let (at, size) = assigned()?;
                let (width, height) = size.split_once(' ')?;
                Self::Resize { at, width: width.parse().ok()?, height: height.parse().ok()? }
            }
            "intersect" => {
                let (at, ratio) = assigned()?;
                Self::Intersect { at, ratio: ratio.parse().ok()? }
            }
            _ => return Self::about_module(verb, rest),
        })
    }

    /// Reads a line about one module.
    fn about_module(verb: &str, rest: &str) -> Option<Self> {
        let text = || rest.to_owned();
        Some(match verb {
            "history" => {
                let (module, by) = rest.split_once(' ')?;
                Self::History { module: module.to_owned(), by: by.trim().parse().ok()? }
            }
            "reload" => Self::Reload { module: text() },
            "restart" => Self::Restart { module: text() },
            "rollback" => Self::Rollback { module: text() },
            "state" => Self::State { module: text() },
            "generation" => Self::Generation { module: text() },
            "call" => {
                let mut words = rest.split_whitespace();
                Self::Call {
                    module: words.next()?.to_owned(),
                    export: words.next()?.to_owned(),
                    arguments: words.map(str::parse).collect::<Result<_, _>>().ok()?,
                }
            }
            _ => return None,
        })
    }
}

fn to(text: &str) -> Option<To> {
    let (target, transform) = match text.split_once(" with ") {
        Some((target, transform)) => (target, Some(serde_json::from_str(transform).ok()?)),
        None => (text, None),
    };
    let (module, version) = target.trim().split_once(' ')?;
    Some(To { module: module.to_owned(), version: version.trim().to_owned(), transform })
}

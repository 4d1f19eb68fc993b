//! Where an initial value comes from: what its code is, and whether its code alone decides it.
//!
//! The code of `signal(start + STEP)` is that expression, with the expressions that the variables in it were bound to. A number
//! represents it and changes with any of them; spaces and comments do not count. Its lowest bit is set if the expression holds
//! nothing but literals, constants, parameters, methods and well-known functions: then its computed value depends only on the
//! code. A method of a constant has to be a well-known one, too, for a `static` is written like a constant. Otherwise the value may
//! differ each time (the time of day, a random id), and only a change of its code makes a new one.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Expr, Pat, PatIdent};

/// Types whose functions return the same value each time.
const PLAIN_TYPES: [&str; 31] = [
    "Arc", "BTreeMap", "BTreeSet", "Box", "Cell", "Cow", "Default", "Duration", "HashMap",
    "HashSet", "Option", "Rc", "RefCell", "Result", "String", "Vec", "VecDeque", "bool", "char",
    "f32", "f64", "i8", "i16", "i32", "i64", "i128", "u8", "u16", "u32", "u64", "usize",
];

/// Macros that return the same value each time.
const PLAIN_MACROS: [&str; 10] = [
    "concat",
    "env",
    "format",
    "include_str",
    "json",
    "matches",
    "option_env",
    "stringify",
    "vec",
    "assert",
];

/// Methods that only read what they are called on. Others may change a `static`: `NEXT_ID.fetch_add(1, Relaxed)`.
const READING_METHODS: [&str; 48] = [
    "abs",
    "as_bytes",
    "as_deref",
    "as_millis",
    "as_ref",
    "as_secs",
    "as_secs_f64",
    "as_slice",
    "as_str",
    "bytes",
    "ceil",
    "chars",
    "checked_add",
    "checked_sub",
    "clamp",
    "clone",
    "cloned",
    "concat",
    "contains",
    "copied",
    "ends_with",
    "first",
    "floor",
    "into",
    "into_iter",
    "is_empty",
    "is_none",
    "is_some",
    "iter",
    "join",
    "last",
    "len",
    "lines",
    "max",
    "min",
    "pow",
    "repeat",
    "round",
    "saturating_sub",
    "split",
    "starts_with",
    "to_lowercase",
    "to_owned",
    "to_string",
    "to_uppercase",
    "to_vec",
    "trim",
    "wrapping_sub",
];

/// Words that do not name a value.
const WORDS: [&str; 44] = [
    "_", "as", "async", "await", "bool", "break", "char", "const", "continue", "crate", "dyn",
    "else", "f32", "f64", "false", "fn", "for", "i128", "i16", "i32", "i64", "i8", "if", "in",
    "isize", "let", "loop", "match", "move", "mut", "ref", "return", "self", "str", "super",
    "true", "u128", "u16", "u32", "u64", "u8", "unsafe", "usize", "while",
];

/// The values of the variables of a body, as far as it has been read.
#[derive(Default)]
pub(crate) struct Origins {
    bound: BTreeMap<String, Vec<TokenStream>>,
    /// Values that callers decide, with the default if there is one.
    parameters: BTreeMap<String, TokenStream>,
}

impl Origins {
    /// Notes a parameter and its default value.
    pub(crate) fn parameter(&mut self, name: String, default: TokenStream) {
        self.parameters.insert(name, default);
    }

    /// Notes that the variables of a pattern are bound to an expression or to a part of it.
    pub(crate) fn bind(&mut self, pattern: &Pat, to: &TokenStream) {
        for name in names_in(|names| names.visit_pat(pattern)) {
            self.bound.entry(name).or_default().push(to.clone());
        }
    }

    /// Notes the variables of a closure's parameters, whose values depend on the call.
    pub(crate) fn parameters_of<'a>(&mut self, patterns: impl Iterator<Item = &'a Pat>) {
        for pattern in patterns {
            for name in names_in(|names| names.visit_pat(pattern)) {
                self.parameter(name, TokenStream::new());
            }
        }
    }

    /// The number that represents the code of an initial value.
    pub(crate) fn code(&self, expr: &Expr) -> u64 {
        let inner = names_in(|names| names.visit_expr(expr));
        let mut reading = Reading {
            origins: self,
            inner,
            seen: BTreeSet::new(),
            hash: Hash::default(),
            plain: true,
        };
        reading.tokens(expr.to_token_stream(), true);
        (reading.hash.0 & !1) | u64::from(reading.plain)
    }
}

/// The variables that patterns bind.
fn names_in(visit: impl FnOnce(&mut Names)) -> BTreeSet<String> {
    let mut names = Names(BTreeSet::new());
    visit(&mut names);
    names.0
}

struct Names(BTreeSet<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_pat_ident(&mut self, pattern: &'ast PatIdent) {
        self.0.insert(plain_name(&pattern.ident.to_string()));
        visit::visit_pat_ident(self, pattern);
    }
}

fn plain_name(ident: &str) -> String {
    ident.trim_start_matches("r#").to_owned()
}

/// 64-bit FNV-1a.
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    fn take(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// An expression that is being read.
struct Reading<'a> {
    origins: &'a Origins,
    /// Variables that the expression itself binds.
    inner: BTreeSet<String>,
    /// Variables whose expressions have been read.
    seen: BTreeSet<String>,
    hash: Hash,
    plain: bool,
}

impl Reading<'_> {
    /// `whole` is whether these belong to the expression itself, not to that of a variable in it.
    fn tokens(&mut self, tokens: TokenStream, whole: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => {
                    let sign = match group.delimiter() {
                        Delimiter::Parenthesis => "()",
                        Delimiter::Brace => "{}",
                        Delimiter::Bracket => "[]",
                        Delimiter::None => "",
                    };
                    self.hash.take(sign);
                    self.tokens(group.stream(), whole);
                    self.hash.take("end");
                }
                TokenTree::Punct(punct) => self.hash.take(punct.as_char().encode_utf8(&mut [0; 4])),
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    self.hash.take(&text);
                    for name in captures(&text) {
                        self.variable(&name);
                    }
                }
                TokenTree::Ident(ident) => {
                    let name = plain_name(&ident.to_string());
                    self.hash.take(&name);
                    self.name(&name, &Around { tokens: &tokens, at }, whole);
                }
            }
        }
    }

    fn name(&mut self, name: &str, around: &Around<'_>, whole: bool) {
        let is_path = around.after(1, ":") && around.after(2, ":");
        let called = (is_path && around.after(3, "<"))
            || matches!(around.next(1), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
        if around.before(1, ".") && !around.before(2, ".") {
            // A method or field. An upper-case name may be a `static`, which a method may change.
            self.plain &= !called || READING_METHODS.contains(&name) || !around.is_of_static();
        } else if around.before(1, "'") || WORDS.contains(&name) {
            // A lifetime, a word of the language.
        } else if around.after(1, "!") && matches!(around.next(2), Some(TokenTree::Group(_))) {
            self.plain &= PLAIN_MACROS.contains(&name);
        } else if name.starts_with(char::is_uppercase) || (around.after(1, ":") && !called) {
            // A constant, a type, a variant, a part of a path, or the name of a field.
        } else if called {
            let of = around.path_before();
            let makes = whole && of.is_none() && matches!(name, "signal" | "signal_keyed");
            self.plain &= makes || of.is_some_and(|of| PLAIN_TYPES.contains(&of.as_str()));
        } else {
            self.variable(name);
        }
    }

    fn variable(&mut self, name: &str) {
        if self.inner.contains(name) || !self.seen.insert(name.to_owned()) {
            return;
        }
        let origins = self.origins;
        let default = origins.parameters.get(name);
        let bound = origins.bound.get(name);
        if let Some(default) = default {
            self.tokens(default.clone(), false);
        }
        for expr in bound.into_iter().flatten() {
            self.tokens(expr.clone(), false);
        }
        self.plain &= default.is_some() || bound.is_some();
    }
}

/// A token and its neighbours.
struct Around<'a> {
    tokens: &'a [TokenTree],
    at: usize,
}

impl Around<'_> {
    fn next(&self, by: usize) -> Option<&TokenTree> {
        self.tokens.get(self.at + by)
    }

    fn after(&self, by: usize, sign: &str) -> bool {
        self.next(by).is_some_and(|token| is(token, sign))
    }

    fn before(&self, by: usize, sign: &str) -> bool {
        let at = self.at.checked_sub(by);
        at.and_then(|at| self.tokens.get(at)).is_some_and(|token| is(token, sign))
    }

    /// Whether this method or field is one of a constant or `static`, or of a part of one.
    fn is_of_static(&self) -> bool {
        let Some(at) = self.at.checked_sub(2) else { return false };
        let of = Around { tokens: self.tokens, at };
        match &self.tokens[at] {
            TokenTree::Ident(_) | TokenTree::Literal(_) if of.before(1, ".") => of.is_of_static(),
            TokenTree::Ident(ident) => is_upper_case(&ident.to_string()),
            // The indexed value comes before the index.
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                Around { tokens: self.tokens, at: at + 1 }.is_of_static()
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                let is_call = at.checked_sub(1).is_some_and(|before| {
                    matches!(self.tokens[before], TokenTree::Ident(_)) || of.before(1, ">")
                });
                !is_call && is_reference_to_static(group.stream())
            }
            _ => false,
        }
    }

    /// The part of the path before this one.
    fn path_before(&self) -> Option<String> {
        let at = self.at.checked_sub(3)?;
        (self.before(1, ":") && self.before(2, ":")).then(|| self.tokens[at].to_string())
    }
}

fn is(token: &TokenTree, sign: &str) -> bool {
    matches!(token, TokenTree::Punct(punct) if sign.starts_with(punct.as_char()))
}

/// Whether a name is one of a constant or `static`.
fn is_upper_case(name: &str) -> bool {
    name.starts_with(char::is_uppercase) && !name.contains(char::is_lowercase)
}

/// Whether this is a path to a constant or `static`, perhaps behind `&` or `*`.
fn is_reference_to_static(tokens: TokenStream) -> bool {
    let is_sign = |token: &TokenTree| ["&", "*", ":"].iter().any(|sign| is(token, sign));
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let path = tokens.iter().all(|token| is_sign(token) || matches!(token, TokenTree::Ident(_)));
    let last = tokens.last().map(ToString::to_string);
    path && last.is_some_and(|name| is_upper_case(&name))
}

/// The variables that the text of a `format!` names.
fn captures(literal: &str) -> Vec<String> {
    let parts = literal.split('{').skip(1);
    let names =
        parts.map(|part| part.split(|sign: char| !sign.is_alphanumeric() && sign != '_').next());
    let variable =
        |name: &&str| name.starts_with(|first: char| first.is_lowercase() || first == '_');
    names.flatten().filter(variable).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code of the last `let` of a body whose parameter is `given`.
    fn code(body: &str) -> u64 {
        let block: syn::Block = syn::parse_str(&format!("{{ {body} }}")).expect("a body");
        let mut origins = Origins::default();
        origins.parameter("given".to_owned(), TokenStream::new());
        let mut last = 0;
        for stmt in &block.stmts {
            let syn::Stmt::Local(local) = stmt else { continue };
            let expr = &local.init.as_ref().expect("an initialiser").expr;
            last = origins.code(expr);
            origins.bind(&local.pat, &expr.to_token_stream());
        }
        last
    }

    fn is_plain(body: &str) -> bool {
        code(body) & 1 == 1
    }

    #[test]
    fn spaces_and_comments_are_not_code() {
        assert_eq!(code("let a = signal(1+2);"), code("let a = signal( 1 + /* two */ 2 );"));
        assert_ne!(code("let a = signal(1);"), code("let a = signal(2);"));
        assert_ne!(code("let a = signal((1, 2));"), code("let a = signal([1, 2]);"));
    }

    #[test]
    fn what_variables_are_bound_to_is_part_of_the_code() {
        let one = code("let n = now(); let m = n + 1.0; let a = signal(m);");
        assert_ne!(one, code("let n = now(); let m = n + 2.0; let a = signal(m);"));
        assert_ne!(one, code("let n = later(); let m = n + 1.0; let a = signal(m);"));
        assert_eq!(one, code("let other = 7; let n = now(); let m = n + 1.0; let a = signal(m);"));
    }

    #[test]
    fn literals_constants_parameters_and_methods_are_plain() {
        for body in [
            "let a = signal(0);",
            "let a = signal(String::from(\"x\"));",
            "let a = signal(vec![1_u32, LEAST, crate::MOST]);",
            "let a = signal(Some(given.clone()));",
            "let a = signal(Card { id: 7, title: given.title.to_uppercase(), given });",
            "let given = signal(given);",
            "let n = given.len() * 2; let a = signal(format!(\"{n} of {given}\"));",
            "let a = signal((0..3).map(|n| n * STEP).collect::<Vec<_>>());",
            "let a = signal_keyed(\"k\", std::time::Duration::from_secs(3).as_secs());",
            "let a = signal(if given { -1 } else { i32::MAX });",
            "let a = signal(NAMES.len() + crate::TITLE.to_owned().len());",
            "let a = signal(TITLE.to_string().to_uppercase());",
            "let a = signal(LIMITS[0].min(LIMITS.1.max(3)));",
        ] {
            assert!(is_plain(body), "{body}");
        }
    }

    #[test]
    fn what_may_differ_each_time_is_not_plain() {
        for body in [
            "let a = signal(now());",
            "let a = signal(Uuid::new_v4());",
            "let a = signal(random::<u32>());",
            "let n = next_id(); let a = signal(n);",
            "let n = next_id(); let a = signal(format!(\"item {n}\"));",
            "let other = signal(1); let a = signal(other.get_untracked() * 2);",
            "let a = signal(captured);",
            "let a = signal(roll!(6));",
            "let a = other_thing(signal(1));",
            "let a = signal(NEXT_ID.fetch_add(1, Relaxed));",
            "let a = signal(ids::NEXT.fetch_add(1, Relaxed));",
            "let n = NEXT_ID.fetch_add(1, Relaxed); let a = signal(format!(\"item {n}\"));",
            "let a = signal(RNG.with_borrow_mut(|r| r.next()));",
            "let a = signal(SEED.load(Relaxed));",
            "let a = signal(NEXT.get());",
            "let a = signal(IDS.next.fetch_add(1, Relaxed));",
            "let a = signal(IDS[0].0.take::<u32>());",
            "let a = signal((&NEXT).fetch_add(1, Relaxed));",
        ] {
            assert!(!is_plain(body), "{body}");
        }
    }
}

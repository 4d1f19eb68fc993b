//! Enums whose variants are not routes.
use hmr_sdk::prelude::*;

#[derive(Clone, PartialEq, Route)]
struct Place {
    id: u32,
}

#[derive(Clone, PartialEq, Route)]
enum Places {
    Home,
    #[route("users")]
    Users,
    #[route("/users/:id")]
    User,
    #[route("/notes/:1")]
    Note { year: i32 },
    #[route("/files/*path/edit")]
    File { path: String, line: u32 },
    #[route("/shops/:id")]
    Shop(u32),
    #[route(7)]
    Seven,
    #[route("/a//b")]
    Twice,
}

fn main() {}

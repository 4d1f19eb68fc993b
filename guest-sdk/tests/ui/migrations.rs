//! Migrations of what has no state of its own, and of the wrong shape.
use hmr_sdk::prelude::*;

#[component]
fn Inside() -> View {
    view! {}
}

#[component(export)]
fn Unversioned() -> View {
    view! {}
}

#[component(export, version = "1.1.0")]
fn Board() -> View {
    view! {}
}

#[migration(Inside, from = "1.0.0", to = "1.1.0")]
fn of_an_inner_one(_: &mut Saved) -> Result<(), MigrationError> {
    Ok(())
}

#[migration(Unversioned, from = "1.0.0", to = "1.1.0")]
fn of_an_unversioned_one(_: &mut Saved) -> Result<(), MigrationError> {
    Ok(())
}

#[migration(Bord, from = "1.0.0", to = "1.1.0")]
fn of_none(_: &mut Saved) -> Result<(), MigrationError> {
    Ok(())
}

#[migration(Board, from = "1.0.0", to = "1.1.0")]
fn of_another_shape(_: Saved) {}

fn main() {}

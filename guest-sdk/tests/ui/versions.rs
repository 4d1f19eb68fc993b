//! Wrong versions, migrations and marks.
use hmr_sdk::prelude::*;

#[component(export, version = "1.0")]
fn Short() -> View {
    view! {}
}

#[component(version = "1.0.0")]
fn Inner() -> View {
    view! {}
}

#[component(export, accept, decline = "it draws")]
fn Both() -> View {
    view! { <b>"1"</b> }
}

#[component(export, decline = " ")]
fn Silent() -> View {
    view! {}
}

#[component(export, relaod)]
fn Other() -> View {
    #[reset]
    let shown = 1;
    view! { <p>{shown}</p> }
}

#[migration(Board, from = "one", to = "1.1.0")]
fn no_version(_: &mut Saved) -> Result<(), MigrationError> {
    Ok(())
}

#[migration(Board, from = "1.0.0")]
fn no_end(_: &mut Saved) -> Result<(), MigrationError> {
    Ok(())
}

#[migration(Board, from = "1.0.0", to = "1.0.0")]
fn nowhere(_: &mut Saved) -> Result<(), MigrationError> {
    Ok(())
}

#[migration(Board, form = "1.0.0", to = "1.1.0")]
fn unknown(_: &mut Saved) -> Result<(), MigrationError> {
    Ok(())
}

#[migration(Board, from = "1.0.0", to = "1.1.0")]
async fn later(_: &mut Saved) -> Result<(), MigrationError> {
    Ok(())
}

fn main() {}

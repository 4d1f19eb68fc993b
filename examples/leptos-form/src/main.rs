mod app;
mod booking;
mod field;
mod steps;

use leptos::prelude::*;

fn main() {
    mount_to_body(app::App);
}

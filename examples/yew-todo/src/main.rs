mod app;
mod entry;
mod filter;
mod list;

use app::App;

fn main() {
    yew::Renderer::<App>::new().render();
}

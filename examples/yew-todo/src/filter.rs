use yew::prelude::*;

use crate::list::Todo;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Filter {
    #[default]
    All,
    Active,
    Done,
}

impl Filter {
    pub const ALL: [Self; 3] = [Self::All, Self::Active, Self::Done];

    pub fn shows(self, todo: &Todo) -> bool {
        match self {
            Self::All => true,
            Self::Active => !todo.done,
            Self::Done => todo.done,
        }
    }
}

#[derive(PartialEq, Properties)]
pub struct FilterButtonProps {
    pub filter: Filter,
    pub selected: bool,
    pub on_select: Callback<Filter>,
}

#[component]
pub fn FilterButton(props: &FilterButtonProps) -> Html {
    let filter = props.filter;
    let onclick = props.on_select.reform(move |_| filter);
    let name = format!("{filter:?}");
    let id = format!("filter-{}", name.to_lowercase());
    html! {
        <button {id} aria-pressed={props.selected.to_string()} {onclick}>{ name }</button>
    }
}

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

    fn label(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Active => "Active",
            Self::Done => "Done",
        }
    }

    fn id(self) -> &'static str {
        match self {
            Self::All => "filter-all",
            Self::Active => "filter-active",
            Self::Done => "filter-done",
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
    html! {
        <button id={filter.id()} aria-pressed={props.selected.to_string()} {onclick}>
            { filter.label() }
        </button>
    }
}

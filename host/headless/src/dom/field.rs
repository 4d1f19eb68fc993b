//! The live state of form fields: what a reader has typed, ticked and selected.
//!
//! A field's value follows its markup until it is set, by typing or by a property; from then on the two
//! are apart, as in a browser.

use std::collections::HashMap;

use super::{Dom, Node};

/// An option of a `select`: its value, and which one of those with this value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    value: String,
    nth: usize,
}

/// The live state of one field.
#[derive(Debug, Clone, Default)]
pub(crate) struct Field {
    /// The value, once it no longer follows the markup.
    pub(crate) value: Option<String>,
    /// The selected options of a `select`, once it no longer follows the markup. May be empty.
    chosen: Option<Vec<Choice>>,
    /// The tick, once it no longer follows the markup.
    pub(crate) checked: Option<bool>,
    /// The selection's ends, in characters; without one the caret is at the end.
    pub(crate) selection: Option<(usize, usize)>,
    /// The value when the field got the focus: leaving it with another one fires `change`.
    pub(crate) at_focus: Option<String>,
}

impl Dom {
    pub(crate) fn is_field(&self, node: Node) -> bool {
        self.is(node, &["input", "textarea", "select"])
    }

    /// An input's type, in lower case; `text` without the attribute.
    pub(crate) fn input_type(&self, node: Node) -> String {
        if !self.is(node, &["input"]) {
            return String::new();
        }
        self.attribute(node, "type").map_or_else(|| "text".to_owned(), |ty| ty.to_ascii_lowercase())
    }

    pub(crate) fn is_checkable(&self, node: Node) -> bool {
        matches!(self.input_type(node).as_str(), "checkbox" | "radio")
    }

    /// Whether text can be typed into it.
    pub(crate) fn takes_text(&self, node: Node) -> bool {
        const OTHER: [&str; 11] = [
            "checkbox", "radio", "button", "submit", "reset", "image", "file", "range", "color",
            "hidden", "",
        ];
        self.is(node, &["textarea"]) || !OTHER.contains(&self.input_type(node).as_str())
    }

    pub(crate) fn is_disabled(&self, node: Node) -> bool {
        let can =
            |node| self.is(node, &["button", "input", "select", "textarea", "option", "fieldset"]);
        let own = can(node) && self.has_attribute(node, "disabled");
        own || (can(node)
            && self.with_ancestors(node).iter().skip(1).any(|above| {
                self.is(*above, &["fieldset"]) && self.has_attribute(*above, "disabled")
            }))
    }

    /// A field's value.
    pub(crate) fn value(&self, node: Node) -> Option<String> {
        let live = self.node_state(node).and_then(|node_state| node_state.field.value.clone());
        if self.is(node, &["select"]) {
            return Some(self.chosen(node).into_iter().next().unwrap_or_default());
        }
        if self.is(node, &["textarea"]) {
            return Some(live.unwrap_or_else(|| self.text(node)));
        }
        if self.is(node, &["option"]) {
            return Some(self.option_value(node));
        }
        if !self.is(node, &["input"]) {
            return self
                .is(node, &["button"])
                .then(|| self.attribute(node, "value").unwrap_or_default());
        }
        let default = || {
            let otherwise = if self.is_checkable(node) { "on" } else { "" };
            self.attribute(node, "value").unwrap_or_else(|| otherwise.to_owned())
        };
        Some(live.unwrap_or_else(default))
    }

    /// Sets a field's value; the caret goes to its end. For a select, a value that no option has selects nothing.
    pub(crate) fn set_value(&mut self, node: Node, value: &str) {
        if self.is_checkable(node) || !self.is_field(node) {
            return self.set_attribute(node, "value", value);
        }
        if self.is(node, &["select"]) {
            let first = Choice { value: value.to_owned(), nth: 0 };
            self.node_state_mut(node).field.chosen = Some(vec![first]);
            return;
        }
        let field = &mut self.node_state_mut(node).field;
        field.value = Some(value.to_owned());
        field.selection = None;
    }

    /// Whether it is a `select` in which several options can be chosen.
    pub(crate) fn takes_several(&self, node: Node) -> bool {
        self.is(node, &["select"]) && self.has_attribute(node, "multiple")
    }

    /// The values of the options that are selected, in their order.
    pub(crate) fn chosen(&self, select: Node) -> Vec<String> {
        let selected = self.selected_options(select).into_iter();
        selected.map(|option| self.option_value(option)).collect()
    }

    /// The options that are selected, in their order.
    pub(crate) fn selected_options(&self, select: Node) -> Vec<Node> {
        match self.node_state(select).and_then(|node_state| node_state.field.chosen.as_ref()) {
            Some(chosen) => {
                let all = self.listed(select).into_iter();
                all.filter(|(_, choice)| chosen.contains(choice))
                    .map(|(option, _)| option)
                    .collect()
            }
            None => self.default_options(select),
        }
    }

    fn listed(&self, select: Node) -> Vec<(Node, Choice)> {
        let mut counts: HashMap<String, usize> = HashMap::new();
        let options = self.options(select).into_iter();
        options
            .map(|option| {
                let value = self.option_value(option);
                let count = counts.entry(value.clone()).or_default();
                let nth = *count;
                *count += 1;
                (option, Choice { value, nth })
            })
            .collect()
    }

    /// Selects these options of a `select`, and no others.
    pub(crate) fn choose_only(&mut self, select: Node, options: &[Node]) {
        let all = self.listed(select).into_iter();
        let chosen = all.filter(|(option, _)| options.contains(option)).map(|(_, choice)| choice);
        self.node_state_mut(select).field.chosen = Some(chosen.collect());
    }

    /// Selects or deselects one option of a `select`.
    pub(crate) fn choose(&mut self, select: Node, option: Node, on: bool) {
        if self.takes_several(select) {
            let mut selected = self.selected_options(select);
            selected.retain(|other| *other != option);
            selected.extend(on.then_some(option));
            self.choose_only(select, &selected);
        } else if on {
            self.choose_only(select, &[option]);
        }
    }

    /// Forgets a choice that is what a `select` shows without one.
    pub(crate) fn forget_default_choice(&mut self, select: Node) {
        let is_default = self.selected_options(select) == self.default_options(select);
        if self.is(select, &["select"]) && is_default {
            self.node_state_mut(select).field.chosen = None;
        }
    }

    /// Forgets what a `select` has no option for any more of a choice. Where nothing is left of it in one for one option, the
    /// markup decides.
    pub(crate) fn settle_choice(&mut self, select: Node) {
        let live = self.node_state(select).and_then(|node_state| node_state.field.chosen.clone());
        let Some(chosen) = live.filter(|_| self.is(select, &["select"])) else { return };
        let all = self.listed(select).into_iter();
        let there: Vec<Choice> =
            all.map(|(_, choice)| choice).filter(|choice| chosen.contains(choice)).collect();
        let is_gone = there.is_empty() && !chosen.is_empty() && !self.takes_several(select);
        self.node_state_mut(select).field.chosen = (!is_gone).then_some(there);
    }

    /// Whether a check box, a radio button or an option is on.
    pub(crate) fn checked(&self, node: Node) -> Option<bool> {
        self.is_checkable(node).then(|| {
            let live = self.node_state(node).and_then(|node_state| node_state.field.checked);
            live.unwrap_or_else(|| self.has_attribute(node, "checked"))
        })
    }

    /// Turns a check box or a radio button on or off; a radio button turns the others of its group off.
    pub(crate) fn set_checked(&mut self, node: Node, on: bool) {
        if on && self.input_type(node) == "radio" {
            for other in self.radio_group(node) {
                self.node_state_mut(other).field.checked = Some(false);
            }
        }
        self.node_state_mut(node).field.checked = Some(on);
    }

    /// The radio buttons with the same name in the same form, or in the document where there is none.
    pub(crate) fn radio_group(&self, node: Node) -> Vec<Node> {
        let name = self.attribute(node, "name").filter(|name| !name.is_empty());
        let Some(name) = name else { return vec![node] };
        let scope = self.form_of(node).unwrap_or_else(|| self.root());
        self.with_descendants(scope)
            .into_iter()
            .filter(|other| {
                self.input_type(*other) == "radio"
                    && self.attribute(*other, "name").as_deref() == Some(&name)
                    && self.form_of(*other) == self.form_of(node)
            })
            .collect()
    }

    pub(crate) fn form_of(&self, node: Node) -> Option<Node> {
        if let Some(id) = self.attribute(node, "form") {
            return self.by_id(&id).filter(|form| self.is(*form, &["form"]));
        }
        self.with_ancestors(node).into_iter().find(|above| self.is(*above, &["form"]))
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<Node> {
        self.with_descendants(self.root())
            .into_iter()
            .find(|node| self.attribute(*node, "id").as_deref() == Some(id))
    }

    /// The selection's ends, in characters of the value.
    pub(crate) fn selection(&self, node: Node) -> (usize, usize) {
        let end = self.value(node).unwrap_or_default().chars().count();
        let kept = self.node_state(node).and_then(|node_state| node_state.field.selection);
        kept.map_or((end, end), |(from, to)| (from.min(end), to.min(end)))
    }

    /// Restores the state from the markup, as a form's reset does.
    pub(crate) fn reset_field(&mut self, node: Node) {
        let field = &mut self.node_state_mut(node).field;
        field.value = None;
        field.chosen = None;
        field.checked = None;
        field.selection = None;
    }

    pub(crate) fn options(&self, select: Node) -> Vec<Node> {
        let all = self.with_descendants(select).into_iter();
        all.filter(|node| self.is(*node, &["option"])).collect()
    }

    pub(crate) fn option_value(&self, option: Node) -> String {
        self.attribute(option, "value").unwrap_or_else(|| self.text(option).trim().to_owned())
    }

    /// The options that are selected as long as nothing was chosen.
    fn default_options(&self, select: Node) -> Vec<Node> {
        let options = self.options(select);
        let marked = |option: &Node| self.has_attribute(*option, "selected");
        if self.takes_several(select) {
            return options.into_iter().filter(marked).collect();
        }
        let first = || {
            let usable = |option: &&Node| !self.is_disabled_option(select, **option);
            options.iter().find(usable).filter(|_| !self.is_list_box(select))
        };
        options.iter().rfind(|option| marked(option)).or_else(first).copied().into_iter().collect()
    }

    /// Whether a `select` shows several options at once: then it may have none selected from the beginning.
    fn is_list_box(&self, select: Node) -> bool {
        let size = self.attribute(select, "size").unwrap_or_default();
        let size = size.trim_start();
        let digits = size.find(|c: char| !c.is_ascii_digit()).map_or(size, |end| &size[..end]);
        digits.parse::<u32>().is_ok_and(|size| size > 1)
    }

    fn is_disabled_option(&self, select: Node, option: Node) -> bool {
        let above = self.with_ancestors(option).into_iter().take_while(|node| *node != select);
        let group = above.into_iter().find(|node| self.is(*node, &["optgroup"]));
        std::iter::once(option).chain(group).any(|node| self.has_attribute(node, "disabled"))
    }
}

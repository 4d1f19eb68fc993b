//! The rules of reconciliation, on renderings made by hand.

use super::*;

/// A node of a rendering to be made: a tag (`#` in front of text), attributes, children.
struct Made(&'static str, &'static [(&'static str, &'static str)], Vec<Made>);

fn node(
    tag: &'static str,
    attributes: &'static [(&'static str, &'static str)],
    children: Vec<Made>,
) -> Made {
    Made(tag, attributes, children)
}

fn leaf(tag: &'static str, attributes: &'static [(&'static str, &'static str)]) -> Made {
    node(tag, attributes, Vec::new())
}

/// A rendering whose nodes are named by their paths: `0/1` is the second child of the first.
fn rendering(children: Vec<Made>) -> Rendering<String> {
    let root = Shape {
        node: String::new(),
        kind: Kind::Root,
        rendered: Rendered::default(),
        children: vec![],
    };
    let mut list = vec![root];
    let mut open: Vec<(usize, Vec<Made>)> = vec![(0, children)];
    while let Some((holder, children)) = open.pop() {
        for (at, Made(tag, attributes, below)) in children.into_iter().enumerate() {
            let parent = list[holder].node.clone();
            let name = if parent.is_empty() { at.to_string() } else { format!("{parent}/{at}") };
            let place = list.len();
            list.push(Shape {
                node: name,
                kind: kind_of(tag),
                rendered: rendered(attributes),
                children: vec![],
            });
            list[holder].children.push(place);
            open.push((place, below));
        }
    }
    Rendering(list)
}

fn kind_of(tag: &str) -> Kind {
    match tag.strip_prefix('#') {
        Some(text) => Kind::Text(text.to_owned()),
        None => Kind::Element { namespace: "html".to_owned(), tag: tag.to_owned() },
    }
}

fn rendered(attributes: &[(&str, &str)]) -> Rendered {
    let mut rendered = Rendered::default();
    for (name, value) in attributes {
        if *name == "key" {
            rendered.key = Some((*value).to_owned());
        } else {
            rendered.attributes.insert((*name).to_owned(), (*value).to_owned());
        }
    }
    rendered
}

/// The pairs as `old>new`, in the order of the new nodes.
fn pairs(old: Vec<Made>, new: Vec<Made>) -> Vec<String> {
    let (old, new) = (rendering(old), rendering(new));
    let mut pairs = find_pairs(&old, &new);
    pairs.sort_by(|a, b| new.0[a.1].node.cmp(&new.0[b.1].node));
    pairs.into_iter().map(|(a, b)| format!("{}>{}", old.0[a].node, new.0[b].node)).collect()
}

#[test]
fn nodes_of_other_tags_or_types_are_not_the_same() {
    assert_eq!(pairs(vec![leaf("p", &[])], vec![leaf("div", &[])]), [""; 0]);
    let old = vec![leaf("input", &[("type", "text")])];
    assert_eq!(pairs(old, vec![leaf("input", &[("type", "checkbox")])]), [""; 0]);
    let old = vec![leaf("hmr-component", &[("module", "a"), ("component", "A")])];
    assert_eq!(
        pairs(old, vec![leaf("hmr-component", &[("module", "b"), ("component", "A")])]),
        [""; 0]
    );
}

#[test]
fn keys_pair_in_any_order() {
    let old =
        vec![leaf("li", &[("key", "a")]), leaf("li", &[("key", "b")]), leaf("li", &[("key", "c")])];
    let new =
        vec![leaf("li", &[("key", "c")]), leaf("li", &[("key", "d")]), leaf("li", &[("key", "a")])];
    assert_eq!(pairs(old, new), ["2>0", "0>2"]);
}

#[test]
fn an_inserted_sibling_leaves_equal_ones_alone() {
    let item = |text: &'static str| node("li", &[], vec![leaf(text, &[])]);
    let old = vec![item("#a"), item("#b")];
    let new = vec![item("#new"), item("#a"), item("#b")];
    assert_eq!(pairs(old, new), ["0>1", "0/0>1/0", "1>2", "1/0>2/0"]);
}

#[test]
fn names_count_more_than_classes_and_classes_more_than_tags() {
    let old = vec![
        node("div", &[("class", "x")], vec![leaf("#1", &[])]),
        node("div", &[("id", "n")], vec![leaf("#2", &[])]),
    ];
    let new = vec![node("div", &[("class", "x"), ("id", "n")], vec![leaf("#3", &[])])];
    assert_eq!(pairs(old, new), ["1>0", "1/0>0/0"]);
    let old = vec![leaf("div", &[]), leaf("div", &[("class", "x"), ("title", "1")])];
    let new = vec![leaf("div", &[("class", "x"), ("title", "2")])];
    assert_eq!(pairs(old, new), ["1>0"]);
}

#[test]
fn a_wrapped_field_is_adopted() {
    let old = vec![leaf("input", &[("name", "email")]), leaf("p", &[])];
    let new = vec![node("label", &[], vec![leaf("input", &[("name", "email")])]), leaf("p", &[])];
    assert_eq!(pairs(old, new), ["0>0/0", "1>1"]);
}

#[test]
fn the_only_field_of_its_tag_is_adopted_without_a_name() {
    let old = vec![node("div", &[], vec![leaf("textarea", &[])])];
    let new = vec![node("section", &[], vec![leaf("textarea", &[])])];
    assert_eq!(pairs(old, new), ["0/0>0/0"]);
    let old = vec![node("div", &[], vec![leaf("textarea", &[]), leaf("textarea", &[])])];
    let new = vec![node("section", &[], vec![leaf("textarea", &[])])];
    assert_eq!(pairs(old, new), [""; 0]);
}

#[test]
fn a_field_waits_for_its_namesake() {
    let old = vec![
        leaf("input", &[("name", "a")]),
        node("p", &[], vec![leaf("input", &[("name", "b")])]),
    ];
    let new = vec![
        leaf("input", &[("name", "b")]),
        node("p", &[], vec![leaf("input", &[("name", "a")])]),
    ];
    assert_eq!(pairs(old, new), ["1/0>0", "1>1", "0>1/0"]);
}

#[test]
fn what_stands_in_a_placed_component_is_not_looked_at() {
    let placed = || leaf("hmr-component", &[("module", "a"), ("component", "A")]);
    assert_eq!(pairs(vec![placed(), placed()], vec![placed()]), ["0>0"]);
}

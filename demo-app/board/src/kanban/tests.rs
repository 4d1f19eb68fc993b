use super::*;

/// Two columns, of the cards a, b, c and d.
fn board() -> (Kanban, [u32; 2], [u32; 4]) {
    let mut board = Kanban::default();
    let columns = ["left", "right"].map(|name| board.add_column(name));
    let cards = [("a", 0), ("b", 0), ("c", 0), ("d", 1)].map(|(title, column)| {
        board.add_card(columns[column], title, Work::Chore).expect("the column is there")
    });
    (board, columns, cards)
}

fn titles(board: &Kanban) -> Vec<String> {
    let titles = |column: &Column| column.cards.iter().map(|card| card.title.as_str()).collect();
    board.columns.iter().map(titles).collect()
}

#[test]
fn a_card_is_dropped_above_another_or_at_the_bottom() {
    let (mut board, [left, right], [a, b, c, d]) = board();
    board.drop_card(c, left, Some(a));
    assert_eq!(titles(&board), ["cab", "d"]);
    board.drop_card(a, right, Some(d));
    assert_eq!(titles(&board), ["cb", "ad"]);
    board.drop_card(b, right, None);
    assert_eq!(titles(&board), ["c", "adb"]);
}

#[test]
fn a_drop_on_itself_or_into_nowhere_changes_nothing() {
    let (mut board, [left, _], [a, ..]) = board();
    let before = board.clone();
    board.drop_card(a, left, Some(a));
    board.drop_card(a, 99, None);
    board.drop_card(99, left, None);
    assert_eq!(board, before);
}

#[test]
fn arrows_move_within_and_across_columns_but_not_over_the_edge() {
    let (mut board, _, [a, _, c, d]) = board();
    assert!(board.step_card(a, Step::Down));
    assert_eq!(titles(&board), ["bac", "d"]);
    assert!(board.step_card(c, Step::Right));
    assert_eq!(titles(&board), ["ba", "dc"]);
    assert!(board.step_card(d, Step::Left));
    assert_eq!(titles(&board), ["dba", "c"]);
    assert!(!board.step_card(d, Step::Left));
    assert!(!board.step_card(d, Step::Up));
    assert!(!board.step_card(a, Step::Down));
    assert!(!board.step_card(c, Step::Right));
}

#[test]
fn blank_titles_are_no_titles() {
    let (mut board, [left, _], [a, ..]) = board();
    assert_eq!(board.add_card(left, "  ", Work::Sow), None);
    board.edit_card(a, " ", Work::Sow);
    assert_eq!(board.card(a).map(|card| card.work), Some(Work::Chore));
    board.edit_card(a, " new ", Work::Sow);
    assert_eq!(
        board.card(a).map(|card| (card.title.as_str(), card.work)),
        Some(("new", Work::Sow))
    );
}

#[test]
fn ids_are_never_used_again() {
    let (mut board, [left, _], [.., d]) = board();
    board.remove_card(d);
    let fresh = board.add_card(left, "e", Work::Chore).expect("the column is there");
    assert!(fresh > d);
}

#[test]
fn only_empty_columns_are_removed() {
    let (mut board, [_, right], [.., d]) = board();
    board.remove_column(right);
    assert_eq!(board.columns.len(), 2);
    board.remove_card(d);
    board.remove_column(right);
    assert_eq!(board.columns.len(), 1);
}

#[test]
fn a_screen_reader_hears_where_a_card_is() {
    let (board, _, [_, b, ..]) = board();
    assert_eq!(board.whereabouts(b), "b: left, place 2 of 3");
    assert_eq!(board.whereabouts(99), "");
}

#[test]
fn work_is_found_by_its_name() {
    for work in Work::ALL {
        assert_eq!(Work::named(work.name()), work);
    }
    assert_eq!(Work::named("nap"), Work::Chore);
}

#[test]
fn a_card_is_finished_in_the_last_column() {
    let (mut board, [_, right], [a, _, _, d]) = board();
    assert_eq!((board.finished(a), board.finished(d)), (None, Some("d")));
    board.drop_card(a, right, None);
    assert_eq!(board.finished(a), Some("a"));
    assert_eq!(Kanban::default().finished(a), None);
}

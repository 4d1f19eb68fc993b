//! The content of a new board.
//!
//! Change a card here and save: as long as no card was moved in the page, the page shows the change.

use crate::kanban::{Kanban, Work};

/// A season's plan to begin with.
#[must_use]
pub fn plan() -> Kanban {
    let mut board = Kanban::default();
    let columns = [
        (
            "Someday",
            &[
                ("Ask next door about their old apple tree", Work::Chore),
                ("A cold frame from the attic windows", Work::Build),
                ("Try the purple carrots again", Work::Sow),
            ][..],
        ),
        (
            "This week",
            &[
                ("Sow the first chillies on the windowsill", Work::Sow),
                ("Sharpen the secateurs", Work::Tend),
                ("Label every tray before it is a mystery", Work::Chore),
            ][..],
        ),
        ("On the bench", &[("Repair the leg of the potting bench", Work::Build)][..]),
        (
            "Done",
            &[("Sort the seed tins by month", Work::Chore), ("Prune the currants", Work::Tend)][..],
        ),
    ];
    for (name, cards) in columns {
        let column = board.add_column(name);
        for (title, work) in cards {
            board.add_card(column, title, *work);
        }
    }
    board
}

#[cfg(test)]
mod tests {
    use super::plan;

    #[test]
    fn the_plan_has_cards_in_every_column() {
        let board = plan();
        assert_eq!(board.columns.len(), 4);
        assert!(board.columns.iter().all(|column| !column.cards.is_empty()));
        assert_eq!(board.card_count(), 9);
    }
}

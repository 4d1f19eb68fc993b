//! The board as data: columns of cards, and everything that can be done to them. Pure.

use serde::{Deserialize, Serialize};
use ui::Tone;

/// Columns from left to right. Ids are unique on the board and are never used again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kanban {
    /// From left to right.
    pub columns: Vec<Column>,
    next: u32,
}

/// A column and its cards, from top to bottom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Unique on the board.
    pub id: u32,
    /// The column's title.
    pub name: String,
    /// From top to bottom.
    pub cards: Vec<Card>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Unique on the board.
    pub id: u32,
    /// The task.
    pub title: String,
    /// The sort of work.
    pub work: Work,
}

/// A sort of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Work {
    /// Anything.
    #[default]
    Chore,
    /// Putting seeds into soil.
    Sow,
    /// Cutting, tying, watering.
    Tend,
    /// Hammer and saw.
    Build,
}

impl Work {
    /// Every sort, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Chore, Self::Sow, Self::Tend, Self::Build];

    /// The badge's text.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chore => "chore",
            Self::Sow => "sow",
            Self::Tend => "tend",
            Self::Build => "build",
        }
    }

    /// The colour of the badge.
    #[must_use]
    pub fn tone(self) -> Tone {
        match self {
            Self::Chore => Tone::Stone,
            Self::Sow => Tone::Leaf,
            Self::Tend => Tone::Sky,
            Self::Build => Tone::Sun,
        }
    }

    /// The sort of that name; a chore if there is none.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|work| work.name() == name).unwrap_or_default()
    }
}

/// A step that a card takes by keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// One up in its column.
    Up,
    /// One down in its column.
    Down,
    /// To the same height in the column before.
    Left,
    /// To the same height in the column after.
    Right,
}

impl Step {
    /// The step that an arrow key makes.
    #[must_use]
    pub fn for_key(key: &str) -> Option<Self> {
        match key {
            "ArrowUp" => Some(Self::Up),
            "ArrowDown" => Some(Self::Down),
            "ArrowLeft" => Some(Self::Left),
            "ArrowRight" => Some(Self::Right),
            _ => None,
        }
    }
}

impl Kanban {
    /// Adds a column at the right, and answers its id.
    pub fn add_column(&mut self, name: &str) -> u32 {
        let id = self.fresh_id();
        self.columns.push(Column { id, name: name.to_owned(), cards: Vec::new() });
        id
    }

    /// Removes a column if there is nothing in it.
    pub fn remove_column(&mut self, id: u32) {
        self.columns.retain(|column| column.id != id || !column.cards.is_empty());
    }

    /// Gives a column another name.
    pub fn rename_column(&mut self, id: u32, name: &str) {
        if let Some(column) = self.columns.iter_mut().find(|column| column.id == id) {
            name.clone_into(&mut column.name);
        }
    }

    /// Adds a card at the bottom of a column, and answers its id. A title of blanks adds nothing.
    pub fn add_card(&mut self, column: u32, title: &str, work: Work) -> Option<u32> {
        let title = title.trim();
        let id = self.next + 1;
        let column = self.columns.iter_mut().find(|candidate| candidate.id == column)?;
        if title.is_empty() {
            return None;
        }
        column.cards.push(Card { id, title: title.to_owned(), work });
        self.next = id;
        Some(id)
    }

    /// Changes the text of a card. A blank title changes nothing.
    pub fn edit_card(&mut self, id: u32, title: &str, work: Work) {
        let card =
            self.columns.iter_mut().flat_map(|column| &mut column.cards).find(|card| card.id == id);
        if let Some(card) = card.filter(|_| !title.trim().is_empty()) {
            title.trim().clone_into(&mut card.title);
            card.work = work;
        }
    }

    /// Takes a card off the board.
    pub fn remove_card(&mut self, id: u32) -> Option<Card> {
        let (column, row) = self.place(id)?;
        Some(self.columns[column].cards.remove(row))
    }

    /// Drops a card into a column: above the card `before`, or at the bottom.
    pub fn drop_card(&mut self, id: u32, column: u32, before: Option<u32>) {
        if before == Some(id) || self.column(column).is_none() {
            return;
        }
        let Some(card) = self.remove_card(id) else { return };
        if let Some(column) = self.columns.iter_mut().find(|candidate| candidate.id == column) {
            let row = column.cards.iter().position(|card| Some(card.id) == before);
            column.cards.insert(row.unwrap_or(column.cards.len()), card);
        }
    }

    /// Moves a card by one step. `false` if it is at the edge.
    pub fn step_card(&mut self, id: u32, step: Step) -> bool {
        let Some((column, row)) = self.place(id) else { return false };
        let (to_column, to_row) = match step {
            Step::Up => (Some(column), row.checked_sub(1)),
            Step::Down => (Some(column), Some(row + 1)),
            Step::Left => (column.checked_sub(1), Some(row)),
            Step::Right => (Some(column + 1), Some(row)),
        };
        let (Some(to_column), Some(to_row)) = (to_column, to_row) else { return false };
        if to_column >= self.columns.len()
            || (to_column == column && to_row >= self.columns[column].cards.len())
        {
            return false;
        }
        let card = self.columns[column].cards.remove(row);
        let target = &mut self.columns[to_column].cards;
        target.insert(to_row.min(target.len()), card);
        true
    }

    /// The column of that id.
    #[must_use]
    pub fn column(&self, id: u32) -> Option<&Column> {
        self.columns.iter().find(|column| column.id == id)
    }

    /// The card of that id.
    #[must_use]
    pub fn card(&self, id: u32) -> Option<&Card> {
        self.columns.iter().flat_map(|column| &column.cards).find(|card| card.id == id)
    }

    /// Where a card is, in words for a screen reader; empty if it is nowhere.
    #[must_use]
    pub fn whereabouts(&self, id: u32) -> String {
        self.place(id).map_or_else(String::new, |(column, row)| {
            let column = &self.columns[column];
            format!(
                "{}: {}, place {} of {}",
                column.cards[row].title,
                column.name,
                row + 1,
                column.cards.len()
            )
        })
    }

    /// The title of a card in the last column, the one for finished cards.
    #[must_use]
    pub fn finished(&self, id: u32) -> Option<&str> {
        let card = self.columns.last()?.cards.iter().find(|card| card.id == id)?;
        Some(&card.title)
    }

    /// How many cards there are.
    #[must_use]
    pub fn card_count(&self) -> usize {
        self.columns.iter().map(|column| column.cards.len()).sum()
    }

    fn place(&self, id: u32) -> Option<(usize, usize)> {
        self.columns.iter().enumerate().find_map(|(index, column)| {
            let row = column.cards.iter().position(|card| card.id == id)?;
            Some((index, row))
        })
    }

    fn fresh_id(&mut self) -> u32 {
        self.next += 1;
        self.next
    }
}

#[cfg(test)]
mod tests;

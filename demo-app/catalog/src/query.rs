//! Which seeds are shown, and in which order. Pure.

use crate::seed::{Seed, month};
use serde::{Deserialize, Serialize};
use std::{cmp::Ordering, collections::BTreeSet};

/// A column to sort by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// By the name of the variety.
    #[default]
    Variety,
    /// By what it is.
    Kind,
    /// By the month of sowing.
    Sow,
    /// By the days that it takes.
    Days,
}

/// The visitor's filter and sort settings.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Words, each of which is part of the variety, the kind, the light or the month. Case does not count.
    pub text: String,
    /// The sort order.
    pub order: Order,
    /// From last to first.
    pub descending: bool,
    /// Only these packets, if any are given.
    pub only: Option<BTreeSet<u32>>,
}

impl Query {
    /// The packets that answer the query, in its order.
    #[must_use]
    pub fn select(&self, seeds: &[Seed]) -> Vec<u32> {
        let words: Vec<String> = self.text.split_whitespace().map(str::to_lowercase).collect();
        let mut found: Vec<&Seed> = seeds.iter().filter(|seed| self.admits(seed, &words)).collect();
        found.sort_by(|a, b| {
            let order = self.order.compare(a, b);
            (if self.descending { order.reverse() } else { order })
                .then_with(|| a.variety.cmp(b.variety))
        });
        found.into_iter().map(|seed| seed.packet).collect()
    }

    fn admits(&self, seed: &Seed, words: &[String]) -> bool {
        let text = format!("{} {} {} {}", seed.variety, seed.kind, seed.light, month(seed.sow))
            .to_lowercase();
        words.iter().all(|word| text.contains(word))
            && self.only.as_ref().is_none_or(|only| only.contains(&seed.packet))
    }
}

impl Order {
    fn compare(self, a: &Seed, b: &Seed) -> Ordering {
        match self {
            Self::Variety => a.variety.cmp(b.variety),
            Self::Kind => a.kind.cmp(b.kind),
            Self::Sow => a.sow.cmp(&b.sow),
            Self::Days => a.days.cmp(&b.days),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: [Seed; 3] = [
        Seed {
            packet: 1,
            variety: "Quiet Otter",
            kind: "Kale",
            sow: 5,
            days: 60,
            light: "shade",
            hue: 140,
        },
        Seed {
            packet: 2,
            variety: "Amber Wagon",
            kind: "Tomato",
            sow: 3,
            days: 80,
            light: "sun",
            hue: 20,
        },
        Seed {
            packet: 3,
            variety: "Old Candle",
            kind: "Kale",
            sow: 4,
            days: 70,
            light: "sun",
            hue: 150,
        },
    ];

    fn select(query: &Query) -> Vec<u32> {
        query.select(&SEEDS)
    }

    #[test]
    fn every_word_must_be_found_somewhere() {
        assert_eq!(select(&Query { text: "KALE sun".into(), ..Query::default() }), [3]);
        assert_eq!(select(&Query { text: "mar".into(), ..Query::default() }), [2]);
        assert_eq!(select(&Query { text: "kale tomato".into(), ..Query::default() }), [0_u32; 0]);
    }

    #[test]
    fn sorts_by_any_column_both_ways_and_then_by_name() {
        assert_eq!(select(&Query::default()), [2, 3, 1]);
        assert_eq!(select(&Query { order: Order::Days, ..Query::default() }), [1, 3, 2]);
        assert_eq!(
            select(&Query { order: Order::Sow, descending: true, ..Query::default() }),
            [1, 3, 2]
        );
        assert_eq!(
            select(&Query { order: Order::Kind, descending: true, ..Query::default() }),
            [2, 3, 1]
        );
    }

    #[test]
    fn favourites_narrow_the_list() {
        let only = Some(BTreeSet::from([1, 2]));
        assert_eq!(select(&Query { only, text: "kale".into(), ..Query::default() }), [1]);
    }
}

//! The seed library: a table of 500 varieties that no catalogue knows, in `data/seeds.csv`.

use std::sync::LazyLock;

/// One packet of the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The number on the packet, which names it for good.
    pub packet: u32,
    /// The name of the variety.
    pub variety: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// The month to sow it in, from 1.
    pub sow: u8,
    /// Days from sowing to harvest or flower.
    pub days: u16,
    /// Where it grows: `sun`, `half shade` or `shade`.
    pub light: &'static str,
    /// Its colour, in degrees.
    pub hue: u16,
}

static LIBRARY: LazyLock<Vec<Seed>> = LazyLock::new(|| parse(include_str!("../data/seeds.csv")));

/// Every packet, by number.
#[must_use]
pub fn library() -> &'static [Seed] {
    &LIBRARY
}

/// The short name of a month from 1.
#[must_use]
pub fn month(number: u8) -> &'static str {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES.get(usize::from(number).wrapping_sub(1)).copied().unwrap_or("?")
}

/// Reads the table. A line that cannot be read is left out.
fn parse(table: &'static str) -> Vec<Seed> {
    table.lines().skip(1).filter_map(parse_line).collect()
}

fn parse_line(line: &'static str) -> Option<Seed> {
    let mut fields = line.split(',').map(str::trim);
    Some(Seed {
        packet: fields.next()?.parse().ok()?,
        variety: fields.next()?,
        kind: fields.next()?,
        sow: fields.next()?.parse().ok()?,
        days: fields.next()?.parse().ok()?,
        light: fields.next()?,
        hue: fields.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_library_has_500_packets_of_different_names_and_numbers() {
        let packets: BTreeSet<_> = library().iter().map(|seed| seed.packet).collect();
        let names: BTreeSet<_> = library().iter().map(|seed| seed.variety).collect();
        assert_eq!((library().len(), packets.len(), names.len()), (500, 500, 500));
    }

    #[test]
    fn lines_that_cannot_be_read_are_left_out() {
        let seeds = parse(
            "packet,…\n1,Old Owl,Kale,5,60,shade,140\nnonsense\n2,New Owl,Kale,x,60,shade,140\n",
        );
        assert_eq!(seeds.len(), 1);
        assert_eq!((seeds[0].variety, seeds[0].sow), ("Old Owl", 5));
    }

    #[test]
    fn months_have_names() {
        assert_eq!((month(1), month(12), month(0), month(13)), ("Jan", "Dec", "?", "?"));
    }
}

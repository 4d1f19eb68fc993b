//! A row of the seed library.

use crate::seed::{library, month};
use hmr_sdk::prelude::*;
use std::collections::BTreeSet;
use ui::{Badge, Tone};

/// The variety of that packet number; nothing if the library has lost it.
#[component]
pub(crate) fn Row(packet: u32, starred: Signal<BTreeSet<u32>>) -> View {
    let Some(seed) = library().iter().find(|seed| seed.packet == packet) else { return view! {} };
    let is_starred = move || starred.with(|starred| starred.contains(&packet));
    let toggle = move |_| {
        starred.update(|starred| {
            if !starred.remove(&packet) {
                starred.insert(packet);
            }
        });
    };

    view! {
        <tr class:starred={is_starred}>
            <td>
                <button type="button" class="star" aria-pressed={is_starred}
                    aria-label={format!("Favourite: {}", seed.variety)} on:click={toggle}>"★"</button>
            </td>
            <th scope="row">
                <span class="swatch" style:--hue={seed.hue} aria-hidden="true"></span>
                {seed.variety}
            </th>
            <td><Badge text={seed.kind} tone={tone(seed.light)} /></td>
            <td>{month(seed.sow)}</td>
            <td class="number">{seed.days}</td>
        </tr>
    }
}

/// The badge's colour shows how much light a seed wants.
fn tone(light: &str) -> Tone {
    match light {
        "sun" => Tone::Sun,
        "half shade" => Tone::Leaf,
        "shade" => Tone::Sky,
        _ => Tone::Stone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_of_the_library_has_a_colour_for_its_light() {
        assert!(library().iter().all(|seed| tone(seed.light) != Tone::Stone));
    }
}

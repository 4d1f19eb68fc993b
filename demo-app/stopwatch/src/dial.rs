//! The dial: a ring that fills within a minute, and a hand.

use hmr_sdk::prelude::*;

/// The length of the ring's circle of radius 84, in the units of the drawing.
const RING: f64 = 527.79;

/// How much of the current minute has passed, from 0 to 1.
#[must_use]
pub fn minute_share(elapsed: f64) -> f64 {
    (elapsed / 60_000.0).fract()
}

/// Draws `elapsed` milliseconds.
#[component]
pub fn Dial(elapsed: Memo<f64>) -> View {
    let ring = move || format!("{:.2} {RING}", minute_share(elapsed.get()) * RING);
    let hand = move || format!("rotate({:.2} 100 100)", minute_share(elapsed.get()) * 360.0);
    let ticks: Vec<View> = (0..60).map(tick).collect();

    view! {
        <svg class="dial" viewBox="0 0 200 200" aria-hidden="true">
            <circle class="dial-track" cx="100" cy="100" r="84" />
            <circle class="dial-ring" cx="100" cy="100" r="84" stroke-dasharray={ring} transform="rotate(-90 100 100)" />
            <g class="dial-ticks">{ticks}</g>
            <g transform={hand}>
                <path class="dial-hand" d="M100 108V44" />
                <path class="dial-leaf" d="M100 44c-9-6-9-17 0-25 9 8 9 19 0 25Z" />
            </g>
            <circle class="dial-hub" cx="100" cy="100" r="5" />
        </svg>
    }
}

fn tick(second: u32) -> View {
    let length = if second.is_multiple_of(5) { 10 } else { 4 };
    let turn = format!("rotate({} 100 100)", second * 6);
    view! { <path class:long={length > 4} d={format!("M100 26v{length}")} transform={turn} /> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_starts_again_each_minute() {
        assert!(minute_share(0.0).abs() < 1e-9);
        assert!((minute_share(15_000.0) - 0.25).abs() < 1e-9);
        assert!((minute_share(90_000.0) - 0.5).abs() < 1e-9);
    }
}

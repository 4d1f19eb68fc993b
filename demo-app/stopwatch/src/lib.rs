//! A stopwatch with laps. The page shows it with a dial; the board shows it small, in its header.
//!
//! Try it: start the watch, then change a text or `TICK` below and save. The watch keeps running.

mod dial;
mod watch;

use dial::Dial;
use hmr_sdk::prelude::*;
use ui::{Button, Weight, format};
use watch::{Lap, Watch};

/// Milliseconds from one look at the clock to the next.
const TICK: u32 = 50;

/// A stopwatch; a `compact` one is a single line.
#[component(export)]
pub fn Stopwatch(
    #[prop(default = "Stopwatch".to_owned())] title: String,
    #[prop(default)] compact: bool,
) -> View {
    let watch = signal(Watch::default());
    let clock = signal(now());
    let running = memo(move || watch.with(Watch::is_running));
    let elapsed = memo(move || watch.with(|watch| watch.elapsed(clock.get())));

    interval("tick", TICK, move || {
        if running.get_untracked() {
            clock.set(now());
        }
    });

    if compact {
        view! { <Line title={title} watch={watch} clock={clock} running={running} elapsed={elapsed} /> }
    } else {
        view! { <Face title={title} watch={watch} clock={clock} running={running} elapsed={elapsed} /> }
    }
}

/// Starts or stops the watch.
fn toggle(watch: Signal<Watch>, clock: Signal<f64>) {
    batch(|| {
        clock.set(now());
        watch.update(|watch| watch.toggle(clock.get_untracked()));
    });
}

#[component]
fn Line(
    title: String,
    watch: Signal<Watch>,
    clock: Signal<f64>,
    running: Memo<bool>,
    elapsed: Memo<f64>,
) -> View {
    view! {
        <div class="watch-line" class:running={running}>
            <span class="watch-line-title">{title}</span>
            <output role="timer">{move || format::short_clock(elapsed.get())}</output>
            <button type="button" class="round" aria-pressed={running}
                aria-label={move || if running.get() { "Pause" } else { "Start" }}
                on:click={move |_| toggle(watch, clock)}>
                {move || if running.get() { "❚❚" } else { "▶" }}
            </button>
        </div>
    }
}

#[component]
fn Face(
    title: String,
    watch: Signal<Watch>,
    clock: Signal<f64>,
    running: Memo<bool>,
    elapsed: Memo<f64>,
) -> View {
    let laps = memo(move || watch.with(|watch| watch.laps().len()));

    view! {
        <div class="watch" class:running={running}>
            <header class="panel-head">
                <h2>{title}</h2>
                <p>{move || format::count(laps.get(), "lap", "laps")}</p>
            </header>
            <div class="watch-face">
                <Dial elapsed={elapsed} />
                <output class="watch-time" role="timer">{move || format::clock(elapsed.get())}</output>
            </div>
            <div class="row">
                <button type="button" class="button primary" on:click={move |_| toggle(watch, clock)}>
                    {move || if running.get() { "Stop" } else { "Start" }}
                </button>
                <button type="button" class="button" disabled={move || !running.get()}
                    on:click={move |_| watch.update(|watch| watch.lap(now()))}>"Lap"</button>
                <Button label="Reset" weight={Weight::Quiet} on_press={move |_| watch.update(Watch::reset)} />
            </div>
            <ol class="laps" aria-label="Laps, newest first">
                <For each={move || watch.with(Watch::laps)} key={|lap| lap.number} view={move |lap| lap_row(watch, lap)} />
            </ol>
        </div>
    }
}

fn lap_row(watch: Signal<Watch>, lap: Lap) -> View {
    let best = move || watch.with(Watch::best) == Some(lap.number);
    view! {
        <li class:best={best}>
            <span>"Lap " {lap.number}</span>
            <span>{format::clock(lap.split)}</span>
            <span class="faint">{format::clock(lap.total)}</span>
        </li>
    }
}

//! Names of events and attributes that are like known ones: warnings, so that names of the user's own go through.
#![deny(deprecated)]
use hmr_sdk::prelude::*;

fn main() {
    let _ = view! {
        <p clas="a" on:clik={|_| ()} className="b">"text"</p>
        <input tpye={"text"} on:Change:capture={|_| ()} />
        <p on:row-moved={|_| ()} data-clas="x" aria-labell="y" tabIndex="0">"fine"</p>
        <my-element clas="a" on:clik={|_| ()}></my-element>
        <svg viewBox="0 0 1 1"><path stroke-widht="1" d="M0 0" /></svg>
    };
    own();
}

#[allow(deprecated)]
fn own() {
    let _ = view! { <p clas="a" on:changed={|_| ()}>"text"</p> };
}

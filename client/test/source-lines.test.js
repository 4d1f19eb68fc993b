import assert from "node:assert/strict";
import { test } from "node:test";
import { locationsOf } from "../guest/source-lines.js";

/**
 * A module with nothing but this section.
 * @param {number[]} contents
 */
function compiled(contents) {
  const name = [...new TextEncoder().encode("hmr.lines")];
  const section = [name.length, ...name, ...contents];
  return new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, section.length, ...section]));
}

/** @param {string} text */
const text = (text) => [text.length, ...new TextEncoder().encode(text)];

// The rows: from 100 a.rs:42, from 180 b.rs:7, from 181 unknown, from 1000 a.rs:43.
const ROWS = [2, ...text("a.rs"), ...text("b.rs"), 4, 100, 1, 84, 80, 2, 69, 1, 0, 0xb3, 6, 1, 72];

test("an instruction is found in the last row before it", () => {
  const places = locationsOf(compiled(ROWS), [-1, 99, 100, 179, 180, 181, 999, 1000, 5000]);
  const found = places.map((place) => (place ? `${place.file}:${place.line}` : null));
  assert.deepEqual(found, [null, null, "a.rs:42", "a.rs:42", "b.rs:7", null, null, "a.rs:43", "a.rs:43"]);
});

test("a section of any content is nothing to fail for", () => {
  for (let length = 0; length < ROWS.length; length++) assert.equal(locationsOf(compiled(ROWS.slice(0, length)), [150]).length, 1);
  for (const contents of [
    [0xff, 0xff, 0xff, 0xff, 0x7f],
    [1, 9],
    [0, 1, 5, 7, 0],
    [0, 0xff, 0xff, 0xff, 0xff, 0x0f],
  ]) {
    assert.deepEqual(locationsOf(compiled(contents), [150]), [null]);
  }
  assert.deepEqual(locationsOf(new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])), [3]), [null]);
});

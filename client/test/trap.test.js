import assert from "node:assert/strict";
import { test } from "node:test";
import { framesOf, readPanic } from "../guest/trap.js";

/** @param {string} stack */
const error = (stack) => Object.assign(new Error("x"), { stack });

/** @type {[string, string, [string | null, number | null][]][]} */
const STACKS = [
  [
    "V8, with a module's name",
    "RuntimeError: unreachable\n    at app.board::App::{{closure}} (wasm://wasm/app-1a2b:wasm-function[12]:0x1f)\n    at app.g (wasm://wasm/app-1a2b:wasm-function[3]:0xff)\n    at f (x.js:1:2)",
    [
      ["board::App::{{closure}}", 31],
      ["g", 255],
    ],
  ],
  [
    "V8, of a response",
    "RuntimeError: unreachable\n    at <board::X as core::ops::Drop>::drop (http://localhost/@hmr/module/b/1.wasm:wasm-function[12]:0x1f)",
    [["<board::X as core::ops::Drop>::drop", 31]],
  ],
  ["V8, without names", "RuntimeError: unreachable\n    at wasm://wasm/1a2b:wasm-function[12]:0x1f", [[null, 31]]],
  ["Firefox", "board::spin@http://localhost/b.wasm:wasm-function[7]:0x12\nf@x.js:1:2", [["board::spin", 18]]],
  ["Safari", "<?>.wasm-function[board::spin]@[wasm code]\nf@x.js", [["board::spin", null]]],
  ["nothing", "", []],
];
for (const [what, stack, frames] of STACKS) {
  test(`the wasm frames of a stack are read: ${what}`, () =>
    assert.deepEqual(
      framesOf(error(stack)).map(({ name, offset }) => [name, offset]),
      frames,
    ));
}

test("what a panic says may be anything", () => {
  assert.deepEqual(readPanic('{"message":"m","file":"f","line":1,"column":2}'), { message: "m", file: "f", line: 1, column: 2 });
  assert.deepEqual(readPanic('{"line":"x"}'), { message: "panicked", file: "", line: 0, column: 0 });
  assert.deepEqual([readPanic("not JSON").message, readPanic("").message, readPanic("null").message], ["not JSON", "panicked", "null"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { readManifest } from "../guest/inspect.js";
import { DecodeError, decodeOps } from "../dom/operations.js";
import { MessageError, readConfig, readMessage } from "../tool/protocol.js";
import { fields, items } from "../common/raw-json.js";
import { IncompatibleError, readSections } from "../guest/sections.js";
import { complete, fit, hasHooks, instancesOf, keysOf, propsOf, readReport, withTransform } from "../guest/snapshot.js";
import { Random } from "./support/random.js";
import { batch, op } from "./support/ops.js";

/**
 * The readers of what comes from elsewhere, on inputs of any content: each answers, or throws its own kind of error.
 * `HMR_FUZZ_SEED` fixes the sequence and `HMR_FUZZ_CASES` its length.
 */
const SEED = Number(process.env.HMR_FUZZ_SEED ?? 1);
const CASES = Number(process.env.HMR_FUZZ_CASES ?? 2000);

/**
 * @template T
 * @param {string} name
 * @param {(random: Random) => T} make
 * @param {(input: T) => void} body
 */
function fuzz(name, make, body) {
  test(name, () => {
    const random = new Random(SEED);
    for (let at = 0; at < CASES; at++) {
      const input = make(random);
      try {
        body(input);
      } catch (error) {
        const shown = input instanceof Uint8Array ? `bytes ${Buffer.from(input).toString("hex")}` : JSON.stringify(input);
        throw new Error(`case ${at} of HMR_FUZZ_SEED=${SEED}: ${error}\nthe input: ${shown}`, { cause: error });
      }
    }
  });
}

/**
 * Runs `read` and lets its own errors pass.
 * @template T
 * @param {() => T} read
 * @param {new (...given: any[]) => Error} own
 * @returns {T | undefined}
 */
function orElse(read, own) {
  try {
    return read();
  } catch (error) {
    assert.equal(Object.getPrototypeOf(error), own.prototype, String(/** @type {Error} */ (error).stack));
    assert.notEqual(/** @type {Error} */ (error).message, "");
    return undefined;
  }
}

const VERSION = {
  module: "board",
  hash: "h",
  url: "/u.wasm",
  components: ["Board"],
  rehearse: true,
  transform: [{ op: "remove", key: "n" }],
};
const FAILURE = { title: "t", diagnostics: [{ level: "error", message: "m", code: null, file: "f", line: 1, column: 2, rendered: "r" }] };
const MESSAGES = [
  { type: "hello", server: "s", sequence: 1, modules: [VERSION], failure: FAILURE },
  { type: "build-started", sequence: 1, modules: ["board"] },
  { type: "build-failed", sequence: 1, failure: FAILURE },
  { type: "build-succeeded", sequence: 1 },
  { type: "hot-update", sequence: 1, reason: "r", modules: [VERSION] },
  { type: "css-update", sequence: 1, reason: "r", paths: ["/a.css"] },
  { type: "full-reload", sequence: 1, reason: "r", restore: true },
  { type: "rehearsals" },
  { type: "verdict", id: 3, outcome: "failed", step: "restore", error: "it traps", duration: { wait: 1, run: 2 } },
];

fuzz(
  "messages and configurations of any content are read or refused",
  (random) => random.text(MESSAGES),
  (text) => {
    const message = orElse(() => readMessage(text), MessageError);
    if (message) assert.deepEqual(readMessage(JSON.stringify(message)), message);
    orElse(() => readConfig(text), MessageError);
  },
);

const SNAPSHOTS = [
  {
    abi: 1,
    hooks: true,
    transform: [{ op: "set", key: "n", value: 1 }],
    instances: [
      {
        instance: 1,
        component: "App",
        props: { title: 't"\\' },
        signals: { n: { type: "u32", set: true, value: 7 }, "For:[1,2]:n": { type: "x", set: true, value: ["}", "]"] } },
      },
      { instance: 2, component: "Plain", props: {} },
    ],
  },
  { abi: 1, instances: [] },
];
const PLACED = [
  { id: 1, component: "App", props: "{}" },
  { id: 7, component: "Plain", props: '{"a":1}' },
];

fuzz(
  "snapshots of any content are read or refused, and what is made of them is a snapshot",
  (random) => random.text(SNAPSHOTS),
  (text) => {
    if (orElse(() => instancesOf(text), Error) === undefined) return;
    hasHooks(text);
    keysOf(text);
    propsOf(text);
    assert.deepEqual(instancesOf(complete(text, PLACED)), [1, 7]);
    const own = complete(text, PLACED);
    assert.deepEqual(instancesOf(fit(text, PLACED, own)), [1, 7]);
    instancesOf(withTransform(text, [{ op: "remove", key: "n" }]));
  },
);

fuzz(
  "reports of any content are read or refused",
  (random) => random.text([{ instances: [{ instance: 1, component: "App", error: "e", keys: { n: { outcome: "kept" } } }] }]),
  (text) => {
    const report = orElse(() => readReport(text), Error);
    if (report) assert.ok(Array.isArray(report.instances));
  },
);

fuzz(
  "JSON is taken apart as `JSON.parse` reads it",
  (random) => random.spaced(random.changed(random.pick([...SNAPSHOTS, ...MESSAGES]))),
  (text) => {
    const value = JSON.parse(text);
    if (Array.isArray(value)) {
      assert.deepEqual(
        items(text).map((item) => JSON.parse(item)),
        value,
      );
    } else if (typeof value === "object" && value !== null) {
      assert.deepEqual(Object.fromEntries([...fields(text)].map(([name, item]) => [name, JSON.parse(item)])), value);
    }
  },
);

const BATCH = batch([
  op.element(1, "ul"),
  op.text(2, "grüß"),
  op.insert(1, 2),
  op.property(1, "value", "x"),
  op.listen(1, "click", 9, 3),
  op.class(1, "on", 1),
  op.call(1, 3),
]);

fuzz(
  "batches of any content are decoded or refused",
  (random) => random.bytes(BATCH),
  (bytes) => {
    orElse(() => [...decodeOps(bytes)], DecodeError);
  },
);

/** A module with a type, an import, a function, a memory, a global, exports, code and a manifest. */
const MODULE = new Uint8Array([
  ...[
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 10, 2, 0x60, 2, 0x7f, 0x7f, 0, 0x60, 0, 1, 0x7f, 2, 11, 1, 3, 0x68, 0x6d, 0x72, 3, 0x64, 0x6f, 0x6d,
    0, 0,
  ],
  ...[3, 2, 1, 1, 5, 3, 1, 0, 1, 6, 6, 1, 0x7f, 1, 0x41, 5, 0x0b, 7, 5, 1, 1, 0x61, 0, 1, 10, 6, 1, 4, 0, 0x41, 7, 0x0b],
  ...[0, 30, 12, ...Buffer.from("hmr.manifest"), ...Buffer.from("abi\t1\ndecline\tA\tx")],
]);

test("the module that is mutated is a module", () => {
  assert.ok(WebAssembly.validate(MODULE));
  assert.deepEqual([...readSections(MODULE).exports.keys()], ["a"]);
});

fuzz(
  "binaries of any content are read or refused",
  (random) => random.bytes(MODULE),
  (bytes) => {
    orElse(() => readSections(bytes), IncompatibleError);
    if (!WebAssembly.validate(/** @type {BufferSource} */ (bytes))) return;
    orElse(() => readManifest(new WebAssembly.Module(/** @type {BufferSource} */ (bytes))), IncompatibleError);
  },
);

import assert from "node:assert/strict";
import { test } from "node:test";
import { pieces } from "../ui/ansi.js";
import { MessageError, readConfig, readMessage } from "../tool/protocol.js";

const VERSION = { module: "board", hash: "h", url: "/u.wasm", components: ["Board"] };
const FAILURE = {
  title: "t",
  diagnostics: [{ level: "error", message: "m", code: null, file: null, line: null, column: null, rendered: "r" }],
};

/** @type {Record<string, unknown>[]} */
const MESSAGES = [
  { type: "hello", server: "s", sequence: 1, reloaded: 0, files: 0, modules: [VERSION], failure: null },
  { type: "hello", server: "s", sequence: 3, reloaded: 1, files: 2, modules: [], failure: FAILURE },
  { type: "build-started", sequence: 1, modules: ["board"] },
  { type: "build-failed", sequence: 1, failure: FAILURE },
  { type: "build-succeeded", sequence: 1 },
  { type: "hot-update", sequence: 1, reason: "r", modules: [VERSION] },
  { type: "css-update", sequence: 1, reason: "r", paths: ["/a.css"] },
  { type: "asset-update", sequence: 1, reason: "r", paths: ["/a.svg"] },
  { type: "full-reload", sequence: 1, reason: "r", restore: true },
  { type: "hot-update", sequence: 1, reason: "r", modules: [{ ...VERSION, rehearse: true, transform: [{ op: "remove", key: "n" }] }] },
  { type: "rehearsals" },
  { type: "verdict", id: 3, outcome: "failed", step: "restore", error: "it traps", duration: { wait: 1, run: 2 } },
];

test("reads every message as it is documented", () => {
  for (const message of MESSAGES) assert.deepEqual(readMessage(JSON.stringify(message)), message);
});

test("a message without one of its fields is refused", () => {
  const optional = new Set([
    "type",
    "reason",
    "failure hello",
    "reloaded hello",
    "files hello",
    "restore",
    "step verdict",
    "error verdict",
    "duration verdict",
  ]);
  for (const message of MESSAGES) {
    for (const field of Object.keys(message)) {
      if (optional.has(field) || optional.has(`${field} ${message.type}`)) continue;
      const { [field]: _, ...rest } = message;
      assert.throws(() => readMessage(JSON.stringify(rest)), MessageError, `${message.type} without ${field}`);
    }
  }
});

test("an outcome of a rehearsal that is none is refused", () => {
  assert.throws(() => readMessage('{"type":"verdict","id":1,"outcome":"fine"}'), /there is no outcome `fine`/);
});

test("text of any content is refused, not followed", () => {
  for (const text of ["", "{", "null", "[]", "1", '{"type":3}', '{"type":"hello","modules":{}}', new ArrayBuffer(4), undefined]) {
    assert.throws(() => readMessage(text), MessageError);
  }
  assert.throws(
    () => readMessage('{"type":"later"}'),
    (error) => error instanceof MessageError && error.unknown,
  );
});

test("a number that is infinite is none", () => {
  assert.throws(() => readMessage('{"type":"build-succeeded","sequence":1e999}'), /the field `sequence` is not a number/);
  assert.equal(readConfig('{"modules":[],"sequence":1e999}').sequence, 0);
});

test("reads the configuration of a page", () => {
  const config = {
    token: "t",
    app: "a",
    server: "s",
    html: "h",
    sequence: 3,
    modules: [VERSION],
    later: ["list"],
    failure: null,
    budget: 7,
  };
  assert.deepEqual(readConfig(JSON.stringify(config)), config);
  const { later: _, ...without } = config;
  assert.deepEqual(readConfig(JSON.stringify(without)).later, []);
  for (const budget of [undefined, null, "7", 0, -1, 1.5, 2 ** 31]) {
    assert.deepEqual(readConfig(JSON.stringify({ ...config, budget })), { ...config, budget: null });
  }
});

test("colours become classes, and other control sequences vanish", () => {
  assert.deepEqual(pieces("a\x1b[1m\x1b[38;5;9merror\x1b[0m: \x1b[2Kb\x1b]8;;http://x\x07link\x1b]8;;\x07"), [
    { text: "a", classes: [] },
    { text: "error", classes: ["b", "c1"] },
    { text: ": ", classes: [] },
    { text: "b", classes: [] },
    { text: "link", classes: [] },
  ]);
});

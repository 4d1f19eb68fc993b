import assert from "node:assert/strict";
import { test } from "node:test";
import { outcomes, readDeclaration, resolve, whyGone } from "../resources/connections.js";

/** @typedef {import("../resources/connections.js").Port} Port */
/** @typedef {import("../resources/connections.js").Declaration} Declaration */

/** @param {Record<string, string>} attributes */
function declaration(attributes) {
  return /** @type {Declaration} */ (readDeclaration((name) => attributes[name] ?? null));
}

/** `instance port: type`, an output; with `>` before it, an input; with `~` after it, a stream. @param {string} text @returns {Port} */
function port(text) {
  const [, input, instance, name, type, stream] = /** @type {RegExpMatchArray} */ (/^(>?)(\d) (\w+): ([^~]+)(~?)$/.exec(text));
  const serial = [...text].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 0);
  return {
    serial,
    module: `m${instance}`,
    instance: Number(instance),
    port: name ?? "",
    input: input === ">",
    kind: stream ? "stream" : "port",
    type: type ?? "",
  };
}

const NAMES = new Map([
  [1, "Board"],
  [2, "Log"],
  [3, "Log"],
  [4, "a.b"],
]);
const nameOf = (/** @type {number} */ instance) => NAMES.get(instance) ?? null;

/** @param {Declaration[]} declarations @param {string[]} ports */
function resolved(declarations, ports) {
  return resolve(declarations, ports.map(port), nameOf);
}

/** @param {ReturnType<typeof resolve>} found */
function summary({ links, problems }) {
  return [[...links.values()].map(({ output, input }) => `${output.instance} → ${input.instance}`), [...problems.values()]];
}

const MOVED = declaration({ from: "Board.moved", to: "Log.entry" });

test("an end is a name and a port, split at the last dot", () => {
  assert.deepEqual(declaration({ from: "a.b.out", to: "Log.entry", transform: "short", kind: "stream" }), {
    from: { name: "a.b", port: "out" },
    to: { name: "Log", port: "entry" },
    transform: "short",
    kind: "stream",
  });
});

for (const [attributes, why] of /** @type {const} */ ([
  [{ to: "a.b" }, /has no `from`\nhint: write `from="Component.port"`/],
  [{ from: "a.b" }, /has no `to`/],
  [{ from: "ab", to: "a.b" }, /the end `ab` of an `<hmr-connect>` names no port/],
  [{ from: "a.b", to: ".b" }, /the end `.b`/],
  [{ from: "a.", to: "a.b" }, /the end `a.`/],
])) {
  test(`an element that makes no sense says why: ${JSON.stringify(attributes)}`, () => {
    assert.match(String(declaration(attributes)), why);
  });
}

test("all instances of a name are meant, on both sides", () => {
  assert.deepEqual(summary(resolved([MOVED], ["1 moved: u32", ">2 entry: u32", ">3 entry: u32", ">3 other: u32", "2 moved: u32"])), [
    ["1 → 2", "1 → 3"],
    [],
  ]);
});

test("a connection whose ports are not there waits, without a word", () => {
  assert.deepEqual(summary(resolved([MOVED], ["1 moved: u32"])), [[], []]);
  assert.deepEqual(summary(resolved([MOVED], [">2 entry: u32", "9 moved: u32"])), [[], []]);
});

test("types must be equal, unless one is any value or there is a transform", () => {
  const any = "serde_json::value::Value";
  const transformed = declaration({ from: "Board.moved", to: "Log.entry", transform: "shorten" });
  assert.deepEqual(summary(resolved([MOVED], ["1 moved: u32", ">2 entry: u8"])), [
    [],
    ["`Board.moved` gives `u32` and `Log.entry` takes `u8`\nhint: a `transform` can make the one from the other"],
  ]);
  assert.deepEqual(summary(resolved([MOVED], [`1 moved: ${any}`, ">2 entry: u8"])), [["1 → 2"], []]);
  assert.deepEqual(summary(resolved([MOVED], ["1 moved: u32", `>2 entry: ${any}`])), [["1 → 2"], []]);
  assert.deepEqual(summary(resolved([transformed], ["1 moved: u32", ">2 entry: u8"])), [["1 → 2"], []]);
});

test("a kind that is declared must be the output's", () => {
  const stream = declaration({ from: "Board.moved", to: "Log.entry", kind: "stream" });
  assert.deepEqual(summary(resolved([stream], ["1 moved: u32", ">2 entry: u32"])), [
    [],
    ["`Board.moved` is a `port`, and the connection asks for a `stream`"],
  ]);
  assert.deepEqual(summary(resolved([stream], ["1 moved: u32~", ">2 entry: u32"])), [["1 → 2"], []]);
});

test("a connection that is declared twice is one", () => {
  assert.equal(resolved([MOVED, { ...MOVED }], ["1 moved: u32", ">2 entry: u32"]).links.size, 1);
});

/** @param {string[]} before @param {string[]} after @param {Declaration[]} [declarations] */
function changes(before, after, declarations = [MOVED]) {
  const concerned = (/** @type {Port} */ { module }) => module === "m1";
  const { links, problems } = resolved(declarations, after);
  const there = (/** @type {Port} */ { instance, input, port: name }) =>
    after.map(port).some((other) => other.instance === instance && other.input === input && other.port === name);
  return outcomes(resolved([MOVED, ...declarations], before).links.values(), links.values(), concerned, (link) =>
    whyGone(link, problems, there),
  );
}

test("what became of a module's connections", () => {
  const of = { from: "Board.moved", to: "Log.entry" };
  const both = ["1 moved: u32", ">2 entry: u32"];
  assert.deepEqual(changes(both, both), [{ ...of, outcome: "kept", reason: null }]);
  assert.deepEqual(changes([">2 entry: u32"], both), [{ ...of, outcome: "made", reason: null }]);
  assert.deepEqual(changes(both, [">2 entry: u32"]), [{ ...of, outcome: "dropped", reason: "the output `Board.moved` is gone" }]);
  assert.deepEqual(changes(both, ["1 moved: u8", ">2 entry: u32"]), [
    {
      ...of,
      outcome: "dropped",
      reason: "`Board.moved` gives `u8` and `Log.entry` takes `u32`\nhint: a `transform` can make the one from the other",
    },
  ]);
  assert.deepEqual(changes(both, both, []), [{ ...of, outcome: "dropped", reason: "no `hmr-connect` element declares it any more" }]);
  assert.deepEqual(changes([">2 entry: u32"], [">2 entry: u32"]), []);
});

test("an input that is gone is reported as such, and connections of others are not reported", () => {
  const back = declaration({ from: "Log.said", to: "Board.pick" });
  assert.deepEqual(changes(["2 said: u8", ">1 pick: u8"], ["2 said: u8"], [back]), [
    { from: "Log.said", to: "Board.pick", outcome: "dropped", reason: "the input `Board.pick` is gone" },
  ]);
  const others = declaration({ from: "Log.said", to: "a.b.in" });
  assert.deepEqual(changes(["2 said: u8", ">4 in: u8"], ["2 said: u8", ">4 in: u8"], [others]), []);
});

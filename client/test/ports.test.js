import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { HostFunctions } from "../resources/host-functions.js";
import { Ports, readPortRequest } from "../resources/ports.js";

/** Ports of instances whose module is `m` and their number. Values are taken by those whom they are sent to, unless they wait. */
class Bench {
  document = new JSDOM("").window.document;
  host = new HostFunctions(/** @type {any} */ ({}));
  /** @type {import("../resources/ports.js").Value[]} */
  waiting = [];
  /** @type {string[]} */
  problems = [];
  /** @type {string[]} */
  warnings = [];
  names = new Map([
    [1, "Board"],
    [2, "Log"],
    [3, "Log"],
  ]);
  ports = new Ports({
    host: this.host,
    isMounted: () => false,
    nameOf: (instance) => this.names.get(instance) ?? null,
    sent: (value) => void this.waiting.push(value),
    problem: (message) => void this.problems.push(message),
    warn: (_, text) => void this.warnings.push(text),
  });

  /** @param {Record<string, string>} attributes */
  connect(attributes) {
    const element = this.document.createElement("hmr-connect");
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    this.document.body.append(element);
    this.changed(element);
    return element;
  }

  /** @param {Element} element */
  changed(element) {
    this.ports.changed(element);
    this.ports.refresh();
  }

  /** @param {...object} requests */
  read(...requests) {
    return requests.map((request) => readPortRequest(JSON.stringify(request)));
  }

  /** The code of an instance asks. @param {...{ instance: number, [field: string]: unknown }} requests */
  ask(...requests) {
    for (const request of requests) for (const read of this.read(request)) this.ports.apply(`m${request.instance}`, read);
    this.ports.refresh();
  }

  /** New code takes an instance over. @param {number} instance @param {...object} requests */
  swap(instance, ...requests) {
    const read = this.read(...requests);
    return this.ports.settle(`m${instance}`, read, new Set([instance])).map(({ outcome }) => outcome);
  }

  /** The current deliveries, as `handler: text`. */
  get delivered() {
    return this.waiting.splice(0).map((value) => `${this.ports.handlerOf(value)}: ${this.ports.transformed(value)}`);
  }
}

const output = (/** @type {number} */ instance, kind = "port", type = "u32") => ({ op: "output", instance, port: "moved", kind, type });
const input = (/** @type {number} */ instance, handler = instance * 10, type = "u32") => ({
  op: "input",
  instance,
  port: "entry",
  type,
  handler,
});
const send = (/** @type {string} */ value) => ({ op: "send", instance: 1, port: "moved", value });
const MOVED = { from: "Board.moved", to: "Log.entry" };

test("a value goes, as it was written, to all who are connected when it is sent", () => {
  const bench = new Bench();
  bench.ask(output(1), send("0"));
  bench.connect(MOVED);
  bench.ask(input(2), input(3));
  assert.deepEqual(bench.delivered, [], "what was sent before is gone");
  bench.ask(send("18446744073709551615"));
  assert.deepEqual(bench.delivered, ["20: 18446744073709551615", "30: 18446744073709551615"]);
});

test("a value that was on its way reaches its goal though the connection has gone", () => {
  const bench = new Bench();
  const element = bench.connect(MOVED);
  bench.ask(output(1), input(2), send("1"));
  element.remove();
  bench.changed(element);
  bench.ask(send("2"));
  assert.deepEqual(bench.delivered, ["20: 1"]);
});

test("a stream gives its latest value to whoever is connected later, once", () => {
  const bench = new Bench();
  const element = bench.connect(MOVED);
  bench.ask(output(1, "stream"), input(2), send("1"), send("2"));
  assert.deepEqual(bench.delivered, ["20: 1", "20: 2"]);
  bench.ask(input(3));
  assert.deepEqual(bench.delivered, ["30: 2"], "an instance that is mounted later");
  bench.ports.renamed();
  bench.changed(element);
  assert.deepEqual(bench.delivered, []);
  bench.connect({ ...MOVED, to: "Log.other" });
  bench.ask({ ...input(3, 31), port: "other" });
  assert.deepEqual(bench.delivered, ["31: 2"], "a new connection");
  element.remove();
  bench.changed(element);
  bench.connect(MOVED);
  assert.deepEqual(bench.delivered, ["20: 2", "30: 2"]);
});

test("an input whose module was only swapped does not get the latest value again", () => {
  const bench = new Bench();
  bench.connect(MOVED);
  bench.ask(output(1, "stream"), input(2), send("1"));
  assert.deepEqual(bench.delivered, ["20: 1"]);
  assert.deepEqual(bench.swap(2, input(2, 21)), ["kept"]);
  assert.deepEqual(bench.swap(1, output(1, "stream")), ["kept"]);
  assert.deepEqual(bench.delivered, []);
  bench.ask(send("2"));
  assert.deepEqual(bench.delivered, ["21: 2"], "the new handler gets what comes");
  bench.ask({ op: "close", instance: 2, port: "entry", input: true }, input(2, 22));
  assert.deepEqual(bench.delivered, ["22: 2"], "an input that was made again does");
});

test("a latest value of another type is forgotten", () => {
  const bench = new Bench();
  bench.ask(output(1, "stream"), send("1"));
  bench.swap(1, output(1, "stream", "bool"));
  bench.connect(MOVED);
  bench.ask(input(2, 20, "bool"));
  assert.deepEqual(bench.delivered, []);
});

test("a value that waits while its goal is swapped reaches the new handler, or none if the port is gone", () => {
  const bench = new Bench();
  bench.connect(MOVED);
  bench.ask(output(1), input(2), send("1"));
  bench.swap(2, input(2, 21));
  assert.deepEqual(bench.delivered, ["21: 1"]);
  bench.ask(send("2"));
  assert.deepEqual(bench.swap(2, input(2, 22, "bool")), ["dropped"]);
  const [value] = bench.waiting;
  assert.equal(value && bench.ports.handlerOf(value), undefined);
});

test("what new code sends while it renders goes out once it has taken over", () => {
  const bench = new Bench();
  bench.connect(MOVED);
  bench.ask(output(1), input(2));
  bench.swap(1, output(1), send("9"));
  assert.deepEqual(bench.delivered, ["20: 9"]);
});

test("a connection that a swap drops is reported once as a problem, and made again when the types fit", () => {
  const bench = new Bench();
  bench.connect(MOVED);
  bench.ask(output(1), input(2));
  assert.deepEqual(bench.swap(1, output(1, "port", "bool")), ["dropped"]);
  bench.ports.renamed();
  bench.ports.refresh();
  assert.deepEqual(bench.problems, [
    "`Board.moved` is not connected to `Log.entry`: `Board.moved` gives `bool` and `Log.entry` takes `u32`\nhint: a `transform` can make the one from the other",
  ]);
  assert.deepEqual(bench.swap(1, output(1)), ["made"]);
  assert.deepEqual(bench.swap(1, output(1, "port", "bool")), ["dropped"]);
  assert.equal(bench.problems.length, 2, "it came again");
});

test("a transform's answer is delivered, its failure reported once", () => {
  const bench = new Bench();
  bench.connect({ ...MOVED, transform: "shorten" });
  bench.ask(output(1, "port", "String"), input(2), send(`"abc"`));
  assert.deepEqual(bench.delivered, ["20: null"]);
  bench.ask(send(`"abc"`));
  assert.deepEqual(bench.delivered, ["20: null"]);
  assert.deepEqual(bench.problems.length, 1);
  assert.match(bench.problems[0] ?? "", /a value of `Board.moved` did not reach `Log.entry`: there is no host function `shorten`/);
  bench.host.register("shorten", (text) => text.length);
  bench.ask(send(`"abc"`));
  assert.deepEqual(bench.delivered, ["20: 3"]);
  bench.host.register("shorten", async () => 1);
  bench.ask(send(`"abc"`));
  assert.deepEqual(bench.delivered, ["20: null"]);
  assert.match(bench.problems[1] ?? "", /answered with a promise/);
});

test("a stream whose goal had no code is sent again when it has", () => {
  const bench = new Bench();
  bench.connect(MOVED);
  bench.ask(output(1, "stream"), input(2), send("1"), send("2"));
  for (const value of bench.waiting.splice(0)) bench.ports.missed(value);
  bench.swap(1, output(1, "stream"));
  assert.deepEqual(bench.delivered, []);
  bench.swap(2, input(2, 21));
  assert.deepEqual(bench.delivered, ["21: 2"]);
  bench.swap(2, input(2, 22));
  assert.deepEqual(bench.delivered, []);
});

test("ports go with their instance, and with the code that does not take them over", () => {
  const bench = new Bench();
  bench.connect(MOVED);
  bench.ask(output(1), input(2), input(3));
  bench.ports.closeInstance(2);
  bench.ports.keepOnly("m3", new Set());
  bench.ask(send("1"));
  assert.deepEqual(bench.delivered, []);
});

test("a value that is sent through no output is reported", () => {
  const bench = new Bench();
  bench.ask(send("1"));
  assert.deepEqual(bench.warnings, ["a value was sent through `moved`, which is not an output of the instance 1"]);
});

test("an element that makes no sense is reported once, and heals", () => {
  const bench = new Bench();
  const element = bench.connect({ from: "Board", to: "Log.entry" });
  bench.changed(element);
  assert.equal(bench.problems.length, 1);
  element.setAttribute("from", "Board.moved");
  bench.changed(element);
  bench.ask(output(1), input(2), send("1"));
  assert.deepEqual(bench.delivered, ["20: 1"]);
  element.setAttribute("from", "Board");
  bench.changed(element);
  assert.equal(bench.problems.length, 2);
});

for (const [json, error] of /** @type {[string, RegExp][]} */ ([
  ["nonsense", /not a JSON object/],
  [`{"op":"output","instance":1}`, /no instance or no port/],
  [`{"op":"output","instance":1,"port":"p","kind":"pipe","type":"u8"}`, /neither `port` nor `stream`/],
  [`{"op":"output","instance":1,"port":"p","kind":"port"}`, /the output `p` has no type/],
  [`{"op":"input","instance":1,"port":"p","type":"u8"}`, /the input `p` has no handler/],
  [`{"op":"send","instance":1,"port":"p","value":7}`, /is not a JSON text/],
  [`{"op":"send","instance":1,"port":"p","value":"{"}`, /is not a JSON text/],
  [`{"op":"open","instance":1,"port":"p"}`, /neither declares, nor sends, nor closes/],
])) {
  test(`a port request that makes no sense says why: ${json}`, () => {
    assert.throws(() => readPortRequest(json), error);
  });
}

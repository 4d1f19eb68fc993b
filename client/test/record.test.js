import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { RESTART_LIMIT, RESTART_PERIOD_MS } from "../common/constants.js";
import { ModuleCalls } from "../extra/module-calls.js";
import { GuestTrap } from "../guest/trap.js";
import { ModuleRecord } from "../module/record.js";
import { WantedVersion } from "../module/wanted-version.js";

/** @typedef {import("../guest/guest.js").Guest} Guest */
/** @typedef {import("../module/record.js").PreviousVersion} PreviousVersion */

const { document } = new JSDOM().window;
const compiled = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
const trap = new GuestTrap({ message: "out of bounds" }, "");

/** @param {string} hash */
function version(hash) {
  return { module: "a", hash, url: `/${hash}.wasm`, components: ["A"] };
}

/** @param {string} hash @returns {PreviousVersion} */
function previous(hash) {
  return { version: version(hash), compiled, snapshot: null, previous: null };
}

function newRecord() {
  const calls = new ModuleCalls(
    () => 0,
    () => {},
    () => {},
  );
  return new ModuleRecord("a", document, { happened: () => 0, called: (_record, code) => code() }, () => {}, calls);
}

/**
 * Puts code into a record, as a commit does.
 * @param {ModuleRecord} record
 * @param {string} hash
 * @param {Parameters<ModuleRecord["install"]>[1]} [options]
 */
function install(record, hash, options = { probation: { previous: null, sequence: 1 } }) {
  const guest = /** @type {Guest} */ (/** @type {unknown} */ ({ trap: null, pause() {}, resume() {} }));
  record.install({ guest, tree: record.newTree(), version: version(hash), compiled }, options);
  return guest;
}

/** A record of which a version runs. */
function running() {
  const record = newRecord();
  install(record, "1");
  return record;
}

/** A record in each state. @type {Record<string, () => ModuleRecord>} */
const STATES = {
  idle: newRecord,
  running,
  swapping() {
    const record = running();
    record.quiesce();
    return record;
  },
  failed() {
    const record = running();
    record.failToRestart(trap, 0);
    return record;
  },
  ended() {
    const record = running();
    for (let count = 0; count < RESTART_LIMIT; count++) {
      record.failToRestart(trap, 0);
      record.restart();
      install(record, "1", { probation: "continued", restarts: true });
      record.release();
    }
    record.failToRestart(trap, 0);
    return record;
  },
};

/** Each transition, with the states that allow it. @type {[string, string[], (record: ModuleRecord) => unknown][]} */
const TRANSITIONS = [
  ["note", ["idle"], (record) => record.note(version("2"))],
  ["failToLoad", ["idle"], (record) => record.failToLoad(version("2"), "no such file")],
  ["quiesce", ["running", "failed", "ended"], (record) => record.quiesce()],
  ["install", ["idle", "swapping", "failed"], (record) => install(record, "2")],
  ["release", ["swapping"], (record) => record.release()],
  ["resume", ["swapping"], (record) => record.resume()],
  ["failToUndo", ["running", "failed", "ended"], (record) => record.failToUndo({ reason: "ill", previous: previous("0"), sequence: null })],
  ["failToRestart", ["running", "failed", "ended"], (record) => record.failToRestart(trap, 0)],
  ["restart", ["failed"], (record) => record.restart()],
  ["discard", ["running", "swapping", "failed", "ended"], (record) => record.discard()],
  ["stop", ["running", "ended"], (record) => record.stop()],
  ["endProbation", ["running"], (record) => record.endProbation()],
];

for (const [name, allowed, transition] of TRANSITIONS) {
  test(`\`${name}\` is a transition from ${allowed.join(", ")}, and from nothing else`, () => {
    for (const [state, make] of Object.entries(STATES)) {
      const record = make();
      assert.equal(record.state, state);
      if (allowed.includes(state)) transition(record);
      else
        assert.throws(() => transition(record), {
          message: `internal error: the module \`a\` is ${state}, which does not allow \`${name}\``,
        });
    }
  });
}

test("a first load runs at once; a swap holds the code until it is released", () => {
  const record = newRecord();
  record.note(version("1"));
  assert.deepEqual([record.state, record.version?.hash, record.guest], ["idle", "1", null]);
  const first = install(record, "1");
  assert.deepEqual([record.state, record.held, record.guest === first, record.generation], ["running", false, true, 1]);
  record.quiesce();
  assert.deepEqual([record.held, record.guest === first], [true, true]);
  const second = install(record, "2", { probation: "ended", previous: previous("1") });
  assert.deepEqual([record.held, record.guest === second], [true, true]);
  record.release();
  assert.deepEqual([record.state, record.version?.hash, record.previous?.version.hash, record.generation], ["running", "2", "1", 2]);
});

test("code that is not replaced goes on with its probation", () => {
  const record = running();
  const { probation } = record;
  record.quiesce();
  record.resume();
  assert.equal(record.state, "running");
  assert.deepEqual(record.probation, probation);
});

test("code that trapped on probation during a swap that was rolled back can still be undone", () => {
  const record = newRecord();
  const guest = install(record, "2", { probation: { previous: previous("1"), sequence: 4 } });
  record.quiesce();
  guest.trap = trap;
  record.resume();
  assert.deepEqual([record.state, record.alive, record.probation?.sequence], ["running", false, 4]);
});

test("proven code that trapped in its hooks has ended when nothing takes its place", () => {
  const record = running();
  record.endProbation();
  record.quiesce();
  Object.assign(record.guest ?? {}, { trap });
  record.resume();
  assert.deepEqual([record.state, record.alive], ["ended", false]);
});

test("code that failed while an update was prepared waits for its remedy again if that is rolled back", () => {
  const record = running();
  const rejected = { reason: "ill", previous: previous("0"), sequence: 1 };
  record.failToUndo(rejected);
  record.quiesce();
  assert.equal(record.remedy.undo, rejected);
  record.resume();
  assert.deepEqual([record.state, record.remedy.undo === rejected], ["failed", true]);
});

test("new code leaves no remedy of the old code", () => {
  const record = STATES.failed?.() ?? newRecord();
  install(record, "2");
  assert.deepEqual(record.remedy, { undo: null, restart: null });
  assert.equal(record.held, true);
  record.release();
  assert.equal(record.state, "running");
});

test("a restart holds the code, does not count as another generation, and continues no probation", () => {
  const record = running();
  record.endProbation();
  record.failToRestart(trap, 0);
  assert.equal(record.remedy.restart, trap);
  record.restart();
  assert.deepEqual([record.held, record.remedy.restart], [true, null]);
  install(record, "1", { probation: "continued", restarts: true });
  record.release();
  assert.deepEqual([record.generation, record.probation], [1, null]);
});

test("restarts are limited in a period, after which there may be more", () => {
  const record = running();
  const fail = (/** @type {number} */ now) => record.failToRestart(trap, now);
  for (let count = 0; count < RESTART_LIMIT; count++) assert.equal(fail(0), true);
  assert.equal(fail(RESTART_PERIOD_MS - 1), false);
  assert.equal(record.state, "failed");
  assert.equal(fail(RESTART_PERIOD_MS), true);
});

test("the last call ends a probation", () => {
  const record = running();
  const left = record.probation?.left ?? 0;
  assert.ok(left > 1);
  const last = Array.from({ length: left }, () => record.countCall());
  assert.deepEqual(last, [...Array(left - 1).fill(false), true]);
  record.endProbation();
  assert.deepEqual([record.probation, record.countCall()], [null, false]);
});

test("code that is discarded or stopped leaves no state", () => {
  const discarded = running();
  discarded.captured("{}");
  discarded.discard({ version: version("0"), compiled });
  assert.deepEqual([discarded.state, discarded.lastGood, discarded.version?.hash], ["idle", null, "0"]);
  const stopped = running();
  stopped.captured("{}");
  stopped.stop();
  assert.deepEqual([stopped.state, stopped.lastGood, stopped.version?.hash], ["idle", null, "1"]);
});

test("a refused version is accepted once it runs after all", () => {
  const record = newRecord();
  record.refuse("1");
  assert.equal(record.isRefused("1"), true);
  install(record, "1");
  assert.equal(record.isRefused("1"), false);
});

test("what a script of the page chose stays until the tool names another version, or announces one", () => {
  const wanted = new WantedVersion();
  wanted.named("1");
  wanted.override(wanted.hash);
  wanted.named("1");
  assert.equal(wanted.isOverridden, true);
  wanted.named("2");
  assert.equal(wanted.isOverridden, false);
  wanted.override("2");
  wanted.announced("2");
  assert.equal(wanted.isOverridden, false);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { cut } from "../common/limits.js";
import { shortened } from "../tool/short-report.js";
import { newSwap } from "../swap/steps.js";

test("short texts stay, and what was cut is not cut again", () => {
  assert.equal(cut("short"), "short");
  for (const [letter, length] of /** @type {[string, number][]} */ ([
    ["a", 4097],
    ["é", 5000],
    ["日", 5001],
    ["🚀", 3_000_000],
  ])) {
    const once = cut(letter.repeat(length));
    const [kept = ""] = once.split(" … ");
    assert.ok(new TextEncoder().encode(once).length <= 4096 && letter.repeat(length).startsWith(kept) && kept.length > 100);
    assert.equal(cut(once), once);
  }
});

test("the note says how much more there was", () => {
  for (const [length, note] of [
    [5000, "1416 bytes"],
    [13_583, "9999 bytes"],
    [20_000, "16 kB"],
    [20_000_000, "19 MB"],
  ]) {
    assert.ok(cut("a".repeat(Number(length))).endsWith(`a … (cut, ${note} more)`));
  }
});

test("of a long report what was reset stays, and what was kept is counted", () => {
  const version = { module: "app", hash: "h", url: "", components: [] };
  /** @type {Record<string, { outcome: string, reason?: string }>} */
  const keys = {};
  for (let number = 0; number < 5000; number++) keys[`kept${number}`] = { outcome: "kept" };
  for (let number = 0; number < 900; number++) keys[`reset${number}`] = { outcome: "reset", reason: "no" };
  const resources = Array.from({ length: 200 }, (_, number) => ({
    instance: 1,
    key: `r${number}`,
    outcome: /** @type {const} */ ("closed"),
  }));
  const swap = { ...newSwap(version, "committed"), report: { instances: [{ instance: 1, component: "App", keys }] }, resources };
  const short = shortened(swap);
  assert.deepEqual(short.cut, { kept: 5000, closed: 100 });
  const left = Object.values(short.report?.instances[0]?.keys ?? {});
  assert.deepEqual([left.length, left.every(({ outcome }) => outcome === "reset"), short.resources.length], [900, true, 100]);
  assert.equal(Object.keys(keys).length, 5900, "what the page has is as it was");
  assert.deepEqual(shortened(short), short);

  for (const outcome of Object.values(keys)) Object.assign(outcome, { outcome: "reset", reason: "x".repeat(4000) });
  const { report, cut: leftOut, error } = shortened({ ...swap, error: "why" });
  assert.deepEqual([report, leftOut, error], [null, { report: 1 }, "why"], "the tool does not take messages of any size");
});

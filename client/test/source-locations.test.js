import assert from "node:assert/strict";
import { test } from "node:test";
import { isOwn } from "../guest/source-lines.js";
import { guest } from "./support/guest.js";
import { PLACE, Page } from "./support/page.js";

/** `hmr.lines`: all of the code comes from `a.rs`, line 7. */
const LINES = [9, ...new TextEncoder().encode("hmr.lines"), 1, 4, ...new TextEncoder().encode("a.rs"), 1, 0, 1, 14];

/**
 * A counter that logs its lines.
 * @param {Partial<import("./support/guest.js").Shape>} shape
 */
function lined(shape) {
  const bytes = guest({ views: [{ tag: "button", listen: { click: 1 }, children: ["0"] }], digit: 2, ...shape });
  return new Uint8Array([...bytes, 0, LINES.length, ...LINES]);
}

test("a trap is reported with the place of the code", async () => {
  const page = new Page(PLACE);
  await page.start(page.version("a", lined({ traps: ["hmr_dispatch"] })));
  page.get("button").click();
  const [trap] = page.traps;
  assert.deepEqual([trap?.file, trap?.line], ["a.rs", 7]);
});

test("what an import refused is not a trap of the code: it has no place, as in the other engine", async () => {
  const page = new Page(PLACE);
  await page.start(page.version("a", lined({})));
  const swap = await page.update(2, page.version("b", lined({ resources: ["["] })));
  assert.equal(swap.outcome, "rolled-back");
  assert.doesNotMatch(swap.error ?? "", /a\.rs/);
});

test("which source files are the user's own, as in the other engine", () => {
  for (const own of ["src/lib.rs", "board/src/a b.rs", "src\\lib.rs"]) assert.ok(isOwn(own), own);
  for (const other of [
    "",
    "/rustc/0123/library/std/src/time.rs",
    "C:\\a\\lib.rs",
    "\\\\server\\lib.rs",
    "<anon>",
    "library/std/src/time.rs",
  ]) {
    assert.ok(!isOwn(other), other);
  }
});

/**
 * The swap as a sequence of steps.
 *
 * In: what each step does, in order. Out: the outcome, with the steps entered and how long each took. This file only
 * decides the order of the steps and the rollback, and measures times. It knows neither documents nor modules.
 */

import { errorMessage } from "../common/error-message.js";
import { FetchError } from "../guest/compile.js";

/** @typedef {import("../tool/protocol.js").Step} Step */
/** @typedef {import("../tool/protocol.js").Swap} Swap */
/** @typedef {import("../tool/protocol.js").Version} Version */

/**
 * A step, and what it does. If it throws, `rollback` is called and no further step runs. For a native module, the steps up to
 * `restore` may throw; `render` and later steps must not, since their effects on the page are not rolled back. For an application,
 * each step may throw, also `probation`: then the swap is rolled back, and its outcome is `undone`. Work that returns no promise
 * is followed by the next step at once, so that no other code runs between the two.
 *
 * @typedef {[Step, (swap: Swap) => Promise<void> | void]} Work
 */

/**
 * @typedef {object} Plan
 * @property {Work[]} steps
 * @property {() => boolean} wanted whether the update is still the newest, asked after `prepare`, before anything is changed
 * @property {(step: Step, error: unknown) => void} rollback
 */

/** A component that is mounted accepts no hot update. */
export class Declined extends Error {
  /** @param {string} reason */
  constructor(reason) {
    super(reason);
    this.name = "Declined";
  }
}

/**
 * A swap that has not entered any step.
 *
 * @param {Version} version
 * @param {import("../tool/protocol.js").Outcome} outcome
 * @returns {Swap}
 */
export function newSwap({ module, hash }, outcome) {
  return {
    module,
    hash,
    outcome,
    step: null,
    error: null,
    cause: null,
    report: null,
    resources: [],
    connections: [],
    invalidated: [],
    events: [],
    duration: {},
    rehearsal: null,
  };
}

/**
 * Runs one swap.
 *
 * @param {Swap} swap is filled in
 * @param {Plan} plan
 * @param {() => number} clock milliseconds
 * @returns {Promise<Swap | null>} null if it is not wanted any more
 */
export async function runSwap(swap, plan, clock) {
  for (const [step, work] of plan.steps) {
    const began = clock();
    swap.events.push(step);
    try {
      const working = work(swap);
      if (working) await working;
    } catch (error) {
      if (error instanceof Declined) return { ...newSwap({ ...swap, url: "", components: [] }, "declined"), error: error.message };
      swap.duration[step] = clock() - began;
      rollBack(swap, plan, step, error, clock);
      return swap;
    }
    swap.duration[step] = clock() - began;
    if (step === "prepare" && !plan.wanted()) return null;
  }
  return swap;
}

/**
 * @param {Swap} swap
 * @param {Plan} plan
 * @param {Step} step that failed
 * @param {unknown} error
 * @param {() => number} clock
 */
function rollBack(swap, plan, step, error, clock) {
  const began = clock();
  swap.events.push("rollback");
  plan.rollback(step, error);
  swap.duration.rollback = clock() - began;
  const cause = error instanceof FetchError ? "fetch" : "version";
  Object.assign(swap, { outcome: swap.outcome === "undone" ? "undone" : "rolled-back", step, error: errorMessage(error), cause });
}

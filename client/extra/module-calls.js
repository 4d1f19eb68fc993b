/**
 * The calls of one module's exports: the wrapper that replaces an export, and how long calls take.
 *
 * In: wrappers of the page's scripts; the beginning and end of each call. Out: the function to call, and figures by
 * export. It stays over a swap, so that wrappers and measurements continue.
 */

import { ExportPatch } from "./export-patch.js";
import { COMPARED_CALLS, MEASURED_CALLS, SLOWER_BY_MS, SLOWER_RATIO } from "../common/constants.js";

/** @typedef {import("./export-patch.js").Exported} Exported */
/** @typedef {{ calls: number, total: number, self: number, errors: number }} Metrics */
/** @typedef {{ before: string, call: string, calls: number, beforeMs: number, afterMs: number }} Slower */

/** The calls of one module. */
export class ModuleCalls {
  /** By export, the innermost first. @type {Map<string, ExportPatch[]>} */
  #patches = new Map();
  /** @type {Set<Map<string, Metrics>>} */
  #profiles = new Set();
  /** The calls that run, outermost first. @type {{ name: string, began: number, outside: number }[]} */
  #running = [];
  #importBegan = 0;
  /** By export. @type {Map<string, number[]>} */
  #durations = new Map();
  /** The medians of the version before. @type {{ hash: string, medians: Map<string, number> } | null} */
  #before = null;
  #hash = "";
  #clock;
  #failed;
  #slower;

  /**
   * @param {() => number} clock milliseconds
   * @param {(name: string, error: unknown) => void} failed called when a wrapper throws
   * @param {(slower: Slower) => void} slower called once for each export and version that got clearly slower
   */
  constructor(clock, failed, slower) {
    this.#clock = clock;
    this.#failed = failed;
    this.#slower = slower;
  }

  /**
   * Replaces an export with a wrapper, over swaps, until it is rolled back.
   *
   * @param {string} name
   * @param {(original: Exported) => Exported} wrap
   * @returns {{ rollback: () => void }}
   */
  patch(name, wrap) {
    const patch = new ExportPatch(name, wrap, this.#failed);
    this.#patches.set(name, [...(this.#patches.get(name) ?? []), patch]);
    return {
      rollback: () => {
        this.#patches.set(
          name,
          (this.#patches.get(name) ?? []).filter((other) => other !== patch),
        );
      },
    };
  }

  /**
   * Returns the function to call for an export.
   *
   * @param {string} name
   * @param {Exported} original
   * @returns {Exported}
   */
  resolve(name, original) {
    const patches = this.#patches.get(name);
    if (!patches) return original;
    return patches.reduce(
      (/** @type {Exported} */ inner, patch) =>
        (...values) =>
          patch.call(inner, values),
      original,
    );
  }

  /**
   * Measures calls until `stop`.
   * @returns {{ stop: () => void, metrics: () => Record<string, Metrics> }}
   */
  profile() {
    /** @type {Map<string, Metrics>} */
    const metrics = new Map();
    this.#profiles.add(metrics);
    return {
      stop: () => void this.#profiles.delete(metrics),
      metrics: () => Object.fromEntries([...metrics].map(([name, figures]) => [name, { ...figures }])),
    };
  }

  /** @param {string} name */
  began(name) {
    this.#running.push({ name, began: this.#clock(), outside: 0 });
  }

  /** Call this when code calls an import: the time in it is not the code's own. */
  left() {
    this.#importBegan = this.#clock();
  }

  /** Call this when the import returns. */
  returned() {
    const call = this.#running.at(-1);
    if (call) call.outside += this.#clock() - this.#importBegan;
  }

  /** @param {boolean} failed */
  ended(failed) {
    const call = this.#running.pop();
    if (!call) return;
    const { name, began, outside } = call;
    const total = this.#clock() - began;
    for (const profile of this.#profiles) {
      const figures = profile.get(name) ?? { calls: 0, total: 0, self: 0, errors: 0 };
      profile.set(name, figures);
      figures.calls++;
      figures.total += total;
      figures.self += total - outside;
      if (failed) figures.errors++;
    }
    if (!failed) this.#measured(name, total);
  }

  /**
   * Call this when other code runs: the measurements so far become the baseline.
   * @param {string} hash
   */
  turnOver(hash) {
    if (hash === this.#hash) return;
    const known = [...this.#durations].filter(([, durations]) => durations.length >= COMPARED_CALLS);
    this.#before = this.#hash === "" ? null : { hash: this.#hash, medians: new Map(known.map(([name, all]) => [name, median(all)])) };
    this.#durations.clear();
    this.#hash = hash;
  }

  /**
   * @param {string} name
   * @param {number} ms
   */
  #measured(name, ms) {
    const durations = this.#durations.get(name) ?? [];
    this.#durations.set(name, durations);
    durations.push(ms);
    if (durations.length > MEASURED_CALLS) durations.shift();
    const before = this.#before?.medians.get(name);
    if (before === undefined || !this.#before || durations.length % COMPARED_CALLS !== 0) return;
    const after = median(durations);
    if (after < before * SLOWER_RATIO || after - before < SLOWER_BY_MS) return;
    this.#before.medians.delete(name);
    this.#slower({ before: this.#before.hash, call: name, calls: durations.length, beforeMs: before, afterMs: after });
  }
}

/** @param {number[]} values at least one */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[middle - 1] ?? 0, sorted[middle] ?? 0];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

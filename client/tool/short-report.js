/**
 * Limits the size of a swap's report to the tool.
 *
 * In: reports of any size. Out: their most important entries, with the number of entries that were left out. The numbers are those of
 * `protocol::shorten` in the tool.
 */

import { REPORT_BYTES, REPORT_ENTRIES } from "../common/constants.js";
import { cutAll } from "../common/limits.js";

/** @typedef {import("./protocol.js").Swap} Swap */

/** What is left out first. Any other outcome comes last. */
const LEAST_MISSED = ["kept", "opened", "made", "initial", "added", "recovered", "resumed", "migrated", "closed", "orphaned"];

/**
 * The report of a swap for the tool: without the entries that people miss least, if there are too many, and with their number.
 *
 * @param {Swap} swap
 * @returns {Swap}
 */
export function shortened(swap) {
  const { instances = [] } = swap.report ?? {};
  const lists = [...instances.flatMap(({ keys = {}, tasks = {} }) => [keys, tasks]), swap.resources, swap.connections, swap.invalidated];
  let excess = lists.reduce((sum, list) => sum + Object.keys(list).length, 0) - REPORT_ENTRIES;
  if (excess <= 0) return small(swap);
  /** @type {Record<string, number>} */
  const cut = {};
  /** By list, what of it is left out. @type {Map<object, Set<string>>} */
  const without = new Map(lists.map((list) => [list, new Set()]));
  for (const wanted of [...LEAST_MISSED, null]) {
    for (const list of lists) {
      for (const [name, { outcome = "unknown" }] of Object.entries(/** @type {Record<string, { outcome?: string }>} */ (list))) {
        const gone = /** @type {Set<string>} */ (without.get(list));
        if (excess <= 0 || gone.has(name) || (wanted !== null && wanted !== outcome)) continue;
        gone.add(name);
        cut[outcome] = (cut[outcome] ?? 0) + 1;
        excess--;
      }
    }
  }
  const stays =
    (/** @type {object} */ list) =>
    (/** @type {[string, unknown]} */ [name]) =>
      !without.get(list)?.has(name);
  /** @template T @param {Record<string, T> | undefined} map */
  const map = (map) => map && Object.fromEntries(Object.entries(map).filter(stays(map)));
  /** @template T @param {T[]} list */
  const list = (list) => list.filter((_, index) => stays(list)([String(index), null]));
  const report = swap.report && { instances: instances.map((entry) => ({ ...entry, keys: map(entry.keys), tasks: map(entry.tasks) })) };
  return small({
    ...swap,
    report,
    resources: list(swap.resources),
    connections: list(swap.connections),
    invalidated: list(swap.invalidated),
    cut,
  });
}

/**
 * The swap with its texts cut, and without its report if that is large even so.
 * @param {Swap} swap
 * @returns {Swap}
 */
function small(swap) {
  const all = cutAll(swap);
  if (JSON.stringify(all).length <= REPORT_BYTES) return all;
  return { ...all, report: null, resources: [], connections: [], invalidated: [], cut: { report: 1 } };
}

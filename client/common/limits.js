/**
 * Limits how much text of modules is shown to people and sent to the tool.
 *
 * In: texts of any length, reports of any size. Out: what people can read, with a note of what was cut. The numbers are those of
 * `hmr_abi::text`, and of `protocol::shorten` in the tool.
 */

import { REPORT_BYTES, REPORT_ENTRIES, TEXT_BYTES, TEXT_KEPT_BYTES } from "./constants.js";

/** @typedef {import("../tool/protocol.js").Swap} Swap */

const encoder = new TextEncoder();

/**
 * The text, or its beginning with a note of how much more there was.
 * @param {string} text
 */
export function cut(text) {
  // A unit of UTF-16 is at most three bytes of UTF-8.
  if (text.length <= TEXT_BYTES / 3) return text;
  const total = encoder.encode(text).length;
  if (total <= TEXT_BYTES) return text;
  const { read, written } = encoder.encodeInto(text, new Uint8Array(TEXT_KEPT_BYTES));
  return `${text.slice(0, read)} … (cut, ${size(total - written)} more)`;
}

/** @param {number} bytes */
function size(bytes) {
  if (bytes < 10_000) return `${bytes} bytes`;
  return bytes < 10_000_000 ? `${Math.floor(bytes / 1000)} kB` : `${Math.floor(bytes / 1_000_000)} MB`;
}

/**
 * A value of JSON with all its texts cut.
 *
 * @template T
 * @param {T} value
 * @returns {T}
 */
export function cutAll(value) {
  if (typeof value === "string") return /** @type {T} */ (cut(value));
  if (Array.isArray(value)) return /** @type {T} */ (value.map(cutAll));
  if (typeof value !== "object" || value === null) return value;
  return /** @type {T} */ (Object.fromEntries(Object.entries(value).map(([name, inner]) => [cut(name), cutAll(inner)])));
}

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

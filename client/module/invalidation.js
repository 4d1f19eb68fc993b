/** A module's report that one of its instances cannot continue. */

import { cut } from "../common/limits.js";

/** @typedef {import("../tool/protocol.js").Invalidation} Invalidation */

/**
 * Reads what a module reported.
 *
 * @param {string} json text of any content
 * @returns {Invalidation}
 * @throws {Error} if it names no instance
 */
export function readInvalidation(json) {
  let from;
  try {
    from = JSON.parse(json);
  } catch {
    from = null;
  }
  if (!Number.isInteger(from?.instance)) throw new Error("an invalidation names no instance");
  return { instance: from.instance, reason: typeof from.reason === "string" ? cut(from.reason) : "no reason was given" };
}

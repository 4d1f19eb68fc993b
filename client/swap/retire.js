/**
 * Takes code out of modules.
 *
 * In: a module and its code. Out: the code has ended. Documents are not touched here.
 */

import { errorMessage } from "../common/error-message.js";
import { ignoring } from "./capture.js";

/** @typedef {import("../module/record.js").ModuleRecord} ModuleRecord */

/**
 * Takes the code of a module out, so that a version starts without its state.
 *
 * @param {ModuleRecord} record
 * @param {Parameters<ModuleRecord["discard"]>[0]} [next] the version to start; the same one if it is left out
 */
export function startClean(record, next) {
  retire(record.discard(next), record);
}

/**
 * Ends code that was replaced, with what it has started itself. Nothing that it does any more has an effect.
 *
 * @param {import("../guest/guest.js").Guest} guest
 * @param {ModuleRecord} record
 * @param {import("../tool/protocol.js").RestoreReport | null} [report] of an update; it lists what the new code does not have
 */
export function retire(guest, record, report = null) {
  if (!guest.trap) dispose(guest, record, report);
  guest.end();
}

/**
 * @param {import("../guest/guest.js").Guest} guest
 * @param {ModuleRecord} record
 * @param {import("../tool/protocol.js").RestoreReport | null} report
 */
function dispose(guest, record, report) {
  guest.sink = { ...ignoring, log: record.log };
  try {
    const pruned = (report?.instances ?? []).filter((entry) => Array.isArray(entry?.pruned) && entry.pruned.length > 0);
    const instances = pruned.map((entry) => ({ instance: entry.instance, scopes: entry.pruned }));
    if (instances.length > 0) guest.pruneScopes(JSON.stringify({ instances }));
    guest.dispose();
  } catch (error) {
    record.log("warn", `the old code trapped while it was disposed of: ${errorMessage(error)}`);
  }
}

/**
 * Takes the state of code that is about to be replaced.
 *
 * In: a module. Out: its snapshot, and the effects of the hooks before the update, held back until the new code has taken over.
 * The memory from before the hooks is saved, too, so that the old code can continue as if they had not run.
 */

import { readPort } from "../resources/instance-resources.js";
import { readRequest } from "../resources/resources.js";
import { hasHooks, instancesOf } from "../guest/snapshot.js";
import { errorMessage } from "../common/error-message.js";

/** @typedef {import("../guest/trap.js").GuestTrap} GuestTrap */
/** @typedef {import("../module/record.js").ModuleRecord} ModuleRecord */

/**
 * @typedef {object} Captured
 * @property {string | null} snapshot null if the code trapped before it was ever captured
 * @property {import("../guest/guest.js").MemoryCopy | null} memory from before the hooks ran, if they did
 * @property {import("../resources/instance-resources.js").Request[]} requests
 * @property {[import("../guest/guest.js").Level, string][]} logs
 * @property {GuestTrap | null} trap that the hooks ran into: its state is not reliable after that
 */

/** A sink for code that may have no effect any more. */
export const ignoring = { dom: () => {}, resource: () => {}, port: () => {}, invalidate: () => {}, node: () => null };

/**
 * Captures the state of a module's code.
 *
 * @param {ModuleRecord} record
 * @param {number} time milliseconds since the Unix epoch
 * @param {boolean} updates whether it is for an update, before which the code's hooks run
 * @returns {Captured} the last good state if the code has trapped, or traps now
 */
export function capture(record, time, updates) {
  /** @type {Captured} */
  const captured = { snapshot: record.lastGood, memory: null, requests: [], logs: [], trap: null };
  const { guest } = record;
  if (!guest || guest.trap) return captured;
  try {
    const snapshot = guest.capture();
    const hooks = updates && hasHooks(snapshot);
    record.captured(snapshot, time);
    captured.snapshot = snapshot;
    return hooks ? runHooks(record, guest, captured) : captured;
  } catch (error) {
    record.log("warn", `the state could not be captured, so the last good one is taken: ${errorMessage(error)}`);
    return { ...captured, trap: guest.trap };
  }
}

/**
 * @param {ModuleRecord} record
 * @param {import("../guest/guest.js").Guest} guest
 * @param {Captured} captured without what the hooks did
 * @returns {Captured}
 */
function runHooks(record, guest, captured) {
  const memory = guest.copyMemory();
  /** @type {Captured} */
  const hooked = { ...captured, memory, requests: [], logs: [] };
  const { sink } = guest;
  guest.sink = {
    ...ignoring,
    log: (level, text) => void hooked.logs.push([level, text]),
    resource: (json) => void hooked.requests.push(readRequest(json)),
    port: (json) => void hooked.requests.push(readPort(json)),
  };
  try {
    hooked.snapshot = guest.beforeUpdate() ?? captured.snapshot;
    if (hooked.snapshot !== null) instancesOf(hooked.snapshot, "hmr_before_update");
    return hooked;
  } catch (error) {
    record.log("warn", `the hooks before the update failed, so what they put aside is lost: ${errorMessage(error)}`);
    if (guest.trap) return { ...captured, trap: guest.trap };
    guest.putBack(memory);
    return captured;
  } finally {
    guest.sink = sink;
  }
}

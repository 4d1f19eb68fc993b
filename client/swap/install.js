/**
 * Puts code into slots, and takes it out.
 *
 * In: a slot and code. Out: the slot runs it, or nothing. Documents are not touched here.
 */

import { ignoring } from "./capture.js";
import { readManifest } from "../guest/inspect.js";
import { errorMessage } from "../common/error-message.js";

/** @typedef {import("../module/record.js").Slot} Slot */
/** @typedef {import("../tool/protocol.js").Version} Version */

/**
 * Makes a slot run new code.
 *
 * @param {Slot} slot
 * @param {import("../module/candidate.js").Candidate} candidate
 * @param {Version} version
 * @param {WebAssembly.Module} compiled
 */
export function install(slot, candidate, { transform: _, ...version }, compiled) {
  slot.guest = candidate.guest;
  slot.tree = candidate.tree;
  // Without the transform: it applies to the state only once, and that is done.
  slot.version = version.components.length > 0 ? version : { ...version, components: readManifest(compiled).components };
  slot.compiled = compiled;
  slot.failure = null;
  slot.rejected = slot.reviving = null;
  slot.refused.delete(version.hash);
}

/**
 * Makes a slot whose version from before does not take its state up again start that version without it.
 *
 * @param {Slot} slot
 * @param {Pick<Slot, "version" | "compiled">} before
 */
export function startClean(slot, { version, compiled }) {
  const old = slot.guest;
  Object.assign(slot, { guest: null, version, compiled, lastGood: null, rejected: null, reviving: null, held: false });
  slot.tree = slot.newTree();
  if (old && !old.trap) retire(old, slot);
}

/**
 * Ends code that was replaced. Nothing that it does any more has an effect.
 *
 * @param {import("../guest/guest.js").Guest} guest
 * @param {Slot} slot
 * @param {import("../tool/protocol.js").RestoreReport | null} [report] of an update; it lists what the new code does not have
 */
export function retire(guest, slot, report = null) {
  guest.sink = { ...ignoring, log: slot.log };
  try {
    const pruned = (report?.instances ?? []).filter((entry) => Array.isArray(entry?.pruned) && entry.pruned.length > 0);
    const instances = pruned.map((entry) => ({ instance: entry.instance, scopes: entry.pruned }));
    if (instances.length > 0) guest.pruneScopes(JSON.stringify({ instances }));
    guest.dispose();
  } catch (error) {
    slot.log("warn", `the old code trapped while it was disposed of: ${errorMessage(error)}`);
  }
}

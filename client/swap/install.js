/**
 * Puts code into modules, and takes it out.
 *
 * In: a module and code. Out: the module runs it, or nothing. Documents are not touched here.
 */

import { ignoring } from "./capture.js";
import { readManifest } from "../guest/inspect.js";
import { errorMessage } from "../common/error-message.js";

/** @typedef {import("../module/record.js").ModuleRecord} ModuleRecord */
/** @typedef {import("../tool/protocol.js").Version} Version */

/**
 * Makes a module run new code.
 *
 * @param {ModuleRecord} record
 * @param {import("../module/candidate.js").Candidate} candidate
 * @param {Version} version
 * @param {WebAssembly.Module} compiled
 */
export function install(record, candidate, { transform: _, ...version }, compiled) {
  record.guest = candidate.guest;
  record.tree = candidate.tree;
  // Without the transform: it applies to the state only once, and that is done.
  record.version = version.components.length > 0 ? version : { ...version, components: readManifest(compiled).components };
  record.compiled = compiled;
  record.failure = null;
  record.rejected = record.reviving = null;
  record.refused.delete(version.hash);
}

/**
 * Makes a module whose version from before does not take its state up again start that version without it.
 *
 * @param {ModuleRecord} record
 * @param {Pick<ModuleRecord, "version" | "compiled">} before
 */
export function startClean(record, { version, compiled }) {
  const old = record.guest;
  Object.assign(record, { guest: null, version, compiled, lastGood: null, rejected: null, reviving: null, held: false });
  record.tree = record.newTree();
  if (old && !old.trap) retire(old, record);
}

/**
 * Ends code that was replaced. Nothing that it does any more has an effect.
 *
 * @param {import("../guest/guest.js").Guest} guest
 * @param {ModuleRecord} record
 * @param {import("../tool/protocol.js").RestoreReport | null} [report] of an update; it lists what the new code does not have
 */
export function retire(guest, record, report = null) {
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

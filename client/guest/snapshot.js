/**
 * Snapshots and restore reports, as text.
 *
 * In: what modules answer, of any content. Out: the facts that an engine needs. The values of signals are never parsed and
 * rewritten, because numbers would lose digits: a snapshot is changed in its text.
 */

import { cut } from "../common/limits.js";
import { fields, items } from "../common/raw-json.js";

/** @typedef {import("../tool/protocol.js").RestoreReport} RestoreReport */

/** The state of a module without instances. */
export const EMPTY = `{"abi":1,"instances":[]}`;

/**
 * @param {string} snapshot
 * @param {string} from the export that answered it
 * @returns {{ instances: { instance: number, component: string }[], hooks?: unknown }}
 * @throws {Error} if it is not a snapshot
 */
function read(snapshot, from) {
  let parsed;
  try {
    parsed = JSON.parse(snapshot);
  } catch {
    parsed = null;
  }
  const instances = parsed?.instances;
  if (!Array.isArray(instances) || instances.some((/** @type {any} */ entry) => !Number.isInteger(entry?.instance))) {
    throw new Error(`\`${from}\` answered something that is not a snapshot`);
  }
  return parsed;
}

/**
 * The ids of the instances in a snapshot.
 *
 * @param {string} snapshot
 * @param {string} [from] the export that answered it
 * @returns {number[]}
 * @throws {Error} if it is not a snapshot
 */
export function instancesOf(snapshot, from = "capture_state") {
  return read(snapshot, from).instances.map((entry) => entry.instance);
}

/**
 * Whether an instance has hooks that are to run before an update.
 * @param {string} snapshot
 */
export function hasHooks(snapshot) {
  return read(snapshot, "capture_state").hooks === true;
}

/**
 * The keys of a snapshot's state, by instance.
 * @param {string} snapshot
 * @returns {Record<number, string[]>}
 */
export function keysOf(snapshot) {
  const { instances } = /** @type {{ instances: { instance: number, signals?: object }[] }} */ (read(snapshot, "capture_state"));
  return Object.fromEntries(instances.map(({ instance, signals }) => [instance, Object.keys(signals ?? {})]));
}

/**
 * Puts what an update asks to be done to the state into a snapshot.
 *
 * @param {string} snapshot
 * @param {unknown[] | undefined} transform
 */
export function withTransform(snapshot, transform) {
  if (!transform || transform.length === 0) return snapshot;
  const brace = snapshot.indexOf("{") + 1;
  return `${snapshot.slice(0, brace)}"transform":${JSON.stringify(transform)},${snapshot.slice(brace)}`;
}

/**
 * Makes a snapshot contain exactly the instances that are placed now. Those that it does not know begin without
 * state.
 *
 * @param {string} snapshot
 * @param {{ id: number, component: string, props: string }[]} placed
 * @returns {string}
 * @throws {Error} if it is not a snapshot
 */
export function complete(snapshot, placed) {
  const known = parts(snapshot);
  const chosen = placed.map(({ id, component, props }) => {
    const own = known.find((part) => part.instance === id && part.component === component);
    return own?.text ?? `{"instance":${id},"component":${JSON.stringify(component)},"props":${props}}`;
  });
  return `{"abi":1,"instances":[${chosen.join(",")}]}`;
}

/**
 * One instance's part of a snapshot, as text.
 *
 * @param {string} snapshot
 * @param {number} id
 * @returns {string | null} null if it has none
 * @throws {Error} if it is not a snapshot
 */
export function partOf(snapshot, id) {
  return parts(snapshot).find((part) => part.instance === id)?.text ?? null;
}

/**
 * A snapshot of one instance, from the part of another one.
 *
 * @param {string} part
 * @param {number} id
 */
export function withPart(part, id) {
  return `{"abi":1,"instances":[${renumbered(part, id)}]}`;
}

/**
 * Reads what `hmr_migrate` answered.
 *
 * @param {string} answer that `checkMigrated` lets pass
 * @returns {string} the snapshot
 * @throws {Error} if the migration failed
 */
export function migratedOf(answer) {
  const { error } = JSON.parse(answer);
  if (typeof error === "string") throw new Error(error);
  return answer;
}

/**
 * Checks that an answer of `hmr_migrate` is one: an error, or a snapshot.
 *
 * @param {string} answer
 * @throws {Error} if it is not
 */
export function checkMigrated(answer) {
  let error;
  try {
    error = JSON.parse(answer)?.error;
  } catch {
    // Reported below: it is not a snapshot either.
  }
  if (typeof error !== "string") instancesOf(answer, "hmr_migrate");
}

/**
 * The props of the instances in a snapshot, as text.
 * @param {string} snapshot
 * @returns {Map<number, string>}
 */
export function propsOf(snapshot) {
  return new Map(parts(snapshot).map(({ instance, text }) => [instance, fields(text).get("props") ?? "{}"]));
}

/**
 * Makes a snapshot fit the instances that are placed now: each gets its own part, else one of the same component that
 * does not belong to a placed one, else what it has now. Parts without a place are left out.
 *
 * @param {string} snapshot
 * @param {{ id: number, component: string }[]} placed
 * @param {string} current the state now
 * @returns {string}
 * @throws {Error} if one of the two is not a snapshot
 */
export function fit(snapshot, placed, current) {
  const [wanted, now] = [parts(snapshot), parts(current)];
  /** @type {Map<number, string>} */
  const chosen = new Map();
  for (const { id, component } of placed) {
    const own = wanted.findIndex((part) => part.instance === id && part.component === component);
    if (own >= 0) for (const { text } of wanted.splice(own, 1)) chosen.set(id, text);
  }
  for (const { id, component } of placed) {
    if (chosen.has(id)) continue;
    const alike = wanted.findIndex((part) => part.component === component);
    const [part] = alike >= 0 ? wanted.splice(alike, 1) : now.filter((other) => other.instance === id);
    if (part) chosen.set(id, renumbered(part.text, id));
  }
  return `{"abi":1,"instances":[${placed.flatMap(({ id }) => chosen.get(id) ?? []).join(",")}]}`;
}

/** @param {string} snapshot */
function parts(snapshot) {
  const { instances } = read(snapshot, "capture_state");
  const texts = items(fields(snapshot).get("instances") ?? "[]");
  return instances.map(({ instance, component }, index) => ({ instance, component, text: texts[index] ?? "" }));
}

/**
 * @param {string} part
 * @param {number} id
 */
function renumbered(part, id) {
  const entries = [...fields(part)].map(([name, value]) => `${JSON.stringify(name)}:${name === "instance" ? id : value}`);
  return `{${entries.join(",")}}`;
}

/**
 * Reads what `restore_state` answered.
 *
 * @param {string | null} json null is an empty report
 * @returns {RestoreReport}
 * @throws {Error} if it is not a report
 */
export function readReport(json) {
  if (json === null) return { instances: [] };
  let report;
  try {
    report = JSON.parse(json);
  } catch {
    report = null;
  }
  if (!Array.isArray(report?.instances) || !report.instances.every(isEntry))
    throw new Error("`restore_state` answered something that is not a report");
  return withCutTexts(report);
}

/**
 * Whether an entry of a report can be read: modules of other toolkits may answer anything.
 * @param {any} entry
 */
function isEntry(entry) {
  const isObject = (/** @type {any} */ value) => typeof value === "object" && value !== null;
  return (
    isObject(entry) && [entry.keys, entry.tasks].every((map) => map === undefined || (isObject(map) && Object.values(map).every(isObject)))
  );
}

/**
 * The report with its texts for people cut. Keys stay: they are names of the state.
 * @param {RestoreReport} report
 */
function withCutTexts(report) {
  for (const entry of report.instances) {
    if (typeof entry?.error === "string") entry.error = cut(entry.error);
    for (const outcome of [...Object.values(entry?.keys ?? {}), ...Object.values(entry?.tasks ?? {})]) {
      if (typeof outcome?.reason === "string") outcome.reason = cut(outcome.reason);
    }
  }
  return report;
}

/**
 * Checks that a report lets the new code take over.
 *
 * @param {RestoreReport} report
 * @param {Iterable<number>} instances of the snapshot
 * @throws {Error} if an instance could not be restored, or was left out
 */
export function checkReport({ instances: entries }, instances) {
  for (const entry of entries) {
    if (typeof entry?.error === "string") {
      throw new Error(`the instance ${entry.instance} of \`${entry.component}\` cannot be restored: ${entry.error}`);
    }
  }
  for (const id of instances) {
    if (!entries.some((entry) => entry?.instance === id)) {
      throw new Error(`the restore report does not tell of the instance ${id}`);
    }
  }
}

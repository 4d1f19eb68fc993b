/**
 * The states that modules were in: when they are captured, and how a module goes back to one.
 *
 * In: calls that may have changed a state. Out: the last good snapshot of each module, its history, and swaps to the same
 * code with another state. Snapshots stay text throughout.
 */

import { fields, items } from "../common/raw-json.js";
import { EMPTY, complete, fit, instancesOf } from "../guest/snapshot.js";
import { travel } from "./swap-transaction.js";

/** @typedef {import("../module/record.js").ModuleRecord} ModuleRecord */
/** @typedef {import("../tool/protocol.js").Swap} Swap */

/** How long after an event the state is captured, including later changes in that time, in milliseconds. */
const CAPTURE_DELAY = 200;

/**
 * The parts of the engine that this needs.
 *
 * @typedef {object} CapturedStatesDeps
 * @property {Pick<import("../resources/resources.js").Timers, "setTimeout">} timers
 * @property {() => number} now milliseconds since the Unix epoch
 * @property {import("./update-queue.js").UpdateQueue} updates
 * @property {import("./swap-transaction.js").SwapDeps} swapDeps
 * @property {() => ModuleRecord[]} records
 * @property {(record: ModuleRecord) => boolean} ready whether the module's code can be called
 * @property {<T>(record: ModuleRecord, code: (guest: import("../guest/guest.js").Guest) => T) => T | undefined} ask
 * @property {() => void} released does what waited while a module was held
 * @property {(sequence: number | null, swaps: Swap[], restarted: boolean) => void} swapped
 * @property {(record: ModuleRecord) => void} captured called when a state was captured after calls
 * @property {ApplicationStates} applications
 */

/**
 * The states of the components of applications.
 *
 * @typedef {object} ApplicationStates
 * @property {() => { module: string, hash: string, snapshot: string }[]} captureAll
 * @property {(name: string, snapshot: string) => Promise<Swap | null>} startWith starts an application again with a state. It resolves with null
 *   if it does not run here
 */

/** The states of all modules of a page. */
export class CapturedStates {
  /** Whose state is about to be captured, with whether it was called since the wait began. @type {Map<ModuleRecord, boolean>} */
  #waiting = new Map();
  #deps;

  /** @param {CapturedStatesDeps} deps */
  constructor(deps) {
    this.#deps = deps;
  }

  /**
   * Call this when a module's code ran: its state is captured later, and kept in the history once nothing runs.
   * @param {ModuleRecord} record
   */
  captureSoon(record) {
    const waits = this.#waiting.has(record);
    this.#waiting.set(record, waits);
    if (!waits) this.#wait(record);
  }

  /** @param {ModuleRecord} record */
  #wait(record) {
    this.#deps.timers.setTimeout(() => {
      const busy = this.#waiting.get(record) === true;
      this.capture(record, !busy);
      this.#deps.captured(record);
      if (busy) {
        this.#waiting.set(record, false);
        this.#wait(record);
      } else {
        this.#waiting.delete(record);
      }
    }, CAPTURE_DELAY);
  }

  /**
   * Captures a module's state, if its code can be called.
   *
   * @param {ModuleRecord} record
   * @param {boolean} [settled] whether it goes into the history
   */
  capture(record, settled = false) {
    if (!this.#deps.ready(record)) return;
    const snapshot = this.#deps.ask(record, (guest) => guest.capture());
    if (snapshot === undefined) return;
    record.captured(snapshot, settled ? this.#deps.now() : undefined);
  }

  /**
   * Goes to a state of the history.
   *
   * @param {ModuleRecord} record
   * @param {(at: number) => number} to the index, given the index now
   * @returns {Promise<Swap>}
   * @throws {Error} if the state does not exist
   */
  async goTo(record, to) {
    let index = -1;
    const swap = await this.#travel(record, (placed) => {
      this.capture(record, true);
      index = to(record.history.at);
      const entry = record.history.entries[index];
      const count = record.history.entries.length;
      if (!entry) throw new RangeError(`the history of \`${record.name}\` has no state ${index}: it has ${count}`);
      return { hash: entry.hash, choose: () => complete(entry.snapshot, placed) };
    });
    if (swap.outcome === "committed") {
      this.capture(record);
      record.history.went(index, record.lastGood ?? EMPTY, swap.hash);
    }
    return swap;
  }

  /**
   * The states of all running modules, as the text of a file.
   * @param {string} name
   */
  save(name) {
    const modules = this.#deps.records().flatMap((record) => {
      this.capture(record);
      if (!record.guest || !record.version || record.lastGood === null) return [];
      return [`{"module":${JSON.stringify(record.name)},"hash":${JSON.stringify(record.version.hash)},"snapshot":${record.lastGood}}`];
    });
    const applications = this.#deps.applications
      .captureAll()
      .map(({ module, hash, snapshot }) => `{"module":${JSON.stringify(module)},"hash":${JSON.stringify(hash)},"snapshot":${snapshot}}`);
    const ofApplications = applications.length > 0 ? `,"applications":[${applications.join(",")}]` : "";
    return `{"hmr":1,"name":${JSON.stringify(name)},"modules":[${modules.join(",")}]${ofApplications}}`;
  }

  /**
   * Makes modules continue from the states of a file.
   *
   * @param {string} text of the file
   * @returns {Promise<{ swaps: Swap[], skipped: string[] }>} the modules that were skipped run no code here
   * @throws {Error} if it is not such a file
   */
  async load(text) {
    /** @type {Swap[]} */
    const swaps = [];
    /** @type {string[]} */
    const skipped = [];
    const file = readFile(text);
    for (const { module, hash, snapshot } of file.modules) {
      const record = this.#deps.records().find(({ name }) => name === module);
      if (record?.alive)
        swaps.push(await this.#travel(record, (placed) => ({ hash, choose: (current) => fit(snapshot, placed, current) })));
      else skipped.push(module);
    }
    for (const { module, snapshot } of file.applications) {
      const swap = await this.#deps.applications.startWith(module, snapshot);
      if (swap) swaps.push(swap);
      else skipped.push(module);
    }
    return { swaps, skipped };
  }

  /**
   * @param {ModuleRecord} record
   * @param {(placed: import("../instances/instance.js").Instance[]) => import("./swap-transaction.js").TargetState} choose
   * @returns {Promise<Swap>}
   */
  #travel(record, choose) {
    return new Promise((resolve, reject) => {
      this.#deps.updates.add([], async () => {
        try {
          if (!this.#deps.ready(record))
            throw new Error(`\`${record.name}\` runs no code that can take a state up; wait for the next build`);
          const chosen = choose(this.#deps.swapDeps.placed(record));
          record.workBegan();
          const swap = await travel(record, chosen, this.#deps.swapDeps);
          record.workEnded();
          this.#deps.released();
          if (!swap) throw new Error(`\`${record.name}\` runs no code`);
          this.#deps.swapped(null, [swap], false);
          resolve(swap);
        } catch (error) {
          record.workEnded();
          reject(error);
        }
      });
    });
  }
}

/**
 * @param {string} text
 * @returns {{ modules: ReturnType<typeof readEntry>[], applications: ReturnType<typeof readEntry>[] }}
 */
function readFile(text) {
  let parsed;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new Error(`the file of snapshots is not JSON: ${error}`);
  }
  if (parsed?.hmr !== 1 || !Array.isArray(parsed.modules)) {
    throw new Error('this is not a file of snapshots: it needs `"hmr":1` and `modules`, as `saveSnapshot` writes them');
  }
  const parts = fields(text);
  const modules = items(parts.get("modules") ?? "[]").map(readEntry);
  for (const { snapshot } of modules) instancesOf(snapshot, "the file of snapshots");
  return { modules, applications: items(parts.get("applications") ?? "[]").map(readEntry) };
}

/** @param {string} part of a file */
function readEntry(part) {
  const { module, hash } = JSON.parse(part);
  const snapshot = fields(part).get("snapshot");
  if (typeof module !== "string" || typeof hash !== "string" || snapshot === undefined) {
    throw new Error("a module of the file has no name, no hash or no snapshot");
  }
  return { module, hash, snapshot };
}

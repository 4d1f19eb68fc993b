/**
 * The states that modules were in: when they are captured, and how a module goes back to one.
 *
 * In: calls that may have changed a state. Out: the last good snapshot of each module, its history, and swaps to the same
 * code with another state. Snapshots stay text throughout.
 */

import { fields, items } from "../common/raw-json.js";
import { EMPTY, complete, fit, instancesOf } from "../guest/snapshot.js";
import { travel } from "./swap-transaction.js";

/** @typedef {import("../module/record.js").Slot} Slot */
/** @typedef {import("../tool/protocol.js").Swap} Swap */

/** How long after an event the state is captured, including later changes in that time, in milliseconds. */
const CAPTURE_DELAY = 200;

/**
 * The parts of the engine that this needs.
 *
 * @typedef {object} StatesDeps
 * @property {Pick<import("../resources/resources.js").Timers, "setTimeout">} timers
 * @property {() => number} now milliseconds since the Unix epoch
 * @property {import("./update-queue.js").UpdateQueue} updates
 * @property {import("./swap-transaction.js").SwapDeps} swapDeps
 * @property {() => Slot[]} slots
 * @property {(slot: Slot) => boolean} ready whether the module's code can be called
 * @property {<T>(slot: Slot, code: (guest: import("../guest/guest.js").Guest) => T) => T | undefined} ask
 * @property {() => void} released does what waited while a slot was held
 * @property {(sequence: number | null, swaps: Swap[], revived: boolean) => void} swapped
 * @property {(slot: Slot) => void} captured called when a state was captured after calls
 */

/** The states of all modules of a page. */
export class States {
  /** Whose state is about to be captured, with whether it was called since the wait began. @type {Map<Slot, boolean>} */
  #waiting = new Map();
  #deps;

  /** @param {StatesDeps} deps */
  constructor(deps) {
    this.#deps = deps;
  }

  /**
   * Call this when a module's code ran: its state is captured later, and kept in the history once nothing runs.
   * @param {Slot} slot
   */
  captureSoon(slot) {
    const waits = this.#waiting.has(slot);
    this.#waiting.set(slot, waits);
    if (!waits) this.#wait(slot);
  }

  /** @param {Slot} slot */
  #wait(slot) {
    this.#deps.timers.setTimeout(() => {
      const busy = this.#waiting.get(slot) === true;
      this.capture(slot, !busy);
      this.#deps.captured(slot);
      if (busy) {
        this.#waiting.set(slot, false);
        this.#wait(slot);
      } else {
        this.#waiting.delete(slot);
      }
    }, CAPTURE_DELAY);
  }

  /**
   * Captures a module's state, if its code can be called.
   *
   * @param {Slot} slot
   * @param {boolean} [settled] whether it goes into the history
   */
  capture(slot, settled = false) {
    if (!this.#deps.ready(slot)) return;
    const snapshot = this.#deps.ask(slot, (guest) => guest.capture());
    if (snapshot === undefined) return;
    slot.lastGood = snapshot;
    if (settled && slot.version) slot.history.add(snapshot, slot.version.hash, this.#deps.now());
  }

  /**
   * Goes to a state of the history.
   *
   * @param {Slot} slot
   * @param {(at: number) => number} to the index, given the index now
   * @returns {Promise<Swap>}
   * @throws {Error} if the state does not exist
   */
  async goTo(slot, to) {
    let index = -1;
    const swap = await this.#travel(slot, (placed) => {
      this.capture(slot, true);
      index = to(slot.history.at);
      const entry = slot.history.entries[index];
      const count = slot.history.entries.length;
      if (!entry) throw new RangeError(`the history of \`${slot.name}\` has no state ${index}: it has ${count}`);
      return { hash: entry.hash, choose: () => complete(entry.snapshot, placed) };
    });
    if (swap.outcome === "committed") {
      this.capture(slot);
      slot.history.went(index, slot.lastGood ?? EMPTY, swap.hash);
    }
    return swap;
  }

  /**
   * The states of all running modules, as the text of a file.
   * @param {string} name
   */
  save(name) {
    const modules = this.#deps.slots().flatMap((slot) => {
      this.capture(slot);
      if (!slot.guest || !slot.version || slot.lastGood === null) return [];
      return [`{"module":${JSON.stringify(slot.name)},"hash":${JSON.stringify(slot.version.hash)},"snapshot":${slot.lastGood}}`];
    });
    return `{"hmr":1,"name":${JSON.stringify(name)},"modules":[${modules.join(",")}]}`;
  }

  /**
   * Makes modules go on from the states of a file.
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
    for (const { module, hash, snapshot } of readFile(text)) {
      const slot = this.#deps.slots().find(({ name }) => name === module);
      if (slot?.alive) swaps.push(await this.#travel(slot, (placed) => ({ hash, choose: (current) => fit(snapshot, placed, current) })));
      else skipped.push(module);
    }
    return { swaps, skipped };
  }

  /**
   * @param {Slot} slot
   * @param {(placed: import("../instances/instance.js").Instance[]) => import("./swap-transaction.js").Goal} choose
   * @returns {Promise<Swap>}
   */
  #travel(slot, choose) {
    return new Promise((resolve, reject) => {
      this.#deps.updates.add([], async () => {
        try {
          if (!this.#deps.ready(slot)) throw new Error(`\`${slot.name}\` runs no code that can take a state up; wait for the next build`);
          const chosen = choose(this.#deps.swapDeps.placed(slot));
          slot.busy = true;
          const swap = await travel(slot, chosen, this.#deps.swapDeps);
          slot.busy = false;
          this.#deps.released();
          if (!swap) throw new Error(`\`${slot.name}\` runs no code`);
          this.#deps.swapped(null, [swap], false);
          resolve(swap);
        } catch (error) {
          slot.busy = false;
          reject(error);
        }
      });
    });
  }
}

/**
 * @param {string} text
 * @returns {{ module: string, hash: string, snapshot: string }[]}
 */
function readFile(text) {
  let parsed;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new Error(`the file of snapshots is not JSON: ${error}`);
  }
  if (parsed?.hmr !== 1 || !Array.isArray(parsed.modules)) {
    throw new Error('this is no file of snapshots: it needs `"hmr":1` and `modules`, as `saveSnapshot` writes them');
  }
  return items(fields(text).get("modules") ?? "[]").map((part) => {
    const { module, hash } = JSON.parse(part);
    const snapshot = fields(part).get("snapshot");
    if (typeof module !== "string" || typeof hash !== "string" || snapshot === undefined) {
      throw new Error("a module of the file has no name, no hash or no snapshot");
    }
    instancesOf(snapshot, "the file of snapshots");
    return { module, hash, snapshot };
  });
}

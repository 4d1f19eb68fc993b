/**
 * Calls of running code, and what follows when one traps.
 *
 * In: calls. Out: their answers; on probation, a trap or a failed health check undoes the swap; after it, a trap restarts the
 * same version with its last good state, a few times.
 *
 * Invariant: from the failure until it is undone, or the trap until the code is restarted, the module is held, so that what
 * comes meanwhile goes to the code that replaces it.
 */

import { GuestTrap } from "../guest/trap.js";
import { errorMessage } from "../common/error-message.js";
import { swapIn, undo } from "./swap-transaction.js";

/** @typedef {import("../module/record.js").ModuleRecord} ModuleRecord */
/** @typedef {import("../guest/guest.js").Guest} Guest */
/** @typedef {import("../tool/protocol.js").Swap} Swap */
/** @typedef {import("../tool/protocol.js").Version} Version */

/**
 * The parts of the engine that this needs.
 *
 * @typedef {object} ProbationDeps
 * @property {() => number} clock milliseconds
 * @property {(module: string, hash: string, trap: import("../tool/protocol.js").Trap) => void} trapped
 * @property {(message: string) => void} problem
 * @property {(sequence: number | null, swaps: Swap[], restarted: boolean) => void} swapped
 * @property {import("./update-queue.js").UpdateQueue} updates
 * @property {import("./swap-transaction.js").SwapDeps} swapDeps
 * @property {() => void} released does what waited while a module was held
 */

/** Watches over the calls of all modules of a page. */
export class ProbationWatch {
  #deps;

  /** @param {ProbationDeps} deps */
  constructor(deps) {
    this.#deps = deps;
  }

  /**
   * Calls into a module's code.
   *
   * @template T
   * @param {ModuleRecord} record
   * @param {(guest: Guest) => T} code
   * @param {boolean} [counts] whether it is a call of the code's own work
   * @returns {T | undefined} undefined if it trapped, which has been dealt with
   */
  ask(record, code, counts = true) {
    const guest = /** @type {Guest} */ (record.guest);
    let answer;
    try {
      answer = code(guest);
    } catch (error) {
      if (!(error instanceof GuestTrap)) throw error;
      guest.trap = error;
      this.#trapped(record, error);
      return undefined;
    }
    if (counts && record.countCall()) {
      this.checkHealth(record);
      if (record.probation) record.endProbation();
    }
    return answer;
  }

  /**
   * Checks the health of code that is on probation.
   * @param {ModuleRecord} record
   */
  checkHealth(record) {
    const { guest, probation } = record;
    if (!guest || guest.trap || !probation) return;
    let problem;
    try {
      problem = guest.health();
    } catch (error) {
      if (guest.trap) {
        this.#trapped(record, guest.trap);
        return;
      }
      problem = errorMessage(error);
    }
    if (problem === null) return;
    record.log("error", `it is not well: ${problem}`);
    if (!this.#undo(record, problem)) this.#deps.problem(`the module \`${record.name}\` is not well: ${problem}`);
  }

  /**
   * @param {ModuleRecord} record
   * @param {GuestTrap} trap
   */
  #trapped(record, trap) {
    this.reportTrap(record, trap);
    this.end(record, trap);
  }

  /**
   * Replaces code that trapped: by the version from before, if it is on probation.
   *
   * @param {ModuleRecord} record
   * @param {GuestTrap} trap
   */
  end(record, trap) {
    if (!this.#undo(record, trap.described)) this.#restart(record, trap);
  }

  /**
   * @param {ModuleRecord} record
   * @param {GuestTrap} trap
   */
  reportTrap(record, trap) {
    record.log("error", `trapped: ${trap.described}`);
    this.#deps.trapped(record.name, record.version?.hash ?? "", trap.facts);
  }

  /**
   * @param {ModuleRecord} record
   * @param {string} reason
   * @returns {boolean} false if there is nothing to go back to
   */
  #undo(record, reason) {
    const { probation, guest } = record;
    if (probation) record.endProbation();
    if (!probation?.previous || !guest) return false;
    const rejected = { reason, previous: probation.previous, sequence: probation.sequence };
    record.failToUndo(rejected);
    this.#deps.updates.addFirst(async () => {
      // A later update may have replaced the code already.
      if (record.remedy.undo !== rejected) return;
      record.workBegan();
      const swap = await undo(record, rejected, this.#deps.swapDeps);
      record.workEnded();
      this.#deps.released();
      this.#deps.swapped(rejected.sequence, [swap], false);
    });
    return true;
  }

  /**
   * Restarts a module's version with its last good state.
   *
   * @param {ModuleRecord} record
   * @param {GuestTrap} trap what ended its code
   */
  #restart(record, trap) {
    const version = /** @type {Version} */ (record.version);
    if (!record.failToRestart(trap, this.#deps.clock())) {
      this.#deps.problem(`the module \`${record.name}\` trapped and could not be started again: it traps again and again`);
      return;
    }
    this.#deps.updates.addFirst(async () => {
      // An update that was under way may have replaced the code already.
      if (record.remedy.restart !== trap) return;
      record.restart();
      record.workBegan();
      const swap = await swapIn(record, version, { restarts: true }, this.#deps.swapDeps);
      record.workEnded();
      this.#deps.released();
      if (swap) this.#deps.swapped(null, [swap], true);
    });
  }
}

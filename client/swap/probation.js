/**
 * Calls of running code, and what follows when one traps.
 *
 * In: calls. Out: their answers; on probation, a trap or a failed health check undoes the swap; after it, a trap restarts the
 * same version with its last good state, a few times.
 *
 * Invariant: from the failure until it is undone, or the trap until the code is restarted, the slot is held, so that what
 * comes meanwhile goes to the code that takes its place.
 */

import { RESTART_LIMIT, RESTART_PERIOD_MS } from "../common/constants.js";
import { GuestTrap } from "../guest/trap.js";
import { errorMessage } from "../common/error-message.js";
import { bring, undo } from "./swap-transaction.js";

/** @typedef {import("../module/record.js").Slot} Slot */
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
 * @property {(sequence: number | null, swaps: Swap[], revived: boolean) => void} swapped
 * @property {import("./update-queue.js").UpdateQueue} updates
 * @property {import("./swap-transaction.js").SwapDeps} swapDeps
 * @property {() => void} released does what waited while a slot was held
 */

/** Watches over the calls of all modules of a page. */
export class Watch {
  #deps;

  /** @param {ProbationDeps} deps */
  constructor(deps) {
    this.#deps = deps;
  }

  /**
   * Calls into a slot's code.
   *
   * @template T
   * @param {Slot} slot
   * @param {(guest: Guest) => T} code
   * @param {boolean} [counts] whether it is a call of the code's own work
   * @returns {T | undefined} undefined if it trapped, which has been dealt with
   */
  ask(slot, code, counts = true) {
    const guest = /** @type {Guest} */ (slot.guest);
    let answer;
    try {
      answer = code(guest);
    } catch (error) {
      if (!(error instanceof GuestTrap)) throw error;
      guest.trap = error;
      this.#trapped(slot, error);
      return undefined;
    }
    if (counts && slot.probation && --slot.probation.left <= 0) {
      this.checkHealth(slot);
      slot.probation = null;
    }
    return answer;
  }

  /**
   * Asks code that is on probation whether it is well.
   * @param {Slot} slot
   */
  checkHealth(slot) {
    const { guest, probation } = slot;
    if (!guest || guest.trap || !probation) return;
    let illness;
    try {
      illness = guest.health();
    } catch (error) {
      if (guest.trap) {
        this.#trapped(slot, guest.trap);
        return;
      }
      illness = errorMessage(error);
    }
    if (illness === null) return;
    slot.log("error", `it is not well: ${illness}`);
    if (!this.#condemn(slot, illness)) this.#deps.problem(`the module \`${slot.name}\` is not well: ${illness}`);
  }

  /**
   * @param {Slot} slot
   * @param {GuestTrap} trap
   */
  #trapped(slot, trap) {
    this.tell(slot, trap);
    this.end(slot, trap);
  }

  /**
   * Replaces code that trapped: by the version from before, if it is on probation.
   *
   * @param {Slot} slot
   * @param {GuestTrap} trap
   */
  end(slot, trap) {
    if (!this.#condemn(slot, trap.described)) this.#revive(slot, trap);
  }

  /**
   * @param {Slot} slot
   * @param {GuestTrap} trap
   */
  tell(slot, trap) {
    slot.log("error", `trapped: ${trap.described}`);
    this.#deps.trapped(slot.name, slot.version?.hash ?? "", trap.facts);
  }

  /**
   * @param {Slot} slot
   * @param {string} reason
   * @returns {boolean} false if there is nothing to go back to
   */
  #condemn(slot, reason) {
    const { probation, guest } = slot;
    slot.probation = null;
    if (!probation?.before || !guest) return false;
    const rejected = { guest, reason, before: probation.before, sequence: probation.sequence };
    slot.rejected = rejected;
    slot.held = true;
    this.#deps.updates.addFirst(async () => {
      // A later update may have replaced the code already.
      if (slot.rejected !== rejected) return;
      slot.busy = true;
      const swap = await undo(slot, rejected, this.#deps.swapDeps);
      slot.busy = false;
      this.#deps.released();
      this.#deps.swapped(rejected.sequence, [swap], false);
    });
    return true;
  }

  /**
   * Restarts a slot's version with its last good state.
   *
   * @param {Slot} slot
   * @param {GuestTrap} trap what ended its code
   */
  #revive(slot, trap) {
    const version = /** @type {Version} */ (slot.version);
    const now = this.#deps.clock();
    slot.revivals = slot.revivals.filter((at) => now - at < RESTART_PERIOD_MS);
    if (slot.revivals.length >= RESTART_LIMIT) {
      this.#deps.problem(`the module \`${slot.name}\` trapped and could not be started again: it traps again and again`);
      return;
    }
    slot.revivals.push(now);
    slot.reviving = trap;
    slot.held = true;
    this.#deps.updates.addFirst(async () => {
      // An update that was under way may have replaced the code already.
      if (slot.reviving !== trap) return;
      slot.reviving = null;
      slot.busy = true;
      const swap = await bring(slot, version, { revives: true }, this.#deps.swapDeps);
      slot.busy = false;
      this.#deps.released();
      if (swap) this.#deps.swapped(null, [swap], true);
    });
  }
}

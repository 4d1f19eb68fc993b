/**
 * Code that does not run for a module yet: what it does through imports is held back until it takes over.
 */

import { Guest } from "../guest/guest.js";
import { readPort } from "../resources/instance-resources.js";
import { readRequest } from "../resources/resources.js";
import { readInvalidation } from "./invalidation.js";

/** @typedef {import("./record.js").Slot} Slot */
/** @typedef {import("../guest/guest.js").Level} Level */
/** @typedef {import("../resources/instance-resources.js").Request} Request */

/** Code that may take a slot over. */
export class Candidate {
  /** @type {Request[]} */
  requests = [];
  /** @type {[Level, string][]} */
  logs = [];
  /** @type {import("../tool/protocol.js").Invalidation[]} */
  invalidated = [];

  /**
   * @param {Slot} slot
   * @param {import("../guest/guest.js").Stack} stack
   * @param {() => number} now
   */
  constructor(slot, stack, now) {
    this.tree = slot.newTree();
    this.guest = new Guest(
      stack,
      {
        dom: (batch) => this.tree.apply(batch),
        log: (level, text) => this.logs.push([level, text]),
        resource: (json) => this.requests.push(readRequest(json)),
        port: (json) => this.requests.push(readPort(json)),
        invalidate: (json) => this.invalidated.push(readInvalidation(json)),
      },
      now,
      slot.calls,
    );
  }
}

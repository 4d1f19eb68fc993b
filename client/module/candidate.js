/**
 * Code that does not run for a module yet: what it does through imports is held back until it takes over.
 */

import { Guest } from "../guest/guest.js";
import { readPort } from "../resources/instance-resources.js";
import { readRequest } from "../resources/resources.js";
import { readInvalidation } from "./invalidation.js";

/** @typedef {import("./record.js").ModuleRecord} ModuleRecord */
/** @typedef {import("../guest/guest.js").Level} Level */
/** @typedef {import("../resources/instance-resources.js").Request} Request */

/** Code that may take a module over. */
export class Candidate {
  /** @type {Request[]} */
  requests = [];
  /** @type {[Level, string][]} */
  logs = [];
  /** @type {import("../tool/protocol.js").Invalidation[]} */
  invalidated = [];

  /**
   * @param {ModuleRecord} record
   * @param {import("../guest/stack.js").Stack} stack
   * @param {() => number} now
   */
  constructor(record, stack, now) {
    this.tree = record.newTree();
    this.guest = new Guest(
      stack,
      {
        dom: (batch) => this.tree.apply(batch),
        log: (level, text) => this.logs.push([level, text]),
        resource: (json) => this.requests.push(readRequest(json)),
        port: (json) => this.requests.push(readPort(json)),
        // Until it takes over, its nodes are not in the page.
        node: () => null,
        invalidate: (json) => this.invalidated.push(readInvalidation(json)),
      },
      now,
      record.calls,
      record.called,
    );
  }
}

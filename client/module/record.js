/**
 * One module in a page: the version, the running code, its nodes, and what waits for it.
 *
 * A record outlives the code in it. `Candidate` is code that runs in no module yet: what it does through
 * imports is held back until it takes the module over.
 */

import { Calls } from "../extra/calls.js";
import { Listeners } from "../dom/events.js";
import { History } from "./history.js";
import { Guest } from "../guest/guest.js";
import { DomPainter } from "../dom/painter.js";
import { Tree } from "../dom/tree.js";

/** @typedef {import("../tool/protocol.js").Version} Version */
/** @typedef {import("../guest/guest.js").Level} Level */
/** @typedef {import("../resources/instance-resources.js").Request} Request */

/**
 * A version that ran, with everything needed to run it again, and the one that ran before it, for when it does.
 * @typedef {{ version: Version, compiled: WebAssembly.Module, snapshot: string | null, before: Before | null }} Before
 */

/**
 * What a swap can still be undone to. `sequence` is the update's.
 * @typedef {{ left: number, before: Before | null, sequence: number | null }} Probation
 */

/** @typedef {{ guest: Guest, reason: string, before: Before, sequence: number | null }} RejectedVersion */

/** A module's place in the page. */
export class ModuleRecord {
  /** The version that runs, or that will when a component is placed. @type {Version | null} */
  version = null;
  /** The hash that the tool named last. @type {string | null} */
  named = null;
  /** What the tool had named when a script of the page chose another version. @type {string | null} */
  chosenOver = null;
  /** Whether the version is announced later than those of other modules. */
  expected = false;
  /** What `version` was compiled to, once it was. @type {WebAssembly.Module | null} */
  compiled = null;
  /** The running code; dead if it has a `trap`. @type {Guest | null} */
  guest = null;
  /** @type {Tree} */
  tree;
  /** Whether a swap is between quiesce and commit, or failed code waits for what takes its place: nothing may run. */
  held = false;
  /** Whether an update or a load of this module is under way or waits. */
  busy = false;
  /** The newest snapshot of code that was well. @type {string | null} */
  lastGood = null;
  /** Why the version cannot be loaded. @type {string | null} */
  failure = null;
  /** The hashes of versions that were rolled back or undone. @type {Set<string>} */
  refused = new Set();
  /** How often the code was exchanged. */
  generation = 0;
  /** What ran before the version that runs. @type {Before | null} */
  before = null;
  /** While a trap still undoes the last swap. @type {Probation | null} */
  probation = null;
  /** Failed on probation, and is about to be undone. @type {RejectedVersion | null} */
  rejected = null;
  /** The trap after which the code is about to be restarted. @type {import("../guest/trap.js").GuestTrap | null} */
  reviving = null;
  history = new History();
  /** The requests of an instance that is being rendered again. @type {Request[] | null} */
  rerendering = null;
  /** When the code was revived after a trap, in milliseconds of the engine's clock. @type {number[]} */
  revivals = [];

  /**
   * @param {string} name
   * @param {Document} document
   * @param {(record: ModuleRecord, event: Event, node: Node, key: string) => number} receive
   * @param {(level: Level, text: string) => void} log
   * @param {Calls} calls
   */
  constructor(name, document, receive, log, calls) {
    this.name = name;
    this.log = log;
    this.calls = calls;
    this.listeners = new Listeners((event, node, key) => receive(this, event, node, key));
    const warn = (/** @type {string} */ message) => log("warn", message);
    this.painter = new DomPainter(document, (node) => this.listeners.sync(node), warn);
    this.newTree = () => new Tree(this.painter, warn);
    this.tree = this.newTree();
  }

  /**
   * The DOM node of one of the running code's node numbers.
   *
   * @param {number} id
   * @returns {Node | null | undefined} null if it is not in the page yet, undefined if the number is unknown
   */
  nodeOf(id) {
    const node = this.tree.nodes.get(id);
    return node?.dom;
  }

  /** Whether code runs that has not trapped. */
  get alive() {
    return this.guest !== null && this.guest.trap === null;
  }
}

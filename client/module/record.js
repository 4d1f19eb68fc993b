/**
 * One module in a page: its version, its running code with the nodes that it made, and what will happen to it.
 *
 * A record stays when its code is exchanged. It is a state machine: other files read its properties, and change them only through the
 * methods under "Transitions". One that the state does not allow throws.
 *
 * ```text
 * idle ──install──► running ──quiesce──► swapping ──install, release──► running
 *   ▲                │ │ ▲                  │
 *   │                │ │ └──────resume──────┘  (back to failed, if the old code failed meanwhile)
 *   │                │ └─failToUndo, failToRestart─► failed ──install, release──► running  (undone)
 *   │                │                                 └──restart──► swapping
 *   └─stop, discard──┘     failToRestart, once too often ──► ended
 * ```
 */

import { PROBATION_CALLS, RESTART_LIMIT, RESTART_PERIOD_MS } from "../common/constants.js";
import { Listeners } from "../dom/events.js";
import { DomPainter } from "../dom/painter.js";
import { Tree } from "../dom/tree.js";
import { HeldRequests } from "./held-requests.js";
import { History } from "./history.js";
import { WantedVersion } from "./wanted-version.js";

/** @typedef {import("../tool/protocol.js").Version} Version */
/** @typedef {import("../guest/guest.js").Guest} Guest */
/** @typedef {import("../guest/guest.js").Level} Level */
/** @typedef {import("../guest/trap.js").GuestTrap} GuestTrap */

/**
 * A version that ran, with everything needed to run it again, and the version before it, which becomes the previous one then.
 * @typedef {{ version: Version, compiled: WebAssembly.Module, snapshot: string | null, previous: PreviousVersion | null }} PreviousVersion
 */

/**
 * While a trap still undoes the last swap: how many calls are left, the version that an undo goes back to, and the update's sequence.
 * @typedef {{ left: number, previous: PreviousVersion | null, sequence: number | null }} Probation
 */

/**
 * Code that failed on probation, so that its swap is undone.
 * @typedef {{ reason: string, previous: PreviousVersion, sequence: number | null }} RejectedVersion
 */

/**
 * What is to be done about code that failed: undo its swap, or restart the same version.
 * @typedef {{ undo: RejectedVersion | null, restart: GuestTrap | null }} Remedy
 */

/**
 * - `idle`: no code runs.
 * - `running`: code runs and can be called.
 * - `swapping`: nothing may call the code, because other code is about to replace it, or has just replaced it.
 * - `failed`: nothing may call the code, because it failed and waits for its remedy.
 * - `ended`: the code trapped, and only an update restarts it.
 *
 * @typedef {{ name: "idle" }
 *   | { name: "running", guest: Guest, probation: Probation | null }
 *   | { name: "swapping", guest: Guest, probation: Probation | null, remedy: Remedy }
 *   | { name: "failed", guest: Guest, remedy: Remedy }
 *   | { name: "ended", guest: Guest }} State
 */

/**
 * Code that takes a module over.
 *
 * @typedef {object} Installation
 * @property {Guest} guest
 * @property {Tree} tree
 * @property {Version} version with the names of its components
 * @property {WebAssembly.Module} compiled
 */

/**
 * What comes to the module from the browser.
 *
 * @typedef {object} Incoming
 * @property {(record: ModuleRecord, event: Event, node: Node, key: string) => number} happened delivers an event of a node
 * @property {<T>(record: ModuleRecord, code: () => T) => T | undefined} called runs a callback that the code has given to the browser itself
 */

/** @returns {Remedy} */
function nothing() {
  return { undo: null, restart: null };
}

/** A module's place in the page. */
export class ModuleRecord {
  /** @type {State} */
  #state = { name: "idle" };
  /** @type {Version | null} */
  #version = null;
  /** @type {WebAssembly.Module | null} */
  #compiled = null;
  /** @type {string | null} */
  #loadError = null;
  /** @type {PreviousVersion | null} */
  #previous = null;
  /** The hashes of versions that were rolled back or undone. @type {Set<string>} */
  #refused = new Set();
  #expected = false;
  #busy = false;
  #generation = 0;
  /** @type {string | null} */
  #lastGood = null;
  /** @type {Tree} */
  #tree;
  /** When the code was restarted after a trap, in milliseconds of the engine's clock. @type {number[]} */
  #restarts = [];
  /** The states that the module was in. */
  history = new History();
  /** Which version the tool wants here. */
  wanted = new WantedVersion();
  /** The requests of an instance that is being rendered again. */
  heldRequests = new HeldRequests();

  /**
   * @param {string} name
   * @param {Document} document
   * @param {Incoming} incoming
   * @param {(level: Level, text: string) => void} log
   * @param {import("../extra/module-calls.js").ModuleCalls} calls
   */
  constructor(name, document, incoming, log, calls) {
    this.name = name;
    this.log = log;
    this.calls = calls;
    this.called = (/** @type {() => any} */ code) => incoming.called(this, code);
    this.listeners = new Listeners((event, node, key) => incoming.happened(this, event, node, key));
    const warn = (/** @type {string} */ message) => log("warn", message);
    this.painter = new DomPainter(document, (node) => this.listeners.sync(node), warn);
    this.newTree = () => new Tree(this.painter, warn);
    this.#tree = this.newTree();
  }

  // What is known

  get state() {
    return this.#state.name;
  }

  /** The running code. It has ended if it has a `trap`. */
  get guest() {
    return this.#state.name === "idle" ? null : this.#state.guest;
  }

  /** Whether code runs that has not trapped. */
  get alive() {
    return this.guest !== null && this.guest.trap === null;
  }

  /** Whether nothing may call the code. */
  get held() {
    return this.#state.name === "swapping" || this.#state.name === "failed";
  }

  get probation() {
    return "probation" in this.#state ? this.#state.probation : null;
  }

  /** What the code that failed waits for. */
  get remedy() {
    return "remedy" in this.#state ? this.#state.remedy : nothing();
  }

  /** The version that runs, or that will when a component is placed. */
  get version() {
    return this.#version;
  }

  /** What `version` was compiled to, once it was. */
  get compiled() {
    return this.#compiled;
  }

  /** Why the version cannot be loaded. */
  get loadError() {
    return this.#loadError;
  }

  /** What ran before the version that runs. */
  get previous() {
    return this.#previous;
  }

  /** Whether it is not an error that the module has no version yet. */
  get expected() {
    return this.#expected;
  }

  /** Whether an update or a load of this module is under way or waits. */
  get busy() {
    return this.#busy;
  }

  /** How often the code was exchanged. */
  get generation() {
    return this.#generation;
  }

  /** The newest snapshot of healthy code. */
  get lastGood() {
    return this.#lastGood;
  }

  /** The nodes of the code that runs. */
  get tree() {
    return this.#tree;
  }

  /**
   * Whether a version was rolled back or undone.
   * @param {string} hash
   */
  isRefused(hash) {
    return this.#refused.has(hash);
  }

  /**
   * The DOM node of one of the running code's node numbers.
   *
   * @param {number} id
   * @returns {Node | null | undefined} null if it is not in the page yet, undefined if the number is unknown
   */
  nodeOf(id) {
    return this.#tree.nodes.get(id)?.dom;
  }

  // Transitions

  /**
   * Notes a version, to be loaded when a component is placed.
   * @param {Version} version
   */
  note(version) {
    this.#expectState("note", "idle");
    this.#version = version;
    this.#compiled = null;
    this.#loadError = null;
  }

  /**
   * Notes that a version could not be loaded.
   * @param {Version} version
   * @param {string | null} error
   */
  failToLoad(version, error) {
    this.#expectState("failToLoad", "idle");
    this.#version ??= version;
    this.#loadError = error;
  }

  /** Holds the code: from here on, everything for it waits. */
  quiesce() {
    const state = this.#expectState("quiesce", "running", "failed", "ended");
    this.#become({ name: "swapping", guest: state.guest, probation: this.probation, remedy: this.remedy });
  }

  /**
   * Installs new code instead of the old. If calls of the old code are held, calls of the new code are held, too.
   *
   * @param {Installation} installation
   * @param {{ probation: Omit<Probation, "left"> | "ended" | "continued", previous?: PreviousVersion | null, restarts?: boolean }} options
   *   `previous` is what the new version replaces, if it is another one; `restarts` whether it is the same code after a trap
   */
  install({ guest, tree, version, compiled }, { probation, previous, restarts = false }) {
    this.#expectState("install", "idle", "swapping", "failed");
    const kept = probation === "continued" ? this.probation : null;
    const next = typeof probation === "string" ? kept : { ...probation, left: PROBATION_CALLS };
    if (this.held) this.#become({ name: "swapping", guest, probation: next, remedy: nothing() });
    else this.#become({ name: "running", guest, probation: next });
    this.#tree = tree;
    this.#version = version;
    this.#compiled = compiled;
    this.#loadError = null;
    this.#refused.delete(version.hash);
    if (previous !== undefined) this.#previous = previous;
    if (!restarts) this.#generation++;
  }

  /** Lets the code be called that was installed. */
  release() {
    const { guest, probation } = this.#expectState("release", "swapping");
    this.#become({ name: "running", guest, probation });
  }

  /**
   * Lets the old code run on, because it could not be replaced. If it failed meanwhile, it still waits for its remedy. Code that
   * trapped on probation stays on probation, so that its swap can be undone.
   */
  resume() {
    const { guest, probation, remedy } = this.#expectState("resume", "swapping");
    if (remedy.undo || remedy.restart) this.#become({ name: "failed", guest, remedy });
    else this.#become(guest.trap && !probation ? { name: "ended", guest } : { name: "running", guest, probation });
  }

  /**
   * Holds code that failed on probation, until its swap is undone.
   * @param {RejectedVersion} rejected
   */
  failToUndo(rejected) {
    const { guest } = this.#expectState("failToUndo", "running", "failed", "ended");
    this.#become({ name: "failed", guest, remedy: { ...this.remedy, undo: rejected } });
  }

  /**
   * Holds code that trapped, until it is restarted.
   *
   * @param {GuestTrap} trap
   * @param {number} now milliseconds
   * @returns {boolean} false if it was restarted too often by now, and has ended
   */
  failToRestart(trap, now) {
    const { guest } = this.#expectState("failToRestart", "running", "failed", "ended");
    this.#restarts = this.#restarts.filter((at) => now - at < RESTART_PERIOD_MS);
    if (this.#restarts.length >= RESTART_LIMIT) {
      if (!this.held) this.#become({ name: "ended", guest });
      return false;
    }
    this.#restarts.push(now);
    this.#become({ name: "failed", guest, remedy: { ...this.remedy, restart: trap } });
    return true;
  }

  /** Begins to restart code that trapped. */
  restart() {
    const { guest, remedy } = this.#expectState("restart", "failed");
    this.#become({ name: "swapping", guest, probation: null, remedy: { ...remedy, restart: null } });
  }

  /**
   * Takes the code out without its state; a version is loaded instead when a component asks for it.
   *
   * @param {{ version: Version | null, compiled: WebAssembly.Module | null }} [next] the same version if it is left out
   * @returns {Guest} the old code
   */
  discard({ version, compiled } = { version: this.#version, compiled: this.#compiled }) {
    const { guest } = this.#expectState("discard", "running", "swapping", "failed", "ended");
    this.#become({ name: "idle" });
    this.#version = version;
    this.#compiled = compiled;
    this.#lastGood = null;
    this.#tree = this.newTree();
    return guest;
  }

  /**
   * Takes the code out, because no component needs it.
   * @returns {Guest} the old code
   */
  stop() {
    const { guest } = this.#expectState("stop", "running", "ended");
    this.#become({ name: "idle" });
    this.#lastGood = null;
    return guest;
  }

  /**
   * Counts a call of code on probation.
   * @returns {boolean} whether it was the last one
   */
  countCall() {
    const { probation } = this;
    return probation !== null && --probation.left <= 0;
  }

  /** Ends the probation: from now on, a trap restarts the code. */
  endProbation() {
    const { guest } = this.#expectState("endProbation", "running");
    this.#become({ name: "running", guest, probation: null });
  }

  /**
   * Notes that a version was rolled back or undone.
   * @param {string} hash
   */
  refuse(hash) {
    this.#refused.add(hash);
  }

  /**
   * Goes one version further back, after an undo.
   * @param {PreviousVersion | null} previous
   */
  forgetUndone(previous) {
    this.#previous = previous;
  }

  /** Notes that the version comes later than those of other modules. */
  expect() {
    this.#expected = true;
  }

  /**
   * Keeps a snapshot of healthy code.
   *
   * @param {string} snapshot
   * @param {number} [time] milliseconds since the Unix epoch, if it goes into the history
   */
  captured(snapshot, time) {
    this.#lastGood = snapshot;
    if (time !== undefined && this.#version) this.history.add(snapshot, this.#version.hash, time);
  }

  /** The update queue has work for this module. */
  workBegan() {
    this.#busy = true;
  }

  workEnded() {
    this.#busy = false;
  }

  /**
   * Calls of the browser wait while nothing may call the code.
   * @param {State} state
   */
  #become(state) {
    this.#state = state;
    if (state.name === "idle") return;
    const { guest } = state;
    if (state.name !== "running") return guest.pause();
    // What belongs to the code is not complete yet.
    queueMicrotask(() => {
      if (this.#state.name === "running" && this.#state.guest === guest) guest.resume();
    });
  }

  /**
   * @template {State["name"]} Name
   * @param {string} transition
   * @param {Name[]} allowed
   * @returns {Extract<State, { name: Name }>}
   */
  #expectState(transition, ...allowed) {
    const state = this.#state;
    if (allowed.some((name) => name === state.name)) return /** @type {Extract<State, { name: Name }>} */ (state);
    throw new Error(`internal error: the module \`${this.name}\` is ${state.name}, which does not allow \`${transition}\``);
  }
}

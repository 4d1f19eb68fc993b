/**
 * Swaps versions of native modules in: the steps of a swap, done to a page.
 *
 * In: a module and a version. Out: the module runs the version, or still runs what it ran before. The same steps are used for
 * a first load (without old code), a restart after a trap (the same version), a load that restores the state from before a
 * reload, an undo (a second swap, to the version before), and a step through the history.
 */

import { capture } from "./capture.js";
import { readManifest } from "../guest/inspect.js";
import { retire, startClean } from "./retire.js";
import { preserve } from "../dom/preserve.js";
import { attach, takeOver } from "../dom/attach.js";
import { Candidate } from "../module/candidate.js";
import { EMPTY, checkReport, complete, instancesOf, migratedOf, propsOf, readReport, withTransform } from "../guest/snapshot.js";
import { errorMessage } from "../common/error-message.js";
import { FetchError } from "../guest/compile.js";
import { Declined, newSwap, runSwap } from "./steps.js";

/** @typedef {import("../module/record.js").ModuleRecord} ModuleRecord */
/** @typedef {import("../dom/tree.js").GuestNode} GuestNode */
/** @typedef {import("../tool/protocol.js").Version} Version */
/** @typedef {import("../tool/protocol.js").Verdict} Verdict */
/** @typedef {import("../tool/protocol.js").Swap} Swap */

/**
 * The parts of the engine that a swap needs.
 *
 * @typedef {object} SwapDeps
 * @property {Document} document
 * @property {import("../guest/stack.js").Stack} stack
 * @property {import("../resources/instance-resources.js").InstanceResources} resources
 * @property {() => number} now milliseconds since the Unix epoch
 * @property {() => number} clock milliseconds, for durations
 * @property {(version: Version) => Promise<WebAssembly.Module>} compile
 * @property {(record: ModuleRecord) => boolean} replaced whether a later update brings the module too
 * @property {(record: ModuleRecord) => import("../guest/guest.js").Sink} sink what the module's running code acts on
 * @property {(instance: number) => Element | null} elementOf where an instance is placed
 * @property {(record: ModuleRecord) => import("../instances/instance.js").Instance[]} placed the instances of a module that are mounted
 * @property {(record: ModuleRecord, props: Map<number, string>) => void} followProps notes the props of a state that was gone back to
 * @property {<T>(change: () => T) => T} quietly makes a change without letting its focus events reach a module
 * @property {() => void} releasing called when the module can be called again in a moment
 * @property {(elements: Element[]) => () => void} rendering called before an update renders into elements; the returned
 *   function is called afterwards
 * @property {(record: ModuleRecord, restored: Set<number>) => void} taken the module runs new code, with these instances
 * @property {(record: ModuleRecord, invalidations: import("../tool/protocol.js").Invalidation[]) => import("../tool/protocol.js").Invalidation[]}
 *   invalidated handles them; returns those handled, with those that they caused
 * @property {() => void} drain delivers what waits
 * @property {(record: ModuleRecord, trap: import("../guest/trap.js").GuestTrap) => void} reportTrap
 * @property {(record: ModuleRecord, trap: import("../guest/trap.js").GuestTrap) => void} end undoes the swap to code that trapped on probation,
 *   or restarts the code
 * @property {(record: ModuleRecord) => void} checkHealth checks the health of code that is on probation
 */

/**
 * Work that was begun for a version before its turn.
 * @typedef {{ compiled: Promise<WebAssembly.Module>, verdict: Promise<Verdict> | null }} Prepared
 */

/**
 * @typedef {object} Options
 * @property {string | null} [state] a snapshot to start from, if no code runs that has one
 * @property {boolean} [force] whether a version that runs already is restarted
 * @property {boolean} [restarts] whether code that trapped is restarted, even if later work waits: calls since the trap wait for
 *   it
 * @property {boolean} [clean] whether the state of the code that runs is discarded
 * @property {number | null} [sequence] of the update that requests it
 * @property {Prepared | null} [prepared]
 */

/**
 * Makes a module run a version.
 *
 * @param {ModuleRecord} record
 * @param {Version} version
 * @param {Options} options
 * @param {SwapDeps} swapDeps
 * @returns {Promise<Swap | null>} null if a later update made it pointless
 */
export function swapIn(record, version, options, swapDeps) {
  return new SwapTransaction(record, version, options, swapDeps).run();
}

/**
 * What a version was compiled to, if it runs or ran right before.
 *
 * @param {ModuleRecord} record
 * @param {string} hash
 */
export function compiledOf({ compiled, version, previous }, hash) {
  if (version?.hash === hash) return compiled;
  return previous?.version.hash === hash ? previous.compiled : null;
}

/**
 * Undoes a swap whose code failed on probation: swaps to the version before, with the state from before.
 *
 * @param {ModuleRecord} record
 * @param {import("../module/record.js").RejectedVersion} rejected
 * @param {SwapDeps} swapDeps
 * @returns {Promise<Swap>}
 */
export async function undo(record, rejected, swapDeps) {
  const failed = /** @type {Version} */ (record.version);
  const { previous, reason } = rejected;
  const swap = newSwap(failed, "undone");
  const state = complete(previous.snapshot ?? EMPTY, swapDeps.placed(record));
  await new SwapTransaction(record, previous.version, { state }, swapDeps).undo(swap, previous, failed.hash);
  const after = swap.error === null ? "" : `; the version from before could not restore its state and starts without it: ${swap.error}`;
  record.log("warn", `the swap was undone: ${reason}${after}`);
  return Object.assign(swap, { error: reason + after, cause: "version" });
}

/**
 * A state to go to: which one, given the state now, and the version that it is from.
 * @typedef {{ hash: string, choose: (current: string) => string }} TargetState
 */

/**
 * Makes a module's code continue from another state. This is not an update, so no hooks run.
 *
 * @param {ModuleRecord} record
 * @param {TargetState} target
 * @param {SwapDeps} swapDeps
 * @returns {Promise<Swap | null>} null if no code runs
 */
export async function travel(record, target, swapDeps) {
  if (!record.guest || !record.version) return null;
  return new SwapTransaction(record, record.version, {}, swapDeps).travel(target);
}

class SwapTransaction {
  #record;
  #version;
  #options;
  #snapshot;
  #swapDeps;
  /** @type {WebAssembly.Module | null} */
  #compiled = null;
  /** @type {Candidate | null} */
  #made = null;
  /** @type {import("./capture.js").Captured | null} */
  #captured = null;
  /** What the new code gets of the snapshot. */
  #given = EMPTY;
  /** @type {Set<number>} */
  #restored = new Set();

  /**
   * @param {ModuleRecord} record
   * @param {Version} version
   * @param {Options} options
   * @param {SwapDeps} swapDeps
   */
  constructor(record, version, options, swapDeps) {
    this.#record = record;
    this.#version = version;
    this.#options = options;
    this.#snapshot = options.state ?? null;
    this.#swapDeps = swapDeps;
  }

  run() {
    const runs = this.#record.guest !== null;
    const clean = runs && this.#options.clean === true;
    const stateful = runs || this.#snapshot !== null;
    return this.#run(newSwap(this.#version, "committed"), [
      ["prepare", (swap) => this.#prepare(swap)],
      ...this.#when(runs, ["quiesce", () => this.#quiesce()]),
      ...this.#when(runs && !clean, ["capture", () => this.#capture(true)]),
      ["instantiate", () => this.#instantiate()],
      ...this.#when(stateful && !clean, ["migrate", () => this.#migrate()]),
      ...this.#when(stateful, ["restore", (swap) => this.#restore(swap)]),
      ["render", (swap) => this.#render(swap)],
      ["commit", (swap) => this.#commit(swap)],
      ["probation", () => this.#swapDeps.checkHealth(this.#record)],
    ]);
  }

  /** @param {TargetState} target */
  travel({ hash, choose }) {
    this.#compiled = this.#record.compiled;
    const capture = () => {
      this.#capture(false);
      this.#snapshot = choose(this.#snapshot ?? EMPTY);
    };
    return this.#run(newSwap(this.#version, "committed"), [
      ["quiesce", () => this.#quiesce()],
      ["capture", capture],
      ["instantiate", () => this.#instantiate()],
      ...this.#when(hash !== this.#version.hash, ["migrate", () => this.#migrate()]),
      ["restore", (swap) => this.#restore(swap)],
      ["render", (swap) => this.#render(swap)],
      ["commit", (swap) => this.#commit(swap)],
    ]);
  }

  /**
   * @param {Swap} swap
   * @param {import("../module/record.js").PreviousVersion} previous
   * @param {string} failed the hash of the version that failed
   */
  async undo(swap, previous, failed) {
    const record = this.#record;
    this.#compiled = previous.compiled;
    record.refuse(failed);
    const plan = {
      steps: /** @type {import("./steps.js").Work[]} */ ([
        ["undo", () => {}],
        ["instantiate", () => this.#instantiate()],
        ["restore", (/** @type {Swap} */ done) => this.#restore(done)],
        ["render", (/** @type {Swap} */ done) => this.#render(done)],
        ["commit", (/** @type {Swap} */ done) => this.#commit(done)],
      ]),
      wanted: () => true,
      rollback: () => {
        this.#made?.guest.end();
        startClean(record, previous);
        this.#swapDeps.taken(record, new Set());
      },
    };
    await runSwap(swap, plan, this.#swapDeps.clock);
    this.#handleInvalidated(swap);
    record.forgetUndone(previous.previous);
  }

  /**
   * @param {boolean} condition
   * @param {import("./steps.js").Work[]} steps
   */
  #when(condition, ...steps) {
    return condition ? steps : [];
  }

  /**
   * @param {Swap} swap
   * @param {import("./steps.js").Work[]} steps
   */
  #run(swap, steps) {
    const plan = {
      steps,
      wanted: () => this.#options.restarts === true || !this.#swapDeps.replaced(this.#record),
      rollback: (/** @type {import("../tool/protocol.js").Step} */ step, /** @type {unknown} */ error) => this.#rollback(step, error),
    };
    return runSwap(swap, plan, this.#swapDeps.clock).then((done) => {
      if (done?.outcome === "rolled-back") done.running = this.#record.guest !== null;
      if (done) this.#handleInvalidated(done);
      return done;
    });
  }

  /**
   * Handles the instances that reported during the swap that they cannot continue.
   * @param {Swap} swap
   */
  #handleInvalidated(swap) {
    const own = swap.outcome === "rolled-back" ? [] : (this.#made?.invalidated ?? []);
    swap.invalidated = this.#swapDeps.invalidated(this.#record, own);
  }

  /** @param {Swap} swap */
  async #prepare(swap) {
    const { prepared } = this.#options;
    const known = prepared ? await prepared.compiled : compiledOf(this.#record, this.#version.hash);
    this.#compiled = known ?? (await this.#swapDeps.compile(this.#version));
    this.#checkDeclines(this.#compiled);
    if (!prepared?.verdict) return;
    const ready = this.#swapDeps.clock();
    const verdict = await prepared.verdict;
    const skipped = verdict.outcome === "skipped" ? (verdict.error ?? "no reason was given") : null;
    swap.rehearsal = { ...verdict.duration, added: this.#swapDeps.clock() - ready, skipped };
    if (verdict.outcome === "failed") throw new Error(verdict.error ?? "the rehearsal failed");
  }

  /**
   * A component that cannot be swapped makes the page load again.
   * @param {WebAssembly.Module} compiled
   */
  #checkDeclines(compiled) {
    const { guest, version, compiled: old } = this.#record;
    if (!guest || version?.hash === this.#version.hash) return;
    const mounted = new Set(this.#swapDeps.placed(this.#record).map(({ component }) => component));
    for (const { declines } of [...(old ? [readManifest(old)] : []), readManifest(compiled)]) {
      for (const [component, reason] of declines) {
        if (mounted.has(component)) throw new Declined(`\`${component}\` accepts no hot update: ${reason}`);
      }
    }
  }

  /** Queues everything for the code from here on. This runs as a separate task, so no wasm frame is on the stack. */
  #quiesce() {
    // Code that is restarted is held since it trapped.
    if (!this.#options.restarts) this.#record.quiesce();
    if (this.#options.clean) this.#snapshot = complete(EMPTY, this.#swapDeps.placed(this.#record));
  }

  /** @param {boolean} updates */
  #capture(updates) {
    this.#captured = capture(this.#record, this.#swapDeps.now(), updates);
    this.#snapshot = this.#captured.snapshot;
    if (this.#captured.trap) this.#swapDeps.reportTrap(this.#record, this.#captured.trap);
  }

  async #instantiate() {
    const candidate = new Candidate(this.#record, this.#swapDeps.stack, this.#swapDeps.now);
    try {
      await candidate.guest.start(/** @type {WebAssembly.Module} */ (this.#compiled));
    } catch (error) {
      candidate.guest.end();
      throw error;
    }
    this.#made = candidate;
    this.#given = this.#snapshot ?? EMPTY;
  }

  get #candidate() {
    return /** @type {Candidate} */ (this.#made);
  }

  #migrate() {
    instancesOf(this.#given);
    const { guest } = this.#candidate;
    const given = withTransform(this.#given, this.#version.transform);
    const answer = guest.migrate(given);
    if (answer !== null) this.#given = migratedOf(answer);
    // Code that has no migrations gets the transform with the state.
    else if (!guest.migrates) this.#given = given;
  }

  /** @param {Swap} swap */
  #restore(swap) {
    const { tree, guest } = this.#candidate;
    for (const instance of instancesOf(this.#snapshot ?? EMPTY)) {
      tree.addRoot(instance, null);
      this.#restored.add(instance);
    }
    swap.report = readReport(guest.restore(this.#given));
    checkReport(swap.report, this.#restored);
  }

  /** @param {Swap} swap */
  #render(swap) {
    const [record, candidate] = [this.#record, this.#candidate];
    const { document, resources, quietly, elementOf } = this.#swapDeps;
    const { links } = resources;
    const oldRoots = [...record.tree.roots];
    const elements = [...record.tree.roots.values()].flatMap((root) =>
      root.dom ? [/** @type {Element} */ (/** @type {unknown} */ (root.dom))] : [],
    );
    const rendered = this.#swapDeps.rendering(elements);
    /** @type {Set<GuestNode>} */
    const kept = new Set();
    quietly(() => {
      const putBack = preserve(document, elements);
      for (const [instance, fresh] of candidate.tree.roots) {
        const old = record.tree.roots.get(instance);
        if (old?.dom) for (const node of takeOver(old, fresh, record)) kept.add(node);
        else attach(fresh, elementOf(instance), record);
      }
      for (const [instance, old] of oldRoots) {
        if (!candidate.tree.roots.has(instance)) for (const child of old.children) child.dom?.remove();
      }
      putBack();
    });
    candidate.tree.calls = candidate.tree.calls.filter(({ node }) => !kept.has(node));
    rendered();
    // The hooks of the old code ran before the new code: what they asked for comes first.
    for (const request of this.#captured?.requests ?? []) resources.apply(record.name, request);
    const instances = new Set([...this.#restored, ...record.tree.roots.keys()]);
    Object.assign(swap, resources.settle(record.name, candidate.requests, instances, links));
  }

  /** @param {Swap} swap */
  #commit(swap) {
    const [record, candidate] = [this.#record, this.#candidate];
    const { guest: old, version, compiled } = record;
    const exchanged = version !== null && version.hash !== this.#version.hash;
    // The last good state is the one that was captured before the hooks ran: an undo discards their effects.
    const earlier = record.previous && { ...record.previous, previous: null };
    const previous = old && exchanged && compiled ? { version, compiled, snapshot: record.lastGood, previous: earlier } : null;
    const watched = swap.outcome === "committed" && swap.events.includes("prepare");
    record.install(this.#installation(), {
      probation: watched ? this.#newProbation(exchanged, previous) : exchanged ? "ended" : "continued",
      ...(exchanged ? { previous } : {}),
      restarts: this.#options.restarts === true,
    });
    candidate.guest.sink = this.#swapDeps.sink(record);
    // State that was discarded on purpose must not come back with a restart.
    if (this.#options.clean) record.captured(this.#given);
    for (const [level, text] of this.#captured?.logs ?? []) record.log(level, text);
    // An undo prunes nothing: its snapshot is older than the running code's state.
    if (old) retire(old, record, watched ? swap.report : null);
    record.calls.turnOver(this.#version.hash);
    for (const [level, text] of candidate.logs) record.log(level, text);
    record.tree.flushCalls();
    this.#swapDeps.releasing();
    // A first load holds nothing.
    if (record.held) record.release();
    this.#swapDeps.taken(record, this.#restored);
    if (!watched) this.#swapDeps.followProps(record, propsOf(this.#given));
    this.#swapDeps.drain();
  }

  /** @returns {import("../module/record.js").Installation} */
  #installation() {
    const compiled = /** @type {WebAssembly.Module} */ (this.#compiled);
    // Without the transform: it applies to the state only once, and that is done.
    const { transform: _, ...version } = this.#version;
    const { components } = version.components.length > 0 ? version : readManifest(compiled);
    const { guest, tree } = this.#candidate;
    return { guest, tree, compiled, version: { ...version, components } };
  }

  /**
   * @param {boolean} exchanged whether the version is another one. The same code again continues its probation.
   * @param {import("../module/record.js").PreviousVersion | null} previous
   */
  #newProbation(exchanged, previous) {
    const { probation } = this.#record;
    return {
      previous: exchanged ? previous : (probation?.previous ?? null),
      sequence: this.#options.sequence ?? probation?.sequence ?? null,
    };
  }

  /**
   * @param {import("../tool/protocol.js").Step} step
   * @param {unknown} error
   */
  #rollback(step, error) {
    const record = this.#record;
    this.#made?.guest.end();
    const memory = this.#captured?.memory;
    if (memory && record.guest) record.guest.putBack(memory);
    this.#swapDeps.releasing();
    if (record.state === "swapping") record.resume();
    if (!(error instanceof FetchError) && record.version?.hash !== this.#version.hash) record.refuse(this.#version.hash);
    if (this.#captured?.trap) this.#swapDeps.end(record, this.#captured.trap);
    record.log("warn", `the swap was rolled back in the step \`${step}\`: ${errorMessage(error)}`);
  }
}

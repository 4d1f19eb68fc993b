/**
 * One application in the page: which version runs, and how another one takes its place without a reload.
 *
 * In: versions. Out: each is started beside the running generation, which waits meanwhile; if the start succeeds the old one ends, and
 * if it fails the old one goes on. A start has succeeded when no error has left the application's code until the second frame.
 */

import { WantedVersion } from "../module/wanted-version.js";
import { newSwap, runSwap } from "../swap/steps.js";
import { Generation } from "./generation.js";
import { instantiation } from "./instantiation.js";
import { ServedDocument } from "./served-document.js";
import { applicationTrap } from "./trap.js";

/** @typedef {import("../tool/protocol.js").Version} Version */
/** @typedef {import("../tool/protocol.js").Swap} Swap */
/** @typedef {import("./glue.js").Glue} Glue */

/** Code that traps again so soon after it was started again is left alone, in milliseconds. */
const RESTART_PAUSE = 2000;

/**
 * @typedef {object} ApplicationDeps
 * @property {Window & typeof globalThis} view
 * @property {import("./ownership.js").Ownership} ownership
 * @property {import("./glue.js").GlueLoader} glue
 * @property {(version: Version) => Promise<WebAssembly.Module>} compile
 * @property {() => number} clock milliseconds
 * @property {() => () => void} keepPage reads what the reader has done to the page; the answer puts it back
 * @property {() => Promise<void>} composed resolves when no text is being composed with an input method
 * @property {(module: string) => boolean} replaced whether a later update brings the module, too
 * @property {(application: Application, trap: import("../tool/protocol.js").Trap) => void} trapped
 * @property {(application: Application) => void} restart asks for the running version to be started again
 */

/** A version that is being started, or runs. @typedef {{ version: Version, generation: Generation, glue: Glue }} Running */

/** A call of an export by a script of the page. @typedef {{ name: string, values: unknown[] }} StartCall */

/** What was prepared for a version before its turn. @typedef {{ module: WebAssembly.Module, glue: import("./glue.js").LoadedGlue }} Loaded */

/** One application of a page. */
export class Application {
  /** @type {Running | null} */
  #running = null;
  /** @type {ServedDocument | null} */
  #served = null;
  /** The newest version that is known, whether it runs or not. @type {Version | null} */
  version = null;
  /** Whether the page has started it, or wants to. */
  wanted = false;
  /** Whether a script of the page chose another version than the tool's. */
  wantedVersion = new WantedVersion();
  /** Versions that failed here. @type {Set<string>} */
  refused = new Set();
  /** What a script of the page calls right after the start. @type {StartCall[]} */
  startCalls = [];
  /** How often its code was exchanged. */
  generations = 0;
  /** The version before the one that runs. @type {Version | null} */
  previous = null;
  /** Whether it has ended with a trap and was not started again. */
  stopped = false;
  #restartedAt = Number.NEGATIVE_INFINITY;
  #deps;

  /**
   * @param {string} name
   * @param {ApplicationDeps} deps
   */
  constructor(name, deps) {
    this.name = name;
    this.#deps = deps;
  }

  /** The version whose code runs. */
  get runs() {
    return this.#running?.version ?? null;
  }

  /** What the running code exports to scripts of the page. */
  get exports() {
    return this.#running?.glue.exports ?? null;
  }

  /**
   * Whether a node is not the application's own.
   * @param {Node} node
   */
  lasts(node) {
    return this.#served?.has(node) ?? true;
  }

  /**
   * Begins what can be done for a version before its turn.
   *
   * @param {Version} version
   * @returns {Promise<Loaded>}
   */
  async load(version) {
    const { compile, glue } = this.#deps;
    if (!version.application) throw new Error(`\`${version.module}\` is not an application`);
    const [module, loaded] = await Promise.all([compile(version), glue.load(version.application)]);
    return { module, glue: loaded };
  }

  /**
   * Starts a version, in the place of the one that runs.
   *
   * @param {Version} version
   * @param {Promise<Loaded>} loading
   * @returns {Promise<Swap | null>} null if a later update has replaced it
   */
  async bring(version, loading) {
    const swap = newSwap(version, "committed");
    this.#served ??= new ServedDocument(this.#deps.view.document);
    const starting = new Starting(this.#deps, version, this.#running, this.#served, this.startCalls);
    starting.failedLater = (error) => this.#trapped(starting, error);
    const ended = await runSwap(swap, this.#plan(starting, loading), this.#deps.clock);
    if (!ended) return null;
    if (ended.outcome === "committed") {
      this.#commit(version, starting);
      return ended;
    }
    ended.running = this.#running !== null;
    if (starting.needsReload) return { ...newSwap(version, "declined"), error: ended.error };
    if (ended.cause !== "fetch" && this.runs?.hash !== version.hash) this.refused.add(version.hash);
    return ended;
  }

  /**
   * @param {Starting} starting
   * @param {Promise<Loaded>} loading
   * @returns {import("../swap/steps.js").Plan}
   */
  #plan(starting, loading) {
    const swaps = this.#running !== null;
    /** @type {import("../swap/steps.js").Work[]} */
    const replace = [
      ["quiesce", () => starting.quiesce()],
      ["capture", () => starting.capture()],
    ];
    return {
      steps: [
        ["prepare", () => starting.prepare(loading)],
        ...(swaps ? replace : []),
        ["instantiate", () => starting.instantiate()],
        ["render", () => starting.render()],
        ["commit", () => starting.commit()],
        [
          "probation",
          async (swap) => {
            // A failure from here on undoes what the reader has seen already.
            swap.outcome = "undone";
            await starting.probation();
            swap.outcome = "committed";
          },
        ],
      ],
      wanted: () => !this.#deps.replaced(this.name),
      rollback: () => starting.rollback(),
    };
  }

  /**
   * @param {Version} version
   * @param {Starting} starting
   */
  #commit(version, starting) {
    if (this.#running && this.#running.version.hash !== version.hash) this.previous = this.#running.version;
    this.#running = starting.running;
    this.version = version;
    this.refused.delete(version.hash);
    this.stopped = false;
    this.generations++;
  }

  /**
   * An error has left the code of a generation that was started.
   *
   * @param {Starting} starting
   * @param {unknown} error
   */
  #trapped(starting, error) {
    const { generation } = starting.running;
    if (generation.ended || this.stopped || this.#running?.generation !== generation) return;
    generation.stop();
    const now = this.#deps.clock();
    const again = now - this.#restartedAt > RESTART_PAUSE;
    this.stopped = !again;
    this.#restartedAt = now;
    this.#deps.trapped(this, applicationTrap(error, starting.panic, generation.panicPlace));
    if (again) this.#deps.restart(this);
  }
}

/** One start of a version, and what it takes to go back. */
class Starting {
  /** @type {Error | null} */
  #error = null;
  /** @type {(() => void) | null} */
  #putBack = null;
  /** @type {import("./served-document.js").Changes | null} */
  #undone = null;
  /** @type {import("./instantiation.js").Instantiation | null} */
  #instantiation = null;
  /** @type {Glue | null} */
  #glue = null;
  #over = false;
  /** Whether the page can only run it after a reload. */
  needsReload = false;
  #deps;
  #version;
  #old;
  #served;
  #calls;
  /** @type {Generation | null} */
  #generation = null;
  /** Called with errors after the start. @type {(error: unknown) => void} */
  failedLater = () => {};
  /** The last message of a panic. */
  panic = "";

  /**
   * @param {ApplicationDeps} deps
   * @param {Version} version
   * @param {Running | null} old
   * @param {ServedDocument} served
   * @param {StartCall[]} calls
   */
  constructor(deps, version, old, served, calls) {
    this.#deps = deps;
    this.#version = version;
    this.#old = old;
    this.#served = served;
    this.#calls = calls;
  }

  /** @returns {Running} */
  get running() {
    if (!this.#glue || !this.#generation) throw new Error("it has not been started");
    return { version: this.#version, generation: this.#generation, glue: this.#glue };
  }

  /** @param {unknown} error */
  #failed(error) {
    if (this.#over) return this.failedLater(error);
    // The name of a custom element can be defined once in a page.
    if (error instanceof DOMException && error.name === "NotSupportedError" && /CustomElementRegistry/.test(error.message)) {
      this.needsReload = this.#old !== null;
    }
    const trap = applicationTrap(error, this.panic, this.#generation?.panicPlace ?? null);
    this.#error ??= Object.assign(new Error(trap.file ? `${trap.message} (${trap.file}:${trap.line})` : trap.message), { trap });
  }

  #check() {
    if (this.#error) throw this.#error;
  }

  /**
   * Everything that can be done beside the running code: loading, compiling, and making the instance.
   * @param {Promise<Loaded>} loading
   */
  async prepare(loading) {
    const { module, glue } = await loading;
    this.#generation = new Generation({
      ownership: this.#deps.ownership,
      direct: glue.direct,
      served: this.#served,
      failed: (error) => this.#failed(error),
    });
    this.#instantiation = instantiation(this.#generation, (text) => {
      this.panic = text;
    });
    this.#glue = glue.run(this.#instantiation.wasm);
    this.#instantiation.begin(this.#glue.init(module));
    await this.#instantiation.ready;
    await this.#deps.composed();
  }

  quiesce() {
    this.#old?.generation.pause();
  }

  capture() {
    this.#putBack = this.#deps.keepPage();
  }

  /** Starts the code: it runs up to its first wait. */
  async instantiate() {
    if (this.#old) this.#undone = this.#served.undo();
    try {
      await this.#instantiation?.finish();
      for (const { name, values } of this.#calls) {
        const code = this.#glue?.exports[name];
        if (typeof code === "function") code(...values);
      }
    } catch (error) {
      this.#failed(error);
    }
    this.#check();
  }

  /** Lets microtasks run in which frameworks render. No frame is painted before they have. */
  async render() {
    for (let turn = 0; turn < 3; turn++) await null;
    this.#check();
  }

  commit() {
    this.#putBack?.();
  }

  /** The first frame, and what follows from it. */
  async probation() {
    await nextFrame(this.#deps.view);
    await nextFrame(this.#deps.view);
    this.#check();
    this.#over = true;
    this.#old?.generation.end(this.#old.glue.release);
    this.#forget();
  }

  /** Drops what it would take to go back: each start would keep the one before alive. */
  #forget() {
    this.#old = null;
    this.#undone = null;
    this.#putBack = null;
    this.#instantiation = null;
  }

  rollback() {
    this.#over = true;
    this.failedLater = () => {};
    this.#generation?.end(this.#glue?.release ?? null);
    if (!this.#old) this.#served.undo();
    if (this.#undone) {
      this.#served.redo(this.#undone);
      this.#putBack?.();
    }
    this.#old?.generation.resume();
    this.#forget();
  }
}

/**
 * Waits for the page to be painted. A page in the background is not.
 * @param {Window} view
 */
function nextFrame(view) {
  return /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      const late = view.setTimeout(resolve, 100);
      view.requestAnimationFrame(() => {
        view.clearTimeout(late);
        view.setTimeout(resolve, 0);
      });
    })
  );
}

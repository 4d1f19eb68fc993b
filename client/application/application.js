/**
 * One application in the page: which version runs, and how a new version replaces it without a reload.
 *
 * In: versions. Out: each is started as a new copy of the application while the old copy is paused. If the start succeeds, the old copy
 * ends. If it fails, the old copy is resumed. A start succeeds if the application's code throws no error until the second frame.
 */

import { WantedVersion } from "../module/wanted-version.js";
import { newSwap, runSwap } from "../swap/steps.js";
import { BindgenCopy } from "../bindgen/bindgen-copy.js";
import { ComponentState } from "./component-state.js";
import { instantiation } from "./instantiation.js";
import { ServedDocument } from "./served-document.js";
import { applicationTrap } from "./trap.js";

/** @typedef {import("../tool/protocol.js").Version} Version */
/** @typedef {import("../tool/protocol.js").Swap} Swap */
/** @typedef {import("../bindgen/glue-loader.js").Glue} Glue */

/** Code that traps this soon after a restart is not restarted again, in milliseconds. */
const RESTART_PAUSE = 2000;

/** How long components that appear after the start get the state that they had, in milliseconds. */
const LATE_COMPONENTS = 10_000;

/**
 * @typedef {object} ApplicationDeps
 * @property {Window & typeof globalThis} view
 * @property {import("../bindgen/bindgen.js").Bindgen} bindgen
 * @property {(node: Node) => boolean} isOutside whether a node is outside of all applications. A listener on another node needs no
 *   cleanup: it is freed with the node
 * @property {(version: Version) => Promise<WebAssembly.Module>} compile
 * @property {number} budget how many loop heads and calls one call may pass, where the code counts them
 * @property {() => number} clock milliseconds
 * @property {() => () => void} keepPage reads the state of the page, as the reader left it; the returned function restores it
 * @property {() => Promise<void>} composed resolves when no text is being composed with an input method
 * @property {(module: string) => boolean} replaced whether a later update contains the module, too
 * @property {(application: Application, trap: import("../tool/protocol.js").Trap) => void} trapped
 * @property {(application: Application) => void} restart asks for a restart of the running version
 */

/** A version that is being started, or runs. @typedef {{ version: Version, copy: BindgenCopy, glue: Glue, components: ComponentState | null }} Running */

/** A call of an export by a script of the page. @typedef {{ name: string, values: unknown[] }} StartCall */

/** What is loaded for a version while earlier updates run. @typedef {{ module: WebAssembly.Module, glue: import("../bindgen/glue-loader.js").LoadedGlue }} Loaded */

/** One application of a page. */
export class Application {
  /** @type {Running | null} */
  #running = null;
  /** @type {ServedDocument | null} */
  #served = null;
  /** The newest known version, whether it runs or not. @type {Version | null} */
  version = null;
  /** Whether the page has started it, or will. */
  wanted = false;
  /** Whether a script of the page chose another version than the tool's. */
  wantedVersion = new WantedVersion();
  /** Versions that failed here. @type {Set<string>} */
  refused = new Set();
  /** The calls that a script of the page makes right after the start. @type {StartCall[]} */
  startCalls = [];
  /** How often its code was exchanged. */
  generation = 0;
  /** The version before the one that runs. @type {Version | null} */
  previous = null;
  /** Whether it trapped and was not restarted. */
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
   * Whether a node is outside of the application: neither made by it nor inside of such a node.
   * @param {Node} node
   */
  isOutside(node) {
    return this.#served?.isOutside(node) ?? true;
  }

  /**
   * Loads and compiles a version. This may be called while earlier updates run.
   *
   * @param {Version} version
   * @returns {Promise<Loaded>}
   */
  async load(version) {
    const { compile, bindgen } = this.#deps;
    if (!version.glue) throw new Error(`\`${version.module}\` is not an application`);
    const [module, loaded] = await Promise.all([compile(version), bindgen.loader.load(version.glue)]);
    return { module, glue: loaded };
  }

  /**
   * Starts a version, which replaces the one that runs.
   *
   * @param {Version} version
   * @param {Promise<Loaded>} loading
   * @returns {Promise<Swap | null>} null if a later update has replaced it
   */
  async start(version, loading) {
    const first = this.#newStart(version);
    const ended = await runSwap(newSwap(version, "committed"), this.#plan(first, loading), this.#deps.clock);
    if (!ended || ended.outcome === "committed" || !first.hasRestored || first.needsReload) return this.#ended(version, first, ended);
    // The state may be what the new code cannot start with.
    const second = this.#newStart(version);
    second.withoutState = `the new code did not start with the old state: ${ended.error}`;
    const again = await runSwap(newSwap(version, "committed"), this.#plan(second, loading), this.#deps.clock);
    return this.#ended(version, second, again);
  }

  /** @param {Version} version */
  #newStart(version) {
    this.#served ??= new ServedDocument(this.#deps.view.document);
    const start = new ApplicationStart(this.#deps, version, this.#running, this.#served, this.startCalls);
    start.failedLater = (error) => this.#trapped(start, error);
    return start;
  }

  /**
   * @param {Version} version
   * @param {ApplicationStart} start
   * @param {Swap | null} ended
   */
  #ended(version, start, ended) {
    if (!ended) return null;
    if (ended.outcome === "committed") {
      this.#commit(version, start);
      return ended;
    }
    ended.running = this.#running !== null;
    if (start.needsReload) return { ...newSwap(version, "declined"), error: ended.error };
    if (ended.cause !== "fetch" && this.runs?.hash !== version.hash) this.refused.add(version.hash);
    return ended;
  }

  /**
   * @param {ApplicationStart} start
   * @param {Promise<Loaded>} loading
   * @returns {import("../swap/steps.js").Plan}
   */
  #plan(start, loading) {
    const swaps = this.#running !== null;
    /** @type {import("../swap/steps.js").Work[]} */
    const replace = [
      ["quiesce", () => start.quiesce()],
      ["capture", () => start.capture()],
    ];
    return {
      steps: [
        ["prepare", () => start.prepare(loading)],
        ...(swaps ? replace : []),
        ["instantiate", () => start.instantiate()],
        ["render", () => start.render()],
        ["commit", () => start.commit()],
        [
          "probation",
          async (swap) => {
            // The reader may have seen the new code: after a rollback from here on, the swap is reported as `undone`.
            swap.outcome = "undone";
            await start.probation();
            swap.report = start.report();
            swap.outcome = "committed";
          },
        ],
      ],
      wanted: () => !this.#deps.replaced(this.name),
      rollback: () => start.rollback(),
    };
  }

  /**
   * @param {Version} version
   * @param {ApplicationStart} start
   */
  #commit(version, start) {
    if (this.#running && this.#running.version.hash !== version.hash) this.previous = this.#running.version;
    this.#running = start.running;
    this.version = version;
    this.refused.delete(version.hash);
    this.stopped = false;
    this.generation++;
  }

  /**
   * The code of a copy threw an error after its start had succeeded.
   *
   * @param {ApplicationStart} start
   * @param {unknown} error
   */
  #trapped(start, error) {
    const { copy } = start.running;
    if (copy.ended || this.stopped || this.#running?.copy !== copy) return;
    copy.stop();
    const now = this.#deps.clock();
    const restarts = now - this.#restartedAt > RESTART_PAUSE;
    this.stopped = !restarts;
    this.#restartedAt = now;
    const trap = applicationTrap(error, start.logged, copy);
    // Later, because what is shown in the page now would count as a change by the application, and go with it.
    queueMicrotask(() => {
      this.#deps.trapped(this, trap);
      if (restarts) this.#deps.restart(this);
    });
  }
}

/** One start of a version, with what a rollback needs. */
class ApplicationStart {
  /** @type {Error | null} */
  #error = null;
  /** @type {(() => void) | null} */
  #restorePage = null;
  /** The old copy's changes of the document. @type {import("./served-document.js").Reverted | null} */
  #reverted = null;
  /** @type {import("./instantiation.js").Instantiation | null} */
  #instantiation = null;
  /** @type {Glue | null} */
  #glue = null;
  #finished = false;
  /** Whether the page must be reloaded to run it. */
  needsReload = false;
  #deps;
  #version;
  #old;
  #served;
  #calls;
  /** @type {BindgenCopy | null} */
  #copy = null;
  /** The state of the new copy's components, if it can be read. @type {ComponentState | null} */
  #components = null;
  /** What the components of the old copy had. @type {string | null} */
  #snapshot = null;
  /** Why the state of the components is not restored, if it is not. */
  withoutState = "";
  /** Called with errors after the start. @type {(error: unknown) => void} */
  failedLater = () => {};
  /** The last message of a panic on the console. */
  logged = "";

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
    if (!this.#glue || !this.#copy) throw new Error("it has not been started");
    return { version: this.#version, copy: this.#copy, glue: this.#glue, components: this.#components };
  }

  /** @param {unknown} error */
  #failed(error) {
    if (this.#finished) return this.failedLater(error);
    // A page can define the name of a custom element only once.
    if (error instanceof DOMException && error.name === "NotSupportedError" && /CustomElementRegistry/.test(error.message)) {
      this.needsReload = this.#old !== null;
    }
    const trap = applicationTrap(error, this.logged, this.#copy);
    this.#error ??= Object.assign(new Error(trap.file ? `${trap.message} (${trap.file}:${trap.line})` : trap.message), { trap });
  }

  #check() {
    if (this.#error) throw this.#error;
  }

  /**
   * Everything that can be done while the old code runs: loading, compiling, and making the instance.
   * @param {Promise<Loaded>} loading
   */
  async prepare(loading) {
    const { module, glue } = await loading;
    const { isOutside, view } = this.#deps;
    /** @type {BindgenCopy} */
    const copy = new BindgenCopy({
      direct: glue.direct,
      handlers: this.#served.handlers,
      tracks: (target) => !(target instanceof view.Node) || isOutside(target),
      enter: (code) => this.#enter(copy, code),
      made: (exports) => this.#made(copy, exports),
    });
    this.#copy = copy;
    this.#instantiation = instantiation(copy, (text) => {
      this.logged = text;
    });
    this.#glue = glue.run(this.#instantiation.wasm);
    this.#instantiation.begin(this.#glue.init(module));
    await this.#instantiation.ready;
    await this.#deps.composed();
  }

  /**
   * Gives the components what they begin with.
   *
   * @param {BindgenCopy} copy
   * @param {WebAssembly.Exports} exports
   */
  #made(copy, exports) {
    this.#components = ComponentState.of(exports, () => copy.allow(this.#deps.budget));
    if (this.#snapshot !== null) this.#components?.restore(this.#snapshot);
    this.#components?.variables();
  }

  /**
   * Runs a call of the browser into a copy.
   *
   * @template T
   * @param {BindgenCopy} copy
   * @param {() => T} code
   */
  #enter(copy, code) {
    const { bindgen, budget } = this.#deps;
    const outermost = bindgen.ownership.current === null;
    if (outermost) {
      this.#served.changedByOthers();
      copy.allow(budget);
    }
    try {
      return bindgen.ownership.run(copy, code);
    } catch (error) {
      this.#failed(error);
      throw error;
    } finally {
      if (outermost) this.#served.changedByApplication();
    }
  }

  quiesce() {
    this.#old?.copy.pause();
  }

  capture() {
    this.#restorePage = this.#deps.keepPage();
    const components = this.#old?.copy.intact ? this.#old.components : null;
    if (!components || this.withoutState !== "") return;
    try {
      this.#snapshot = components.capture();
    } catch (error) {
      this.withoutState = `the state of the old code could not be read: ${error instanceof Error ? error.message : error}`;
    }
  }

  /** Whether the new code has begun with the state of the old one. */
  get hasRestored() {
    return this.#snapshot !== null && this.#copy !== null;
  }

  /**
   * What became of the components' state.
   * @returns {Swap["report"]}
   */
  report() {
    const { withoutState } = this;
    const components = this.#copy?.intact ? this.#components : null;
    /** @type {import("./component-state.js").Outcomes | null} */
    let keys = null;
    if (withoutState !== "") keys = { "all components": { outcome: "reset", reason: withoutState } };
    else if (this.#snapshot !== null && components) keys = components.report();
    this.#snapshot = null;
    if (components && this.#copy) this.#settleLater(this.#copy, components);
    return keys && { instances: [{ instance: 0, component: this.#version.module, keys }] };
  }

  /**
   * A component that appears later, with an answer of a server for instance, still gets its state.
   *
   * @param {BindgenCopy} copy
   * @param {ComponentState} components
   */
  #settleLater(copy, components) {
    const { view } = this.#deps;
    const late = view.setTimeout(() => copy.intact && components.settle(), LATE_COMPONENTS);
    copy.addCleanup(() => view.clearTimeout(late));
  }

  /** Starts the code: `main` runs until it returns. */
  async instantiate() {
    if (this.#old) this.#reverted = this.#served.revert();
    try {
      await this.#instantiation?.finish();
      for (const { name, values } of this.#calls) {
        const code = this.#glue?.exports[name];
        if (typeof code === "function") code(...values);
      }
      if (this.#copy?.intact) this.#components?.started();
    } catch (error) {
      this.#failed(error);
    }
    this.#check();
  }

  /** Lets microtasks run, in which frameworks render. No frame is painted before that. */
  async render() {
    for (let turn = 0; turn < 3; turn++) await null;
    this.#check();
  }

  commit() {
    this.#restorePage?.();
  }

  /** Waits for two frames. If no error was thrown until then, the old copy ends. */
  async probation() {
    await nextFrame(this.#deps.view);
    await nextFrame(this.#deps.view);
    this.#check();
    this.#finished = true;
    this.#old?.copy.end(this.#old.glue.release);
    this.#forget();
  }

  /** Drops what a rollback would need. Otherwise each start would keep the previous copy in memory. */
  #forget() {
    this.#old = null;
    this.#reverted = null;
    this.#restorePage = null;
    this.#instantiation = null;
  }

  rollback() {
    this.#finished = true;
    this.failedLater = () => {};
    this.#copy?.end(this.#glue?.release ?? null);
    if (!this.#old) this.#served.revert();
    if (this.#reverted) {
      this.#served.reapply(this.#reverted);
      this.#restorePage?.();
    }
    this.#old?.copy.resume();
    this.#forget();
  }
}

/**
 * Waits until the page is painted. A page in the background is not painted, so the wait is limited.
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

/**
 * One start of a version of an application, and what a rollback of it needs.
 *
 * In: a version, and the copy that runs. Out: the steps of a swap: the new copy is made next to the old one, gets the old state, starts,
 * and is committed or rolled back.
 */

import { BindgenCopy } from "../bindgen/bindgen-copy.js";
import { ComponentState } from "./component-state.js";
import { instantiation } from "./instantiation.js";
import { ServedDocument } from "./served-document.js";
import { applicationTrap } from "./trap.js";

/** @typedef {import("../tool/protocol.js").Version} Version */
/** @typedef {import("../tool/protocol.js").Swap} Swap */
/** @typedef {import("../bindgen/glue-loader.js").Glue} Glue */

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
 * @property {(application: import("./application.js").Application, trap: import("../tool/protocol.js").Trap) => void} trapped
 * @property {(application: import("./application.js").Application) => void} restart asks for a restart of the running version
 */

/** A version that is being started, or runs. @typedef {{ version: Version, copy: BindgenCopy, glue: Glue, components: ComponentState | null }} Running */

/** A call of an export by a script of the page. @typedef {{ name: string, values: unknown[] }} StartCall */

/** What is loaded for a version while earlier updates run. @typedef {{ module: WebAssembly.Module, glue: import("../bindgen/glue-loader.js").LoadedGlue }} Loaded */

/** One start of a version, with what a rollback needs. */
export class ApplicationStart {
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
  #snapshot;
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
   * @param {string | null} snapshot
   */
  constructor(deps, version, old, served, calls, snapshot) {
    this.#deps = deps;
    this.#version = version;
    this.#old = old;
    this.#served = served;
    this.#calls = calls;
    this.#snapshot = snapshot;
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
    if (!components || this.withoutState !== "" || this.#snapshot !== null) return;
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

/**
 * The code of a native module that calls functions of the browser, through crates made with wasm-bindgen.
 *
 * In: its glue, and who runs what. Out: the exports of its wasm instance. What its code starts in the page ends with it. Calls of the
 * browser into it wait until it may be called.
 */

import { BindgenCopy } from "./bindgen-copy.js";
import { EventHandlers } from "./event-handlers.js";

/** The beginning of the name of the table in which values of the browser are, which the code refers to by numbers. */
const REFERENCES = "__wbindgen_externrefs";

/**
 * Runs code whose owner is given.
 * @typedef {{ run: <T>(owner: import("./ownership.js").Owner, code: () => T) => T }} Runner
 */

/** One running copy of a native module's code. */
export class NativeCopy {
  #loaded;
  #runner;
  /** @type {BindgenCopy | null} */
  #copy = null;
  /** @type {import("./glue-loader.js").Glue | null} */
  #glue = null;
  /** @type {WebAssembly.Table | null} */
  #references = null;
  #handlers = new EventHandlers();

  /**
   * @param {import("./glue-loader.js").LoadedGlue} loaded
   * @param {Runner} runner
   */
  constructor(loaded, runner) {
    this.#loaded = loaded;
    this.#runner = runner;
  }

  /**
   * Makes the wasm instance.
   *
   * @param {WebAssembly.Module} compiled
   * @param {WebAssembly.ModuleImports} hmr the imports that the engine provides
   * @param {(exports: WebAssembly.Exports) => void} made called with its exports, before any of its code runs
   * @param {<T>(code: () => T) => T} enter runs a call of the browser into the code
   */
  async instantiate(compiled, hmr, made, enter) {
    const copy = new BindgenCopy({ direct: this.#loaded.direct, handlers: this.#handlers, tracks: () => true, enter });
    this.#copy = copy;
    const wasm = Object.assign(Object.create(WebAssembly), {
      instantiate: async (/** @type {WebAssembly.Module} */ module, /** @type {WebAssembly.Imports} */ imports) => {
        const instance = await WebAssembly.instantiate(module, imports);
        this.#references = referencesOf(instance.exports);
        made(instance.exports);
        return { instance: { exports: copy.wrapExports(instance.exports) }, module };
      },
    });
    this.#glue = this.#loaded.run(wasm, { hmr });
    await this.#glue.init(compiled);
    copy.pause();
  }

  /**
   * Runs code of the module: it owns what the code starts, and the browser may call it meanwhile.
   *
   * @template T
   * @param {() => T} code
   * @returns {T}
   */
  run(code) {
    const copy = /** @type {BindgenCopy} */ (this.#copy);
    return copy.within(() => this.#runner.run(copy, code));
  }

  /** Lets calls of the browser through, and those that waited. */
  resume() {
    this.#copy?.resume();
  }

  /** Lets calls of the browser wait. */
  pause() {
    this.#copy?.pause();
  }

  /** Makes calls of the browser do nothing. */
  stop() {
    this.#copy?.stop();
  }

  /** Ends everything that the code has started. */
  end() {
    this.#handlers.revert();
    this.#copy?.end(this.#glue?.release ?? null);
    this.#copy = null;
    this.#glue = null;
    this.#references = null;
  }

  /** The values of the browser that the code refers to. @returns {unknown[]} */
  copyReferences() {
    const table = this.#references;
    return table ? Array.from({ length: table.length }, (_, at) => table.get(at)) : [];
  }

  /**
   * Restores what the code refers to from a copy.
   * @param {unknown[]} copy
   */
  putBackReferences(copy) {
    const table = this.#references;
    if (table) for (let at = 0; at < table.length; at++) table.set(at, copy[at]);
  }
}

/**
 * The table of values of the browser that code refers to; null in versions of wasm-bindgen that have them elsewhere.
 * @param {WebAssembly.Exports} exports
 */
function referencesOf(exports) {
  const found = Object.entries(exports).find(([name, value]) => name.startsWith(REFERENCES) && value instanceof WebAssembly.Table);
  return /** @type {WebAssembly.Table | undefined} */ (found?.[1]) ?? null;
}

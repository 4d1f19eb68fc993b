/**
 * What the modules of a page that are made with wasm-bindgen share.
 *
 * In: their versions. Out: their glue, and who owns what they start in the page. Functions of the browser are replaced when the first of
 * them comes.
 */

import { GlueLoader } from "./glue-loader.js";
import { NativeCopy } from "./native-copy.js";
import { Ownership } from "./ownership.js";

/** @typedef {import("../tool/protocol.js").Version} Version */

/** What the modules of one page share. */
export class Bindgen {
  #view;
  /** @type {Ownership | null} */
  #ownership = null;
  /** @type {GlueLoader | null} */
  #loader = null;
  /** The glue of native modules. @type {WeakMap<WebAssembly.Module, import("./glue-loader.js").LoadedGlue>} */
  #glues = new WeakMap();

  /** @param {Window & typeof globalThis} view */
  constructor(view) {
    this.#view = view;
  }

  get ownership() {
    this.#ownership ??= new Ownership(this.#view);
    return this.#ownership;
  }

  get loader() {
    this.#loader ??= new GlueLoader(this.#view);
    return this.#loader;
  }

  /**
   * Compiles a native module, and loads its glue if it calls functions of the browser.
   *
   * @param {Version} version
   * @param {(version: Version) => Promise<WebAssembly.Module>} compile
   */
  async compileNative(version, compile) {
    const compiled = await compile(version);
    if (version.glue && usesBrowser(compiled)) this.#glues.set(compiled, await this.loader.load(version.glue));
    return compiled;
  }

  /**
   * A copy of a native module's code, not instantiated yet; null if it calls no functions of the browser.
   * @param {WebAssembly.Module} compiled
   */
  newCopy(compiled) {
    const glue = this.#glues.get(compiled);
    return glue ? new NativeCopy(glue, this.ownership) : null;
  }
}

/**
 * Whether a native module calls functions of the browser.
 * @param {WebAssembly.Module} compiled
 */
export function usesBrowser(compiled) {
  return WebAssembly.Module.imports(compiled).some(({ module }) => module !== "hmr");
}

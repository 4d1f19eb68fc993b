/**
 * The glue of deployed native modules that call functions of the browser: files next to the modules.
 *
 * In: compiled modules and the addresses of their glue. Out: their code, ready to be instantiated. Nothing replaces it, so that nobody has to
 * know what it starts.
 */

import { NativeCopy } from "../bindgen/native-copy.js";

/**
 * What a file of glue exports.
 *
 * @typedef {{ imports: Record<string, object>, direct: string[], run: import("../bindgen/glue-loader.js").RunGlue }} GlueFile
 */

/** @type {import("../bindgen/native-copy.js").Runner} */
const RUNNER = { run: (_owner, code) => code() };

/** The glue of the modules of a deployed page. */
export class DeployedGlue {
  /** @type {WeakMap<WebAssembly.Module, import("../bindgen/glue-loader.js").LoadedGlue>} */
  #loaded = new WeakMap();

  /**
   * @param {WebAssembly.Module} compiled
   * @param {string} url
   */
  async load(compiled, url) {
    /** @type {GlueFile} */
    const { imports, direct, run } = await import(url);
    this.#loaded.set(compiled, { direct: new Set(direct), run: (wasm, more) => run({ ...imports, ...more }, url, wasm) });
  }

  /** @param {WebAssembly.Module} compiled */
  newCopy(compiled) {
    const loaded = this.#loaded.get(compiled);
    return loaded ? new NativeCopy(loaded, RUNNER) : null;
  }
}

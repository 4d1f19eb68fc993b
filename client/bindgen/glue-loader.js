/**
 * Loads the glue that wasm-bindgen made for a module.
 *
 * In: the address of a version's glue. Out: a function that runs it for one copy of the module's code. The tool serves glue as a script that registers a
 * function, because a JavaScript module stays in memory until the page is closed. The modules that glue imports are JavaScript modules.
 * Their addresses contain a hash, so an unchanged one is loaded only once.
 */

import { FetchError } from "../guest/compile.js";

/** The global function with which a script of glue registers its function. */
const REGISTER = "__hmrGlue";

/**
 * One run of the glue. `release` replaces the exports that it uses, and clears its caches.
 * @typedef {{ init: (module: WebAssembly.Module) => Promise<unknown>, exports: Record<string, unknown>, release: (replacement: object) => void }} Glue
 */

/** @typedef {(imports: Record<string, object>, url: string, wasm: object) => Glue} RunGlue */

/**
 * What a script of glue registers. `imports` are the modules that it imports, with their addresses, or names in the page's import
 * map. `direct` are the exports that only manage memory.
 *
 * @typedef {{ imports: { specifier: string, url: string }[], direct: string[], run: RunGlue }} Registered
 */

/**
 * Glue that can be run, with an object to use instead of `WebAssembly`, and more modules that it imports.
 * @typedef {{ direct: ReadonlySet<string>, run: (wasm: object, more?: Record<string, object>) => Glue }} LoadedGlue
 */

/** Loads the glue of one page's modules. */
export class GlueLoader {
  #view;
  /** Functions that scripts have registered, by the scripts' addresses. @type {Map<string, Registered>} */
  #registered = new Map();

  /** @param {Window & typeof globalThis} view */
  constructor(view) {
    this.#view = view;
    Object.defineProperty(view, REGISTER, {
      configurable: true,
      value: (/** @type {Registered} */ glue) => {
        const script = /** @type {HTMLScriptElement | null} */ (view.document.currentScript);
        if (script) this.#registered.set(script.src, glue);
      },
    });
  }

  /**
   * Loads glue and what it imports.
   *
   * @param {string} address
   * @returns {Promise<LoadedGlue>}
   * @throws {FetchError} if it cannot be fetched
   */
  async load(address) {
    const url = new URL(address, this.#view.location.href).href;
    const { imports, direct, run } = await this.#script(url);
    const modules = await Promise.all(imports.map((one) => importModule(one)));
    const imported = Object.fromEntries(imports.map(({ specifier }, at) => [specifier, modules[at] ?? {}]));
    return { direct: new Set(direct), run: (wasm, more) => run({ ...imported, ...more }, url, wasm) };
  }

  /**
   * @param {string} url
   * @returns {Promise<Registered>}
   */
  #script(url) {
    const { document } = this.#view;
    const script = document.createElement("script");
    return new Promise((resolve, reject) => {
      const ended = (/** @type {string | null} */ error) => {
        script.remove();
        const glue = this.#registered.get(url);
        this.#registered.delete(url);
        if (glue) resolve(glue);
        else reject(error === null ? new Error(`the glue at \`${url}\` does not run in this browser`) : new FetchError(error));
      };
      script.onload = () => ended(null);
      script.onerror = () => ended(`\`${url}\` cannot be fetched`);
      script.src = url;
      document.head.append(script);
    });
  }
}

/**
 * @param {{ specifier: string, url: string }} one
 * @returns {Promise<any>}
 */
async function importModule({ specifier, url }) {
  try {
    return await import(url);
  } catch (error) {
    throw new Error(`\`${specifier}\`, which the glue imports, cannot be loaded: ${error instanceof Error ? error.message : error}`);
  }
}

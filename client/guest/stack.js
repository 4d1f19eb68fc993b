/** What all modules of an engine share. */

import { CALL_BUDGET } from "../common/constants.js";

/**
 * What is notified of the calls of a module, and may replace its exports.
 *
 * @typedef {object} CallHooks
 * @property {(name: string, original: (...values: number[]) => number) => (...values: number[]) => number} resolve returns the
 *   function to call for an export
 * @property {(name: string) => void} began
 * @property {(failed: boolean) => void} ended
 * @property {() => void} left called when the code calls an import
 * @property {() => void} returned called when the import returns
 */

/**
 * Code that calls functions of the browser itself, through crates made with wasm-bindgen: `client/bindgen/native-copy.js`.
 *
 * @typedef {object} BrowserCode
 * @property {(compiled: WebAssembly.Module, hmr: WebAssembly.ModuleImports, made: (exports: WebAssembly.Exports) => void,
 *   enter: <T>(code: () => T) => T) => Promise<void>} instantiate
 * @property {<T>(code: () => T) => T} run
 * @property {() => void} resume
 * @property {() => void} pause
 * @property {() => void} stop
 * @property {() => void} end
 * @property {() => unknown[]} copyReferences
 * @property {(copy: unknown[]) => void} putBackReferences
 */

/** What the modules of one engine share. */
export class Stack {
  /** How many wasm frames of how many modules are on the stack. */
  depth = 0;

  /**
   * @param {number | null} budget how many loop heads and calls a call may pass
   * @param {import("./read-request.js").PageValues} pageValues
   * @param {(compiled: WebAssembly.Module) => BrowserCode | null} [browserCode] for code that calls functions of the browser itself
   */
  constructor(budget, pageValues, browserCode = () => null) {
    this.budget = budget ?? CALL_BUDGET;
    this.pageValues = pageValues;
    this.browserCode = browserCode;
  }
}

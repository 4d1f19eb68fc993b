/** What an engine needs from the page and from the tool. Only types. */

/** @typedef {import("../tool/protocol.js").Version} Version */
/** @typedef {import("../tool/protocol.js").Swap} Swap */
/** @typedef {import("../guest/guest.js").Level} Level */
/** @typedef {import("../instances/problems.js").Problem} Problem */

/**
 * What the engine is given.
 *
 * @typedef {object} EngineDeps
 * @property {Document} document
 * @property {import("../resources/facilities.js").Facilities} page
 * @property {number | null} [budget] how many loop heads and calls one call into a module may pass, where it counts them
 * @property {() => number} now milliseconds since the Unix epoch; never goes back
 * @property {() => number} clock milliseconds, for durations
 * @property {(version: Version) => Promise<WebAssembly.Module>} compile fetches, compiles and checks
 * @property {(version: Version) => Promise<WebAssembly.Module>} compileApplication fetches and compiles
 * @property {(application: import("../application/application.js").Application) => void} [started] called when an application was
 *   started
 * @property {(level: Level, module: string | null, text: string) => void} log
 * @property {(element: Element, problem: Problem | null) => void} show shows a problem in an element's place, or takes it away
 * @property {(sequence: number | null, swaps: Swap[], restarted: boolean) => void} swapped the sequence is null where
 *   no update asked for it: code that was loaded for a component, or restarted after a trap
 * @property {(module: string, hash: string, trap: import("../tool/protocol.js").Trap) => void} trapped
 * @property {(message: string) => void} problem
 * @property {(request: import("../tool/protocol.js").Rehearse) => boolean} rehearse asks the tool; false if it cannot be asked
 * @property {(module: string) => void} [captured] called when a module's state was captured after calls of its code
 * @property {() => void} [settled] called when components may have been mounted
 * @property {(reason: string) => void} reload loads the page again, with its state
 * @property {(module: string, hash: string, slower: import("../extra/module-calls.js").Slower) => void} slower
 */

export {};

/**
 * Runs a module alone: an instance with its own memory, and imports that reach nothing.
 *
 * In: bytes and a context. Out: what its export `run` answers. Independent of pages and workers; `isolated-worker.js` calls it in one.
 *
 * If the module exports `hmr_alloc`, `run(ptr, len) -> ptr` gets the context as JSON, and answers the address of a `u32` length that
 * is followed by JSON of that length. Otherwise `run()` answers a number.
 */

import { isOwn, locationsOf } from "../guest/source-lines.js";
import { MOST_FRAMES, describedAt, framesOf, readPanic } from "../guest/trap.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const LEVELS = ["debug", "info", "warn", "error"];

/** @typedef {{ value: unknown, logs: [string, string][] }} Ran */

/**
 * @param {BufferSource} bytes
 * @param {unknown} context what JSON can hold
 * @returns {Promise<Ran>}
 * @throws {Error} if it cannot be instantiated, has no `run`, traps, or answers no JSON
 */
export async function runIsolated(bytes, context) {
  /** @type {[string, string][]} */
  const logs = [];
  /** @type {Record<string, any>} */
  let exports = {};
  let panic = "";
  const text = (/** @type {number} */ pointer, /** @type {number} */ length) =>
    decoder.decode(new Uint8Array(exports.memory.buffer, pointer >>> 0, length >>> 0));
  /** @type {Record<string, (...values: number[]) => number | void>} */
  const own = {
    log: (level = 0, pointer = 0, length = 0) => void logs.push([LEVELS[level] ?? "info", text(pointer, length)]),
    now: () => Date.now(),
    random: (pointer = 0, length = 0) => void crypto.getRandomValues(new Uint8Array(exports.memory.buffer, pointer >>> 0, length >>> 0)),
    read: () => -1,
    panic: (pointer = 0, length = 0) => {
      panic = text(pointer, length);
    },
  };
  const compiled = await WebAssembly.compile(bytes);
  /** @type {WebAssembly.Imports} */
  const imports = { hmr: {} };
  for (const { module, name, kind } of WebAssembly.Module.imports(compiled)) {
    if (module !== "hmr" || kind !== "function") throw new Error(`the module imports \`${module}.${name}\`, which it cannot have here`);
    /** @type {Record<string, Function>} */ (imports.hmr)[name] = own[name] ?? (() => {});
  }
  exports = (await WebAssembly.instantiate(compiled, imports)).exports;
  if (typeof exports.run !== "function") throw new Error("the module has no function `run` among its exports");
  // Nothing else runs in its thread.
  Error.stackTraceLimit = MOST_FRAMES;
  try {
    return { value: call(exports, context), logs };
  } catch (error) {
    throw new Error(explained(error, panic, compiled), { cause: error });
  }
}

/**
 * What went wrong, with the source location as the other engine has it.
 * @param {unknown} error
 * @param {string} panic JSON of a `PanicInfo`; empty if there was none
 * @param {WebAssembly.Module} compiled
 */
function explained(error, panic, compiled) {
  const {
    message,
    file = "",
    line = 0,
  } = panic === "" ? { message: error instanceof Error ? error.message : String(error) } : readPanic(panic);
  if (isOwn(file) || (panic === "" && !(error instanceof WebAssembly.RuntimeError))) return describedAt(message, file, line);
  const location = locationsOf(
    compiled,
    framesOf(error).map(({ offset }) => offset ?? -1),
  ).find((found) => found !== null);
  return location ? describedAt(message, location.file, location.line) : describedAt(message, file, line);
}

/**
 * @param {Record<string, any>} exports
 * @param {unknown} context
 */
function call(exports, context) {
  if (typeof exports.hmr_alloc !== "function") return exports.run();
  const given = encoder.encode(JSON.stringify(context ?? null));
  const pointer = exports.hmr_alloc(given.length) >>> 0;
  new Uint8Array(exports.memory.buffer, pointer, given.length).set(given);
  const answer = exports.run(pointer, given.length) >>> 0;
  if (answer === 0) return null;
  const length = new DataView(exports.memory.buffer).getUint32(answer, true);
  return JSON.parse(decoder.decode(new Uint8Array(exports.memory.buffer, answer + 4, length)));
}

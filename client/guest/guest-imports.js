/**
 * The imports of a module's code: what it sends is checked, read from its memory, and given to a sink.
 *
 * In: calls of the code. Out: what it has sent; why an import has refused something, which ends the code.
 */

import { HANDED_OVER_BYTES } from "../common/constants.js";
import { cut } from "../common/limits.js";
import { answerAtOnce } from "./read-request.js";
import { readPanic } from "./trap.js";

/** @typedef {"debug" | "info" | "warn" | "error"} Level */

/** @type {readonly Level[]} */
const LEVELS = ["debug", "info", "warn", "error"];

/**
 * What a module's code does outside of itself. What a function throws ends the code like a trap.
 *
 * @typedef {object} Sink
 * @property {(batch: Uint8Array) => void} dom the bytes are only valid during the call
 * @property {(level: Level, text: string) => void} log
 * @property {(json: string) => void} resource
 * @property {(json: string) => void} port
 * @property {(json: string) => void} invalidate
 * @property {(id: number) => Node | null} node the node of a number, if it is in the page
 */

/** The imports of one wasm instance. */
export class GuestImports {
  /** What the code has panicked with. @type {ReturnType<typeof readPanic> | null} */
  panic = null;
  /** Why an import has refused something. @type {unknown} */
  refused = null;
  /** How many more bytes the running call may pass through imports. */
  #room = HANDED_OVER_BYTES;
  #deps;

  /**
   * @param {object} deps
   * @param {import("./guest-memory.js").GuestMemory} deps.memory
   * @param {import("./stack.js").CallHooks} deps.calls
   * @param {import("./read-request.js").PageValues} deps.pageValues
   * @param {() => number} deps.now milliseconds since the Unix epoch
   * @param {() => Sink} deps.sink
   */
  constructor(deps) {
    this.#deps = deps;
  }

  /** Call this when a call of the code begins. */
  callBegins() {
    this.#room = HANDED_OVER_BYTES;
  }

  /** The functions, by their names. */
  get functions() {
    /**
     * @template T
     * @param {(...values: number[]) => T} code
     */
    const guarded =
      (code) =>
      (/** @type {number[]} */ ...values) => {
        this.#deps.calls.left();
        try {
          // An empty call costs as well, so that a loop of them comes to an end too.
          this.#room -= ((values.at(-1) ?? 0) >>> 0) + 64;
          if (this.#room < 0) throw new Error("one call handed over more than an engine takes");
          return code(...values);
        } catch (error) {
          this.refused ??= error;
          throw error;
        } finally {
          this.#deps.calls.returned();
        }
      };
    /** @param {"resource" | "port" | "invalidate"} name */
    const guardedText = (name) => guarded((pointer = 0, length = 0) => this.#deps.sink()[name](this.#deps.memory.text(pointer, length)));
    return {
      // wasm cannot import this one: the glue of code that calls functions of the browser itself does.
      node: (/** @type {number} */ id) => this.#deps.sink().node(id),
      dom: guarded((pointer = 0, length = 0) => this.#deps.sink().dom(this.#deps.memory.slice(pointer, length))),
      log: guarded((level = 0, pointer = 0, length = 0) =>
        this.#deps.sink().log(LEVELS[level] ?? "info", cut(this.#deps.memory.text(pointer, length))),
      ),
      now: () => this.#deps.now(),
      panic: guarded((pointer = 0, length = 0) => {
        this.panic = readPanic(this.#deps.memory.text(pointer, length));
      }),
      resource: guardedText("resource"),
      port: guardedText("port"),
      invalidate: guardedText("invalidate"),
      random: guarded((pointer = 0, length = 0) => this.#deps.pageValues.random(this.#deps.memory.slice(pointer, length))),
      read: guarded((pointer = 0, length = 0, into = 0, room = 0) => {
        const answer = answerAtOnce(this.#deps.memory.text(pointer, length), this.#deps.pageValues);
        return answer === null ? -1 : this.#deps.memory.fill(into, room, answer);
      }),
    };
  }
}

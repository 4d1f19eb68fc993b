/**
 * One instance of a wasm binary: its calls, its imports, its traps.
 *
 * In: a compiled module that `inspect.js` has passed, and a sink for what its code does through imports.
 * Out: answers as text, or a `GuestTrap`. Knows nothing of documents, versions or swaps.
 *
 * Invariants: no call is made while the module is on the stack, or after it trapped; both are errors of
 * the caller.
 */

import { CALL_BUDGET, HANDED_OVER_BYTES } from "../common/constants.js";
import { COMPONENT_PREFIX } from "./inspect.js";
import { cut } from "../common/limits.js";
import { GuestMemory } from "./guest-memory.js";
import { answerAtOnce } from "./read-request.js";
import { EMPTY, checkMigrated, instancesOf } from "./snapshot.js";
import { isOwn, locationsOf } from "./source-lines.js";
import { GuestTrap, MOST_FRAMES, framesOf, readPanic } from "./trap.js";

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
 */

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

/** What all modules of an engine share. */
export class Stack {
  /** How many wasm frames of how many modules are on the stack. */
  depth = 0;

  /**
   * @param {number | null} budget how many loop heads and calls a call may pass
   * @param {import("./read-request.js").PageValues} pageValues
   */
  constructor(budget, pageValues) {
    this.budget = budget ?? CALL_BUDGET;
    this.pageValues = pageValues;
  }
}

/** Running code. */
export class Guest {
  /** Why it ended, once it has. @type {GuestTrap | null} */
  trap = null;
  /** @type {Record<string, (...values: number[]) => number>} */
  #functions = {};
  /** @type {WebAssembly.Memory | null} */
  #memory = null;
  /** Reads and writes it. */
  #bytes = new GuestMemory(() => /** @type {WebAssembly.Memory} */ (this.#memory));
  /** @type {ReturnType<typeof readPanic> | null} */
  #panic = null;
  /** @type {unknown} */
  #refused = null;
  /** How many more bytes the running call may pass through imports. */
  #room = HANDED_OVER_BYTES;
  #running = false;
  /** Resolves the locations of traps. @type {WebAssembly.Module | null} */
  #compiled = null;
  /** How much further the code may run, where it counts. @type {WebAssembly.Global<"i32"> | null} */
  #budget = null;
  #stack;
  #calls;

  /**
   * @param {Stack} stack
   * @param {Sink} sink may be replaced while no code runs
   * @param {() => number} now milliseconds since the Unix epoch
   * @param {CallHooks} calls notified of the module's calls
   */
  constructor(stack, sink, now, calls) {
    this.#stack = stack;
    this.#calls = calls;
    this.sink = sink;
    this.now = now;
  }

  /**
   * Instantiates a module and registers its components.
   *
   * @param {WebAssembly.Module} compiled
   * @throws {GuestTrap | WebAssembly.LinkError}
   */
  async start(compiled) {
    const imports = this.#imports();
    const instance = await WebAssembly.instantiate(compiled, { hmr: imports });
    this.#compiled = compiled;
    this.#memory = /** @type {WebAssembly.Memory} */ (instance.exports.memory);
    this.#budget = /** @type {WebAssembly.Global<"i32"> | undefined} */ (instance.exports.hmr_budget) ?? null;
    const exported = WebAssembly.Module.exports(compiled).filter(({ kind }) => kind === "function");
    for (const { name } of exported) {
      this.#functions[name] = /** @type {(...values: number[]) => number} */ (instance.exports[name]);
    }
    for (const { name } of exported) {
      if (name.startsWith(COMPONENT_PREFIX)) this.#call(name);
    }
  }

  /** The names of the functions that the module exports. */
  get exports() {
    return Object.keys(this.#functions);
  }

  /** The module's memory. */
  get memory() {
    return this.#memory;
  }

  /**
   * Calls an export as it is.
   *
   * @param {string} name
   * @param {number[]} values
   * @returns {unknown}
   */
  invoke(name, values) {
    /** @type {TypeError | null} */
    let mistaken = null;
    const answer = this.#run(name, () => {
      try {
        return this.#function(name)(...values);
      } catch (error) {
        // Arguments are converted before any code runs: what fails there is the caller's mistake.
        if (!(error instanceof TypeError) || this.#refused || framesOf(error).length > 0) throw error;
        mistaken = error;
        return undefined;
      }
    });
    if (mistaken) throw new TypeError(`\`${name}\`: ${/** @type {TypeError} */ (mistaken).message}`, { cause: mistaken });
    return answer;
  }

  /**
   * Mounts a component, or renders a mounted one again.
   *
   * @param {number} instance
   * @param {string} component
   * @param {string} props JSON of an object; handed on digit by digit
   * @param {string | null} [saved] the state that it begins with, as the part of a snapshot
   * @returns {string | null} why it could not be mounted
   */
  mount(instance, component, props, saved = null) {
    const rest = saved === null ? "" : `,"saved":${saved}`;
    const request = `{"instance":${instance},"component":${JSON.stringify(component)},"props":${props}${rest}}`;
    const answer = this.#ask("hmr_mount", request);
    if (answer === null) return null;
    const { error } = parseAnswer("hmr_mount", answer);
    return typeof error === "string" ? cut(error) : null;
  }

  /**
   * Notifies an instance that an update took its place out of the page.
   * @param {number} instance
   */
  prune(instance) {
    if (this.#has("hmr_prune")) this.#call("hmr_prune", instance);
  }

  /**
   * Passes to replaced code the scopes that the new code does not have.
   * @param {string} request JSON of a `PruneRequest`
   */
  pruneScopes(request) {
    if (!this.#has("hmr_prune_scopes")) return;
    this.#run("hmr_prune_scopes", () => this.#function("hmr_prune_scopes")(...this.#write(request)));
  }

  /** @param {number} instance */
  unmount(instance) {
    this.#call("hmr_unmount", instance);
  }

  /**
   * Runs a handler.
   *
   * @param {number} handler
   * @param {string} event JSON of an `EventData`
   * @returns {number} bit 0 prevent default, 1 stop propagation, 2 no such handler
   */
  dispatch(handler, event) {
    return this.#run("hmr_dispatch", () => {
      const [pointer, length] = this.#write(event);
      return this.#function("hmr_dispatch")(handler, pointer, length);
    });
  }

  /** @returns {string} a snapshot */
  capture() {
    return this.#ask("capture_state", null, instancesOf) ?? EMPTY;
  }

  /**
   * Runs the hooks before an update.
   * @returns {string | null} a snapshot with the values that they saved; null if there are none
   */
  beforeUpdate() {
    if (!this.#has("hmr_before_update")) return null;
    return this.#ask("hmr_before_update", null, instancesOf) ?? EMPTY;
  }

  /** Whether it can bring a snapshot to its own versions. */
  get migrates() {
    return this.#has("hmr_migrate");
  }

  /**
   * Lets fresh code bring a snapshot to its own versions.
   *
   * @param {string} snapshot
   * @returns {string | null} its answer; null if it has no migrations, or nothing to report
   */
  migrate(snapshot) {
    return this.migrates ? this.#ask("hmr_migrate", snapshot, checkMigrated) : null;
  }

  /**
   * Asks the code for its health.
   * @returns {string | null} the problem, if there is one
   */
  health() {
    const answer = this.#has("hmr_health") ? this.#ask("hmr_health", null) : null;
    if (answer === null) return null;
    const { instances } = parseAnswer("hmr_health", answer);
    const failing = Array.isArray(instances) ? instances.filter((entry) => typeof entry?.error === "string") : [];
    if (failing.length === 0) return null;
    return cut(failing.map(({ instance, component, error }) => `the instance ${instance} of \`${component}\`: ${error}`).join("; "));
  }

  /** A copy of the memory, for `putBack`. */
  copyMemory() {
    return this.#bytes.copy();
  }

  /**
   * Restores the memory from a copy.
   * @param {Uint8Array} copy
   */
  putBack(copy) {
    this.#bytes.putBack(copy);
  }

  /**
   * @param {string} snapshot
   * @returns {string | null} a restore report
   */
  restore(snapshot) {
    return this.#ask("restore_state", snapshot);
  }

  dispose() {
    this.#call("hmr_dispose");
  }

  /**
   * @param {string} name
   * @param {string | null} argument
   * @param {(answer: string, name: string) => void} [check] throws at an answer that is malformed, which is a trap
   * @returns {string | null} the module's answer
   */
  #ask(name, argument, check) {
    return this.#run(name, () => {
      const given = argument === null ? [] : this.#write(argument);
      const address = this.#function(name)(...given) >>> 0;
      if (address === 0) return null;
      const answer = this.#bytes.answer(address);
      check?.(answer, name);
      return answer;
    });
  }

  /**
   * @param {string} name
   * @param {number[]} values
   */
  #call(name, ...values) {
    this.#run(name, () => this.#function(name)(...values));
  }

  /** @param {string} name */
  #has(name) {
    return Object.hasOwn(this.#functions, name);
  }

  /**
   * @param {string} name
   * @returns {(...values: number[]) => number}
   */
  #function(name) {
    const found = this.#has(name) ? this.#functions[name] : undefined;
    if (!found) throw new Error(`the module has no export \`${name}\``);
    return this.#calls.resolve(name, found);
  }

  /**
   * @template T
   * @param {string} name
   * @param {() => T} code
   * @returns {T}
   * @throws {GuestTrap}
   */
  #run(name, code) {
    if (this.trap) throw this.trap;
    if (this.#running) throw new Error(`\`${name}\` was called while the module runs`);
    this.#running = true;
    this.#stack.depth++;
    this.#calls.began(name);
    if (this.#budget) this.#budget.value = this.#stack.budget;
    this.#room = HANDED_OVER_BYTES;
    const frames = Error.stackTraceLimit;
    if (frames < MOST_FRAMES) Error.stackTraceLimit = MOST_FRAMES;
    try {
      const answer = code();
      // An import that failed ends the code, even if it went on.
      if (this.#refused) throw this.#refused;
      return answer;
    } catch (error) {
      this.trap = this.#explain(error, name);
      throw this.trap;
    } finally {
      Error.stackTraceLimit = frames;
      this.#calls.ended(this.trap !== null);
      this.#stack.depth--;
      this.#running = false;
    }
  }

  /**
   * @param {unknown} error
   * @param {string} name the export that was called
   */
  #explain(error, name) {
    const cause = this.#refused ?? error;
    const message = cause instanceof Error ? cause.message : String(cause);
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    const late = this.#budget !== null && this.#budget.value < 0;
    const panic = late ? null : this.#panic;
    if (panic && isOwn(panic.file ?? "")) return new GuestTrap(panic, stack);
    const frames = framesOf(error);
    const at = this.#refused === null ? this.#locate(frames) : null;
    // A panic of the standard library or of a dependency: the user's own line led to it.
    if (panic) return new GuestTrap(at?.location ? { message: panic.message, ...at.location } : panic, stack);
    const where = at?.name ?? frames.find((frame) => frame.name !== null)?.name ?? name;
    return new GuestTrap({ message: late ? `ran for too long in \`${where}\`` : message, ...at?.location }, stack);
  }

  /**
   * The innermost frame whose code comes from the user's own sources.
   * @param {import("./trap.js").Frame[]} frames
   */
  #locate(frames) {
    if (!this.#compiled) return null;
    const locations = locationsOf(
      this.#compiled,
      frames.map(({ offset }) => offset ?? -1),
    );
    const at = locations.findIndex((location) => location !== null);
    return at < 0 ? null : { name: frames[at]?.name ?? null, location: locations[at] };
  }

  /**
   * @param {string} text
   * @returns {[number, number]} where it is, and its length
   */
  #write(text) {
    return this.#bytes.write(text, this.#function("hmr_alloc"));
  }

  #imports() {
    /**
     * @template T
     * @param {(...values: number[]) => T} code
     */
    const guarded =
      (code) =>
      (/** @type {number[]} */ ...values) => {
        this.#calls.left();
        try {
          // An empty call costs as well, so that a loop of them comes to an end too.
          this.#room -= ((values.at(-1) ?? 0) >>> 0) + 64;
          if (this.#room < 0) throw new Error("one call handed over more than an engine takes");
          return code(...values);
        } catch (error) {
          this.#refused ??= error;
          throw error;
        } finally {
          this.#calls.returned();
        }
      };
    /** @param {"resource" | "port" | "invalidate"} name */
    const guardedText = (name) => guarded((pointer = 0, length = 0) => this.sink[name](this.#bytes.text(pointer, length)));
    return {
      dom: guarded((pointer = 0, length = 0) => this.sink.dom(this.#bytes.slice(pointer, length))),
      log: guarded((level = 0, pointer = 0, length = 0) => this.sink.log(LEVELS[level] ?? "info", cut(this.#bytes.text(pointer, length)))),
      now: () => this.now(),
      panic: guarded((pointer = 0, length = 0) => {
        this.#panic = readPanic(this.#bytes.text(pointer, length));
      }),
      resource: guardedText("resource"),
      port: guardedText("port"),
      invalidate: guardedText("invalidate"),
      random: guarded((pointer = 0, length = 0) => this.#stack.pageValues.random(this.#bytes.slice(pointer, length))),
      read: guarded((pointer = 0, length = 0, into = 0, room = 0) => {
        const answer = answerAtOnce(this.#bytes.text(pointer, length), this.#stack.pageValues);
        return answer === null ? -1 : this.#bytes.fill(into, room, answer);
      }),
    };
  }
}

/**
 * @param {string} name
 * @param {string} json
 * @returns {Record<string, unknown>}
 */
function parseAnswer(name, json) {
  try {
    const answer = JSON.parse(json);
    if (typeof answer === "object" && answer !== null) return answer;
  } catch {
    // Reported below, with the name of the export.
  }
  throw new GuestTrap({ message: `\`${name}\` answered something that is not a JSON object` }, "");
}

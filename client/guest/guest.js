/**
 * One instance of a wasm binary: its calls, its imports, its traps.
 *
 * In: a compiled module that `inspect.js` has passed, and a sink for what its code does through imports.
 * Out: answers as text, or a `GuestTrap`. Knows nothing of documents, versions or swaps.
 *
 * Invariants: no call is made while the module is on the stack, or after it trapped; both are errors of
 * the caller.
 */

import { GuestImports } from "./guest-imports.js";
import { COMPONENT_PREFIX } from "./inspect.js";
import { cut } from "../common/limits.js";
import { GuestMemory } from "./guest-memory.js";
import { EMPTY, checkMigrated, instancesOf } from "./snapshot.js";
import { isOwn, locationsOf } from "./source-lines.js";
import { GuestTrap, MOST_FRAMES, framesOf } from "./trap.js";

/** @typedef {import("./guest-imports.js").Level} Level */
/** @typedef {import("./guest-imports.js").Sink} Sink */
/** @typedef {import("./stack.js").Stack} Stack */
/** @typedef {import("./stack.js").BrowserCode} BrowserCode */
/** @typedef {import("./stack.js").CallHooks} CallHooks */

/**
 * A copy of what code has in its memory.
 * @typedef {{ bytes: Uint8Array, references: unknown[] }} MemoryCopy
 */

/** What calls of the browser into the code are called in profiles and messages. */
const CALLBACK = "callback";

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
  #running = false;
  /** Null if the code does not call functions of the browser itself. @type {BrowserCode | null} */
  #browserCode = null;
  /** Whether it has been instantiated. */
  #started = false;
  /** Resolves the locations of traps. @type {WebAssembly.Module | null} */
  #compiled = null;
  /** How much further the code may run, where it counts. @type {WebAssembly.Global<"i32"> | null} */
  #budget = null;
  #stack;
  #calls;
  #called;
  #imports;

  /**
   * @param {Stack} stack
   * @param {Sink} sink may be replaced while no code runs
   * @param {() => number} now milliseconds since the Unix epoch
   * @param {CallHooks} calls notified of the module's calls
   * @param {<T>(code: () => T) => T | undefined} called runs a call of the browser into the code
   */
  constructor(stack, sink, now, calls, called) {
    this.#stack = stack;
    this.#calls = calls;
    this.#called = called;
    this.sink = sink;
    this.#imports = new GuestImports({
      memory: this.#bytes,
      calls,
      pageValues: stack.pageValues,
      now,
      sink: () => this.sink,
    });
  }

  /**
   * Instantiates a module and registers its components.
   *
   * @param {WebAssembly.Module} compiled
   * @throws {GuestTrap | WebAssembly.LinkError}
   */
  async start(compiled) {
    const imports = this.#imports.functions;
    this.#compiled = compiled;
    this.#browserCode = this.#stack.browserCode(compiled);
    if (this.#browserCode) {
      const enter = (/** @type {() => any} */ code) => this.#enter(code);
      await this.#browserCode.instantiate(compiled, imports, (exports) => this.#made(compiled, exports), enter);
    } else {
      const instance = await WebAssembly.instantiate(compiled, { hmr: imports });
      this.#made(compiled, instance.exports);
    }
    this.#started = true;
    for (const name of Object.keys(this.#functions)) {
      if (name.startsWith(COMPONENT_PREFIX)) this.#call(name);
    }
  }

  /**
   * @param {WebAssembly.Module} compiled
   * @param {WebAssembly.Exports} exports
   */
  #made(compiled, exports) {
    this.#memory = /** @type {WebAssembly.Memory} */ (exports.memory);
    this.#budget = /** @type {WebAssembly.Global<"i32"> | undefined} */ (exports.hmr_budget) ?? null;
    for (const { name, kind } of WebAssembly.Module.exports(compiled)) {
      if (kind === "function") this.#functions[name] = /** @type {(...values: number[]) => number} */ (exports[name]);
    }
  }

  /**
   * Runs a call of the browser into the code.
   * @param {() => any} code
   */
  #enter(code) {
    if (this.#running) return code();
    if (!this.#started) return this.#run("__wbindgen_start", code);
    return this.#called(code);
  }

  /**
   * Runs a call of the browser into the code, and what follows from it.
   *
   * @template T
   * @param {() => T} code
   * @returns {T}
   */
  runCallback(code) {
    return this.#run(CALLBACK, () => {
      const answer = code();
      if (this.#has("hmr_settle")) this.#function("hmr_settle")();
      return answer;
    });
  }

  /** Lets calls of the browser through, and those that waited. */
  resume() {
    this.#browserCode?.resume();
  }

  /** Lets calls of the browser wait. */
  pause() {
    this.#browserCode?.pause();
  }

  /** Ends everything that the code has started itself. It is not called any more. */
  end() {
    if (!this.#browserCode) return;
    this.#browserCode.end();
    this.#browserCode = null;
    // Its glue may keep the imports for as long as the page lives, and these refer to this.
    this.#memory = null;
    this.#budget = null;
    this.#functions = {};
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
        if (!(error instanceof TypeError) || this.#imports.refused || framesOf(error).length > 0) throw error;
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

  /** A copy of the memory, for `putBack`. @returns {MemoryCopy} */
  copyMemory() {
    return { bytes: this.#bytes.copy(), references: this.#browserCode?.copyReferences() ?? [] };
  }

  /**
   * Restores the memory from a copy.
   * @param {MemoryCopy} copy
   */
  putBack({ bytes, references }) {
    this.#bytes.putBack(bytes);
    this.#browserCode?.putBackReferences(references);
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
    this.#imports.callBegins();
    const frames = Error.stackTraceLimit;
    if (frames < MOST_FRAMES) Error.stackTraceLimit = MOST_FRAMES;
    try {
      const answer = this.#browserCode ? this.#browserCode.run(code) : code();
      // An import that failed ends the code, even if it went on.
      if (this.#imports.refused) throw this.#imports.refused;
      return answer;
    } catch (error) {
      this.trap = this.#explain(error, name);
      this.#browserCode?.stop();
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
    const cause = this.#imports.refused ?? error;
    const message = cause instanceof Error ? cause.message : String(cause);
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    const late = this.#budget !== null && this.#budget.value < 0;
    const panic = late ? null : this.#imports.panic;
    if (panic && isOwn(panic.file ?? "")) return new GuestTrap(panic, stack);
    const frames = framesOf(error);
    const at = this.#imports.refused === null ? this.#locate(frames) : null;
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

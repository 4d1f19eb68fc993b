/**
 * One instance of a wasm binary: its calls, its imports, its traps.
 *
 * In: a compiled module that `inspect.js` has passed, and a sink for what its code does through imports.
 * Out: answers as text, or a `GuestTrap`. Knows nothing of documents, versions or swaps.
 *
 * Invariants: no call is made while the module is on the stack, or after it trapped; both are errors of
 * the caller. Views of the memory are made anew for each access, because it can grow at any call.
 */

import { COMPONENT_PREFIX } from "./inspect.js";

/** @typedef {"debug" | "info" | "warn" | "error"} Level */

/** @type {readonly Level[]} */
const LEVELS = ["debug", "info", "warn", "error"];

/**
 * What a module's code does to its surroundings. What a function throws ends the code like a trap.
 *
 * @typedef {object} Sink
 * @property {(batch: Uint8Array) => void} dom the bytes are only valid during the call
 * @property {(level: Level, text: string) => void} log
 * @property {(json: string) => void} resource
 * @property {(json: string) => void} port
 */

/** What all modules of an engine share. */
export class Stack {
  /** How many wasm frames of how many modules are on the stack. */
  depth = 0;
}

/** The end of a module's running code. */
export class GuestTrap extends Error {
  /**
   * @param {{ message: string, file?: string, line?: number, column?: number }} info
   * @param {string} stack
   */
  constructor(info, stack) {
    super(info.message);
    this.name = "GuestTrap";
    this.file = info.file ?? "";
    this.line = info.line ?? 0;
    this.column = info.column ?? 0;
    this.wasmStack = stack;
  }

  /** The message with the place, as far as it is known. */
  get described() {
    return this.file ? `${this.message} (${this.file}:${this.line})` : this.message;
  }

  /** @returns {import("./protocol.js").Trap} */
  get facts() {
    const { message, file, line, column, wasmStack } = this;
    return { message, file, line, column, stack: wasmStack };
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @param {string} json */
function readPanic(json) {
  try {
    const info = JSON.parse(json);
    const number = (/** @type {unknown} */ value) => (typeof value === "number" ? value : 0);
    return {
      message: String(info.message ?? "panicked"),
      file: String(info.file ?? ""),
      line: number(info.line),
      column: number(info.column),
    };
  } catch {
    return { message: json || "panicked" };
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
  /** @type {ReturnType<typeof readPanic> | null} */
  #panic = null;
  /** @type {unknown} */
  #refused = null;
  #running = false;
  #stack;

  /**
   * @param {Stack} stack
   * @param {Sink} sink may be replaced while no code runs
   * @param {() => number} now milliseconds since the Unix epoch
   */
  constructor(stack, sink, now) {
    this.#stack = stack;
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
    this.#memory = /** @type {WebAssembly.Memory} */ (instance.exports.memory);
    for (const { name, kind } of WebAssembly.Module.exports(compiled)) {
      if (kind !== "function") continue;
      this.#functions[name] = /** @type {(...values: number[]) => number} */ (instance.exports[name]);
      if (name.startsWith(COMPONENT_PREFIX)) this.#call(name);
    }
  }

  /**
   * Mounts a component, or renders one that is mounted afresh.
   *
   * @param {number} instance
   * @param {string} component
   * @param {string} props JSON of an object; handed on digit by digit
   * @returns {string | null} why it could not be mounted
   */
  mount(instance, component, props) {
    const request = `{"instance":${instance},"component":${JSON.stringify(component)},"props":${props}}`;
    const answer = this.#ask("hmr_mount", request);
    if (answer === null) return null;
    const { error } = parseAnswer("hmr_mount", answer);
    return typeof error === "string" ? error : null;
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
    const text = this.#ask("capture_state", null);
    return text ?? `{"abi":1,"instances":[]}`;
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
   * @returns {string | null} what the module has to say
   */
  #ask(name, argument) {
    return this.#run(name, () => {
      const given = argument === null ? [] : this.#write(argument);
      const address = this.#function(name)(...given) >>> 0;
      return address === 0 ? null : this.#readAnswer(address);
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
  #function(name) {
    const found = this.#functions[name];
    if (!found) throw new Error(`the module has no export \`${name}\``);
    return found;
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
    try {
      const answer = code();
      // An import that failed ends the code, even if it went on.
      if (this.#refused) throw this.#refused;
      return answer;
    } catch (error) {
      this.trap = this.#explain(error);
      throw this.trap;
    } finally {
      this.#stack.depth--;
      this.#running = false;
    }
  }

  /** @param {unknown} error */
  #explain(error) {
    const cause = this.#refused ?? error;
    const message = cause instanceof Error ? cause.message : String(cause);
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    return new GuestTrap(this.#panic ?? { message }, stack);
  }

  #bytes() {
    return new Uint8Array(/** @type {WebAssembly.Memory} */ (this.#memory).buffer);
  }

  /**
   * @param {number} pointer
   * @param {number} length
   */
  #slice(pointer, length) {
    const bytes = this.#bytes();
    const [start, count] = [pointer >>> 0, length >>> 0];
    if (start + count > bytes.length) throw new RangeError(`the module named ${count} bytes at ${start}, outside of its memory`);
    return bytes.subarray(start, start + count);
  }

  /**
   * @param {number} pointer
   * @param {number} length
   */
  #text(pointer, length) {
    return decoder.decode(this.#slice(pointer, length));
  }

  /** @param {number} address */
  #readAnswer(address) {
    const header = this.#slice(address, 4);
    const length = new DataView(header.buffer, header.byteOffset, 4).getUint32(0, true);
    return this.#text(address + 4, length);
  }

  /**
   * @param {string} text
   * @returns {[number, number]}
   */
  #write(text) {
    const bytes = encoder.encode(text);
    const pointer = this.#function("hmr_alloc")(bytes.length);
    this.#slice(pointer, bytes.length).set(bytes);
    return [pointer, bytes.length];
  }

  #imports() {
    /** @param {() => void} code */
    const guarded = (code) => {
      try {
        code();
      } catch (error) {
        this.#refused ??= error;
        throw error;
      }
    };
    return {
      dom: (/** @type {number} */ pointer, /** @type {number} */ length) =>
        guarded(() => this.sink.dom(this.#slice(pointer, length))),
      log: (/** @type {number} */ level, /** @type {number} */ pointer, /** @type {number} */ length) =>
        guarded(() => this.sink.log(LEVELS[level] ?? "info", this.#text(pointer, length))),
      now: () => this.now(),
      panic: (/** @type {number} */ pointer, /** @type {number} */ length) =>
        guarded(() => {
          this.#panic = readPanic(this.#text(pointer, length));
        }),
      resource: (/** @type {number} */ pointer, /** @type {number} */ length) =>
        guarded(() => this.sink.resource(this.#text(pointer, length))),
      port: (/** @type {number} */ pointer, /** @type {number} */ length) =>
        guarded(() => this.sink.port(this.#text(pointer, length))),
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
    // Told below, with the name of the export.
  }
  throw new GuestTrap({ message: `\`${name}\` answered something that is not a JSON object` }, "");
}

/**
 * Describes the trap or error that ended a module's code.
 *
 * In: what was thrown, and the code's report of its panic. Out: an error with message, source location and stack.
 */

import { cut } from "../common/limits.js";

/** V8 keeps ten calls of a stack unless it is asked for more. */
export { MOST_FRAMES } from "../common/constants.js";

/**
 * A message with its source location, if that is known.
 * @param {string} message
 * @param {string} file
 * @param {number} line
 */
export function describedAt(message, file, line) {
  return file ? `${message} (${file}:${line})` : message;
}

/** The end of a module's running code. */
export class GuestTrap extends Error {
  /**
   * @param {{ message: string, file?: string, line?: number, column?: number }} info
   * @param {string} stack
   */
  constructor(info, stack) {
    super(cut(info.message));
    this.name = "GuestTrap";
    this.file = cut(info.file ?? "");
    this.line = info.line ?? 0;
    this.column = info.column ?? 0;
    this.wasmStack = stack;
  }

  /** The message with the source location, as far as it is known. */
  get described() {
    return describedAt(this.message, this.file, this.line);
  }

  /** The message with the source location to the column, as far as it is known. */
  get describedFully() {
    // Only a panic knows its column.
    return this.file && this.column > 0 ? `${this.message} (${this.file}:${this.line}:${this.column})` : this.described;
  }

  /** @returns {import("../tool/protocol.js").Trap} */
  get facts() {
    const { message, file, line, column, wasmStack } = this;
    return { message, file, line, column, stack: wasmStack };
  }
}

/**
 * Reads a `PanicInfo`.
 * @param {string} json text of any content
 */
export function readPanic(json) {
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

/**
 * A wasm frame of a stack: the function's name and its offset in the binary, where the stack has them.
 * @typedef {{ name: string | null, offset: number | null }} Frame
 */

/** A wasm frame as V8 writes it with a name and without, as Firefox, and as Safari: name, offset. */
const FRAMES = [
  /^\s*at (?:async )?(.+?) \(.*wasm-function\[\d+\](?::0x([0-9a-f]+))?/,
  /^\s*at ()\S*wasm-function\[\d+\](?::0x([0-9a-f]+))?/,
  /^(.+?)@.*:wasm-function\[\d+\](?::0x([0-9a-f]+))?/,
  /wasm-function\[([^\]]+)\]@()/,
];

/**
 * The wasm frames of a stack, the innermost first.
 * @param {unknown} error
 * @returns {Frame[]}
 */
export function framesOf(error) {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  return stack.split("\n").flatMap((line) => {
    const frame = FRAMES.map((pattern) => pattern.exec(line)).find((found) => found !== null);
    if (!frame) return [];
    const [, name = "", offset] = frame;
    // V8 writes the module's name before the function's, if it has one.
    const named = /^\d*$/.test(name) ? null : name.replace(/^[\w-]+(?:\.wasm)?\.(?=.)/, "");
    return [{ name: named, offset: offset ? parseInt(offset, 16) : null }];
  });
}

/**
 * The end of a module's running code, in words.
 *
 * In: what was thrown, and what the code said of its panic. Out: an error with message, place and stack.
 */

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

/** The innermost wasm frame of a stack, as V8, then as Firefox and Safari write it. */
const FRAMES = [/^\s*at (?:async )?(.+?) \(.*wasm-function\[/m, /^(.+?)@.*:wasm-function\[/m, /wasm-function\[([^\]]+)\]@/m];

/**
 * The function in which code was stopped.
 *
 * @param {unknown} error
 * @param {string} exported the export that was called
 */
export function innermost(error, exported) {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const frame of FRAMES) {
    const name = frame.exec(stack)?.[1];
    // V8 writes the module's name before the function's, if it has one.
    if (name && !/^\d+$/.test(name)) return name.replace(/^[\w-]+(?:\.wasm)?\.(?=.)/, "");
  }
  return exported;
}

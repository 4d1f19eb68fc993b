/** Describes the trap or error that ended an application's code. */

import { cut } from "../common/limits.js";
import { framesOf } from "../guest/trap.js";

/** A panic as the standard library writes it: place, message, and what a hook appends. */
const PANIC = /^panicked at (.+?):(\d+):(\d+):\n([\s\S]*?)(?:\n\nStack:|\n\n\n|$)/;

/** Frames of a stack that do not help: the machinery of panics, glue and this client. */
const MACHINERY =
  /core::panicking|std::panicking|rust_begin_unwind|__rust_start_panic|__rust_abort|rust_panic|\/@hmr\/client\/|console_error_panic_hook|std::sys::backtrace/;

/**
 * @param {unknown} error that the code threw
 * @param {string} logged the last message of a panic on the console; empty without one
 * @param {{ panic: import("../bindgen/panic.js").Panic | null, late: boolean } | null} copy what is known of the code: what it panicked with, and whether it
 *   was ended because it ran for too long
 * @returns {import("../tool/protocol.js").Trap}
 */
export function applicationTrap(error, logged, copy) {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  if (copy?.late) return { message: cut(tooLong(error)), file: "", line: 0, column: 0, stack: cut(readable(stack)) };
  const panic = copy?.panic ?? null;
  const parsed = PANIC.exec(logged);
  const [, file = panic?.file ?? "", line = panic?.line ?? 0, column = panic?.column ?? 0, message] = parsed ?? [];
  return {
    message: cut(message ?? panic?.message ?? described(error)),
    file: cut(file),
    line: Number(line),
    column: Number(column),
    stack: cut(readable(stack)),
  };
}

/** @param {unknown} error */
function tooLong(error) {
  const name = framesOf(error).find((frame) => frame.name !== null)?.name;
  return name ? `ran for too long in \`${withoutHashes(name)}\`` : "ran for too long";
}

/** @param {unknown} error */
function described(error) {
  if (error instanceof WebAssembly.RuntimeError && error.message === "unreachable") {
    return "panicked (the message is not known: the application has no panic hook, such as `console_error_panic_hook`)";
  }
  return error instanceof Error ? error.message : String(error);
}

/**
 * A name as people write it: rustc writes hashes after the names of crates and functions.
 * @param {string} name
 */
function withoutHashes(name) {
  return name.replace(/(\w)\[[0-9a-f]{16}\]/g, "$1").replace(/::h[0-9a-f]{16}\b/g, "");
}

/** @param {string} stack */
function readable(stack) {
  return (
    stack
      .split("\n")
      // V8 writes the name of the module before that of the function.
      .map((line) => withoutHashes(line.replace(/\bat [\w-]+\.wasm\./, "at ")))
      .filter((line) => !MACHINERY.test(line))
      .map((line) => line.replace(/\(?https?:\/\/\S+?(?:wasm-function\[\d+\](?::0x[0-9a-f]+)?)\)?/, "").trimEnd())
      .join("\n")
  );
}

/** Describes the trap or error that ended an application's code. */

import { cut } from "../common/limits.js";

/** A panic as the standard library writes it: place, message, and what a hook appends. */
const PANIC = /^panicked at (.+?):(\d+):(\d+):\n([\s\S]*?)(?:\n\nStack:|\n\n\n|$)/;

/** Frames of a stack that do not help: the machinery of panics, glue and this client. */
const MACHINERY =
  /core::panicking|std::panicking|rust_begin_unwind|__rust_start_panic|rust_panic|\/@hmr\/client\/|console_error_panic_hook|std::sys::backtrace/;

/**
 * @param {unknown} error that the code threw
 * @param {string} panic the last message of a panic on the console; empty without one
 * @param {{ file: string, line: number, column: number } | null} place where the code panicked, if that is known
 * @returns {import("../tool/protocol.js").Trap}
 */
export function applicationTrap(error, panic, place) {
  const parsed = PANIC.exec(panic);
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const [, file = place?.file ?? "", line = place?.line ?? 0, column = place?.column ?? 0, message] = parsed ?? [];
  return {
    message: cut(message ?? described(error)),
    file: cut(file),
    line: Number(line),
    column: Number(column),
    stack: cut(readable(stack)),
  };
}

/** @param {unknown} error */
function described(error) {
  if (error instanceof WebAssembly.RuntimeError && error.message === "unreachable") {
    return "panicked (the message is not known: the application has no panic hook, such as `console_error_panic_hook`)";
  }
  return error instanceof Error ? error.message : String(error);
}

/** @param {string} stack */
function readable(stack) {
  return (
    stack
      .split("\n")
      .filter((line) => !MACHINERY.test(line))
      .map((line) => line.replace(/\(?https?:\/\/\S+?(?:wasm-function\[\d+\](?::0x[0-9a-f]+)?)\)?/, "").trimEnd())
      // V8 writes the name of the module before that of the function, and rustc a hash after the names of crates.
      .map((line) => line.replace(/\bat [\w-]+\.wasm\./, "at ").replace(/(\w)\[[0-9a-f]{16}\]/g, "$1"))
      .join("\n")
  );
}

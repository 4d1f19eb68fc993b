/** Describes the trap or error that ended an application's code. */

import { cut } from "../common/limits.js";

/** A panic as the standard library writes it: place, message, and what a hook appends. */
const PANIC = /^panicked at (.+?):(\d+):(\d+):\n([\s\S]*?)(?:\n\nStack:|\n\n\n|$)/;

/** Frames of a stack that do not help: the machinery of panics, glue and this client. */
const MACHINERY =
  /core::panicking|std::panicking|rust_begin_unwind|__rust_start_panic|__rust_abort|rust_panic|\/@hmr\/client\/|console_error_panic_hook|std::sys::backtrace/;

/**
 * @param {unknown} error that the code threw
 * @param {string} logged the last message of a panic on the console; empty without one
 * @param {import("./panic.js").Panic | null} panic what the code panicked with, if that is known
 * @returns {import("../tool/protocol.js").Trap}
 */
export function applicationTrap(error, logged, panic) {
  const parsed = PANIC.exec(logged);
  const stack = error instanceof Error ? (error.stack ?? "") : "";
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
      // V8 writes the name of the module before that of the function, and rustc a hash after the names of crates.
      .map((line) =>
        line
          .replace(/\bat [\w-]+\.wasm\./, "at ")
          .replace(/(\w)\[[0-9a-f]{16}\]/g, "$1")
          .replace(/::h[0-9a-f]{16}\b/g, ""),
      )
      .filter((line) => !MACHINERY.test(line))
      .map((line) => line.replace(/\(?https?:\/\/\S+?(?:wasm-function\[\d+\](?::0x[0-9a-f]+)?)\)?/, "").trimEnd())
      .join("\n")
  );
}

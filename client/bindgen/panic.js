/**
 * What an application has panicked with, if it has no panic hook that reports it.
 *
 * In: the exports of an instance after a trap. The tool adds globals with what the standard library was given: the payload (a
 * `dyn PanicPayload`, which is two addresses) and the address of a `core::panic::Location`. Out: the place and the message, or null where
 * what is there cannot be one: the layouts may change with the compiler. They are those of `library/core/src/panic.rs` and
 * `library/std/src/panicking.rs` in Rust's repository.
 */

/** The names of the exports. The tool has the same. */
const [PAYLOAD, METHODS, LOCATION, TABLE] = /** @type {const} */ ([
  "hmr_panic_payload",
  "hmr_panic_methods",
  "hmr_panic_location",
  "hmr_function_table",
]);

/** A path has fewer bytes, a file fewer lines or columns, and a message fewer bytes. */
const [LONGEST_PATH, MOST_LINES, LONGEST_MESSAGE] = [4096, 10_000_000, 1 << 20];

/** Where `get` is among the methods of `PanicPayload`: after a destructor, a size, an alignment, `Display::fmt` and `take_box`. */
const GET = 5;

/** Where `get` may write its result: no program uses the lowest addresses, unless its stack is used up. */
const RESULT = 16;

/** The sizes of a `&str` and a `String`, in bytes. */
const [SIZE_OF_STR, SIZE_OF_STRING] = [8, 12];

/**
 * @typedef {object} Panic
 * @property {string} file
 * @property {number} line
 * @property {number} column
 * @property {string | null} message
 */

/**
 * @param {WebAssembly.Exports} exports
 * @returns {Panic | null}
 */
export function panicOf(exports) {
  const { memory } = exports;
  if (!(memory instanceof WebAssembly.Memory)) return null;
  const [path = 0, length = 0, line = 0, column = 0] = words(memory, address(exports, LOCATION), 4);
  if (length > LONGEST_PATH || line === 0 || line > MOST_LINES) return null;
  // In some versions of Rust the text ends with a zero that counts.
  const file = text(memory, path, length)?.replace(/\0$/, "");
  return file?.endsWith(".rs") ? { file, line, column, message: messageOf(exports, memory) } : null;
}

/**
 * The message: the method `get` of the payload formats it.
 *
 * @param {WebAssembly.Exports} exports
 * @param {WebAssembly.Memory} memory
 */
function messageOf(exports, memory) {
  const [payload, table] = [address(exports, PAYLOAD), exports[TABLE]];
  const [method = 0] = words(memory, address(exports, METHODS) + 4 * GET, 1);
  if (!(table instanceof WebAssembly.Table) || method === 0 || method >= table.length) return null;
  const get = table.get(method);
  if (typeof get !== "function" || get.length !== 2) return null;
  try {
    get(RESULT, payload);
  } catch {
    // It has panicked again. The instance is not used any more.
    return null;
  }
  const [data = 0, methods = 0] = words(memory, RESULT, 2);
  const [size] = words(memory, methods + 4, 1);
  if (size === SIZE_OF_STR) {
    const [at = 0, length = 0] = words(memory, data, 2);
    return text(memory, at, length);
  }
  if (size !== SIZE_OF_STRING) return null;
  const [capacity = 0, at = 0, length = 0] = words(memory, data, 3);
  return length <= capacity ? text(memory, at, length) : null;
}

/**
 * @param {WebAssembly.Exports} exports
 * @param {string} name of a global with an address
 */
function address(exports, name) {
  const { [name]: global } = exports;
  return global instanceof WebAssembly.Global ? Number(global.value) >>> 0 : 0;
}

/**
 * So many numbers at an address; none if it is not one.
 *
 * @param {WebAssembly.Memory} memory
 * @param {number} at
 * @param {number} count
 */
function words(memory, at, count) {
  if (at === 0 || at % 4 !== 0 || at + 4 * count > memory.buffer.byteLength) return [];
  return new Uint32Array(memory.buffer, at, count);
}

/**
 * @param {WebAssembly.Memory} memory
 * @param {number} at
 * @param {number} length in bytes
 */
function text(memory, at, length) {
  if (length > LONGEST_MESSAGE || at + length > memory.buffer.byteLength) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(memory.buffer, at, length));
  } catch {
    return null;
  }
}

/**
 * Where an application panicked, if its binary has that: the tool adds a global with the address of a `core::panic::Location`.
 *
 * In: the exports of an instance. Out: the place, or null if the data at the address is no valid place: the layout of a `Location` may
 * change with the compiler.
 */

/** The name of the exported global. The tool has the same. */
const GLOBAL = "hmr_panic_place";

/** A path has fewer bytes, and a file fewer lines or columns. */
const [LONGEST_PATH, MOST_LINES] = [4096, 10_000_000];

/**
 * @param {WebAssembly.Exports} exports
 * @returns {{ file: string, line: number, column: number } | null}
 */
export function panicPlace(exports) {
  const { [GLOBAL]: global, memory } = exports;
  if (!(global instanceof WebAssembly.Global) || !(memory instanceof WebAssembly.Memory)) return null;
  const at = Number(global.value) >>> 0;
  if (at === 0 || at % 4 !== 0 || at + 16 > memory.buffer.byteLength) return null;
  const [path = 0, length = 0, line = 0, column = 0] = new Uint32Array(memory.buffer, at, 4);
  // In some versions of Rust, the path ends with a zero byte that is part of its length.
  if (length > LONGEST_PATH || path + length > memory.buffer.byteLength || line === 0 || line > MOST_LINES) return null;
  const file = new TextDecoder().decode(new Uint8Array(memory.buffer, path, length)).replace(/\0$/, "");
  return /\.rs$/.test(file) && !file.includes("\ufffd") ? { file, line, column } : null;
}

/**
 * Maps a module's code to lines of source.
 *
 * In: the section `hmr.lines` of a compiled module, and offsets into its binary. Out: file and line. `docs/abi.md` has the
 * format. With invalid bytes, nothing is found.
 */

/** @typedef {{ file: string, line: number }} SourceLocation */

const SECTION = "hmr.lines";

/**
 * Whether a source file is one of the user's own, as the compiler names it: the files of a workspace by their paths in it, all
 * others by absolute paths. A standard library that was built from source has paths in that.
 * @param {string} file
 */
export function isOwn(file) {
  return !/^$|^[/\\<]|:\\|^library\/(alloc|compiler-builtins|core|panic_abort|panic_unwind|std|unwind)\/src\//.test(file);
}

/** Reads a list of rows until the one that an offset is in. */
class Reader {
  /** @param {ArrayBuffer} bytes */
  constructor(bytes) {
    this.bytes = new Uint8Array(bytes);
    this.at = 0;
  }

  int() {
    let [value, factor] = [0, 1];
    for (let count = 0; count < 5; count++) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new RangeError("it ends too soon");
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new RangeError("a number is too long");
  }

  text() {
    const length = this.int();
    if (length > this.bytes.length - this.at) throw new RangeError("it ends too soon");
    this.at += length;
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }
}

/**
 * @param {Reader} reader
 * @param {number[]} offsets
 * @returns {(SourceLocation | null)[]} for each offset
 */
function find(reader, offsets) {
  const files = Array.from({ length: Math.min(reader.int(), reader.bytes.length) }, () => reader.text());
  const locations = offsets.map(() => /** @type {SourceLocation | null} */ (null));
  let [offset, line] = [0, 0];
  for (let rows = reader.int(); rows > 0; rows--) {
    offset += reader.int();
    const file = reader.int();
    if (file > 0) {
      const zigzag = reader.int();
      line += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    }
    const name = files[file - 1];
    const location = name === undefined ? null : { file: name, line };
    // An offset is in the last row that starts at or before it.
    for (const [at, wanted] of offsets.entries()) if (offset <= wanted) locations[at] = location;
  }
  return locations;
}

/**
 * The locations of instructions, by their offsets into the binary.
 *
 * @param {WebAssembly.Module} compiled
 * @param {number[]} offsets
 * @returns {(SourceLocation | null)[]} for each offset
 */
export function locationsOf(compiled, offsets) {
  const [section] = WebAssembly.Module.customSections(compiled, SECTION);
  if (!section) return offsets.map(() => null);
  try {
    return find(new Reader(section), offsets);
  } catch {
    return offsets.map(() => null);
  }
}

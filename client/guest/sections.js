/**
 * Reads the sections of a wasm binary that `WebAssembly.Module` does not expose: the types of imports and exports.
 *
 * In: bytes of any content. Out: types, imports and exports as lists, or the reason why they cannot be read.
 */

/** @typedef {{ params: number[], results: number[] }} FunctionType */
/** @typedef {{ value: number, mutable: boolean }} GlobalType */

/** Why a binary cannot be run by this engine. */
export class IncompatibleError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "IncompatibleError";
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class Reader {
  /**
   * @param {Uint8Array} bytes
   * @param {number} at
   * @param {number} end
   */
  constructor(bytes, at, end) {
    if (end > bytes.length || at > end) throw new IncompatibleError("the file ends inside a section");
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte() {
    if (this.at >= this.end) throw new IncompatibleError("a section ends too early");
    return /** @type {number} */ (this.bytes[this.at++]);
  }

  int() {
    let [value, factor] = [0, 1];
    for (let count = 0; count < 5; count++) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new IncompatibleError("a number is too long");
  }

  /** Skips a number of any size. */
  skipLong() {
    while (this.byte() >= 0x80);
  }

  /** @param {number} length */
  skip(length) {
    if (length > this.end - this.at) throw new IncompatibleError("a section ends too early");
    this.at += length;
  }

  /** A length and as many bytes. The length is checked before there is room for them. */
  part() {
    const length = this.int();
    const at = this.at;
    this.skip(length);
    return this.bytes.subarray(at, at + length);
  }

  text() {
    const part = this.part();
    try {
      return utf8.decode(part);
    } catch {
      throw new IncompatibleError("a name is not UTF-8");
    }
  }

  limits() {
    const flags = this.int();
    this.int();
    if (flags & 1) this.int();
  }
}

/**
 * A type, or null for one that is not a plain function type; the ABI uses only those.
 * @param {Reader} from
 * @returns {FunctionType}
 */
function readType(from) {
  if (from.byte() !== 0x60) throw new IncompatibleError("it uses types that are not plain function types");
  const [params, results] = [[...from.part()], [...from.part()]];
  return { params, results };
}

/**
 * Reads the sections with types, imports and exports.
 *
 * @param {Uint8Array} bytes a wasm binary
 * @throws {IncompatibleError} if it ends too early, or uses what engines do not know
 */
export function readSections(bytes) {
  /** @type {FunctionType[]} */
  const types = [];
  /** Type indexes of all functions, imported ones first. @type {number[]} */
  const functions = [];
  /** Types of all globals, imported ones first. @type {GlobalType[]} */
  const globals = [];
  /** @type {{ module: string, name: string, kind: number, type: number }[]} */
  const imports = [];
  /** @type {Map<string, { kind: number, index: number }>} */
  const exports = new Map();
  const top = new Reader(bytes, 8, bytes.length);
  while (top.at < bytes.length) {
    const id = top.byte();
    const size = top.int();
    const from = new Reader(bytes, top.at, top.at + size);
    top.skip(size);
    if (id === 1) for (let n = from.int(); n > 0; n--) types.push(readType(from));
    else if (id === 2) {
      for (let n = from.int(); n > 0; n--) imports.push(readImport(from, functions, globals));
    } else if (id === 3) for (let n = from.int(); n > 0; n--) functions.push(from.int());
    else if (id === 6) for (let n = from.int(); n > 0; n--) globals.push(readGlobal(from));
    else if (id === 7) {
      for (let n = from.int(); n > 0; n--) {
        const name = from.text();
        exports.set(name, { kind: from.byte(), index: from.int() });
      }
    }
  }
  return { types, functions, globals, imports, exports };
}

/**
 * @param {Reader} from
 * @returns {GlobalType}
 */
function readGlobal(from) {
  const type = { value: from.byte(), mutable: from.byte() === 1 };
  skipExpression(from);
  return type;
}

/**
 * Skips the expression that a global starts with.
 * @param {Reader} from
 */
function skipExpression(from) {
  for (let code = from.byte(); code !== 0x0b; code = from.byte()) {
    if (code === 0x43) from.skip(4);
    else if (code === 0x44) from.skip(8);
    else if (code === 0xfd) {
      from.int();
      from.skip(16);
    } else if (code === 0x41 || code === 0x42 || code === 0x23 || code === 0xd0 || code === 0xd2) from.skipLong();
  }
}

/**
 * @param {Reader} from
 * @param {number[]} functions
 * @param {GlobalType[]} globals
 */
function readImport(from, functions, globals) {
  const [module, name, kind] = [from.text(), from.text(), from.byte()];
  let type = -1;
  if (kind === 0) {
    type = from.int();
    functions.push(type);
  } else if (kind === 1) {
    from.byte();
    from.limits();
  } else if (kind === 2) from.limits();
  else if (kind === 3) globals.push({ value: from.byte(), mutable: from.byte() === 1 });
  else from.skip(2);
  return { module, name, kind, type };
}

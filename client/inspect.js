/**
 * Reads what a wasm binary says of itself, before anything of it runs.
 *
 * In: bytes of any content. Out: the reasons why an engine cannot run them, or none. What is checked is what
 * `docs/abi.md` asks for: the manifest's ABI version, the exports with their types, and the imports.
 */

/** The version of the ABI that this engine speaks. */
export const ABI_VERSION = 1;

/** The prefix of exports that register a component. */
export const COMPONENT_PREFIX = "hmr_component:";

const I32 = 0x7f;
const F64 = 0x7c;

/** @typedef {{ params: number[], results: number[] }} FunctionType */

/** @type {Record<string, FunctionType>} */
const EXPORTS = {
  hmr_alloc: { params: [I32], results: [I32] },
  hmr_mount: { params: [I32, I32], results: [I32] },
  hmr_unmount: { params: [I32], results: [] },
  hmr_dispatch: { params: [I32, I32, I32], results: [I32] },
  capture_state: { params: [], results: [I32] },
  restore_state: { params: [I32, I32], results: [I32] },
  hmr_dispose: { params: [], results: [] },
};

/** @type {Record<string, FunctionType>} */
const IMPORTS = {
  dom: { params: [I32, I32], results: [] },
  log: { params: [I32, I32, I32], results: [] },
  now: { params: [], results: [F64] },
  panic: { params: [I32, I32], results: [] },
  resource: { params: [I32, I32], results: [] },
  port: { params: [I32, I32], results: [] },
};

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

  /** @param {number} length */
  skip(length) {
    if (length > this.end - this.at) throw new IncompatibleError("a section ends too early");
    this.at += length;
  }

  text() {
    const length = this.int();
    const at = this.at;
    this.skip(length);
    try {
      return utf8.decode(this.bytes.subarray(at, at + length));
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
 * A type, or null for what is no plain function type, which nothing of the ABI uses.
 * @param {Reader} from
 * @returns {FunctionType}
 */
function readType(from) {
  if (from.byte() !== 0x60) throw new IncompatibleError("it uses types that are no plain function types");
  const params = Array.from({ length: from.int() }, () => from.byte());
  const results = Array.from({ length: from.int() }, () => from.byte());
  return { params, results };
}

/**
 * @param {Uint8Array} bytes
 */
function readSections(bytes) {
  /** @type {FunctionType[]} */
  const types = [];
  /** Type indexes of all functions, imported ones first. @type {number[]} */
  const functions = [];
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
      for (let n = from.int(); n > 0; n--) imports.push(readImport(from, functions));
    } else if (id === 3) for (let n = from.int(); n > 0; n--) functions.push(from.int());
    else if (id === 7) {
      for (let n = from.int(); n > 0; n--) {
        const name = from.text();
        exports.set(name, { kind: from.byte(), index: from.int() });
      }
    }
  }
  return { types, functions, imports, exports };
}

/**
 * @param {Reader} from
 * @param {number[]} functions
 */
function readImport(from, functions) {
  const [module, name, kind] = [from.text(), from.text(), from.byte()];
  let type = -1;
  if (kind === 0) {
    type = from.int();
    functions.push(type);
  } else if (kind === 1) {
    from.byte();
    from.limits();
  } else if (kind === 2) from.limits();
  else from.skip(2);
  return { module, name, kind, type };
}

/**
 * @param {FunctionType | undefined} a
 * @param {FunctionType | undefined} b
 */
function sameType(a, b) {
  return a !== undefined && b !== undefined && String(a.params) === String(b.params) && String(a.results) === String(b.results);
}

/**
 * @param {ArrayBuffer[]} sections the custom sections of the manifest
 */
function checkManifest(sections) {
  const versions = new Set();
  for (const section of sections) {
    let text;
    try {
      text = utf8.decode(section);
    } catch {
      throw new IncompatibleError("the section `hmr.manifest` is not UTF-8 text");
    }
    for (const line of text.split("\n")) {
      const [kind, value] = line.replace(/\r$/, "").split("\t");
      if (kind === "abi") versions.add(value);
    }
  }
  if (versions.size === 0) throw new IncompatibleError("the section `hmr.manifest` does not state an ABI version");
  for (const version of versions) {
    if (version !== String(ABI_VERSION)) {
      throw new IncompatibleError(`the module speaks version \`${version}\` of the ABI, this engine version \`${ABI_VERSION}\``);
    }
  }
}

/**
 * Checks that this engine can run a compiled module.
 *
 * @param {WebAssembly.Module} compiled
 * @param {Uint8Array} bytes what it was compiled from
 * @throws {IncompatibleError}
 */
export function checkModule(compiled, bytes) {
  checkManifest(WebAssembly.Module.customSections(compiled, "hmr.manifest"));
  const { types, functions, imports, exports } = readSections(bytes);
  for (const [name, wanted] of Object.entries(EXPORTS)) {
    const found = exports.get(name);
    if (!found || found.kind !== 0) throw new IncompatibleError(`the module does not export the function \`${name}\``);
    if (!sameType(types[functions[found.index] ?? -1], wanted)) {
      throw new IncompatibleError(`the export \`${name}\` has another type than the ABI's`);
    }
  }
  if (exports.get("memory")?.kind !== 2) throw new IncompatibleError("the module does not export its `memory`");
  for (const { module, name, kind, type } of imports) {
    const wanted = module === "hmr" && kind === 0 && Object.hasOwn(IMPORTS, name) ? IMPORTS[name] : undefined;
    if (!wanted) throw new IncompatibleError(`the module imports \`${module}.${name}\`, which engines do not have`);
    if (!sameType(types[type], wanted)) throw new IncompatibleError(`the import \`${name}\` has another type than the ABI's`);
  }
}

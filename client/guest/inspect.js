/**
 * Reads the metadata of a wasm binary before any of its code runs.
 *
 * In: bytes of any content. Out: the reasons why an engine cannot run them, or none. It checks what
 * `docs/abi.md` asks for: the manifest's ABI version, the exports with their types, and the imports.
 */

import { IncompatibleError, readSections } from "./sections.js";

/** The version of the ABI that this engine speaks. */
const ABI_VERSION = 1;

/** The prefix of exports that register a component. */
export const COMPONENT_PREFIX = "hmr_component:";

/** How the names of exports begin that only engines call. */
export const PREFIXES = ["hmr_", "capture_state", "restore_state"];

const I32 = 0x7f;
const F64 = 0x7c;

/** @typedef {import("./sections.js").FunctionType} FunctionType */

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

/** What a module may export besides. @type {Record<string, FunctionType>} */
const OPTIONAL_EXPORTS = {
  hmr_before_update: { params: [], results: [I32] },
  hmr_migrate: { params: [I32, I32], results: [I32] },
  hmr_health: { params: [], results: [I32] },
  hmr_prune: { params: [I32], results: [] },
  hmr_prune_scopes: { params: [I32, I32], results: [] },
  hmr_settle: { params: [], results: [] },
};

/** @type {Record<string, FunctionType>} */
const IMPORTS = {
  dom: { params: [I32, I32], results: [] },
  log: { params: [I32, I32, I32], results: [] },
  now: { params: [], results: [F64] },
  panic: { params: [I32, I32], results: [] },
  resource: { params: [I32, I32], results: [] },
  port: { params: [I32, I32], results: [] },
  invalidate: { params: [I32, I32], results: [] },
  random: { params: [I32, I32], results: [] },
  read: { params: [I32, I32, I32, I32], results: [I32] },
};

/**
 * @param {FunctionType | undefined} a
 * @param {FunctionType | undefined} b
 */
function sameType(a, b) {
  return a !== undefined && b !== undefined && String(a.params) === String(b.params) && String(a.results) === String(b.results);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * What a module declares about its components.
 *
 * @typedef {object} Manifest
 * @property {string[]} abi
 * @property {string[]} components
 * @property {string | null} source the source file of the first component, as the compiler named it
 * @property {Map<string, string>} versions by component
 * @property {{ component: string, from: string, to: string }[]} migrations
 * @property {Map<string, string>} declines by component, why it accepts no hot update
 */

/**
 * Reads the manifest. Lines of kinds that are not known are skipped.
 *
 * @param {WebAssembly.Module} compiled
 * @returns {Manifest}
 * @throws {IncompatibleError} if it is not text
 */
export function readManifest(compiled) {
  /** @type {Manifest} */
  const manifest = { abi: [], components: [], source: null, versions: new Map(), migrations: [], declines: new Map() };
  const sections = WebAssembly.Module.customSections(compiled, "hmr.manifest");
  if (sections.length === 0) {
    throw new IncompatibleError(
      "the module has no section `hmr.manifest`\nhint: a module depends on `hmr-sdk`, and a stripped one has lost its custom sections",
    );
  }
  for (const section of sections) {
    let text;
    try {
      text = utf8.decode(section);
    } catch {
      throw new IncompatibleError("the section `hmr.manifest` is not UTF-8 text");
    }
    for (const line of text.split("\n")) readLine(line.replace(/\r+$/, "").split("\t"), manifest);
  }
  return manifest;
}

/**
 * @param {string[]} fields
 * @param {Manifest} manifest
 */
function readLine([kind, name = "", first = "", second = ""], manifest) {
  if (kind === "abi") manifest.abi.push(name);
  else if (kind === "component") {
    manifest.components.push(name);
    manifest.source ??= first || null;
  } else if (kind === "version") manifest.versions.set(name, first);
  else if (kind === "migration") manifest.migrations.push({ component: name, from: first, to: second });
  else if (kind === "decline") manifest.declines.set(name, first);
}

/** @param {Manifest} manifest */
function checkManifest({ abi }) {
  if (abi.length === 0) throw new IncompatibleError("the section `hmr.manifest` does not state an ABI version");
  for (const version of abi) {
    if (version !== String(ABI_VERSION)) {
      throw new IncompatibleError(
        `the module speaks version ${version} of the ABI, this engine version ${ABI_VERSION}\nhint: use \`hmr-sdk\` and \`cargo-hmr\` of the same release`,
      );
    }
  }
}

/**
 * Checks that this engine can run a compiled module.
 *
 * @param {WebAssembly.Module} compiled
 * @param {Uint8Array} bytes what it was compiled from
 * @param {boolean} [hasGlue] whether it has glue, which provides all imports of other names than the engine's
 * @throws {IncompatibleError}
 */
export function checkModule(compiled, bytes, hasGlue = false) {
  checkManifest(readManifest(compiled));
  const { types, functions, globals, imports, exports } = readSections(bytes);
  const typeOf = (/** @type {{ kind: number, index: number }} */ { kind, index }) =>
    kind === 0 ? types[functions[index] ?? -1] : undefined;
  for (const [name, wanted] of Object.entries(EXPORTS)) {
    const found = exports.get(name);
    if (found?.kind !== 0) throw new IncompatibleError(`the module does not export \`${name}\``);
    if (!sameType(typeOf(found), wanted)) {
      throw new IncompatibleError(`the export \`${name}\` has another type than the ABI's`);
    }
  }
  for (const [name, wanted] of Object.entries(OPTIONAL_EXPORTS)) {
    const found = exports.get(name);
    if (found && !sameType(typeOf(found), wanted)) throw new IncompatibleError(`the export \`${name}\` has another type than the ABI's`);
  }
  const budget = exports.get("hmr_budget");
  const global = budget?.kind === 3 ? globals[budget.index] : undefined;
  if (budget && !(global?.mutable && global.value === I32)) {
    throw new IncompatibleError("the export `hmr_budget` is not a mutable global of the type `i32`");
  }
  if (exports.get("memory")?.kind !== 2) throw new IncompatibleError("the module does not export its `memory`");
  for (const { module, name, kind, type } of imports) {
    if (hasGlue && module !== "hmr") continue;
    const wanted = module === "hmr" && kind === 0 && Object.hasOwn(IMPORTS, name) ? IMPORTS[name] : undefined;
    if (!wanted)
      throw new IncompatibleError(
        `the module imports \`${module}.${name}\`, which no engine provides\nhint: a function that is declared in an \`extern\` block must be defined in the module`,
      );
    if (!sameType(types[type], wanted)) throw new IncompatibleError(`the import \`${name}\` has another type than the ABI's`);
  }
}

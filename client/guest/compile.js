/**
 * Fetches a version's bytes, compiles them and checks that this engine can run them.
 */

import { checkModule } from "./inspect.js";
import { IncompatibleError } from "./sections.js";

/** A version could not be fetched; a later attempt may do better. */
export class FetchError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "FetchError";
  }
}

/** The first bytes of each wasm binary. */
const MAGIC = [0x00, 0x61, 0x73, 0x6d];

/**
 * @param {typeof globalThis.fetch} fetch
 * @param {(compiled: WebAssembly.Module, bytes: Uint8Array, hasGlue: boolean) => void} [check] throws if this engine cannot run it
 * @returns {(version: import("../tool/protocol.js").Version) => Promise<WebAssembly.Module>}
 */
export function compiler(fetch, check = checkModule) {
  return async ({ url, glue }) => {
    const failed = (/** @type {unknown} */ why) =>
      new FetchError(`\`${url}\` cannot be fetched: ${why instanceof Error ? why.message : why}`);
    let response;
    try {
      response = await fetch(url);
    } catch (error) {
      throw failed(error);
    }
    if (!response.ok) throw failed(`the server answered ${response.status}`);
    // The bytes are read in parallel with the compilation, which gives no access to the types.
    const copy = response.clone().arrayBuffer();
    const compiling = compile(response);
    // Invalid bytes are reported below, whichever of the two finds them first.
    compiling.catch(() => {});
    let bytes;
    try {
      bytes = new Uint8Array(await copy);
    } catch (error) {
      // The connection broke while the bytes came.
      throw failed(error);
    }
    if (!MAGIC.every((byte, at) => bytes[at] === byte)) throw new IncompatibleError("the bytes are no WebAssembly module");
    const compiled = await compiling;
    check(compiled, bytes, glue !== undefined);
    return compiled;
  };
}

/** @param {Response} response */
async function compile(response) {
  const type = response.headers.get("content-type") ?? "";
  if (/^application\/wasm\b/i.test(type)) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

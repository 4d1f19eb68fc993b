/**
 * Fetches a version's bytes, compiles them and checks that this engine can run them.
 */

import { checkModule } from "./inspect.js";
import { FetchError } from "./update.js";

/**
 * @param {typeof globalThis.fetch} fetch
 * @returns {(version: import("./protocol.js").Version) => Promise<WebAssembly.Module>}
 */
export function compiler(fetch) {
  return async ({ url }) => {
    let response;
    try {
      response = await fetch(url);
    } catch (error) {
      throw new FetchError(`\`${url}\` cannot be fetched: ${error instanceof Error ? error.message : error}`);
    }
    if (!response.ok) throw new FetchError(`\`${url}\` cannot be fetched: the server answered ${response.status}`);
    // The bytes are read beside the compilation, which does not tell types.
    const copy = response.clone();
    const [compiled, bytes] = await Promise.all([compile(response), copy.arrayBuffer()]);
    checkModule(compiled, new Uint8Array(bytes));
    return compiled;
  };
}

/** @param {Response} response */
async function compile(response) {
  const type = response.headers.get("content-type") ?? "";
  if (/^application\/wasm\b/i.test(type)) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

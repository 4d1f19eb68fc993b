/** The entry of the worker in which a module runs alone. One message in, one out. */

import { runIsolated } from "./run-isolated.js";

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

globalThis.addEventListener("message", (event) => {
  const { bytes, context } = /** @type {MessageEvent<{ bytes: ArrayBuffer, context: unknown }>} */ (event).data;
  runIsolated(bytes, context).then(
    (ran) => globalThis.postMessage({ ran }),
    (error) => globalThis.postMessage({ error: messageOf(error) }),
  );
});

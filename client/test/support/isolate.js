/** A thread of Node in the place of the worker that a page would start. */

import { parentPort } from "node:worker_threads";
import { runIsolated } from "../../extra/run-isolated.js";

parentPort?.on("message", ({ bytes, context }) => {
  runIsolated(bytes, context).then(
    (ran) => parentPort?.postMessage({ ran }),
    (error) => parentPort?.postMessage({ error: error.message }),
  );
});

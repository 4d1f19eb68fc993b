/** The configuration that the tool has put into the page. */

import { readConfig } from "../tool/protocol.js";
import { log } from "./log.js";

/** @returns {import("../tool/protocol.js").Config} */
export function configuration() {
  try {
    return readConfig(document.getElementById("hmr-config")?.textContent ?? "");
  } catch (error) {
    log("error", null, `the page's configuration cannot be read: ${error}`);
    return { token: "", app: "", server: "", html: "", sequence: 0, modules: [], later: [], failure: null, budget: null };
  }
}

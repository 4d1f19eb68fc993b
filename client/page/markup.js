/**
 * Notices that a page's markup was saved while the page was not notified: the tool was restarted, or the page came out of a
 * cache.
 *
 * In: the markup that the page was served with, as a hash. Out: a reload, once for each other markup that the tool has.
 */

import { firstTime } from "./once-per-tab.js";

/** For which markup the page was loaded again. */
const KEY = "hmr-markup";

/**
 * @typedef {object} Comparing
 * @property {string} html the hash of the markup that the page was served with
 * @property {(options: RequestInit) => Promise<Response>} fetch requests the page, bypassing all caches
 * @property {() => Pick<Storage, "getItem" | "setItem" | "removeItem">} storage of the tab; getting it may throw
 * @property {(reason: string) => void} reload loads the page again, with its state
 * @property {(forgetful: boolean) => void} outdated called when a reload has not brought the newest markup, or was not tried because the
 *   tab cannot remember that it was
 */

/**
 * Call this when the page starts: a reload that loaded the newest markup is complete.
 * @param {Comparing} comparing
 */
export function noteMarkup({ html, storage }) {
  try {
    if (storage().getItem(KEY) === html) storage().removeItem(KEY);
  } catch {
    // A page without a storage is never reloaded automatically.
  }
}

/**
 * Compares the page's markup with that which the tool has.
 * @param {Comparing} comparing
 */
export async function compareMarkup({ html, fetch, storage, reload, outdated }) {
  let newest;
  try {
    const response = await fetch({ method: "HEAD", cache: "no-store", headers: { accept: "text/html" } });
    newest = response.headers.get("x-hmr-markup");
  } catch {
    // The tool is disconnected again; its next `hello` repeats this.
    return;
  }
  if (!newest || html === "" || newest === html) return;
  const first = firstTime(storage, KEY, newest);
  if (first) reload("the page was saved while it was not connected");
  else outdated(first === null);
}

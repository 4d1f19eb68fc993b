/**
 * Notices that a page's markup was saved while the page was not told: the tool was started again, or the page came out of a
 * cache.
 *
 * In: the markup that the page was served with, as a hash. Out: a reload, once for each other markup that the tool has.
 */

/** For which markup the page was loaded again. */
const KEY = "hmr-markup";

/**
 * @typedef {object} Comparing
 * @property {string} html the hash of the markup that the page was served with
 * @property {(options: RequestInit) => Promise<Response>} fetch asks for the page, past all caches
 * @property {() => Pick<Storage, "getItem" | "setItem" | "removeItem">} storage of the tab; getting it may throw
 * @property {(reason: string) => void} reload loads the page again, with its state
 * @property {() => void} outdated told when a reload does not bring the newest markup
 */

/**
 * To be called when the page starts: a reload that has brought the newest markup is over.
 * @param {Comparing} comparing
 */
export function noteMarkup({ html, storage }) {
  try {
    if (storage().getItem(KEY) === html) storage().removeItem(KEY);
  } catch {
    // A page without a storage is never loaded again by itself.
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
    // The tool has gone again; its next greeting is another occasion.
    return;
  }
  if (!newest || html === "" || newest === html) return;
  if (isTried(storage, newest)) outdated();
  else reload("the page was saved while it was not connected");
}

/**
 * Whether the page was loaded again for the same markup before. A cache in between would have it do that without end.
 *
 * @param {Comparing["storage"]} storage
 * @param {string} html
 */
function isTried(storage, html) {
  try {
    const tried = storage().getItem(KEY) === html;
    storage().setItem(KEY, html);
    return tried;
  } catch {
    return true;
  }
}

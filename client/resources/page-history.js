/**
 * The address of a page, and where the reader can go back and forward to.
 *
 * An address of another origin is refused: only links and forms lead there, which load a page.
 */

/**
 * The parts of an address: the path begins with `/`, the query has no `?`, and the fragment no `#`.
 * @typedef {{ origin: string, path: string, query: string, hash: string }} Location
 */

/**
 * @typedef {object} PageHistory
 * @property {() => URL} url the address
 * @property {(url: string) => URL} resolve an address as a link of the page means it
 * @property {(url: URL) => void} push
 * @property {(url: URL) => void} replace
 * @property {(by: number) => void} go back if negative
 * @property {(changed: () => void) => () => void} watch calls the function after each change; returns what ends that
 */

/**
 * @param {URL} url
 * @returns {Location}
 */
export function partsOf(url) {
  return { origin: url.origin, path: url.pathname, query: url.search.slice(1), hash: url.hash.slice(1) };
}

/**
 * The history of a window.
 *
 * @param {Window & typeof globalThis} window
 * @returns {PageHistory}
 */
export function historyOf(window) {
  const { history, location, document } = window;
  /** @type {Set<() => void>} */
  const watchers = new Set();
  const changed = () => {
    for (const watcher of [...watchers]) watcher();
  };
  const events = ["popstate", "hashchange"];
  return {
    url: () => new window.URL(location.href),
    resolve: (url) => new window.URL(url, document.baseURI),
    push(url) {
      history.pushState(null, "", url.href);
      changed();
    },
    replace(url) {
      history.replaceState(history.state, "", url.href);
      changed();
    },
    go: (by) => history.go(by),
    watch(watcher) {
      // Adding the same listener again has no effect.
      for (const event of events) window.addEventListener(event, changed);
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
  };
}

/**
 * An address as a link of the page means it; null if it is not one.
 *
 * @param {PageHistory} history
 * @param {string} url
 */
export function resolve(history, url) {
  try {
    return history.resolve(url);
  } catch {
    return null;
  }
}

/**
 * An address that the page can have.
 *
 * @param {PageHistory} history
 * @param {unknown} url
 * @returns {URL}
 * @throws {Error} in words for the developer
 */
export function ownAddress(history, url) {
  if (typeof url !== "string") throw new Error("`url` must be a text");
  const resolved = resolve(history, url);
  if (!resolved) throw new Error(`\`${url}\` is not an address`);
  if (resolved.origin !== history.url().origin) {
    throw new Error(`\`${url}\` is of another origin than the page; a link or a form leads there`);
  }
  return resolved;
}

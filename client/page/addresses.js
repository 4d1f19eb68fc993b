/**
 * Finds the files of this server that a page names.
 *
 * In: addresses as written in attributes and rules. Out: the files' paths, and addresses that a browser fetches again.
 */

/** The query parameter that makes a browser fetch a changed file. */
const PARAMETER = "hmr";

/**
 * @param {string | null | undefined} address
 * @param {Document} document
 * @param {string} [base] what the address is relative to
 * @returns {URL | null} null for a URL of another origin, or one that does not name a file
 */
export function served(address, document, base = document.baseURI) {
  if (!address) return null;
  try {
    const url = new URL(address, base);
    return url.origin === document.location.origin && /^https?:$/.test(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

/**
 * The path that the server knows a file by.
 * @param {URL} url
 */
export function pathOf(url) {
  try {
    return decodeURIComponent(url.pathname);
  } catch {
    return url.pathname;
  }
}

/**
 * The same file at an address that was not fetched before.
 * @param {URL} url
 * @param {Document} document
 * @param {number | string} mark differs from update to update
 */
export function fresh(url, document, mark) {
  const next = new URL(url);
  next.searchParams.set(PARAMETER, String(mark));
  return new URL(document.baseURI).origin === next.origin ? next.pathname + next.search + next.hash : next.href;
}

/**
 * The document and all open shadow roots in it. Scripts cannot see closed ones.
 * @param {Document} document
 */
export function roots(document) {
  /** @type {(Document | ShadowRoot)[]} */
  const found = [document];
  for (const root of found) {
    for (const { shadowRoot } of root.querySelectorAll("*")) if (shadowRoot) found.push(shadowRoot);
  }
  return found;
}

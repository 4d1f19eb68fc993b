/** The addresses at which a page reaches its tool. */

import { randomId } from "../tool/page-id.js";

/**
 * The address of a resource of the tool: on the page's own server, even if the page has another `<base>`.
 * @param {string} path
 */
export function own(path) {
  return new URL(path, location.origin).href;
}

/**
 * The address of something that is fetched, at which it was never fetched before.
 * @param {string} address
 */
export function unfetched(address) {
  return `${address}${address.includes("?") ? "&" : "?"}nonce=${randomId()}`;
}

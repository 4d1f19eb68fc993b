/** The resource that follows the page's address, and clicks on links within the application. */

import { partsOf, resolve } from "./page-history.js";

/** @typedef {import("./backing.js").Backing} Backing */
/** @typedef {import("./backing.js").Firing} Firing */
/** @typedef {import("./facilities.js").Facilities} Facilities */
/** @typedef {import("./request.js").What} What */

/**
 * @param {Extract<What, { kind: "location" }>} what
 * @param {Firing} firing
 * @param {Facilities} page
 * @returns {Backing}
 */
export function watchLocation({ links }, firing, page) {
  const { history, window } = page;
  const unwatch = history.watch(() => firing.fire(partsOf(history.url())));
  if (links === null) return { stop: unwatch };
  const follow = (/** @type {Event} */ native) => {
    const url = linkOf(/** @type {MouseEvent} */ (native), history, links);
    if (!url) return;
    native.preventDefault();
    if (url.href === history.url().href) history.replace(url);
    else history.push(url);
  };
  // At the window, after all handlers that may prevent it.
  window.addEventListener("click", follow);
  return {
    stop() {
      unwatch();
      window.removeEventListener("click", follow);
    },
  };
}

/**
 * The address that a click leads to within the application; null if it is left to the browser.
 *
 * @param {MouseEvent} event
 * @param {import("./page-history.js").PageHistory} history
 * @param {string} base the path that the application is at
 */
function linkOf(event, history, base) {
  if (event.defaultPrevented || event.button !== 0) return null;
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return null;
  const target = event.target instanceof Object && "closest" in event.target ? /** @type {Element} */ (event.target) : null;
  const link = target?.closest("a[href]");
  if (!link || link.hasAttribute("download") || !/^(_self)?$/.test(link.getAttribute("target") ?? "")) return null;
  if (/(^|\s)external(\s|$)/.test(link.getAttribute("rel") ?? "")) return null;
  const url = resolve(history, link.getAttribute("href") ?? "");
  const here = history.url();
  if (!url) return null;
  // The browser goes to a place in the page, and scrolls there.
  if (url.hash !== "" && url.origin === here.origin && url.pathname === here.pathname && url.search === here.search) return null;
  return url.origin === here.origin && isWithin(url.pathname, base) ? url : null;
}

/**
 * @param {string} path
 * @param {string} base
 */
function isWithin(path, base) {
  const folder = base.replace(/\/+$/, "");
  return path === folder || path.startsWith(`${folder}/`);
}

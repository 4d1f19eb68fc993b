/** Resources that watch the page: its events, its elements, its media, its storage. */

import { LISTEN_CAPTURE, LISTEN_PASSIVE } from "../dom/operations.js";

/** @typedef {import("./backing.js").Backing} Backing */
/** @typedef {import("./backing.js").Firing} Firing */
/** @typedef {import("./facilities.js").Facilities} Facilities */
/** @typedef {import("./request.js").What} What */

/**
 * @param {Extract<What, { kind: "listener" }>} what
 * @param {Firing} firing
 * @param {Facilities} page
 * @returns {Backing}
 */
export function watchEvents({ target, event, flags }, firing, page) {
  const at = target === "window" ? page.window : page.document;
  const capture = (flags & LISTEN_CAPTURE) !== 0;
  const handle = (/** @type {Event} */ native) => firing.happened(native, flags);
  at.addEventListener(event, handle, { capture, passive: (flags & LISTEN_PASSIVE) !== 0 });
  return { stop: () => at.removeEventListener(event, handle, capture) };
}

/**
 * @param {Extract<What, { kind: "media-query" }>} what
 * @param {Firing} firing
 * @param {Facilities} page
 * @returns {Backing}
 */
export function watchQuery({ query }, firing, page) {
  const list = page.mediaQuery(query);
  const report = () => firing.fire({ matches: list.matches });
  list.addEventListener("change", report);
  report();
  return { stop: () => list.removeEventListener("change", report) };
}

/**
 * @param {Extract<What, { kind: "storage" }>} what
 * @param {Firing} firing
 * @param {Facilities} page
 * @returns {Backing}
 */
export function watchStorage({ area, item }, firing, page) {
  const handle = (/** @type {Event} */ native) => {
    const { storageArea, key, oldValue, newValue } = /** @type {StorageEvent} */ (native);
    if (storageArea !== page.storage(area)) return;
    // Without a key, all items were removed at once.
    if (key === null || item === null || key === item) firing.fire({ item: key ?? item, old: oldValue, new: newValue });
  };
  page.window.addEventListener("storage", handle);
  return { stop: () => page.window.removeEventListener("storage", handle) };
}

/** @typedef {{ observe: (node: any, options?: any) => void, disconnect: () => void }} Observer */

/**
 * @param {Extract<What, { kind: `${string}-observer` }>} what
 * @param {Firing} firing
 * @param {Facilities} page
 * @returns {Backing}
 */
export function watchElement(what, firing, page) {
  /** @type {Node | null} */
  let observed = null;
  const observer = observerOf(what, firing, page, () => observed);
  return {
    observe(node) {
      if (node === observed) return;
      if (observed) observer.disconnect();
      observed = node;
      observer.observe(node, what.kind === "mutation-observer" ? ALL_BELOW : undefined);
    },
    stop: () => observer.disconnect(),
  };
}

const ALL_BELOW = { subtree: true, childList: true, attributes: true, characterData: true };

/**
 * @param {Extract<What, { kind: `${string}-observer` }>} what
 * @param {Firing} firing
 * @param {Facilities} page
 * @param {() => Node | null} observed
 * @returns {Observer}
 */
function observerOf(what, firing, page, observed) {
  switch (what.kind) {
    case "resize-observer":
      return page.resizeObserver((entries) => {
        const { width, height } = /** @type {ResizeObserverEntry} */ (entries.at(-1)).contentRect;
        firing.fire({ width, height });
      });
    case "intersection-observer":
      return page.intersectionObserver(
        (entries) => {
          for (const { isIntersecting, intersectionRatio } of entries)
            firing.fire({ intersecting: isIntersecting, ratio: intersectionRatio });
        },
        { threshold: what.threshold },
      );
    case "mutation-observer":
      return page.mutationObserver((records) => {
        const summary = summarise(records, observed());
        if (summary) firing.fire(summary);
      });
    default:
      return what;
  }
}

/**
 * What happened below a node; its own attributes are not below it.
 *
 * @param {MutationRecord[]} records
 * @param {Node | null} node
 * @returns {{ added: number, removed: number, attributes: string[], text: boolean } | null}
 */
function summarise(records, node) {
  const below = records.filter(({ type, target }) => type !== "attributes" || target !== node);
  if (below.length === 0) return null;
  const count = (/** @type {"addedNodes" | "removedNodes"} */ which) => below.reduce((sum, record) => sum + record[which].length, 0);
  const attributes = new Set(below.flatMap(({ attributeName }) => (attributeName === null ? [] : [attributeName])));
  const text = below.some(({ type }) => type === "characterData");
  return { added: count("addedNodes"), removed: count("removedNodes"), attributes: [...attributes].sort(), text };
}

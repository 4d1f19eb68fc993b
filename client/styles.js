/**
 * Shows changed stylesheets and assets without a reload.
 *
 * In: paths that changed. Out: how many elements show them anew. A sheet is taken away only once its successor has
 * loaded, so that no moment is without style.
 */

/** The query parameter that makes a browser fetch a changed file. */
const PARAMETER = "hmr";

/**
 * @param {string | null | undefined} url
 * @param {Document} document
 * @returns {URL | null} null for what is of another origin, or no URL of a file
 */
function sameOrigin(url, document) {
  if (!url) return null;
  try {
    const resolved = new URL(url, document.baseURI);
    return resolved.origin === document.location.origin && /^https?:$/.test(resolved.protocol) ? resolved : null;
  } catch {
    return null;
  }
}

/**
 * The path that a server knows a URL by.
 * @param {URL} url
 */
function pathOf(url) {
  try {
    return decodeURI(url.pathname);
  } catch {
    return url.pathname;
  }
}

/**
 * @param {URL} url
 * @param {Document} document
 * @param {number} sequence
 */
function fresh(url, document, sequence) {
  const next = new URL(url);
  next.searchParams.set(PARAMETER, String(sequence));
  // With a `<base>` of another origin, a path alone would lead there.
  return new URL(document.baseURI).origin === next.origin ? next.pathname + next.search + next.hash : next.href;
}

/**
 * @param {HTMLLinkElement} link
 * @param {string} href
 * @returns {Promise<boolean>} whether the new sheet took the place of the old one
 */
function replaceLink(link, href) {
  return new Promise((resolve) => {
    const next = /** @type {HTMLLinkElement} */ (link.cloneNode());
    next.href = href;
    next.addEventListener("load", () => {
      link.remove();
      resolve(true);
    });
    next.addEventListener("error", () => {
      next.remove();
      resolve(false);
    });
    link.after(next);
  });
}

/**
 * @param {Document} document
 * @param {string[] | null} paths null if any may have changed
 * @param {number} sequence
 * @returns {Promise<number>} how many sheets were replaced
 */
export async function updateStyles(document, paths, sequence) {
  const links = [.../** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll("link[rel~='stylesheet'][href]"))].flatMap((link) => {
    const url = sameOrigin(link.getAttribute("href"), document);
    return url ? [{ link, url }] : [];
  });
  const direct = paths !== null && paths.every((path) => links.some(({ url }) => pathOf(url) === path));
  // A path that no link has comes in by an `@import`, of whichever sheet.
  const stale = direct ? links.filter(({ url }) => paths.includes(pathOf(url))) : links;
  const done = await Promise.all(stale.map(({ link, url }) => replaceLink(link, fresh(url, document, sequence))));
  let count = done.filter(Boolean).length;
  if (direct) return count;
  for (const style of document.querySelectorAll("style")) {
    if (!/@import/i.test(style.textContent ?? "")) continue;
    const next = /** @type {HTMLStyleElement} */ (style.cloneNode(true));
    next.textContent = rewriteUrls(style.textContent ?? "", document, () => true, sequence);
    style.replaceWith(next);
    count++;
  }
  return count;
}

/**
 * Rewrites the URLs of changed files in CSS text: those in `url()`, and those of `@import`.
 *
 * @param {string} css
 * @param {Document} document
 * @param {(path: string) => boolean} changed
 * @param {number} sequence
 * @param {string} [base] what the URLs are relative to
 */
function rewriteUrls(css, document, changed, sequence, base = document.baseURI) {
  return css.replace(/(url\(\s*|@import\s+)(["']?)([^"')\s;]+)\2/gi, (all, before, quote, url) => {
    const resolved = sameOrigin(absolute(url, base), document);
    return resolved && changed(pathOf(resolved)) ? `${before}${quote}${fresh(resolved, document, sequence)}${quote}` : all;
  });
}

/**
 * @param {string} url
 * @param {string} base
 */
function absolute(url, base) {
  try {
    return new URL(url, base).href;
  } catch {
    return null;
  }
}

/** Elements and their attributes that hold the URL of an asset. @type {[string, string][]} */
const HOLDERS = [
  ["img", "src"],
  ["input[type='image']", "src"],
  ["source", "src"],
  ["video", "src"],
  ["audio", "src"],
  ["track", "src"],
  ["iframe", "src"],
  ["embed", "src"],
  ["video", "poster"],
  ["object", "data"],
  ["image", "href"],
  ["image", "xlink:href"],
  ["use", "href"],
  ["use", "xlink:href"],
  ["link[rel~='icon']", "href"],
];

/**
 * @param {Document} document
 * @param {string[] | null} paths null if any may have changed
 * @param {number} sequence
 * @returns {number} how many elements and rules show a changed file
 */
export function updateAssets(document, paths, sequence) {
  const changed = (/** @type {string} */ path) => paths === null || paths.includes(path);
  let count = 0;
  for (const [selector, attribute] of HOLDERS) {
    for (const element of document.querySelectorAll(selector)) {
      const url = sameOrigin(element.getAttribute(attribute), document);
      if (!url || !changed(pathOf(url))) continue;
      element.setAttribute(attribute, fresh(url, document, sequence));
      if (element.localName === "source") /** @type {HTMLMediaElement | null} */ (element.closest("video, audio"))?.load();
      count++;
    }
  }
  for (const element of document.querySelectorAll("img[srcset], source[srcset]")) {
    const before = element.getAttribute("srcset") ?? "";
    const after = rewriteSet(before, document, changed, sequence);
    if (after === before) continue;
    element.setAttribute("srcset", after);
    count++;
  }
  for (const element of document.querySelectorAll("[style]")) {
    count += restyle(/** @type {HTMLElement} */ (element).style, document, changed, sequence);
  }
  for (const sheet of Array.from(document.styleSheets)) count += updateSheet(sheet, document, changed, sequence);
  return count;
}

/**
 * @param {string} set
 * @param {Document} document
 * @param {(path: string) => boolean} changed
 * @param {number} sequence
 */
function rewriteSet(set, document, changed, sequence) {
  return set.replace(/(^|,\s+|,(?=\S))(\s*)([^\s,]+)/g, (all, comma, space, url) => {
    const resolved = sameOrigin(url, document);
    return resolved && changed(pathOf(resolved)) ? `${comma}${space}${fresh(resolved, document, sequence)}` : all;
  });
}

/**
 * @param {CSSStyleSheet} sheet
 * @param {Document} document
 * @param {(path: string) => boolean} changed
 * @param {number} sequence
 * @returns {number}
 */
function updateSheet(sheet, document, changed, sequence) {
  let rules;
  try {
    rules = sheet.cssRules;
  } catch {
    // A sheet of another origin keeps its rules to itself.
    return 0;
  }
  return updateRules(rules, sheet.href ?? document.baseURI, document, changed, sequence);
}

/**
 * @param {CSSRuleList} rules
 * @param {string} base
 * @param {Document} document
 * @param {(path: string) => boolean} changed
 * @param {number} sequence
 * @returns {number}
 */
function updateRules(rules, base, document, changed, sequence) {
  let count = 0;
  for (const rule of Array.from(rules)) {
    const from = /** @type {CSSRule & { style?: CSSStyleDeclaration, cssRules?: CSSRuleList, styleSheet?: CSSStyleSheet }} */ (rule);
    if (from.styleSheet) count += updateSheet(from.styleSheet, document, changed, sequence);
    if (from.style) count += restyle(from.style, document, changed, sequence, base);
    if (from.cssRules) count += updateRules(from.cssRules, base, document, changed, sequence);
  }
  return count;
}

/**
 * @param {CSSStyleDeclaration} style
 * @param {Document} document
 * @param {(path: string) => boolean} changed
 * @param {number} sequence
 * @param {string} [base]
 * @returns {number} 1 if it names a changed file
 */
function restyle(style, document, changed, sequence, base) {
  let count = 0;
  for (const name of Array.from(style)) {
    const before = style.getPropertyValue(name);
    if (!before.includes("url(")) continue;
    const after = rewriteUrls(before, document, changed, sequence, base);
    if (after === before) continue;
    style.setProperty(name, after, style.getPropertyPriority(name));
    count = 1;
  }
  return count;
}

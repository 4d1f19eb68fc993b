/**
 * Shows changed pictures, fonts and other files without a reload.
 *
 * In: paths that changed. Out: how many elements and rules show them now.
 */

import { fresh, pathOf, roots, served } from "./addresses.js";

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

/** Those that continue undisturbed if the file is the same. */
const HARMLESS = new Set(["img", "input[type='image']", "image", "use", "link[rel~='icon']"]);

/**
 * @param {Document} document
 * @param {string[] | null} paths null if any may have changed: then what plays, and what holds a page, is left alone
 * @param {number | string} mark differs from update to update
 * @returns {number} how many elements and rules show a changed file
 */
export function updateAssets(document, paths, mark) {
  const changed = (/** @type {string} */ path) => paths === null || paths.includes(path);
  const holders = paths === null ? HOLDERS.filter(([selector]) => HARMLESS.has(selector)) : HOLDERS;
  return roots(document).reduce((count, root) => count + updateRoot(root, holders, document, changed, mark), 0);
}

/**
 * @param {Document | ShadowRoot} root
 * @param {[string, string][]} holders
 * @param {Document} document
 * @param {(path: string) => boolean} changed
 * @param {number | string} mark
 */
function updateRoot(root, holders, document, changed, mark) {
  let count = 0;
  for (const [selector, attribute] of holders) {
    for (const element of root.querySelectorAll(selector)) {
      const url = served(element.getAttribute(attribute), document);
      if (!url || !changed(pathOf(url))) continue;
      element.setAttribute(attribute, fresh(url, document, mark));
      if (element.localName === "source") /** @type {HTMLMediaElement | null} */ (element.closest("video, audio"))?.load();
      count++;
    }
  }
  for (const element of root.querySelectorAll("img[srcset], source[srcset]")) {
    const before = element.getAttribute("srcset") ?? "";
    const after = rewriteSet(before, document, changed, mark);
    if (after === before) continue;
    element.setAttribute("srcset", after);
    count++;
  }
  for (const element of root.querySelectorAll("[style]")) {
    count += restyle(/** @type {HTMLElement} */ (element).style, document, changed, mark);
  }
  // Sheets that a script made may name files too.
  const sheets = [...(root.styleSheets ?? []), ...(root.adoptedStyleSheets ?? [])];
  for (const sheet of sheets) count += updateSheet(sheet, document, changed, mark);
  return count;
}

/**
 * @param {string} set
 * @param {Document} document
 * @param {(path: string) => boolean} changed
 * @param {number | string} mark
 */
function rewriteSet(set, document, changed, mark) {
  return set.replace(/(^|,\s+|,(?=\S))(\s*)([^\s,]+)/g, (all, comma, space, address) => {
    const url = served(address, document);
    return url && changed(pathOf(url)) ? `${comma}${space}${fresh(url, document, mark)}` : all;
  });
}

/**
 * @param {CSSStyleSheet} sheet
 * @param {Document} document
 * @param {(path: string) => boolean} changed
 * @param {number | string} mark
 * @returns {number}
 */
function updateSheet(sheet, document, changed, mark) {
  let rules;
  try {
    rules = sheet.cssRules;
  } catch {
    // A sheet of another origin keeps its rules to itself.
    return 0;
  }
  return updateRules(rules, sheet.href ?? document.baseURI, document, changed, mark);
}

/**
 * @param {CSSRuleList} rules
 * @param {string} base
 * @param {Document} document
 * @param {(path: string) => boolean} changed
 * @param {number | string} mark
 * @returns {number}
 */
function updateRules(rules, base, document, changed, mark) {
  let count = 0;
  for (const rule of Array.from(rules)) {
    const from = /** @type {CSSRule & { style?: CSSStyleDeclaration, cssRules?: CSSRuleList, styleSheet?: CSSStyleSheet }} */ (rule);
    if (from.styleSheet) count += updateSheet(from.styleSheet, document, changed, mark);
    if (from.style) count += restyle(from.style, document, changed, mark, base);
    if (from.cssRules) count += updateRules(from.cssRules, base, document, changed, mark);
  }
  return count;
}

/**
 * @param {CSSStyleDeclaration} style
 * @param {Document} document
 * @param {(path: string) => boolean} changed
 * @param {number | string} mark
 * @param {string} [base]
 * @returns {number} 1 if it names a changed file
 */
function restyle(style, document, changed, mark, base) {
  let count = 0;
  for (const name of Array.from(style)) {
    const before = style.getPropertyValue(name);
    if (!before.includes("url(")) continue;
    const after = rewriteUrls(before, document, changed, mark, base);
    if (after === before) continue;
    style.setProperty(name, after, style.getPropertyPriority(name));
    count = 1;
  }
  return count;
}

/**
 * Rewrites the URLs of changed files in the value of a style.
 *
 * @param {string} css
 * @param {Document} document
 * @param {(path: string) => boolean} changed
 * @param {number | string} mark
 * @param {string} [base] what the URLs are relative to
 */
function rewriteUrls(css, document, changed, mark, base) {
  return css.replace(/(url\(\s*)(["']?)([^"')\s;]+)\2/gi, (all, before, quote, address) => {
    const url = served(address, document, base);
    return url && changed(pathOf(url)) ? `${before}${quote}${fresh(url, document, mark)}${quote}` : all;
  });
}

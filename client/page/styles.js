/**
 * Shows changed stylesheets without a reload.
 *
 * In: paths that changed. Out: how many sheets were replaced. A sheet is replaced in place, by the address of its `link` or its
 * `@import`: so it keeps its place in the cascade, its conditions and its element. The old sheet goes only once the new one
 * is there; one that cannot be loaded changes nothing.
 */

import { fresh, pathOf, roots, served } from "./addresses.js";

/** How long a sheet may take until the old one stays instead, in milliseconds. */
const LONGEST_LOAD = 10_000;

/** How often an `@import` is polled for having loaded, in milliseconds: it fires no event. */
const PAUSE = 15;

/** `CSSRule.STYLE_RULE` and `CSSRule.IMPORT_RULE`. */
const [STYLE_RULE, IMPORT_RULE] = [1, 3];

/**
 * What sheets are loaded with.
 * @typedef {object} Loading
 * @property {(url: string, options: RequestInit) => Promise<Response>} fetch
 * @property {(message: string) => void} failed called for each file that stays as it was, with the reason
 * @property {(message: string) => void} absent called for each file that the page does not seem to use
 */

/** The replacement of a link or an import rule that began last. @type {WeakMap<object, { done: Promise<boolean> }>} */
const newest = new WeakMap();

/** Temporary links and import rules, placed after the ones whose new sheets they load. @type {WeakSet<object>} */
const arriving = new WeakSet();

/**
 * @param {Document} document
 * @param {string[] | null} paths null if any may have changed
 * @param {number | string} mark differs from update to update
 * @param {Loading} loading
 * @returns {Promise<number>} how many sheets were replaced
 */
export function updateStyles(document, paths, mark, loading) {
  return new Update(document, paths, mark, loading).run();
}

class Update {
  #document;
  #paths;
  #mark;
  #loading;
  /** The changed files that the page names somewhere. @type {Set<string>} */
  #found = new Set();

  /**
   * @param {Document} document
   * @param {string[] | null} paths
   * @param {number | string} mark
   * @param {Loading} loading
   */
  constructor(document, paths, mark, loading) {
    this.#document = document;
    this.#paths = paths;
    this.#mark = mark;
    this.#loading = loading;
  }

  async run() {
    const counts = await Promise.all(roots(this.#document).map((root) => this.#root(root)));
    for (const path of this.#paths ?? []) {
      if (this.#found.has(path)) continue;
      this.#loading.absent(
        `the page shows \`${path}\` in no \`link\` and no \`@import\` that scripts can see\nhint: load the page again if a script or a closed shadow root uses it`,
      );
    }
    return sum(counts);
  }

  /** @param {Document | ShadowRoot} root */
  async #root(root) {
    const links = [.../** @type {NodeListOf<HTMLLinkElement>} */ (root.querySelectorAll("link[rel~='stylesheet' i][href]"))];
    const others = [...(root.styleSheets ?? [])].filter(({ ownerNode }) => !links.some((link) => link === ownerNode));
    const counts = [
      ...links.filter((link) => !arriving.has(link)).map((link) => this.#link(link)),
      ...others.map((sheet) => this.#imports(sheet, [])),
    ];
    return sum(await Promise.all(counts));
  }

  /** @param {string} path */
  #changed(path) {
    if (this.#paths === null) return true;
    if (!this.#paths.includes(path)) return false;
    this.#found.add(path);
    return true;
  }

  /** @param {HTMLLinkElement} link */
  async #link(link) {
    const url = served(link.getAttribute("href"), this.#document);
    if (!url) return 0;
    const path = pathOf(url);
    // One that is switched off is fetched when it is switched on.
    const due = this.#changed(path) && !link.disabled;
    const replaced = due && (await this.#replace(link, path, (stands) => this.#loadLink(link, url, stands)));
    // What a fresh sheet imports is fresh too, unless the browser has it from a moment ago.
    const inner = link.sheet && this.#paths ? await this.#imports(link.sheet, [path]) : 0;
    return inner + (replaced ? 1 : 0);
  }

  /**
   * A second link shows the new sheet until the first has it: browsers have moments without either while a sheet's imports load.
   *
   * @param {HTMLLinkElement} link
   * @param {URL} url
   * @param {() => boolean} stands
   */
  async #loadLink(link, url, stands) {
    const href = fresh(url, this.#document, this.#mark);
    const off = link.sheet?.disabled === true;
    const bridge = /** @type {HTMLLinkElement} */ (link.cloneNode());
    for (const name of ["id", "onload", "onerror"]) bridge.removeAttribute(name);
    if (off) bridge.media = "not all";
    bridge.setAttribute("href", href);
    arriving.add(bridge);
    const loaded = this.#loaded(bridge);
    link.after(bridge);
    try {
      if (!(await loaded)) throw new Error("the server does not answer with a stylesheet");
      if (!stands() || !link.isConnected) return false;
      const taken = this.#loaded(link);
      link.setAttribute("href", href);
      if (!(await taken)) throw new Error("the server answered with it only once");
      if (link.sheet && off) link.sheet.disabled = true;
      return true;
    } finally {
      bridge.remove();
    }
  }

  /**
   * Waits until a link has loaded.
   * @param {HTMLLinkElement} link
   * @returns {Promise<boolean>}
   */
  #loaded(link) {
    return new Promise((resolve) => {
      const settle = (/** @type {boolean} */ loaded) => {
        this.#document.defaultView?.clearTimeout(timer);
        link.removeEventListener("load", shown);
        link.removeEventListener("error", look);
        resolve(loaded);
      };
      // A sheet whose own imports hang or fail is shown all the same. One that failed itself may be there too, but is empty.
      const look = () => settle(link.sheet?.href === link.href && hasRules(link.sheet));
      const timer = this.#later(look, LONGEST_LOAD);
      const shown = () => settle(true);
      link.addEventListener("load", shown);
      link.addEventListener("error", look);
    });
  }

  /**
   * Replaces the changed files that a sheet imports, directly or not.
   *
   * @param {CSSStyleSheet} sheet
   * @param {string[]} above the files that the sheet is in and that it comes from
   * @returns {Promise<number>}
   */
  async #imports(sheet, above) {
    const counts = importsOf(sheet).map(async (rule) => {
      const url = served(rule.href, this.#document, sheet.href ?? this.#document.baseURI);
      // Browsers leave out a file that imports itself.
      if (!url || arriving.has(rule) || above.includes(pathOf(url))) return 0;
      const path = pathOf(url);
      let shown = rule;
      const due = this.#changed(path) && this.#supports(rule);
      const load = async (/** @type {() => boolean} */ stands) => {
        shown = await this.#loadImport(rule, url, stands);
        return shown !== rule;
      };
      const replaced = due && (await this.#replace(rule, path, load));
      const inner = shown.styleSheet && this.#paths ? await this.#imports(shown.styleSheet, [...above, path]) : 0;
      return inner + (replaced ? 1 : 0);
    });
    return sum(await Promise.all(counts));
  }

  /** @param {CSSImportRule} rule */
  #supports({ supportsText }) {
    const view = this.#document.defaultView;
    return !supportsText || view?.CSS?.supports?.(supportsText) !== false;
  }

  /**
   * @param {CSSImportRule} rule
   * @param {URL} url
   * @param {() => boolean} stands
   * @returns {Promise<CSSImportRule>} what took its place; itself if nothing did
   */
  async #loadImport(rule, url, stands) {
    const href = fresh(url, this.#document, this.#mark);
    await this.#fetch(href);
    const sheet = rule.parentStyleSheet;
    if (!stands() || !sheet || !isAttached(rule)) return rule;
    const text = rule.cssText.replace(/url\("(?:[^"\\]|\\.)*"\)/, () => `url(${JSON.stringify(href)})`);
    const at = [...sheet.cssRules].indexOf(rule) + 1;
    sheet.insertRule(text, at);
    const next = /** @type {CSSImportRule} */ (sheet.cssRules[at]);
    arriving.add(next);
    const loaded = await this.#arrived(next, () => stands() && isAttached(rule));
    arriving.delete(next);
    remove(loaded ? rule : next);
    return loaded ? next : rule;
  }

  /**
   * Waits until an import has loaded.
   * @param {CSSImportRule} rule
   * @param {() => boolean} stands
   */
  async #arrived(rule, stands) {
    for (let waited = 0; stands(); waited += PAUSE) {
      if (rule.styleSheet && this.#isLoaded(rule.styleSheet, [])) return true;
      // A sheet whose own imports hang is shown all the same.
      if (waited > LONGEST_LOAD) return rule.styleSheet !== null;
      await new Promise((resolve) => this.#later(() => resolve(undefined), PAUSE));
    }
    return false;
  }

  /**
   * @param {CSSStyleSheet} sheet
   * @param {string[]} above
   * @returns {boolean}
   */
  #isLoaded(sheet, above) {
    return importsOf(sheet).every((rule) => {
      const url = served(rule.href, this.#document, sheet.href ?? undefined);
      if (!url || above.includes(pathOf(url)) || !this.#supports(rule)) return true;
      return rule.styleSheet !== null && this.#isLoaded(rule.styleSheet, [...above, pathOf(url)]);
    });
  }

  /**
   * Replaces the sheet of a link or a rule. Of several replacements at once, the one that began last counts, for all.
   *
   * @param {object} owner
   * @param {string} path
   * @param {(stands: () => boolean) => Promise<boolean>} load
   * @returns {Promise<boolean>} whether the new sheet is shown
   */
  #replace(owner, path, load) {
    const mine = { done: Promise.resolve(false) };
    newest.set(owner, mine);
    mine.done = load(() => newest.get(owner) === mine)
      .catch((error) => {
        this.#loading.failed(
          `\`${path}\` cannot be loaded, so the page keeps the sheet that it has: ${error instanceof Error ? error.message : error}`,
        );
        return false;
      })
      .then((shown) => {
        const last = newest.get(owner);
        return last && last !== mine ? last.done : shown;
      });
    return mine.done;
  }

  /**
   * Fetches an imported sheet before it is put in: it is not visible later whether it was loaded or refused.
   * @param {string} href
   */
  async #fetch(href) {
    const response = await this.#loading.fetch(new URL(href, this.#document.baseURI).href, { cache: "reload" });
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
    const type = response.headers.get("content-type") ?? "";
    if (!/^text\/css\b/i.test(type)) throw new Error(`it is of the type \`${type}\`, not \`text/css\``);
    await response.arrayBuffer();
  }

  /**
   * @param {() => void} code
   * @param {number} ms
   */
  #later(code, ms) {
    return this.#document.defaultView?.setTimeout(code, ms);
  }
}

/** @param {number[]} counts */
function sum(counts) {
  return counts.reduce((total, count) => total + count, 0);
}

/** @param {CSSStyleSheet} sheet */
function hasRules(sheet) {
  try {
    return sheet.cssRules.length > 0;
  } catch {
    // What was refused for its type does not show its rules.
    return false;
  }
}

/**
 * The `@import` rules of a sheet.
 * @param {CSSStyleSheet} sheet
 */
function importsOf(sheet) {
  /** @type {CSSImportRule[]} */
  const found = [];
  try {
    for (const rule of sheet.cssRules) {
      // Behind the first rule of another kind, imports count for nothing.
      if (rule.type === STYLE_RULE) break;
      if (rule.type === IMPORT_RULE) found.push(/** @type {CSSImportRule} */ (rule));
    }
  } catch {
    // A sheet of another origin keeps its rules to itself.
  }
  return found;
}

/**
 * Whether a rule counts in a document.
 * @param {CSSRule} rule
 * @returns {boolean}
 */
function isAttached({ parentStyleSheet: sheet }) {
  if (!sheet) return false;
  if (sheet.ownerRule) return isAttached(sheet.ownerRule);
  const owner = /** @type {(Node & { sheet?: CSSStyleSheet | null }) | null} */ (sheet.ownerNode);
  return owner?.isConnected === true && owner.sheet === sheet;
}

/** @param {CSSRule} rule */
function remove(rule) {
  const sheet = rule.parentStyleSheet;
  if (sheet) sheet.deleteRule([...sheet.cssRules].indexOf(rule));
}

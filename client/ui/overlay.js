/**
 * What a developer sees of the engine: errors over the page, a status in its corner, problems in the places
 * of components.
 *
 * In: failures, traps, short messages. Out: elements with their own shadow trees, so that neither the page's styles nor
 * these touch the other. Nothing is shown as markup: all text is text.
 */

import { pieces } from "./ansi.js";

/** @typedef {import("../tool/protocol.js").Failure} Failure */
/** @typedef {import("../tool/protocol.js").Trap} Trap */

const OVERLAY_STYLE = `
:host { all: initial; position: fixed; inset: 0; z-index: 2147483647; display: none; }
:host([open]) { display: block; }
.shade { position: absolute; inset: 0; background: rgb(0 0 0 / 55%); overflow: auto; padding: 4vh 16px; }
.panel { box-sizing: border-box; max-width: 960px; margin: 0 auto; padding: 20px 24px; border-radius: 8px; border-top: 6px solid #e5484d;
  background: #17181c; color: #e6e6e6; font: 14px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; box-shadow: 0 12px 48px rgb(0 0 0 / 50%); }
header { display: flex; gap: 16px; align-items: start; }
h1 { flex: 1; margin: 0 0 12px; font: inherit; font-size: 17px; font-weight: 700; color: #ff7b7f; overflow-wrap: anywhere; }
button { all: unset; cursor: pointer; font-size: 22px; line-height: 1; padding: 2px 8px; border-radius: 4px; }
button:hover, button:focus-visible { background: #333; }
.place { color: #8ab4ff; margin: 0 0 8px; }
pre { margin: 0 0 16px; padding: 12px; background: #0e0f12; border-radius: 6px; overflow-x: auto; font: inherit; font-size: 13px; white-space: pre; tab-size: 4; }
p { margin: 0; } .hint { color: #9a9a9a; font-size: 12px; }
.b { font-weight: 700; } .d { opacity: .7; } .c1 { color: #ff7b7f; } .c2 { color: #7ec97e; } .c3 { color: #e5c07b; }
.c4 { color: #8ab4ff; } .c5 { color: #d78fe5; } .c6 { color: #6fd3d3; } .c7 { color: #fff; }`;

const STATUS_STYLE = `
:host { all: initial; position: fixed; right: 12px; bottom: 12px; z-index: 2147483646; pointer-events: none; }
div { display: none; max-width: 420px; padding: 8px 12px; border-radius: 6px; background: #17181c; color: #e6e6e6; border-left: 4px solid #8ab4ff;
  font: 13px/1.4 system-ui, sans-serif; box-shadow: 0 4px 16px rgb(0 0 0 / 35%); white-space: pre-wrap; overflow-wrap: anywhere; pointer-events: auto; }
div.open { display: block; } div.warn { border-color: #e5a23d; }`;

const PROBLEM_STYLE = `
:host { all: initial; display: block; }
div { box-sizing: border-box; padding: 10px 14px; border: 1px solid #e5484d; border-left-width: 5px; border-radius: 4px; background: #fff4f4; color: #7a1418;
  font: 13px/1.5 system-ui, sans-serif; white-space: pre-wrap; overflow-wrap: anywhere; }`;

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** @param {string} text */
function colours(text) {
  return pieces(text).map(({ text: part, classes }) => (classes.length > 0 ? make("span", { class: classes.join(" ") }, part) : part));
}

/** @param {{ file: string | null, line: number | null, column?: number | null }} at */
function where({ file, line, column }) {
  if (!file) return null;
  return [file, ...(line ? [line] : []), ...(line && column ? [column] : [])].join(":");
}

/** The panel over the page: what does not compile, what trapped. */
export class HmrOverlay extends HTMLElement {
  #shadow = this.attachShadow({ mode: "open" });
  /** By topic; the newest is on top. @type {Map<string, { title: string, body: Node[] }>} */
  #entries = new Map();
  #escape = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && this.hasAttribute("open")) this.dismiss();
  };
  #running = () => true;

  /**
   * Sets whether code runs in the page.
   * @param {() => boolean} running
   */
  watch(running) {
    this.#running = running;
  }

  connectedCallback() {
    document.addEventListener("keydown", this.#escape, true);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.#escape, true);
  }

  /**
   * Shows a failed build, or takes it away.
   * @param {Failure | null} failure
   */
  showFailure(failure) {
    if (!failure) return this.#remove("build");
    const errors = failure.diagnostics.filter(({ level }) => level === "error");
    const body = (errors.length > 0 ? errors : failure.diagnostics).flatMap((diagnostic) => {
      const place = where(diagnostic);
      const text = diagnostic.rendered || [diagnostic.code, diagnostic.message].filter(Boolean).join(": ");
      return [...(place ? [make("p", { class: "place" }, place)] : []), make("pre", {}, ...colours(text.trimEnd()))];
    });
    this.#add("build", failure.title, body);
  }

  /**
   * Shows a trap of running code.
   * @param {string} module
   * @param {Trap} trap
   */
  showTrap(module, trap) {
    const place = where(trap);
    const body = [make("p", { class: "place" }, place ?? "somewhere in the module"), make("pre", {}, trap.message)];
    if (!place && trap.stack) body.push(make("pre", {}, trap.stack));
    this.#add(`trap ${module}`, `\`${module}\` trapped`, body);
  }

  /**
   * Removes the report of a module's trap.
   * @param {string} module
   */
  clearTrap(module) {
    this.#remove(`trap ${module}`);
  }

  /** Closes the panel until there is something new. */
  dismiss() {
    this.removeAttribute("open");
  }

  /**
   * @param {string} about
   * @param {string} title
   * @param {Node[]} body
   */
  #add(about, title, body) {
    this.#entries.delete(about);
    this.#entries.set(about, { title, body });
    this.#draw();
    this.setAttribute("open", "");
  }

  /** @param {string} about */
  #remove(about) {
    if (!this.#entries.delete(about)) return;
    this.#draw();
    if (this.#entries.size === 0) this.dismiss();
  }

  #draw() {
    const close = make("button", { type: "button", "aria-label": "Close", title: "Close (Esc)" }, "×");
    close.addEventListener("click", () => this.dismiss());
    const panel = make("div", { class: "panel", role: "alertdialog", "aria-label": "Errors of the build" });
    [...this.#entries.values()].reverse().forEach(({ title, body }, index) => {
      panel.append(make("header", {}, make("h1", {}, title), ...(index === 0 ? [close] : [])), ...body);
    });
    const meanwhile = this.#running()
      ? "The page goes on with the code that it has"
      : "None of its code runs: the page starts once this is fixed";
    panel.append(make("p", { class: "hint" }, `${meanwhile}. Esc closes this until there is something new`));
    const shade = make("div", { class: "shade" }, panel);
    shade.addEventListener("click", (event) => {
      if (event.target === shade) this.dismiss();
    });
    this.#shadow.replaceChildren(make("style", {}, OVERLAY_STYLE), shade);
  }
}

/** How long a passing message stays, in milliseconds. */
const PASSING = 6000;

/** The status in the corner of the page. */
export class HmrStatus extends HTMLElement {
  #shadow = this.attachShadow({ mode: "open" });
  #box = make("div", { role: "status" });
  /** Messages that remain until they are removed, by subject. @type {Map<string, string>} */
  #standing = new Map();
  #timer = 0;

  connectedCallback() {
    this.#shadow.replaceChildren(make("style", {}, STATUS_STYLE), this.#box);
    this.#box.addEventListener("click", () => this.#box.classList.remove("open"));
  }

  /**
   * Shows a message until it is removed with null.
   * @param {string} about
   * @param {string | null} text
   */
  stand(about, text) {
    if (text === null) this.#standing.delete(about);
    else this.#standing.set(about, text);
    if (this.#timer === 0) this.#draw();
  }

  /**
   * Shows a warning for a limited time.
   * @param {string} text
   */
  warn(text) {
    clearTimeout(this.#timer);
    this.#box.textContent = text;
    this.#box.className = "open warn";
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      this.#draw();
    }, PASSING);
  }

  #draw() {
    this.#box.textContent = [...this.#standing.values()].join("\n");
    this.#box.className = this.#standing.size > 0 ? "open" : "";
  }
}

/** A problem, shown instead of the component that has it. */
export class HmrProblem extends HTMLElement {
  #shadow = this.attachShadow({ mode: "open" });

  /** @param {import("../instances/problems.js").Problem} problem */
  set problem({ message, hint }) {
    this.#shadow.replaceChildren(make("style", {}, PROBLEM_STYLE), make("div", { role: "alert" }, `${message}\nhint: ${hint}`));
  }
}

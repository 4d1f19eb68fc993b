/** A page in jsdom with an engine in it, whose clock, timers and network a test commands. */

import { JSDOM } from "jsdom";
import { checkModule } from "../../guest/inspect.js";
import { Engine } from "../../engine/engine.js";
import { FetchError } from "../../guest/compile.js";
import { FakeFacilities } from "./facilities.js";

/** How long a test waits for what must come, in milliseconds. */
const DEADLINE = 5000;

/** Timers that only go when a test lets time pass. */
export class Timers {
  now = 1_000_000;
  #next = 1;
  /** @type {Map<number, { at: number, every: number | null, code: () => void }>} */
  #set = new Map();

  /** @param {() => void} code @param {number} ms @param {number | null} [every] */
  #add(code, ms, every = null) {
    this.#set.set(this.#next, { at: this.now + ms, every, code });
    return this.#next++;
  }

  setTimeout = (/** @type {() => void} */ code, /** @type {number} */ ms) => this.#add(code, ms);
  setInterval = (/** @type {() => void} */ code, /** @type {number} */ ms) => this.#add(code, ms, ms);
  requestAnimationFrame = (/** @type {() => void} */ code) => this.#add(code, 16);
  clearTimeout = (/** @type {number} */ id) => void this.#set.delete(id);
  clearInterval = this.clearTimeout;
  cancelAnimationFrame = this.clearTimeout;

  /** Lets time pass. @param {number} ms */
  pass(ms) {
    const end = this.now + ms;
    for (;;) {
      const [id, next] = [...this.#set].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
      if (id === undefined || !next) break;
      this.now = next.at;
      if (next.every === null) this.#set.delete(id);
      else next.at += next.every;
      next.code();
    }
    this.now = end;
  }
}

export class Page {
  timers = new Timers();
  /** @type {Record<string, Uint8Array | "offline">} */
  files = {};
  /** @type {{ sequence: number | null, swaps: import("../../tool/protocol.js").Swap[] }[]} */
  #swaps = [];
  /** @type {(() => void)[]} */
  #wake = [];
  /** @type {({ module: string, hash: string } & import("../../tool/protocol.js").Trap)[]} */
  traps = [];
  /** @type {string[]} */
  problems = [];
  /** @type {string[]} */
  logs = [];
  /** Called for each update that the engine has finished. @type {(swapped: { sequence: number | null, swaps: import("../../tool/protocol.js").Swap[] }) => void} */
  onSwap = () => {};
  /** Rehearsals that were asked for. @type {import("../../tool/protocol.js").Rehearse[]} */
  rehearsed = [];
  /** Whether the tool is there to be asked. */
  connected = true;
  /** Why the page was loaded again. @type {string[]} */
  reloads = [];
  /** @type {({ module: string, hash: string } & import("../../extra/module-calls.js").Slower)[]} */
  slowed = [];
  /** Current problems, by element. @type {Map<Element, string>} */
  shown = new Map();
  /** Holds the fetch of a hash up until the promise is done. @type {Map<string, Promise<void>>} */
  slow = new Map();

  /** @param {string} body */
  constructor(body) {
    const { window } = new JSDOM("<!doctype html><body></body>", { url: "http://localhost/", pretendToBeVisual: false });
    this.window = window;
    this.document = window.document;
    this.facilities = new FakeFacilities(this.timers, /** @type {any} */ (window));
    this.engine = new Engine({
      document: this.document,
      page: this.facilities.given,
      now: () => this.timers.now,
      clock: () => this.timers.now,
      compile: (version) => this.#compile(version),
      compileApplication: (version) => this.#compile(version),
      log: (level, module, text) => void this.logs.push(`${level} ${module}: ${text}`),
      show: (element, problem) => {
        if (problem) this.shown.set(element, problem.message);
        else this.shown.delete(element);
      },
      swapped: (sequence, swaps) => {
        this.onSwap({ sequence, swaps });
        this.#swaps.push({ sequence, swaps });
        for (const wake of this.#wake.splice(0)) wake();
      },
      trapped: (module, hash, trap) => void this.traps.push({ module, hash, ...trap }),
      problem: (message) => void this.problems.push(message),
      rehearse: (request) => {
        this.rehearsed.push(request);
        for (const wake of this.#wake.splice(0)) wake();
        return this.connected;
      },
      reload: (reason) => void this.reloads.push(reason),
      slower: (module, hash, slower) => void this.slowed.push({ module, hash, ...slower }),
    });
    const { engine } = this;
    window.customElements.define(
      "hmr-component",
      class extends window.HTMLElement {
        static observedAttributes = ["module", "component", "props", "name"];
        connectedCallback() {
          engine.changed(this);
        }
        disconnectedCallback() {
          engine.changed(this);
        }
        attributeChangedCallback() {
          if (this.isConnected) engine.changed(this);
        }
      },
    );
    window.customElements.define(
      "hmr-connect",
      class extends window.HTMLElement {
        static observedAttributes = ["from", "to", "transform", "kind"];
        connectedCallback() {
          engine.connectionChanged(this);
        }
        disconnectedCallback() {
          engine.connectionChanged(this);
        }
        attributeChangedCallback() {
          if (this.isConnected) engine.connectionChanged(this);
        }
      },
    );
    this.body = body;
  }

  /** @param {import("../../tool/protocol.js").Version} version */
  async #compile({ hash }) {
    await this.slow.get(hash);
    const bytes = this.files[hash];
    if (!bytes || bytes === "offline") throw new FetchError(`\`${hash}\` cannot be fetched`);
    const compiled = await WebAssembly.compile(/** @type {BufferSource} */ (bytes));
    checkModule(compiled, bytes);
    return compiled;
  }

  /**
   * Makes a version, with the bytes to fetch for it.
   * @param {string} hash
   * @param {Uint8Array | "offline"} bytes
   * @param {string} [module]
   * @param {string[]} [components]
   */
  version(hash, bytes, module = "counter", components = ["Counter"]) {
    this.files[hash] = bytes;
    return { module, hash, url: `/${hash}.wasm`, components };
  }

  /**
   * The next update that the engine is done with.
   * @returns {Promise<{ sequence: number | null, swaps: import("../../tool/protocol.js").Swap[] }>}
   */
  async swapped() {
    const timer = setTimeout(() => {
      throw new Error(`no swap came; the log says:\n${this.logs.join("\n")}\n${this.problems.join("\n")}`);
    }, DEADLINE);
    while (this.#swaps.length === 0) await new Promise((wake) => this.#wake.push(() => wake(undefined)));
    clearTimeout(timer);
    await this.settled();
    return /** @type {{ sequence: number | null, swaps: import("../../tool/protocol.js").Swap[] }} */ (this.#swaps.shift());
  }

  /** Lets the microtasks go in which the engine mounts and unmounts. */
  async settled() {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }

  /**
   * Starts with versions, and waits until the components in the body are mounted.
   * @param {...import("../../tool/protocol.js").Version} versions
   */
  async start(...versions) {
    this.engine.learn(versions);
    this.document.body.innerHTML = this.body;
    return this.swapped();
  }

  /**
   * @param {number} sequence
   * @param {...import("../../tool/protocol.js").Version} versions
   */
  async update(sequence, ...versions) {
    this.engine.update(sequence, versions);
    const { swaps } = await this.swapped();
    return /** @type {import("../../tool/protocol.js").Swap} */ (swaps[0]);
  }

  /** @param {string} selector */
  get(selector) {
    const element = this.document.querySelector(selector);
    if (!element) throw new Error(`there is no \`${selector}\` in ${this.document.body.innerHTML}`);
    return /** @type {HTMLElement & HTMLInputElement} */ (element);
  }

  get html() {
    return this.get("hmr-component").innerHTML;
  }
}

export const PLACE = `<hmr-component module="counter" component="Counter">Loading</hmr-component>`;

/**
 * Carries a case out in this page, with the client's engine, and returns what was visible after each step.
 *
 * The document is real; the clock and the network are the case's.
 */

import { compiler } from "/client/guest/compile.js";
import { Engine } from "/client/engine/engine.js";
import { FakeFacilities } from "/client/test/support/facilities.js";

/** When the clock starts: 2026-01-01, in milliseconds since the Unix epoch, as in the headless engine. */
const START = 1_767_225_600_000;
const FRAME = 1000 / 60;

/** Timers that fire when the case lets time pass. */
class Clock {
  now = START;
  #next = 1;
  /** @type {Map<number, { due: number, period: number | null, code: () => void }>} */
  #timers = new Map();

  #add(delay, period, code) {
    const id = this.#next++;
    this.#timers.set(id, { due: this.now + delay, period, code });
    return id;
  }

  timers = {
    setInterval: (code, ms) => this.#add(Math.max(ms, 1), Math.max(ms, 1), code),
    clearInterval: (id) => void this.#timers.delete(id),
    setTimeout: (code, ms) => this.#add(ms, null, code),
    clearTimeout: (id) => void this.#timers.delete(id),
    requestAnimationFrame: (code) => {
      const due = Math.ceil((this.now + 0.001) / FRAME) * FRAME;
      return this.#add(due - this.now, null, () => code(due));
    },
    cancelAnimationFrame: (id) => void this.#timers.delete(id),
  };

  /** Runs what is due until a time, in order. */
  async until(end) {
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.due <= end);
      const first = due.sort(([a, x], [b, y]) => x.due - y.due || a - b)[0];
      if (!first) break;
      const [id, timer] = first;
      this.now = Math.max(this.now, timer.due);
      if (timer.period === null) this.#timers.delete(id);
      else timer.due += timer.period;
      timer.code();
      await turn();
    }
    this.now = Math.max(this.now, end);
  }
}

/** What was drawn on each canvas since it was empty, a command in each line. */
const drawings = new WeakMap();

/** Canvases record instead of drawing: what they show cannot be compared. */
HTMLCanvasElement.prototype.getContext = function () {
  const lines = drawings.get(this) ?? [];
  drawings.set(this, lines);
  const argument = (value) => (Array.isArray(value) ? JSON.stringify(value) : String(value));
  return new Proxy(
    {},
    {
      get(_, name) {
        if (name === "reset") return () => void lines.splice(0);
        return (...values) => void lines.push([name, ...values.map(argument)].join(" "));
      },
      set(_, name, value) {
        lines.push(`${name} ${argument(value)}`);
        return true;
      },
    },
  );
};

/** Lets microtasks and tasks run that are ready. */
function turn() {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done(undefined);
    port2.postMessage(null);
  });
}

class Runner {
  clock = new Clock();
  log = [];
  problems = [];
  traps = [];
  swaps = [];
  meanwhile = [];
  loads = [];
  later = [];
  layouts = new WeakMap();
  notified = new WeakMap();
  crossed = new WeakMap();
  answer = null;

  constructor(given) {
    this.page = new FakeFacilities(this.clock.timers, window);
    this.versions = new Map(given.versions.map((version) => [`${version.module} ${version.version}`, version]));
    const compile = compiler((url, options) => fetch(url, options));
    const instantiate = WebAssembly.instantiate;
    WebAssembly.instantiate = async (...given) => {
      const instance = await instantiate.apply(WebAssembly, given);
      await this.entered("instantiate");
      return instance;
    };
    this.engine = new Engine({
      document,
      page: { ...this.page.given, mutationObserver: (code) => new MutationObserver(code) },
      now: () => this.clock.now,
      clock: () => this.clock.now,
      compile: async (version) => {
        const compiled = await compile(version);
        await this.entered("prepare");
        return compiled;
      },
      log: (level, module, text) => this.log.push([level, module ?? "", text]),
      show: () => {},
      swapped: (_sequence, swaps, restarted) => {
        if (!restarted) this.swaps.push(...swaps);
      },
      trapped: (module, _hash, trap) =>
        this.traps.push([module, trap.file ? `${trap.message} at ${trap.file}:${trap.line}` : trap.message]),
      problem: (message) => {
        this.problems.push(message);
        this.log.push(["error", "", message]);
      },
      budget: given.budget,
      rehearse: () => false,
      // The page stays: a case continues in it.
      reload: () => {},
      slower: () => {},
    });
    const engine = this.engine;
    class Place extends HTMLElement {
      static observedAttributes = ["module", "component", "props"];
      connectedCallback() {
        engine.changed(this);
      }
      disconnectedCallback() {
        engine.changed(this);
      }
      connectedMoveCallback() {}
      attributeChangedCallback() {
        if (this.isConnected) engine.changed(this);
      }
    }
    customElements.define("hmr-component", Place);
    class Connection extends HTMLElement {
      static observedAttributes = ["from", "to", "kind", "transform"];
      connectedCallback() {
        engine.connectionChanged(this);
      }
      disconnectedCallback() {
        engine.connectionChanged(this);
      }
      attributeChangedCallback() {
        if (this.isConnected) engine.connectionChanged(this);
      }
    }
    customElements.define("hmr-connect", Connection);
    engine.host("double", (argument) => {
      if (typeof argument !== "number") throw new Error("that is no number");
      return argument * 2;
    });
    engine.host("later", () => new Promise((done) => this.later.push(done)));
    document.body.innerHTML = given.page;
    this.engine.learn(given.versions.filter(({ version }) => version === "1").map((version) => this.version(version)));
  }

  version({ module, version, url }) {
    return { module, hash: `${module} ${version}`, url, components: [] };
  }

  async entered(step) {
    const now = this.meanwhile.filter(([at]) => at === step);
    this.meanwhile = this.meanwhile.filter(([at]) => at !== step);
    for (const [, inner] of now) {
      if (inner.do === "advance") await this.clock.until(this.clock.now + inner.ms);
      else this.act(inner);
    }
  }

  element(selector) {
    const found = document.querySelector(selector);
    if (!found) throw new Error(`no element matches \`${selector}\``);
    return found;
  }

  /** Gives an element a size or a place in view, and notifies its observers. */
  layout(element, change) {
    this.layouts.set(element, { ...this.layoutOf(element), ...change });
    for (const observer of this.page.observers) if (observer.node === element) this.notify(observer);
  }

  layoutOf(element) {
    return this.layouts.get(element) ?? { width: 0, height: 0, ratio: 0 };
  }

  notify(observer) {
    const { width, height, ratio } = this.layoutOf(observer.node);
    const isIntersecting = ratio > 0 && ratio >= (observer.options?.threshold ?? 0);
    // It is notified only when the threshold is crossed.
    const threshold = observer.options?.threshold;
    if (threshold !== undefined && this.crossed.get(observer.node) === isIntersecting) return;
    this.crossed.set(observer.node, isIntersecting);
    observer.notify([{ target: observer.node, contentRect: { width, height }, isIntersecting, intersectionRatio: ratio }]);
  }

  /** A new observation is notified of the current state at once. */
  notifyObservers() {
    for (const observer of this.page.observers) {
      if (this.notified.get(observer) === observer.node) continue;
      this.notified.set(observer, observer.node);
      if (observer.node) this.notify(observer);
    }
  }

  /** As a pointer does it: the focus goes to what can have it, or to nothing. */
  click(element) {
    const focusable = element.closest("input, textarea, select, button, summary, a[href], [tabindex]");
    if (focusable) focusable.focus();
    else document.activeElement?.blur();
    // Added last, so that it is called last.
    window.addEventListener("click", (event) => this.followLink(event), { once: true });
    element.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  }

  /** What a browser does with a link. The page itself stays. */
  followLink(event) {
    const link = event.target.closest("a[href]");
    if (!link || event.defaultPrevented) return;
    event.preventDefault();
    const { history } = this.page;
    const url = history.resolve(link.getAttribute("href"));
    const [here, there] = [history.url(), url].map(({ origin, pathname, search }) => origin + pathname + search);
    if (here === there && url.hash !== "") history.push(url);
    else this.loads.push(url.href);
  }

  /** Runs a step that needs no waiting. */
  act(step) {
    switch (step.do) {
      case "open":
        return;
      case "click":
        return this.click(this.element(step.at));
      case "focus":
        return this.element(step.at).focus();
      case "input": {
        const field = this.element(step.at);
        field.focus();
        field.value = step.text;
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
        return;
      }
      case "choose": {
        const select = this.element(step.at);
        select.focus();
        const wanted = (option) => step.values.includes(option.value);
        if (select.multiple) for (const option of select.options) option.selected = wanted(option);
        else select.selectedIndex = [...select.options].findIndex(wanted);
        for (const name of ["input", "change"]) select.dispatchEvent(new Event(name, { bubbles: true }));
        return;
      }
      case "pick": {
        const option = this.element(step.at);
        const select = option.closest("select");
        select.focus();
        option.selected = true;
        for (const name of ["input", "change"]) select.dispatchEvent(new Event(name, { bubbles: true }));
        return;
      }
      case "before":
        return this.element(step.at).insertAdjacentHTML("beforebegin", step.html);
      case "wrap": {
        const element = this.element(step.at);
        const wrapper = document.createElement(step.tag);
        element.replaceWith(wrapper);
        return wrapper.append(element);
      }
      case "translate": {
        const walker = document.createTreeWalker(this.element(step.at), NodeFilter.SHOW_TEXT);
        const texts = [];
        while (walker.nextNode()) texts.push(walker.currentNode);
        for (const text of texts) {
          const font = document.createElement("font");
          font.append(document.createElement("font"));
          font.firstChild.textContent = text.data.toUpperCase();
          text.replaceWith(font);
        }
        return;
      }
      case "highlight": {
        const walker = document.createTreeWalker(this.element(step.at), NodeFilter.SHOW_TEXT);
        const texts = [];
        while (walker.nextNode()) texts.push(walker.currentNode);
        for (const text of texts) {
          const words = document.createElement("template");
          words.innerHTML = text.data.replace(/[^ ]+/g, "<span>$&</span>");
          text.replaceWith(words.content);
        }
        return;
      }
      case "replace":
        this.element(step.at).innerHTML = step.html;
        return;
      case "append":
        return document.body.insertAdjacentHTML("beforeend", step.html);
      case "remove":
        return this.element(step.at).remove();
      case "set":
        return this.element(step.at).setAttribute(step.name, step.value);
      case "swap": {
        this.meanwhile = step.meanwhile;
        const versions = step.modules.map((to) => {
          const version = this.versions.get(`${to.module} ${to.version}`);
          if (!version) throw new Error(`there is no version ${to.version} of ${to.module}`);
          return { ...this.version(version), ...(to.transform ? { transform: to.transform } : {}) };
        });
        this.engine.update(1, versions);
        return;
      }
      case "fire": {
        const event = Object.assign(new Event(step.event, { bubbles: true, cancelable: true }), step.data);
        return void (step.target === "window" ? window : document).dispatchEvent(event);
      }
      case "answer": {
        const at = this.page.requests.findIndex(({ url, options }) => url === step.url && !options.signal?.aborted);
        if (at < 0) throw new Error(`no request of ${step.url} is in flight`);
        const [request] = this.page.requests.splice(at, 1);
        return step.status === 0 ? request.fail(new Error(step.body)) : request.answer(new Response(step.body, { status: step.status }));
      }
      case "socket": {
        const socket = this.page.sockets.find((socket) => socket.url === step.url && !socket.closed);
        if (!socket) throw new Error(`there is no socket to ${step.url}`);
        if (step.what === "open") return socket.open();
        if (step.what === "says") return socket.says(step.text);
        socket.closed = true;
        return socket.ends(Number(step.text), "");
      }
      case "source": {
        const source = this.page.sources.find((source) => source.url === step.url && !source.closed);
        if (!source) throw new Error(`there is no event source ${step.url}`);
        if (step.what === "open") return void source.dispatchEvent(new Event("open"));
        if (step.what === "says") return source.says("message", step.text);
        return source.fails(0);
      }
      case "reply": {
        const done = this.later.shift();
        if (!done) throw new Error("nothing calls `later`");
        return done(step.value);
      }
      case "elsewhere":
        return void window.dispatchEvent(
          new StorageEvent("storage", {
            key: step.item,
            oldValue: null,
            newValue: step.value,
            storageArea: step.area === "local" ? localStorage : sessionStorage,
          }),
        );
      case "media":
        return this.page.queries.get(step.query)?.becomes(step.matches);
      case "resize":
        return this.layout(this.element(step.at), { width: step.width, height: step.height });
      case "intersect":
        return this.layout(this.element(step.at), { ratio: step.ratio });
      case "file": {
        const field = this.element(step.at);
        field.focus();
        const chosen = new DataTransfer();
        chosen.items.add(new File([step.text], step.name, { type: step.kind, lastModified: this.clock.now }));
        field.files = chosen.files;
        for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
        return;
      }
      case "clipboard":
        this.page.clipboard = step.text;
        return;
      case "refuse":
        this.page.clipboardError = step.reason;
        return;
      case "visit":
        return this.page.history.push(this.page.history.resolve(step.url));
      case "go":
        return this.page.history.go(step.by);
      case "history":
        return this.engine.goTo(step.module, (at) => at + step.by).then(() => null);
      case "reload":
        this.engine.control.restart(step.module, false);
        return;
      case "restart":
        this.engine.control.restart(step.module, true);
        return;
      case "rollback":
        this.engine.control.rollback(step.module);
        return;
      case "call":
        return `[I32(${this.engine.control.call(step.module, step.export, step.arguments)})]`;
      case "state": {
        const { instances } = JSON.parse(this.engine.stateOf(step.module).snapshot);
        const values = ({ signals = {} }) => Object.fromEntries(Object.entries(signals).map(([key, { value }]) => [key, value ?? null]));
        return Object.fromEntries(instances.map((one) => [one.instance, values(one)]));
      }
      case "generation":
        return this.engine.modules().find(({ module }) => module === step.module)?.generation;
      default:
        throw new Error(`the page cannot do ${JSON.stringify(step)}`);
    }
  }

  async step(step) {
    [this.answer, this.failed] = [null, null];
    try {
      if (step.do === "advance") await this.clock.until(this.clock.now + step.ms);
      else this.answer = (await this.act(step)) ?? null;
    } catch (error) {
      this.failed = error.message.split("\n")[0];
    }
    await this.settle();
    this.engine.captureAll();
    await this.settle();
  }

  /** Waits until nothing is left to do at this time. */
  async settle() {
    let quiet = 0;
    while (quiet < 3) {
      await this.clock.until(this.clock.now);
      this.notifyObservers();
      await turn();
      quiet = this.engine.busy ? 0 : quiet + 1;
    }
  }

  observe() {
    const { pathname, search, hash } = this.page.history.url();
    const address = pathname + search + hash;
    const seen = {
      location: address === "/" ? null : address,
      title: this.page.title,
      drawings: [...document.querySelectorAll("canvas")].map((canvas) => (drawings.get(canvas) ?? []).join("; ")),
      clipboard: this.page.clipboard,
      loads: this.loads,
      html: document.body.innerHTML,
      fields: [...document.querySelectorAll("input, textarea, select")].map(shown),
      focus: this.focus(),
      swaps: this.swaps,
      log: this.log,
      problems: this.problems,
      traps: this.traps,
      sent: [],
      answer: this.answer,
      failed: this.failed,
    };
    [this.swaps, this.log, this.problems, this.traps, this.loads] = [[], [], [], [], []];
    return seen;
  }

  focus() {
    const { activeElement } = document;
    if (!activeElement || activeElement === document.body) return null;
    const name = activeElement.getAttribute("id") ?? activeElement.getAttribute("name");
    return activeElement.localName + (name === null ? "" : ` ${name}`);
  }
}

/** The visible state of a field: its value, or all selected options; and whether it is on. */
function shown(field) {
  const value = field.localName === "select" ? [...field.selectedOptions].map((option) => option.value).join(", ") : field.value;
  return field.checked ? `${value} (on)` : value;
}

export async function run(given) {
  const runner = new Runner(given);
  await runner.settle();
  runner.engine.captureAll();
  const seen = [runner.observe()];
  for (const step of given.steps) {
    await runner.step(step);
    seen.push(runner.observe());
  }
  return seen;
}

/**
 * What a copy of code made with wasm-bindgen has started in the page, so that it ends with the copy.
 *
 * In: a window, and which copy's code is running. Out: listeners, timers, connections, observers and requests that this code starts
 * belong to the copy. Ending them only frees memory. An ended copy cannot act in any case, because its wrapped exports do nothing
 * (`client/bindgen/bindgen-copy.js`).
 *
 * Such code calls the browser directly. So functions of the browser are replaced once, when the first such code starts. While none of it
 * is running, they work as before.
 */

import { watchHandlers } from "./event-handlers.js";

/**
 * A copy, as an owner.
 *
 * @typedef {object} Owner
 * @property {(cleanup: () => void) => number} addCleanup
 * @property {(key: number) => void} removeCleanup
 * @property {AbortSignal} signal
 * @property {import("./event-handlers.js").EventHandlers} handlers
 * @property {(target: EventTarget) => boolean} tracks whether what is set at a target has to be removed when the copy ends
 */

/** Classes whose objects stay active until a method of this name is called. */
const ACTIVE = Object.entries({
  WebSocket: "close",
  EventSource: "close",
  BroadcastChannel: "close",
  MutationObserver: "disconnect",
  ResizeObserver: "disconnect",
  IntersectionObserver: "disconnect",
  PerformanceObserver: "disconnect",
  Worker: "terminate",
  AudioContext: "close",
  RTCPeerConnection: "close",
});

/** Functions that start something, those that end it, and whether it happens only once. */
const TIMED = /** @type {const} */ ([
  ["setTimeout", "clearTimeout", true],
  ["setInterval", "clearInterval", false],
  ["requestAnimationFrame", "cancelAnimationFrame", true],
  ["requestIdleCallback", "cancelIdleCallback", true],
]);

/** @typedef {{ owner: Owner, key: number, target: WeakRef<EventTarget>, type: string, capture: boolean }} OwnedListener */

/** The owners of what such code starts in one window. */
export class Ownership {
  /** The copy whose code is running. @type {Owner | null} */
  current = null;
  #view;
  /** @type {WeakMap<object, OwnedListener[]>} */
  #listeners = new WeakMap();

  /** @param {Window & typeof globalThis} view */
  constructor(view) {
    this.#view = view;
    this.#replaceListeners();
    watchHandlers(view, (target) => (this.current?.tracks(target) ? this.current.handlers : null));
    for (const [begin, end, once] of TIMED) this.#replaceTimer(begin, end, once);
    for (const [name, method] of ACTIVE) this.#replaceClass(name, method);
    this.#replaceFetch();
  }

  /**
   * Runs code of a copy, which owns what the code starts.
   *
   * @template T
   * @param {Owner} owner
   * @param {() => T} code
   */
  run(owner, code) {
    const before = this.current;
    this.current = owner;
    try {
      return code();
    } finally {
      this.current = before;
    }
  }

  #replaceListeners() {
    const ownership = this;
    const { prototype } = this.#view.EventTarget;
    const { addEventListener: add, removeEventListener: remove } = prototype;
    /** @type {typeof add} */
    prototype.addEventListener = function (type, listener, options) {
      const target = this ?? ownership.#view;
      add.call(target, type, listener, options);
      const owner = ownership.current;
      if (owner && listener && owner.tracks(target)) ownership.#noteListener(owner, target, type, listener, captures(options), remove);
    };
    /** @type {typeof remove} */
    prototype.removeEventListener = function (type, listener, options) {
      const target = this ?? ownership.#view;
      remove.call(target, type, listener, options);
      if (listener) ownership.#forgetListener(target, type, listener, captures(options));
    };
  }

  /**
   * @param {Owner} owner
   * @param {EventTarget} target
   * @param {string} type
   * @param {EventListenerOrEventListenerObject} listener
   * @param {boolean} capture
   * @param {EventTarget["removeEventListener"]} remove
   */
  #noteListener(owner, target, type, listener, capture, remove) {
    const weak = new WeakRef(target);
    const key = owner.addCleanup(() => {
      const alive = weak.deref();
      if (alive) remove.call(alive, type, listener, capture);
    });
    const owned = this.#listeners.get(listener) ?? [];
    this.#listeners.set(listener, owned);
    owned.push({ owner, key, target: weak, type, capture });
  }

  /**
   * @param {EventTarget} target
   * @param {string} type
   * @param {EventListenerOrEventListenerObject} listener
   * @param {boolean} capture
   */
  #forgetListener(target, type, listener, capture) {
    const owned = this.#listeners.get(listener) ?? [];
    const at = owned.findIndex((one) => one.target.deref() === target && one.type === type && one.capture === capture);
    const [removed] = at < 0 ? [] : owned.splice(at, 1);
    removed?.owner.removeCleanup(removed.key);
  }

  /**
   * @param {typeof TIMED[number][0]} begin
   * @param {typeof TIMED[number][1]} end
   * @param {boolean} once
   */
  #replaceTimer(begin, end, once) {
    const view = /** @type {Record<string, any>} */ (/** @type {unknown} */ (this.#view));
    const [began, ended] = [view[begin], view[end]];
    // Some browsers have no idle callbacks.
    if (typeof began !== "function") return;
    /** @type {Map<number, { owner: Owner, key: number }>} */
    const timers = new Map();
    const forget = (/** @type {number} */ id) => {
      const timer = timers.get(id);
      timers.delete(id);
      timer?.owner.removeCleanup(timer.key);
    };
    view[begin] = (/** @type {unknown} */ code, /** @type {unknown[]} */ ...rest) => {
      const owner = this.current;
      if (!owner) return began.call(view, code, ...rest);
      const counted =
        once && typeof code === "function"
          ? (/** @type {unknown[]} */ ...values) => {
              forget(id);
              return code(...values);
            }
          : code;
      /** @type {number} */
      const id = began.call(view, counted, ...rest);
      const key = owner.addCleanup(() => {
        timers.delete(id);
        ended.call(view, id);
      });
      timers.set(id, { owner, key });
      return id;
    };
    view[end] = (/** @type {number} */ id) => {
      forget(id);
      ended.call(view, id);
    };
  }

  /**
   * @param {string} name
   * @param {string} method
   */
  #replaceClass(name, method) {
    const view = /** @type {Record<string, any>} */ (/** @type {unknown} */ (this.#view));
    const original = view[name];
    if (typeof original !== "function") return;
    /** @type {any} */
    const replaced = new Proxy(original, {
      construct: (target, values, newTarget) => {
        const unopened = this.current && name === "WebSocket" ? unopenedSocket(view, values[0]) : null;
        if (unopened) return unopened;
        /** @type {any} */
        const made = Reflect.construct(target, values, newTarget === replaced ? target : newTarget);
        const owner = this.current;
        if (owner) {
          const weak = new WeakRef(made);
          owner.addCleanup(() => weak.deref()?.[method]());
        }
        return made;
      },
    });
    view[name] = replaced;
  }

  #replaceFetch() {
    const view = this.#view;
    const { fetch } = view;
    view.fetch = (input, options) => {
      const owner = this.current;
      if (!owner) return fetch.call(view, input, options);
      const given = options?.signal ?? (input instanceof view.Request ? input.signal : null);
      const signal = given ? view.AbortSignal.any([given, owner.signal]) : owner.signal;
      return fetch.call(view, input, { ...options, signal });
    };
  }
}

/** @param {boolean | AddEventListenerOptions | EventListenerOptions | undefined} options */
function captures(options) {
  return typeof options === "object" ? options?.capture === true : options === true;
}

/**
 * A Dioxus application that is built for development looks for the development server of dx, and reloads the page when it finds one. It
 * gets a socket that never opens.
 *
 * @param {Record<string, any>} view
 * @param {unknown} url
 */
function unopenedSocket(view, url) {
  let path = "";
  try {
    path = new URL(String(url), view.location.href).pathname;
  } catch {
    // The real class reports it.
  }
  if (path !== "/_dioxus") return null;
  return Object.assign(new view.EventTarget(), { readyState: 0, url: String(url), send() {}, close() {} });
}

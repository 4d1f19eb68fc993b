/**
 * What an application has begun in the page, so that it can be ended with the application's generation.
 *
 * In: a window, and which generation's code is running. Out: listeners, timers, connections, observers and requests that this code
 * begins belong to its generation. Ending them frees them; it is not what keeps an ended generation from acting: its exports do nothing
 * any more (`generation.js`).
 *
 * An application calls the browser directly, so functions of the browser are replaced, once, when the first application starts. While no
 * application's code is running, they do what they did before.
 */

/**
 * What owns things: a generation of an application.
 * @typedef {{ own: (end: () => void) => number, disown: (key: number) => void, signal: AbortSignal }} Owner
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

/** Functions that begin something once or repeatedly, and those that end it. */
const TIMED = /** @type {const} */ ([
  ["setTimeout", "clearTimeout", true],
  ["setInterval", "clearInterval", false],
  ["requestAnimationFrame", "cancelAnimationFrame", true],
  ["requestIdleCallback", "cancelIdleCallback", true],
]);

/** @typedef {{ generation: Owner, key: number, target: WeakRef<EventTarget>, type: string, capture: boolean }} OwnedListener */

/** The owners of what applications begin in one window. */
export class Ownership {
  /** The generation whose code is running. @type {Owner | null} */
  current = null;
  #view;
  #lasts;
  /** @type {WeakMap<object, OwnedListener[]>} */
  #listeners = new WeakMap();

  /**
   * @param {Window & typeof globalThis} view
   * @param {(node: Node) => boolean} lasts whether a node outlives the application. Listeners of other nodes go with them
   */
  constructor(view, lasts) {
    this.#view = view;
    this.#lasts = lasts;
    this.#replaceListeners();
    for (const [begin, end, once] of TIMED) this.#replaceTimer(begin, end, once);
    for (const [name, method] of ACTIVE) this.#replaceClass(name, method);
    this.#replaceFetch();
  }

  /**
   * Runs code of a generation.
   *
   * @template T
   * @param {Owner} generation
   * @param {() => T} code
   */
  run(generation, code) {
    const before = this.current;
    this.current = generation;
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
      const generation = ownership.current;
      if (generation && listener && ownership.#outlives(target))
        ownership.#own(generation, target, type, listener, captures(options), remove);
    };
    /** @type {typeof remove} */
    prototype.removeEventListener = function (type, listener, options) {
      const target = this ?? ownership.#view;
      remove.call(target, type, listener, options);
      if (listener) ownership.#disown(target, type, listener, captures(options));
    };
  }

  /** @param {EventTarget} target */
  #outlives(target) {
    return !(target instanceof this.#view.Node) || this.#lasts(target);
  }

  /**
   * @param {Owner} generation
   * @param {EventTarget} target
   * @param {string} type
   * @param {EventListenerOrEventListenerObject} listener
   * @param {boolean} capture
   * @param {EventTarget["removeEventListener"]} remove
   */
  #own(generation, target, type, listener, capture, remove) {
    const weak = new WeakRef(target);
    const key = generation.own(() => {
      const still = weak.deref();
      if (still) remove.call(still, type, listener, capture);
    });
    const owned = this.#listeners.get(listener) ?? [];
    this.#listeners.set(listener, owned);
    owned.push({ generation, key, target: weak, type, capture });
  }

  /**
   * @param {EventTarget} target
   * @param {string} type
   * @param {EventListenerOrEventListenerObject} listener
   * @param {boolean} capture
   */
  #disown(target, type, listener, capture) {
    const owned = this.#listeners.get(listener) ?? [];
    const at = owned.findIndex((one) => one.target.deref() === target && one.type === type && one.capture === capture);
    const [removed] = at < 0 ? [] : owned.splice(at, 1);
    removed?.generation.disown(removed.key);
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
    /** @type {Map<number, { generation: Owner, key: number }>} */
    const timers = new Map();
    const forget = (/** @type {number} */ id) => {
      const timer = timers.get(id);
      timers.delete(id);
      timer?.generation.disown(timer.key);
    };
    view[begin] = (/** @type {unknown} */ code, /** @type {unknown[]} */ ...rest) => {
      const generation = this.current;
      if (!generation) return began.call(view, code, ...rest);
      const counted =
        once && typeof code === "function"
          ? (/** @type {unknown[]} */ ...values) => {
              forget(id);
              return code(...values);
            }
          : code;
      /** @type {number} */
      const id = began.call(view, counted, ...rest);
      const key = generation.own(() => {
        timers.delete(id);
        ended.call(view, id);
      });
      timers.set(id, { generation, key });
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
        const absent = this.current && name === "WebSocket" ? absentSocket(view, values[0]) : null;
        if (absent) return absent;
        /** @type {any} */
        const made = Reflect.construct(target, values, newTarget === replaced ? target : newTarget);
        const generation = this.current;
        if (generation) {
          const weak = new WeakRef(made);
          generation.own(() => weak.deref()?.[method]());
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
      const generation = this.current;
      if (!generation) return fetch.call(view, input, options);
      const own = options?.signal ?? (input instanceof view.Request ? input.signal : null);
      const signal = own ? view.AbortSignal.any([own, generation.signal]) : generation.signal;
      return fetch.call(view, input, { ...options, signal });
    };
  }
}

/** @param {boolean | AddEventListenerOptions | EventListenerOptions | undefined} options */
function captures(options) {
  return typeof options === "object" ? options?.capture === true : options === true;
}

/**
 * Applications of Dioxus that are built for development look for the development server of dx, and load the page again when they have found one. They get a
 * socket that never opens.
 *
 * @param {Record<string, any>} view
 * @param {unknown} url
 */
function absentSocket(view, url) {
  let path = "";
  try {
    path = new URL(String(url), view.location.href).pathname;
  } catch {
    // The real class reports it.
  }
  if (path !== "/_dioxus") return null;
  return Object.assign(new view.EventTarget(), { readyState: 0, url: String(url), send() {}, close() {} });
}

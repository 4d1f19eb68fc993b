/** What a browser gives resources, commanded by a test. */

/** A web socket whose other side is the test. */
export class FakeSocket extends EventTarget {
  binaryType = "blob";
  /** The messages sent through it. @type {unknown[]} */
  sent = [];
  /** Whether this side has closed it. */
  closed = false;

  /** @param {string} url @param {string[]} protocols */
  constructor(url, protocols) {
    super();
    this.url = url;
    this.protocols = protocols;
  }

  /** @param {unknown} message */
  send(message) {
    this.sent.push(message);
  }

  close() {
    this.closed = true;
  }

  open() {
    this.dispatchEvent(new Event("open"));
  }

  /** @param {unknown} data */
  says(data) {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  /** The other side closes. @param {number} code @param {string} reason */
  ends(code, reason) {
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason, wasClean: true }));
  }
}

/** A stream of server-sent events. */
export class FakeSource extends EventTarget {
  readyState = 0;
  closed = false;

  /** @param {string} url */
  constructor(url) {
    super();
    this.url = url;
  }

  close() {
    this.closed = true;
  }

  /** @param {string} event @param {string} data @param {string} [lastEventId] */
  says(event, data, lastEventId = "") {
    this.dispatchEvent(new MessageEvent(event, { data, lastEventId }));
  }

  /** @param {number} readyState 0 if the browser tries again, 2 if not */
  fails(readyState) {
    this.readyState = readyState;
    this.dispatchEvent(new Event("error"));
  }
}

/** An observer of any kind. */
export class FakeObserver {
  /** @type {Node | null} */
  node = null;

  /** @param {(entries: any) => void} notify @param {unknown} [options] */
  constructor(notify, options) {
    this.notify = notify;
    this.options = options;
  }

  /** @param {Node} node */
  observe(node) {
    this.node = node;
  }

  disconnect() {
    this.node = null;
  }
}

/** A media query. */
export class FakeQuery extends EventTarget {
  matches = false;

  /** @param {boolean} matches */
  becomes(matches) {
    this.matches = matches;
    this.dispatchEvent(new Event("change"));
  }
}

/** An HTTP request that waits for the test's answer. */
class FakeRequest {
  /** @type {(response: Response) => void} */
  answer = () => {};
  /** @type {(error: Error) => void} */
  fail = () => {};

  /** @param {string} url @param {RequestInit} options */
  constructor(url, options) {
    this.url = url;
    this.options = options;
    this.done = new Promise((/** @type {(response: Response) => void} */ answer, fail) => Object.assign(this, { answer, fail }));
  }
}

/** The history of a page in a test. */
export class FakeHistory {
  at = 0;
  /** @type {Set<() => void>} */
  watchers = new Set();

  /** @param {string} [start] the address that the page was opened with */
  constructor(start = "http://localhost/") {
    this.entries = [new URL(start)];
  }

  url = () => /** @type {URL} */ (this.entries[this.at]);

  resolve = (/** @type {string} */ url) => new URL(url, this.url());

  push = (/** @type {URL} */ url) => {
    this.entries.splice(++this.at, Infinity, url);
    this.changed();
  };

  replace = (/** @type {URL} */ url) => {
    this.entries[this.at] = url;
    this.changed();
  };

  go = (/** @type {number} */ by) => {
    if (by === 0 || !this.entries[this.at + by]) return;
    this.at += by;
    this.changed();
  };

  watch = (/** @type {() => void} */ watcher) => {
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  };

  changed() {
    for (const watcher of [...this.watchers]) watcher();
  }
}

/**
 * Bytes that are the same each time, as the headless engine gives them.
 * @param {number} [seed]
 */
function seededBytes(seed = 0) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) & 0xff;
  };
}

/** The facilities of a page in a test, with all that was made of them. */
export class FakeFacilities {
  /** @type {FakeSocket[]} */
  sockets = [];
  /** @type {FakeSource[]} */
  sources = [];
  /** @type {FakeObserver[]} */
  observers = [];
  /** @type {Map<string, FakeQuery>} */
  queries = new Map();
  /** @type {FakeRequest[]} */
  requests = [];
  history = new FakeHistory();
  /** The title that modules have set. @type {string | null} */
  title = null;
  clipboard = "";
  /** Why the clipboard cannot be used. @type {string | null} */
  clipboardError = null;
  /** How many minutes the local time is ahead of UTC. */
  timeZone = 0;
  #randomByte = seededBytes();

  /**
   * @param {import("../../resources/facilities.js").Timers} timers
   * @param {Window & typeof globalThis} window
   */
  constructor(timers, window) {
    this.timers = timers;
    this.window = window;
  }

  /** @returns {import("../../resources/facilities.js").Facilities} */
  get given() {
    const observer = (/** @type {any} */ code, /** @type {unknown} */ options = undefined) => {
      const made = new FakeObserver(code, options);
      this.observers.push(made);
      return /** @type {any} */ (made);
    };
    return {
      timers: this.timers,
      window: this.window,
      document: this.window.document,
      socket: (url, protocols) => {
        if (url === "") throw new SyntaxError("the address is empty");
        const socket = new FakeSocket(url, protocols);
        this.sockets.push(socket);
        return /** @type {any} */ (socket);
      },
      eventSource: (url) => {
        if (url === "") throw new SyntaxError("the address is empty");
        const source = new FakeSource(url);
        this.sources.push(source);
        return /** @type {any} */ (source);
      },
      fetch: (url, options) => {
        const request = new FakeRequest(url, options);
        this.requests.push(request);
        return request.done;
      },
      aborter: () => new AbortController(),
      resizeObserver: observer,
      intersectionObserver: observer,
      mutationObserver: observer,
      mediaQuery: (query) => {
        const made = this.queries.get(query) ?? new FakeQuery();
        this.queries.set(query, made);
        return /** @type {any} */ (made);
      },
      storage: (area) => (area === "local" ? this.window.localStorage : this.window.sessionStorage),
      history: this.history,
      clipboard: {
        read: async () => {
          if (this.clipboardError !== null) throw new Error(this.clipboardError);
          return this.clipboard;
        },
        write: async (text) => {
          if (this.clipboardError !== null) throw new Error(this.clipboardError);
          this.clipboard = text;
        },
      },
      title: (title) => {
        this.title = title;
      },
      random: (bytes) => {
        for (let at = 0; at < bytes.length; at++) bytes[at] = this.#randomByte();
      },
      timeZone: () => this.timeZone,
    };
  }
}

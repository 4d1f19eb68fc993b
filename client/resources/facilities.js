import { historyOf } from "./page-history.js";

/**
 * The features of a browser that resources need. Tests replace them.
 *
 * @typedef {object} Facilities
 * @property {Timers} timers
 * @property {EventTarget} window
 * @property {EventTarget} document
 * @property {(url: string, protocols: string[]) => WebSocket} socket relative addresses are those of the page
 * @property {(url: string) => EventSource} eventSource
 * @property {(url: string, options: RequestInit) => Promise<Response>} fetch
 * @property {() => AbortController} aborter
 * @property {(code: ResizeObserverCallback) => ResizeObserver} resizeObserver
 * @property {(code: IntersectionObserverCallback, options: IntersectionObserverInit) => IntersectionObserver} intersectionObserver
 * @property {(code: MutationCallback) => MutationObserver} mutationObserver
 * @property {(query: string) => MediaQueryList} mediaQuery
 * @property {(area: "local" | "session") => Storage} storage
 * @property {import("./page-history.js").PageHistory} history
 * @property {{ read: () => Promise<string>, write: (text: string) => Promise<void> }} clipboard
 * @property {(title: string) => void} title sets the title of the page
 * @property {(bytes: Uint8Array) => void} random fills it with random bytes
 * @property {(ms: number) => number} timeZone how many minutes the local time is ahead of UTC, that many milliseconds after the epoch
 */

/**
 * The timers of the page.
 * @typedef {object} Timers
 * @property {(code: () => void, ms: number) => unknown} setInterval
 * @property {(id: any) => void} clearInterval
 * @property {(code: () => void, ms: number) => unknown} setTimeout
 * @property {(id: any) => void} clearTimeout
 * @property {(code: () => void) => unknown} requestAnimationFrame
 * @property {(id: any) => void} cancelAnimationFrame
 */

/** How many bytes a browser makes at once. */
const RANDOM_BYTES = 65_536;

/**
 * The facilities of a window.
 *
 * @param {Window & typeof globalThis} window
 * @returns {Facilities}
 */
export function facilitiesOf(window) {
  return {
    timers: {
      setInterval: (code, ms) => window.setInterval(code, ms),
      clearInterval: (id) => window.clearInterval(id),
      setTimeout: (code, ms) => window.setTimeout(code, ms),
      clearTimeout: (id) => window.clearTimeout(id),
      requestAnimationFrame: (code) => window.requestAnimationFrame(code),
      cancelAnimationFrame: (id) => window.cancelAnimationFrame(id),
    },
    window,
    document: window.document,
    socket(url, protocols) {
      const address = new window.URL(url, window.document.baseURI);
      if (/^https?:$/.test(address.protocol)) address.protocol = address.protocol.replace("http", "ws");
      return new window.WebSocket(address, protocols);
    },
    eventSource: (url) => new window.EventSource(url),
    fetch: (url, options) => window.fetch(url, options),
    aborter: () => new window.AbortController(),
    resizeObserver: (code) => new window.ResizeObserver(code),
    intersectionObserver: (code, options) => new window.IntersectionObserver(code, options),
    mutationObserver: (code) => new window.MutationObserver(code),
    mediaQuery: (query) => window.matchMedia(query),
    storage: (area) => (area === "local" ? window.localStorage : window.sessionStorage),
    history: historyOf(window),
    title(title) {
      window.document.title = title;
    },
    clipboard: {
      read: async () => clipboardOf(window).readText(),
      write: async (text) => clipboardOf(window).writeText(text),
    },
    random(bytes) {
      for (let at = 0; at < bytes.length; at += RANDOM_BYTES) window.crypto.getRandomValues(bytes.subarray(at, at + RANDOM_BYTES));
    },
    timeZone: (ms) => -new window.Date(ms).getTimezoneOffset(),
  };
}

/**
 * @param {Window} window
 * @returns {Clipboard}
 */
function clipboardOf(window) {
  const { clipboard } = window.navigator;
  if (!clipboard) throw new Error("the page has no clipboard: browsers give it to pages of `https` and of their own machine");
  return clipboard;
}

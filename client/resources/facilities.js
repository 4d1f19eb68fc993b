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
  };
}

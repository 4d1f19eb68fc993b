/** Resources that communicate with a server. */

import { decodeBase64, encodeBase64 } from "./base64.js";

/** @typedef {import("./backing.js").Backing} Backing */
/** @typedef {import("./backing.js").Firing} Firing */
/** @typedef {import("./facilities.js").Facilities} Facilities */
/** @typedef {import("./request.js").What} What */

/** What a browser reports for a connection that ended without a close frame of the other side. */
const ABNORMAL_CLOSURE = 1006;
const CLOSED = 2;

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * @param {Extract<What, { kind: "websocket" }>} what
 * @param {Firing} firing
 * @param {Facilities} page
 * @returns {Backing}
 */
export function openSocket({ url, protocols }, firing, page) {
  const closed = (/** @type {number} */ code, /** @type {string} */ reason, /** @type {boolean} */ clean) => {
    firing.ended();
    firing.fire({ state: "closed", code, reason, clean });
  };
  let socket;
  try {
    socket = page.socket(url, protocols);
  } catch (error) {
    closed(ABNORMAL_CLOSURE, messageOf(error), false);
    return { stop: () => {}, send: () => false };
  }
  const through = socket;
  /** Messages to send once it is open. @type {(string | Uint8Array<ArrayBuffer>)[] | null} */
  let waiting = [];
  let ended = false;
  through.binaryType = "arraybuffer";
  through.addEventListener("open", () => {
    for (const message of waiting ?? []) through.send(message);
    waiting = null;
    firing.fire({ state: "open" });
  });
  through.addEventListener("message", ({ data }) => {
    if (typeof data === "string") firing.fire({ state: "message", data });
    else firing.fire({ state: "message", binary: encodeBase64(data) });
  });
  through.addEventListener("close", ({ code, reason, wasClean }) => {
    ended = true;
    closed(code, reason, wasClean);
  });
  return {
    send(data, binary) {
      const message = binary ? (decodeBase64(data) ?? "") : data;
      if (ended) return false;
      if (waiting) waiting.push(message);
      else through.send(message);
      return true;
    },
    stop: () => through.close(),
  };
}

/**
 * @param {Extract<What, { kind: "event-source" }>} what
 * @param {Firing} firing
 * @param {Facilities} page
 * @returns {Backing}
 */
export function listenToSource({ url, events }, firing, page) {
  let source;
  try {
    source = page.eventSource(url);
  } catch (error) {
    firing.warn(`cannot be opened: ${messageOf(error)}`);
    firing.ended();
    firing.fire({ state: "error", closed: true });
    return { stop: () => {} };
  }
  const from = source;
  from.addEventListener("open", () => firing.fire({ state: "open" }));
  for (const event of new Set(["message", ...events])) {
    from.addEventListener(event, (native) => {
      // The browser's own `error` has no data; an event of that name which the server sent does.
      const { data, lastEventId } = /** @type {MessageEvent} */ (native);
      if (data !== undefined) firing.fire({ state: "message", event, id: lastEventId, data: String(data) });
    });
  }
  from.addEventListener("error", (native) => {
    if ("data" in native) return;
    const closed = from.readyState === CLOSED;
    if (closed) firing.ended();
    firing.fire({ state: "error", closed });
  });
  return { stop: () => from.close() };
}

/**
 * @param {Extract<What, { kind: "request" }>} what
 * @param {Firing} firing
 * @param {Facilities} page
 * @returns {Backing}
 */
export function request({ method, url, headers, body }, firing, page) {
  const aborter = page.aborter();
  const ask = async () => {
    const response = await page.fetch(url, { method, headers, body, signal: aborter.signal });
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
  };
  ask().then(
    (answer) => firing.fire(answer),
    (error) => firing.fire({ error: messageOf(error) }),
  );
  return { stop: () => aborter.abort() };
}

/**
 * The implementation of an open resource: a timer, an observer, a socket.
 *
 * In: a resource's description. Out: something that fires until it is stopped. `docs/abi.md` describes the firings.
 */

import { watchQuery, watchElement, watchEvents, watchStorage } from "./watch.js";
import { watchLocation } from "./links.js";
import { listenToSource, openSocket, request } from "./network.js";

/** @typedef {import("./facilities.js").Facilities} Facilities */
/** @typedef {import("./request.js").What} What */
/** @typedef {import("./backing.js").Backing} Backing */
/** @typedef {import("./backing.js").Firing} Firing */

/** How long a browser's timer can wait, in milliseconds; one that is to wait longer fires at once. */
const LONGEST = 2 ** 31 - 1;

/**
 * @param {What} what
 * @param {Firing} firing
 * @param {Facilities} page
 * @param {import("./host-functions.js").HostFunctions} host
 * @returns {Backing}
 */
export function start(what, firing, page, host) {
  const { timers } = page;
  switch (what.kind) {
    case "interval":
      return { stop: every(what.ms, () => firing.fire(null), timers) };
    case "timeout":
      return { stop: after(what.ms, () => firing.fire(null), timers) };
    case "animation-frame":
      return frames(firing, timers);
    case "listener":
      return watchEvents(what, firing, page);
    case "resize-observer":
    case "intersection-observer":
    case "mutation-observer":
      return watchElement(what, firing, page);
    case "media-query":
      return watchQuery(what, firing, page);
    case "storage":
      return watchStorage(what, firing, page);
    case "location":
      return watchLocation(what, firing, page);
    case "websocket":
      return openSocket(what, firing, page);
    case "event-source":
      return listenToSource(what, firing, page);
    case "request":
      return request(what, firing, page);
    case "call": {
      const answer = host.answer(what.function, what.argument);
      if (typeof answer === "string") firing.fire(answer);
      else void answer.then((text) => firing.fire(text));
      return { stop: () => {} };
    }
    default:
      return what;
  }
}

/**
 * @param {number} ms
 * @param {() => void} code
 * @param {import("./facilities.js").Timers} timers
 * @returns {() => void} stops it
 */
function after(ms, code, timers) {
  /** @type {unknown} */
  let id;
  const wait = (/** @type {number} */ left) => {
    id = timers.setTimeout(() => (left > LONGEST ? wait(left - LONGEST) : code()), Math.min(left, LONGEST));
  };
  wait(ms);
  return () => timers.clearTimeout(id);
}

/**
 * @param {number} ms
 * @param {() => void} code
 * @param {import("./facilities.js").Timers} timers
 * @returns {() => void} stops it
 */
function every(ms, code, timers) {
  if (ms <= LONGEST) {
    const id = timers.setInterval(code, ms);
    return () => timers.clearInterval(id);
  }
  const again = () => {
    stop = after(ms, again, timers);
    code();
  };
  let stop = after(ms, again, timers);
  return () => stop();
}

/**
 * @param {Firing} firing
 * @param {import("./facilities.js").Timers} timers
 * @returns {Backing}
 */
function frames(firing, timers) {
  let stopped = false;
  let id = timers.requestAnimationFrame(function frame() {
    if (stopped) return;
    id = timers.requestAnimationFrame(frame);
    firing.fire(null);
  });
  return {
    stop() {
      stopped = true;
      timers.cancelAnimationFrame(id);
    },
  };
}

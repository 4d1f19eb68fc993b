/**
 * What stands behind an open resource: a timer, an observer, a socket.
 *
 * In: what a resource is. Out: something that fires until it is stopped. What a firing says is in `docs/abi.md`.
 */

import { watchQuery, watchElement, watchEvents, watchStorage } from "./watch.js";
import { listenToSource, openSocket, request } from "./network.js";

/** @typedef {import("./facilities.js").Facilities} Facilities */
/** @typedef {import("./request.js").What} What */

/**
 * @typedef {object} Backing
 * @property {() => void} stop
 * @property {(node: Node) => void} [observe] goes on with this node; what it observed before it lets go
 * @property {(data: string, binary: boolean) => boolean} [send] false if it has ended
 */

/**
 * How a backing tells what happens.
 *
 * @typedef {object} Firing
 * @property {(data: object | string | null) => void} fire with what the handler gets as `data`; text is JSON
 * @property {(event: Event, flags: number) => void} happened fires with an event
 * @property {() => void} ended it can fire no more, though nobody has stopped it
 * @property {(text: string) => void} warn
 */

/**
 * @param {What} what
 * @param {Firing} firing
 * @param {Facilities} page
 * @param {import("../host.js").HostFunctions} host
 * @returns {Backing}
 */
export function start(what, firing, page, host) {
  const { timers } = page;
  switch (what.kind) {
    case "interval": {
      const id = timers.setInterval(() => firing.fire(null), what.ms);
      return { stop: () => timers.clearInterval(id) };
    }
    case "timeout": {
      const id = timers.setTimeout(() => firing.fire(null), what.ms);
      return { stop: () => timers.clearTimeout(id) };
    }
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

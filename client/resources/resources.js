/**
 * What the engine holds for instances and keeps across swaps: timers, listeners, observers, sockets, requests, calls.
 *
 * In: requests of modules. Out: firings, passed to the code that delivers them. Here it is decided which code owns a resource, and whether it
 * continues; its implementation is in `resources/`. A resource is identified by its instance and key; code that was
 * swapped in and requests the same one gets the live one.
 *
 * Invariants: nothing fires that has been closed, nor does a one-shot fire twice for the same code, unless it requested a replay.
 */

import { ANSWER_PREVENT, ANSWER_STOP, readEvent } from "../dom/events.js";
import { LISTEN_PREVENT, LISTEN_STOP } from "../dom/operations.js";
import { start } from "./start-backing.js";

export { readRequest } from "./request.js";

/** @typedef {import("../tool/protocol.js").ResourceOutcome} ResourceOutcome */
/** @typedef {import("./facilities.js").Timers} Timers */
/** @typedef {import("./request.js").Request} Request */
/** @typedef {import("./request.js").OpenRequest} OpenRequest */
/** @typedef {import("./backing.js").Backing} Backing */

/** Firings of these that wait count as one. */
const TIMERS = new Set(["interval", "timeout", "animation-frame"]);
/** These fire once. */
const ONE_SHOTS = new Set(["timeout", "request", "call"]);

/**
 * What resources need of the engine around them.
 *
 * @typedef {object} ResourcesDeps
 * @property {import("./facilities.js").Facilities} page
 * @property {import("./host-functions.js").HostFunctions} host
 * @property {() => number} now milliseconds since the Unix epoch
 * @property {(resource: Resource, event: string) => number} fired delivers a firing, the JSON of an `EventData`, now or when it can
 *   be; answers the bits of `hmr_dispatch`, 0 if it waits
 * @property {(module: string, node: number) => Node | null | undefined} node the DOM node of a module's node number: null if it
 *   is not in the page yet, undefined if the number is unknown
 * @property {(module: string, text: string) => void} warn
 */

/** A resource that an instance has. */
export class Resource {
  /** Whether the instance still has it. */
  open = true;
  /** A one-shot that has fired. */
  spent = false;
  /** A connection that has ended without a request to close it. */
  ended = false;
  /** How many firings wait to be delivered. */
  waiting = 0;
  /** What a one-shot fired with. @type {object | string | null} */
  answer = null;
  /** @type {Backing | null} */
  backing = null;

  /**
   * @param {string} module
   * @param {OpenRequest} request
   */
  constructor(module, request) {
    this.module = module;
    this.instance = request.instance;
    this.key = request.key;
    this.what = request.what;
    this.same = request.same;
    this.node = request.node;
    this.handler = request.handler;
  }

  get kind() {
    return this.what.kind;
  }

  get oneShot() {
    return ONE_SHOTS.has(this.kind);
  }

  get timer() {
    return TIMERS.has(this.kind);
  }
}

/**
 * @param {number} instance
 * @param {string} key
 */
function name(instance, key) {
  return `${instance}:${key}`;
}

/** All resources of a page. */
export class Resources {
  /** @type {Map<string, Resource>} */
  #held = new Map();
  /** Observers whose element is to be looked up. @type {Set<Resource>} */
  #looking = new Set();
  #deps;

  /** @param {ResourcesDeps} deps */
  constructor(deps) {
    this.#deps = deps;
  }

  /**
   * Carries out what running code requests.
   * @param {string} module
   * @param {Request} request
   */
  apply(module, request) {
    switch (request.op) {
      case "open":
        this.#open(module, request, false);
        return;
      case "send":
        return this.#send(module, request);
      case "close":
        return this.#close(this.#of(module, request));
      default:
        request;
    }
  }

  /**
   * Carries out what code that replaces other code requests: of the resources of the given instances, those
   * that are asked for continue, and the rest is closed.
   *
   * @param {string} module
   * @param {Request[]} requests in the order in which they were made
   * @param {Set<number>} instances
   * @returns {ResourceOutcome[]}
   */
  settle(module, requests, instances) {
    /** @type {Map<string, OpenRequest>} */
    const wanted = new Map();
    /** @type {[string, Extract<Request, { op: "send" }>][]} */
    let sends = [];
    for (const request of requests) {
      const id = name(request.instance, request.key);
      if (request.op === "send") sends.push([id, request]);
      else wanted.delete(id);
      if (request.op === "open") wanted.set(id, request);
      else if (request.op === "close") sends = sends.filter(([of]) => of !== id);
    }
    /** @type {ResourceOutcome[]} */
    const outcomes = [];
    for (const [id, resource] of [...this.#held]) {
      if (resource.module !== module || !instances.has(resource.instance) || wanted.has(id)) continue;
      this.#close(resource);
      outcomes.push({ instance: resource.instance, key: resource.key, outcome: "closed" });
    }
    for (const request of wanted.values()) {
      const { instance, key } = request;
      outcomes.push({ instance, key, outcome: this.#open(module, request, true) });
    }
    for (const [, request] of sends) this.#send(module, request);
    return outcomes;
  }

  /** @param {number} instance */
  closeInstance(instance) {
    for (const resource of [...this.#held.values()]) if (resource.instance === instance) this.#close(resource);
  }

  /**
   * Closes what a module's other instances hold: they were not taken over.
   * @param {string} module
   * @param {Set<number>} instances
   */
  keepOnly(module, instances) {
    for (const resource of [...this.#held.values()]) {
      if (resource.module === module && !instances.has(resource.instance)) this.#close(resource);
    }
  }

  /**
   * Looks up the elements that observers asked for. Call this when a module's code has returned: then the operations that
   * make the elements have been done.
   * @param {string} module
   */
  attach(module) {
    for (const resource of [...this.#looking]) {
      if (resource.module !== module) continue;
      const node = this.#deps.node(module, resource.node ?? 0);
      if (node === null) continue;
      this.#looking.delete(resource);
      if (node === undefined) this.#warn(resource, `there is no node ${resource.node} to observe`);
      else if (resource.kind !== "mutation-observer" && node.nodeType !== 1)
        this.#warn(resource, `the node ${resource.node} is no element`);
      else resource.backing?.observe?.(node);
    }
  }

  /**
   * Call this right before a firing is delivered.
   * @param {Resource} resource
   */
  delivered(resource) {
    resource.waiting--;
    if (!resource.oneShot) return;
    resource.spent = true;
    this.#stop(resource);
  }

  /**
   * @param {string} module
   * @param {OpenRequest} request
   * @param {boolean} takesOver whether the code that asks replaces other code
   * @returns {"kept" | "replaced" | "opened"}
   */
  #open(module, request, takesOver) {
    const id = name(request.instance, request.key);
    const there = this.#held.get(id);
    if (there && there.module === module && there.same === request.same && (takesOver || !there.oneShot)) {
      return this.#goOn(there, request);
    }
    this.#close(there);
    const resource = new Resource(module, request);
    this.#held.set(id, resource);
    this.#start(resource);
    return there ? "replaced" : "opened";
  }

  /**
   * @param {Resource} resource
   * @param {OpenRequest} request
   * @returns {"kept" | "replaced"}
   */
  #goOn(resource, request) {
    resource.handler = request.handler;
    resource.node = request.node;
    if (resource.ended) {
      // Its pending firings come before those of the new connection.
      this.#stop(resource);
      resource.ended = false;
      this.#start(resource);
      return "replaced";
    }
    if (resource.node !== null) this.#looking.add(resource);
    if (resource.spent && request.replay && resource.waiting === 0) this.#fire(resource, resource.answer);
    return "kept";
  }

  /** @param {Resource} resource */
  #start(resource) {
    let live = true;
    /** @type {import("./backing.js").Firing} */
    const firing = {
      fire: (data) => void (live && this.#fire(resource, data)),
      happened: (event, flags) => void (live && this.#happened(resource, event, flags)),
      ended: () => {
        if (live) resource.ended = true;
      },
      warn: (text) => this.#warn(resource, text),
    };
    /** @type {Backing} */
    let backing = { stop: () => {} };
    try {
      backing = start(resource.what, firing, this.#deps.page, this.#deps.host);
    } catch (error) {
      this.#warn(resource, `cannot be opened: ${error instanceof Error ? error.message : error}`);
    }
    const { stop } = backing;
    const once = () => {
      if (!live) return;
      live = false;
      stop();
    };
    if (resource.spent || !resource.open) once();
    else resource.backing = { ...backing, stop: once };
    if (resource.node !== null) this.#looking.add(resource);
  }

  /** @param {Resource} resource */
  #stop(resource) {
    resource.backing?.stop();
    resource.backing = null;
  }

  /**
   * @param {Resource} resource
   * @param {object | string | null} data
   */
  #fire(resource, data) {
    if (resource.timer && resource.waiting > 0) return;
    if (resource.oneShot) resource.answer = data;
    resource.waiting++;
    const given = data === null ? {} : { data: typeof data === "string" ? data : JSON.stringify(data) };
    this.#deps.fired(resource, JSON.stringify({ type: resource.kind, ...given, time: this.#deps.now() }));
  }

  /**
   * @param {Resource} resource
   * @param {Event} event
   * @param {number} flags
   */
  #happened(resource, event, flags) {
    if (flags & LISTEN_PREVENT) event.preventDefault();
    if (flags & LISTEN_STOP) event.stopPropagation();
    resource.waiting++;
    const answer = this.#deps.fired(resource, readEvent(event, null, this.#deps.now()));
    if (answer & ANSWER_PREVENT) event.preventDefault();
    if (answer & ANSWER_STOP) event.stopPropagation();
  }

  /**
   * @param {string} module
   * @param {Extract<Request, { op: "send" }>} request
   */
  #send(module, request) {
    const { instance, key, data, binary } = request;
    const resource = this.#of(module, request);
    if (resource?.kind !== "websocket") {
      this.#deps.warn(module, `nothing was sent through \`${key}\`: the instance ${instance} has no web socket of that key`);
    } else if (!resource.backing?.send?.(data, binary)) {
      this.#warn(resource, "nothing was sent: the connection has ended");
    }
  }

  /**
   * @param {string} module
   * @param {{ instance: number, key: string }} request
   */
  #of(module, { instance, key }) {
    const resource = this.#held.get(name(instance, key));
    return resource?.module === module ? resource : undefined;
  }

  /** @param {Resource | undefined} resource */
  #close(resource) {
    if (!resource) return;
    resource.open = false;
    this.#stop(resource);
    this.#looking.delete(resource);
    this.#held.delete(name(resource.instance, resource.key));
  }

  /**
   * @param {Resource} resource
   * @param {string} text
   */
  #warn(resource, text) {
    this.#deps.warn(resource.module, `\`${resource.kind}\` of \`${resource.key}\`: ${text}`);
  }
}

/**
 * What the engine holds for instances and keeps across swaps: timers and animation frames.
 *
 * In: requests of modules, as JSON of any content. Out: firings, handed to whoever delivers them. A resource is known by
 * its instance and key; code that was swapped in and asks for the same one gets the live one.
 */

/** @typedef {import("./protocol.js").ResourceOutcome} ResourceOutcome */

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

/** @typedef {"interval" | "timeout" | "animation-frame"} Kind */

/**
 * @typedef {{ op: "open", instance: number, key: string, kind: Kind, ms: number, handler: number }
 *   | { op: "close", instance: number, key: string }} Request
 */

/** A live resource. */
export class Resource {
  /**
   * @param {string} module
   * @param {Extract<Request, { op: "open" }>} request
   */
  constructor(module, request) {
    this.module = module;
    this.instance = request.instance;
    this.key = request.key;
    this.kind = request.kind;
    this.ms = request.ms;
    this.handler = request.handler;
    this.open = true;
    /** Whether a firing waits to be delivered; further ones until then are one with it. */
    this.pending = false;
    /** @type {() => void} */
    this.stop = () => {};
  }
}

/** A request that makes no sense. */
export class RequestError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "RequestError";
  }
}

/**
 * @param {string} json
 * @returns {Request}
 * @throws {RequestError}
 */
export function readRequest(json) {
  let from;
  try {
    from = JSON.parse(json);
  } catch {
    throw new RequestError("a resource request is not JSON");
  }
  const { op, instance, key, kind, args, handler } = from ?? {};
  if (!Number.isInteger(instance) || typeof key !== "string") {
    throw new RequestError("a resource request names no instance or no key");
  }
  if (op === "close") return { op, instance, key };
  if (op !== "open" || !Number.isInteger(handler)) throw new RequestError("a resource request neither opens nor closes");
  if (kind === "animation-frame") return { op, instance, key, kind, ms: 0, handler };
  if (kind !== "interval" && kind !== "timeout") throw new RequestError(`there is no resource of the kind \`${kind}\``);
  const ms = args?.ms;
  if (typeof ms !== "number" || !(ms >= 0)) throw new RequestError(`\`${kind}\` needs \`ms\`, a number of milliseconds`);
  return { op, instance, key, kind, ms: kind === "interval" ? Math.max(1, ms) : ms, handler };
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
  #live = new Map();
  #timers;
  #fire;

  /**
   * @param {Timers} timers
   * @param {(resource: Resource) => void} fire
   */
  constructor(timers, fire) {
    this.#timers = timers;
    this.#fire = fire;
  }

  /**
   * Does what running code asks for.
   * @param {string} module
   * @param {Request} request
   */
  apply(module, request) {
    if (request.op === "close") this.#close(this.#live.get(name(request.instance, request.key)));
    else this.#open(module, request);
  }

  /**
   * Does what code that takes the place of other code asks for: of the resources of the given instances, those
   * that are asked for go on, and the rest is closed.
   *
   * @param {string} module
   * @param {Request[]} requests in the order in which they were made
   * @param {Set<number>} instances
   * @returns {ResourceOutcome[]}
   */
  settle(module, requests, instances) {
    /** @type {Map<string, Extract<Request, { op: "open" }>>} */
    const wanted = new Map();
    for (const request of requests) {
      if (request.op === "open") wanted.set(name(request.instance, request.key), request);
      else wanted.delete(name(request.instance, request.key));
    }
    /** @type {ResourceOutcome[]} */
    const outcomes = [];
    for (const [id, resource] of this.#live) {
      if (resource.module !== module || !instances.has(resource.instance) || wanted.has(id)) continue;
      this.#close(resource);
      outcomes.push({ instance: resource.instance, key: resource.key, outcome: "closed" });
    }
    for (const request of wanted.values()) {
      const { instance, key } = request;
      outcomes.push({ instance, key, outcome: this.#open(module, request) });
    }
    return outcomes;
  }

  /** @param {number} instance */
  closeInstance(instance) {
    for (const resource of [...this.#live.values()]) if (resource.instance === instance) this.#close(resource);
  }

  /**
   * Closes what a module's other instances hold: they were not taken over.
   * @param {string} module
   * @param {Set<number>} instances
   */
  keepOnly(module, instances) {
    for (const resource of [...this.#live.values()]) {
      if (resource.module === module && !instances.has(resource.instance)) this.#close(resource);
    }
  }

  /**
   * To be called right before a firing is delivered.
   * @param {Resource} resource
   */
  delivered(resource) {
    resource.pending = false;
    if (resource.kind === "timeout") this.#close(resource);
  }

  /**
   * @param {string} module
   * @param {Extract<Request, { op: "open" }>} request
   * @returns {"kept" | "replaced" | "opened"}
   */
  #open(module, request) {
    const id = name(request.instance, request.key);
    const there = this.#live.get(id);
    if (there && there.module === module && there.kind === request.kind && there.ms === request.ms) {
      there.handler = request.handler;
      return "kept";
    }
    this.#close(there);
    const resource = new Resource(module, request);
    this.#live.set(id, resource);
    this.#start(resource);
    return there ? "replaced" : "opened";
  }

  /** @param {Resource | undefined} resource */
  #close(resource) {
    if (!resource) return;
    resource.open = false;
    resource.stop();
    this.#live.delete(name(resource.instance, resource.key));
  }

  /** @param {Resource} resource */
  #start(resource) {
    const timers = this.#timers;
    const fire = () => {
      if (!resource.open || resource.pending) return;
      resource.pending = true;
      this.#fire(resource);
    };
    switch (resource.kind) {
      case "interval": {
        const id = timers.setInterval(fire, resource.ms);
        resource.stop = () => timers.clearInterval(id);
        return;
      }
      case "timeout": {
        const id = timers.setTimeout(fire, resource.ms);
        resource.stop = () => timers.clearTimeout(id);
        return;
      }
      case "animation-frame": {
        let id = timers.requestAnimationFrame(function frame() {
          if (!resource.open) return;
          id = timers.requestAnimationFrame(frame);
          fire();
        });
        resource.stop = () => timers.cancelAnimationFrame(id);
        return;
      }
      default:
        resource.kind;
    }
  }
}

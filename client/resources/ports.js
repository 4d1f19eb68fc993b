/**
 * The ports of instances, and the values that go from one to the other.
 *
 * In: requests of modules, `hmr-connect` elements. Out: values for delivery, problems, and the outcome of connections in a swap.
 * Which output is connected with which input is decided in `connections.js`.
 *
 * Invariants: values are text here, and only a transform rewrites them. An input gets each value of a `port` once, and the
 * latest one of a `stream` once when it becomes connected.
 */

import { compatible, fromText, outcomes, readDeclaration, resolve, toText, whyGone } from "./connections.js";
import { RequestError, parseRequest } from "./request.js";

/** @typedef {import("./connections.js").Port} Port */
/** @typedef {import("./connections.js").Link} Link */
/** @typedef {import("./connections.js").Declaration} Declaration */
/** @typedef {import("../tool/protocol.js").ConnectionOutcome} ConnectionOutcome */

/**
 * @typedef {{ op: "output", instance: number, port: string, kind: import("./connections.js").PortKind, type: string }
 *   | { op: "input", instance: number, port: string, type: string, handler: number }
 *   | { op: "send", instance: number, port: string, value: string }
 *   | { op: "close", instance: number, port: string, input: boolean }} PortRequest
 */

/** A value on its way: `module`, `instance` and `input` are where it goes. @typedef {{ module: string, instance: number, input: string,
 *   from: string, to: string, text: string, type: string, transform: string | null, link: string }} Value */

/**
 * What ports need of the engine around them.
 *
 * @typedef {object} PortsDeps
 * @property {import("./host-functions.js").HostFunctions} host
 * @property {(instance: number) => string | null} nameOf null for an instance that has no place
 * @property {(name: string) => boolean} isMounted whether an instance that is called so is mounted
 * @property {(value: Value) => void} sent delivers a value once it can be
 * @property {(message: string) => void} problem
 * @property {(module: string | null, text: string) => void} warn
 */

/**
 * @param {string} json
 * @returns {PortRequest}
 * @throws {RequestError}
 */
export function readPortRequest(json) {
  const { op, instance, port, kind, type, handler, value, input } = parseRequest(json, "a port request");
  if (!Number.isInteger(instance) || typeof port !== "string" || port === "") {
    throw new RequestError("a port request names no instance or no port");
  }
  switch (op) {
    case "output":
      if (typeof type !== "string") throw new RequestError(`the output \`${port}\` has no type`);
      if (kind !== "port" && kind !== "stream") throw new RequestError(`the output \`${port}\` is neither \`port\` nor \`stream\``);
      return { op, instance, port, kind, type };
    case "input":
      if (typeof type !== "string") throw new RequestError(`the input \`${port}\` has no type`);
      if (!Number.isInteger(handler)) throw new RequestError(`the input \`${port}\` has no handler`);
      return { op, instance, port, type, handler };
    case "send":
      return { op, instance, port, value: checkJson(port, value) };
    case "close":
      return { op, instance, port, input: input === true };
    default:
      throw new RequestError(`a port request of \`${port}\` neither declares, nor sends, nor closes`);
  }
}

/**
 * @param {string} port
 * @param {unknown} value
 * @returns {string}
 */
function checkJson(port, value) {
  try {
    if (typeof value === "string") {
      JSON.parse(value);
      return value;
    }
  } catch {
    // Reported below.
  }
  throw new RequestError(`what is sent through \`${port}\` is not a JSON text`);
}

/** @typedef {Port & { handler: number, latest: string | null }} OpenPort */

/**
 * @param {number} instance
 * @param {string} port
 * @param {boolean} input
 */
function name(instance, port, input) {
  return `${input ? "in" : "out"} ${instance} ${port}`;
}

/** The ports of one page. */
export class Ports {
  /** @type {Map<string, OpenPort>} */
  #open = new Map();
  /** @type {Map<Element, Declaration>} */
  #declarations = new Map();
  /** Elements that are to be read. @type {Set<Element>} */
  #dirty = new Set();
  /** The problems reported for malformed elements. @type {Map<Element, string>} */
  #malformed = new Map();
  /** @type {Map<string, Link>} */
  #links = new Map();
  /** Whether the links must be computed again. */
  #stale = false;
  /** The current problems of connections that were reported. @type {Set<string>} */
  #standing = new Set();
  /** The ports that connections wait for, as reported. @type {Set<string>} */
  #absent = new Set();
  /** The transforms that failed when they were called last. @type {Set<string>} */
  #failing = new Set();
  /** The links whose input missed a value because no code ran. @type {Set<string>} */
  #owed = new Set();
  #serial = 1;
  #deps;

  /** @param {PortsDeps} deps */
  constructor(deps) {
    this.#deps = deps;
  }

  /**
   * Call this when an `hmr-connect` was added, removed or changed. It is read at the next `refresh`.
   * @param {Element} element
   */
  changed(element) {
    this.#dirty.add(element);
    this.#stale = true;
  }

  /** The current links, as of the last `refresh`. @returns {ReadonlyMap<string, Link>} */
  get links() {
    return this.#links;
  }

  /** Call this when an instance may have been added, removed or renamed. */
  renamed() {
    this.#stale = true;
  }

  /**
   * Carries out what running code requests.
   * @param {string} module
   * @param {PortRequest} request
   */
  apply(module, request) {
    switch (request.op) {
      case "output":
      case "input": {
        const id = name(request.instance, request.port, request.op === "input");
        this.#open.set(id, this.#made(module, request, this.#open.get(id)));
        this.#stale = true;
        return;
      }
      case "close": {
        const id = name(request.instance, request.port, request.input);
        if (this.#open.get(id)?.module === module) this.#drop(id);
        return;
      }
      case "send":
        return this.#send(module, request);
      default:
        request;
    }
  }

  /**
   * Applies the requests of code that replaces other code: the given instances have exactly the ports that it declares.
   *
   * @param {string} module
   * @param {PortRequest[]} requests in the order in which they were made
   * @param {Set<number>} instances
   * @param {ReadonlyMap<string, Link>} [before] the links before anything of the new code took effect
   * @returns {ConnectionOutcome[]} outcomes of their connections, also of those that their views removed or added
   */
  settle(module, requests, instances, before = this.#links) {
    this.#open = this.#after(module, requests, instances);
    this.#stale = true;
    const problems = this.refresh();
    const concerned = (/** @type {Port} */ port) => port.module === module && instances.has(port.instance);
    const there = (/** @type {Port} */ { instance, port, input }) => this.#open.has(name(instance, port, input));
    const changes = outcomes(before.values(), this.#links.values(), concerned, (link) => whyGone(link, problems, there));
    for (const key of this.#owed) {
      const link = this.#links.get(key);
      if (link && link.input.module !== module) continue;
      this.#owed.delete(key);
      if (link) this.#passLatest(link);
    }
    for (const request of requests) if (request.op === "send") this.#send(module, request);
    return changes;
  }

  /**
   * The ports that there will be.
   *
   * @param {string} module
   * @param {PortRequest[]} requests
   * @param {Set<number>} instances
   * @returns {Map<string, OpenPort>}
   */
  #after(module, requests, instances) {
    /** @type {Map<string, Extract<PortRequest, { op: "output" | "input" }>>} */
    const wanted = new Map();
    for (const request of requests) {
      if (request.op === "close") wanted.delete(name(request.instance, request.port, request.input));
      else if (request.op !== "send") wanted.set(name(request.instance, request.port, request.op === "input"), request);
    }
    const after = new Map(this.#open);
    for (const [id, port] of this.#open) {
      if (port.module === module && instances.has(port.instance) && !wanted.has(id)) after.delete(id);
    }
    for (const [id, request] of wanted) after.set(id, this.#made(module, request, this.#open.get(id)));
    return after;
  }

  /** @param {number} instance */
  closeInstance(instance) {
    for (const [id, port] of [...this.#open]) if (port.instance === instance) this.#drop(id);
  }

  /**
   * Closes the ports of a module's other instances: they were not taken over.
   * @param {string} module
   * @param {Set<number>} instances
   */
  keepOnly(module, instances) {
    for (const [id, port] of [...this.#open]) if (port.module === module && !instances.has(port.instance)) this.#drop(id);
  }

  /**
   * Computes the links again, if anything changed that they depend on.
   * @returns {Map<Declaration, string>} the problems that were found then
   */
  refresh() {
    for (const element of this.#dirty) this.#read(element);
    this.#dirty.clear();
    if (!this.#stale) return new Map();
    const { links, problems } = resolve(this.#declarations.values(), this.#open.values(), this.#deps.nameOf);
    this.#connect(links, problems);
    return problems;
  }

  /** Reports which connections wait for a port that an instance could have now. */
  reportAbsent() {
    /** @type {Set<string>} */
    const absent = new Set();
    for (const declaration of this.#declarations.values()) {
      for (const [{ name: wanted, port }, input] of /** @type {const} */ ([
        [declaration.from, false],
        [declaration.to, true],
      ])) {
        if (!this.#deps.isMounted(wanted)) continue;
        const theirs = [...this.#open.values()].filter((other) => other.input === input && this.#deps.nameOf(other.instance) === wanted);
        if (theirs.some((other) => other.port === port)) continue;
        const kind = input ? "input" : "output";
        const others = [...new Set(theirs.map((other) => `\`${other.port}\``))].sort().join(", ");
        const instead = others === "" ? "" : `; its ${kind}s: ${others}`;
        absent.add(
          `\`${fromText(declaration)}\` is not connected to \`${toText(declaration)}\` yet: \`${wanted}\` has no ${kind} \`${port}\`${instead}`,
        );
      }
    }
    for (const text of [...absent].sort()) if (!this.#absent.has(text)) this.#deps.warn(null, text);
    this.#absent = absent;
  }

  /** @param {Element} element */
  #read(element) {
    this.#declarations.delete(element);
    const declaration = element.isConnected ? readDeclaration((attribute) => element.getAttribute(attribute)) : null;
    if (typeof declaration !== "string") {
      this.#malformed.delete(element);
      if (declaration) this.#declarations.set(element, declaration);
    } else if (this.#malformed.get(element) !== declaration) {
      this.#malformed.set(element, declaration);
      this.#deps.problem(declaration);
    }
  }

  /**
   * The handler that takes a value, if there still is one.
   * @param {Value} value
   * @returns {number | undefined}
   */
  handlerOf({ module, instance, input, type, transform }) {
    const port = this.#open.get(name(instance, input, true));
    if (port?.module !== module || (transform === null && !compatible(type, port.type))) return undefined;
    return port.handler;
  }

  /**
   * What a value is delivered as.
   * @param {Value} value
   * @returns {string | null} null if its transform failed, which has been reported
   */
  transformed({ from, to, text, transform }) {
    if (transform === null) return text;
    try {
      const answer = this.#deps.host.now(transform, text);
      this.#failing.delete(transform);
      return answer;
    } catch (error) {
      const message = `a value of \`${from}\` did not reach \`${to}\`: ${error instanceof Error ? error.message : error}`;
      if (!this.#failing.has(transform)) this.#deps.problem(message);
      this.#failing.add(transform);
      return null;
    }
  }

  /**
   * Call this when a value could not be delivered, because no code runs that could take it. Of a stream, it gets
   * the latest one when it has code again.
   * @param {Value} value
   */
  missed({ link }) {
    this.#owed.add(link);
  }

  /**
   * The port that a request makes, or makes of the one that is there.
   *
   * @param {string} module
   * @param {Extract<PortRequest, { op: "output" | "input" }>} request
   * @param {OpenPort | undefined} there
   * @returns {OpenPort}
   */
  #made(module, request, there) {
    const { op, instance, port, type } = request;
    const kind = op === "output" ? request.kind : "port";
    const handler = op === "input" ? request.handler : 0;
    // A port of another type is another port: what came to it before is nothing to it.
    const goesOn = there?.module === module && there.type === type;
    const latest = goesOn && there.kind === kind ? there.latest : null;
    return { serial: goesOn ? there.serial : this.#serial++, module, instance, port, input: op === "input", kind, type, handler, latest };
  }

  /** @param {string} id */
  #drop(id) {
    this.#open.delete(id);
    this.#stale = true;
  }

  /**
   * @param {string} module
   * @param {Extract<PortRequest, { op: "send" }>} request
   */
  #send(module, { instance, port, value }) {
    const output = this.#open.get(name(instance, port, false));
    if (output?.module !== module) {
      this.#deps.warn(module, `a value was sent through \`${port}\`, which is not an output of the instance ${instance}`);
      return;
    }
    this.refresh();
    if (output.kind === "stream") output.latest = value;
    for (const link of this.#links.values()) if (link.output.serial === output.serial) this.#pass(link, value);
  }

  /**
   * @param {Link} link
   * @param {string} text
   */
  #pass({ key, declaration, output, input }, text) {
    const [from, to] = [fromText(declaration), toText(declaration)];
    const { module, instance, port } = input;
    this.#deps.sent({ module, instance, input: port, from, to, text, type: output.type, transform: declaration.transform, link: key });
  }

  /** @param {Link} link */
  #passLatest(link) {
    const latest = this.#open.get(name(link.output.instance, link.output.port, false))?.latest;
    if (typeof latest === "string") this.#pass(link, latest);
  }

  /**
   * @param {Map<string, Link>} links
   * @param {Map<Declaration, string>} problems
   */
  #connect(links, problems) {
    this.#stale = false;
    const before = this.#links;
    this.#links = links;
    for (const link of links.values()) if (!before.has(link.key)) this.#passLatest(link);
    const reported = this.#standing;
    this.#standing = new Set();
    for (const [declaration, why] of problems) {
      const message = `\`${fromText(declaration)}\` is not connected to \`${toText(declaration)}\`: ${why}`;
      if (!reported.has(message) && !this.#standing.has(message)) this.#deps.problem(message);
      this.#standing.add(message);
    }
  }
}

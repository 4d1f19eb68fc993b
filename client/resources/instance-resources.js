/**
 * What the engine holds for instances: resources and ports.
 *
 * In: requests of modules, in their order. Out: each goes to the resources or the ports. The two are settled
 * together, because they belong to the same code.
 */

import { HostFunctions } from "./host-functions.js";
import { Ports, readPortRequest } from "./ports.js";
import { Resources } from "./resources.js";

/** @typedef {import("../tool/protocol.js").ResourceOutcome} ResourceOutcome */
/** @typedef {import("../tool/protocol.js").ConnectionOutcome} ConnectionOutcome */
/** @typedef {import("./ports.js").PortRequest} PortRequest */
/** @typedef {import("./request.js").Request | { op: "port", instance: number, request: PortRequest }} Request */

/**
 * The parts of the engine that this needs.
 *
 * @typedef {object} InstanceResourcesDeps
 * @property {import("./facilities.js").Facilities} page
 * @property {() => number} now milliseconds since the Unix epoch
 * @property {import("./resources.js").ResourcesDeps["fired"]} fired
 * @property {import("./resources.js").ResourcesDeps["node"]} node
 * @property {import("./ports.js").PortsDeps["nameOf"]} nameOf
 * @property {import("./ports.js").PortsDeps["isMounted"]} isMounted
 * @property {(instance: number) => string | null} moduleOf null for an instance that has no place
 * @property {import("./ports.js").PortsDeps["sent"]} sent
 * @property {(message: string) => void} problem
 * @property {(module: string | null, text: string) => void} warn
 */

/**
 * Reads a request of the import `port`.
 *
 * @param {string} json
 * @returns {Request}
 * @throws {import("./request.js").RequestError}
 */
export function readPort(json) {
  const request = readPortRequest(json);
  return { op: "port", instance: request.instance, request };
}

/** The resources and ports of one page. */
export class InstanceResources {
  #deps;

  /** @param {InstanceResourcesDeps} deps */
  constructor(deps) {
    this.#deps = deps;
    this.host = new HostFunctions(deps.page);
    this.resources = new Resources({ ...deps, host: this.host });
    this.ports = new Ports({ ...deps, host: this.host });
  }

  /**
   * Carries out what running code requests, of an instance of its own.
   * @param {string} module
   * @param {Request} request
   */
  apply(module, request) {
    const owner = this.#deps.moduleOf(request.instance);
    if (owner !== null && owner !== module) {
      this.#deps.warn(module, `a request about the instance ${request.instance}, which is not the module's, was left out`);
      return;
    }
    if (request.op === "port") this.ports.apply(module, request.request);
    else this.resources.apply(module, request);
  }

  /** The connections that there are, to be given to `settle`. */
  get links() {
    return this.ports.links;
  }

  /**
   * Carries out what code that replaces other code requests.
   *
   * @param {string} module
   * @param {Request[]} requests
   * @param {Set<number>} instances those that it takes over; what it asks for of others is left out
   * @param {ReadonlyMap<string, import("./connections.js").Link>} [before] the connections before anything of it took effect
   * @returns {{ resources: ResourceOutcome[], connections: ConnectionOutcome[] }}
   */
  settle(module, requests, instances, before = this.links) {
    const own = requests.filter(({ instance }) => instances.has(instance));
    const ofPorts = own.flatMap((request) => (request.op === "port" ? [request.request] : []));
    const rest = own.flatMap((request) => (request.op === "port" ? [] : [request]));
    const connections = this.ports.settle(module, ofPorts, instances, before);
    return { resources: this.resources.settle(module, rest, instances), connections };
  }

  /**
   * Call this when a module's code has returned.
   * @param {string} module
   */
  returned(module) {
    this.resources.attach(module);
    this.ports.refresh();
  }

  /** @param {number} instance */
  closeInstance(instance) {
    this.resources.closeInstance(instance);
    this.ports.closeInstance(instance);
  }

  /**
   * Closes what a module's other instances hold: they were not taken over.
   * @param {string} module
   * @param {Set<number>} instances
   */
  keepOnly(module, instances) {
    this.resources.keepOnly(module, instances);
    this.ports.keepOnly(module, instances);
  }
}

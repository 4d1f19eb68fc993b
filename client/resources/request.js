/**
 * Reads the requests that modules make for resources.
 *
 * In: JSON of any content. Out: a `Request` whose fields have the types that `docs/abi.md` gives them, with what may be left
 * out filled in, or the reason why it makes no sense. Two requests ask for the same if their `same` is equal.
 */

import { fields } from "../common/raw-json.js";
import { decodeBase64 } from "./base64.js";
import { exact } from "./canonical-json.js";

/**
 * The description of a resource, with its arguments, but without the element of an observer.
 *
 * @typedef {{ kind: "interval" | "timeout", ms: number }
 *   | { kind: "animation-frame" }
 *   | { kind: "resize-observer" }
 *   | { kind: "mutation-observer" }
 *   | { kind: "listener", target: "window" | "document", event: string, flags: number }
 *   | { kind: "intersection-observer", threshold: number }
 *   | { kind: "media-query", query: string }
 *   | { kind: "websocket", url: string, protocols: string[] }
 *   | { kind: "event-source", url: string, events: string[] }
 *   | { kind: "request", method: string, url: string, headers: Record<string, string>, body: string | null }
 *   | { kind: "storage", area: "local" | "session", item: string | null }
 *   | { kind: "location", links: string | null }
 *   | { kind: "call", function: string, argument: string }} What
 */

/** @typedef {What["kind"]} Kind */

/**
 * @typedef {{ op: "open", instance: number, key: string, what: What, node: number | null, same: string, handler: number,
 *   replay: boolean }} OpenRequest
 */

/**
 * @typedef {OpenRequest | { op: "close", instance: number, key: string }
 *   | { op: "send", instance: number, key: string, data: string, binary: boolean }} Request
 */

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
 * @param {string} what names the request in the error
 * @returns {Record<string, any>}
 * @throws {RequestError}
 */
export function parseRequest(json, what) {
  try {
    const from = JSON.parse(json);
    if (typeof from === "object" && from !== null) return from;
  } catch {
    // Reported below.
  }
  throw new RequestError(`${what} is not a JSON object`);
}

/**
 * @param {string} json
 * @returns {Request}
 * @throws {RequestError}
 */
export function readRequest(json) {
  const { op, instance, key, kind, args, handler, replay, data, binary } = parseRequest(json, "a resource request");
  if (!Number.isInteger(instance) || typeof key !== "string") {
    throw new RequestError("a resource request names no instance or no key");
  }
  switch (op) {
    case "close":
      return { op, instance, key };
    case "send":
      if (typeof data !== "string") throw new RequestError(`what is sent through \`${key}\` is not a text`);
      if (binary === true && !decodeBase64(data)) throw new RequestError(`what is sent through \`${key}\` is not Base64`);
      return { op, instance, key, data, binary: binary === true };
    case "open": {
      if (!Number.isInteger(handler)) throw new RequestError(`the request for \`${key}\` names no handler`);
      const from = typeof args === "object" && args !== null ? args : {};
      const what = readWhat(kind, new Arguments(String(kind), from), json);
      const node = kind.endsWith("-observer") ? readNode(kind, from.node) : null;
      return { op, instance, key, what, node, same: JSON.stringify(what), handler, replay: replay === true };
    }
    default:
      throw new RequestError(`a resource request of \`${key}\` neither opens, nor sends, nor closes`);
  }
}

/**
 * @param {string} kind
 * @param {unknown} node
 */
function readNode(kind, node) {
  if (typeof node === "number" && Number.isInteger(node)) return node;
  throw new RequestError(`\`${kind}\` needs \`node\`, the number of an element`);
}

/** The arguments of one request. */
class Arguments {
  /**
   * @param {string} kind
   * @param {Record<string, unknown>} from
   */
  constructor(kind, from) {
    this.kind = kind;
    this.from = from;
  }

  /**
   * @param {string} name
   * @param {string} what
   * @returns {never}
   */
  fail(name, what) {
    throw new RequestError(`\`${this.kind}\` needs \`${name}\`, ${what}`);
  }

  /** @param {string} name @param {string} what */
  text(name, what) {
    const value = this.from[name];
    return typeof value === "string" ? value : this.fail(name, what);
  }

  /** @param {string} name @param {string} what */
  optionalText(name, what) {
    return this.from[name] === undefined || this.from[name] === null ? null : this.text(name, what);
  }

  /** @param {string} name @param {number | undefined} absent @param {number} most @param {string} what */
  number(name, absent, most, what) {
    const value = this.from[name] ?? absent;
    return typeof value === "number" && value >= 0 && value <= most ? value : this.fail(name, what);
  }

  /** @param {string} name @param {string} what */
  texts(name, what) {
    const value = this.from[name] ?? [];
    return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : this.fail(name, what);
  }

  /**
   * @template {string} T
   * @param {string} name
   * @param {T[]} choices
   */
  choice(name, choices) {
    const value = choices.find((choice) => choice === this.from[name]);
    return value ?? this.fail(name, choices.map((choice) => `\`${choice}\``).join(" or "));
  }

  /** @param {string} name @returns {Record<string, string>} */
  headers(name) {
    const value = this.from[name] ?? {};
    const what = "texts by name";
    if (typeof value !== "object" || value === null || Array.isArray(value)) return this.fail(name, what);
    const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(sorted.map(([header, text]) => [header, typeof text === "string" ? text : this.fail(name, what)]));
  }
}

/**
 * @param {unknown} kind
 * @param {Arguments} args
 * @param {string} json the whole request
 * @returns {What}
 */
function readWhat(kind, args, json) {
  switch (kind) {
    case "interval":
      return { kind, ms: Math.max(1, args.number("ms", undefined, Infinity, "a number of milliseconds")) };
    case "timeout":
      return { kind, ms: args.number("ms", undefined, Infinity, "a number of milliseconds") };
    case "animation-frame":
    case "resize-observer":
    case "mutation-observer":
      return { kind };
    case "listener": {
      const target = args.choice("target", ["window", "document"]);
      const event = args.text("event", "the type of an event");
      return { kind, target, event, flags: args.number("flags", 0, 255, "the flags of `listen`") };
    }
    case "intersection-observer":
      return { kind, threshold: args.number("threshold", 0, 1, "a share from 0 to 1") };
    case "media-query":
      return { kind, query: args.text("query", "a media query") };
    case "websocket":
      return { kind, url: args.text("url", "where to connect"), protocols: args.texts("protocols", "a list of texts") };
    case "event-source":
      return { kind, url: args.text("url", "where to connect"), events: args.texts("events", "a list of texts") };
    case "request": {
      const method = args.text("method", "`GET` for instance");
      const url = args.text("url", "what to ask for");
      return { kind, method, url, headers: args.headers("headers"), body: args.optionalText("body", "a text") };
    }
    case "storage":
      return { kind, area: args.choice("area", ["local", "session"]), item: args.optionalText("item", "a text") };
    case "location":
      return { kind, links: args.optionalText("links", "a path") };
    case "call": {
      const name = args.text("function", "the name of a host function");
      const argument = exact(fields(fields(json).get("args") ?? "{}").get("argument") ?? "null");
      return { kind, function: name, argument };
    }
    default:
      throw new RequestError(`there is no resource of the kind \`${kind}\``);
  }
}

/**
 * Functions of the page that modules call by name.
 *
 * In: functions that the page registers, and calls with an argument as JSON text. Out: answers as JSON text; an error is an
 * answer too. The functions themselves get and give JavaScript values.
 */

import { fileOf } from "../dom/files.js";
import { encodeBase64 } from "./base64.js";
import { ownAddress } from "./page-history.js";

/** @typedef {(argument: any) => unknown} HostFunction what it returns may be a promise */

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/** @param {unknown} value @returns {value is PromiseLike<unknown>} */
function isPromise(value) {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {string}
 */
function toJson(name, value) {
  const text = JSON.stringify(value ?? null);
  if (text === undefined) throw new Error(`the host function \`${name}\` answered something that is not JSON`);
  return text;
}

/**
 * @param {any} argument
 * @param {string} field
 * @returns {string}
 */
function textOf(argument, field) {
  const value = argument?.[field];
  if (typeof value !== "string") throw new Error(`\`${field}\` must be a text`);
  return value;
}

/**
 * @param {any} argument
 * @returns {Promise<string>} a text, or bytes as Base64
 */
async function readFile(argument) {
  const file = fileOf(argument?.file);
  if (!file) throw new Error("the page does not have the file any more: it has to be chosen again");
  switch (argument.as) {
    case "text":
      return file.text();
    case "bytes":
      return encodeBase64(await file.slice(argument.start ?? 0, argument.end ?? file.size).arrayBuffer());
    default:
      throw new Error("`as` must be `text` or `bytes`");
  }
}

/** The host functions of one page. */
export class HostFunctions {
  /** @type {Map<string, HostFunction>} */
  #functions = new Map();

  /** @param {import("./facilities.js").Facilities} page */
  constructor({ storage, history, title, clipboard }) {
    const through = (/** @type {(storage: Storage, item: string, value: unknown) => void} */ code) => (/** @type {any} */ argument) => {
      const { area, item, value } = argument ?? {};
      if (area !== "local" && area !== "session") throw new Error("`area` must be `local` or `session`");
      if (typeof item !== "string") throw new Error("`item` must be the name of an item");
      const stored = storage(area);
      code(stored, item, value);
      return stored.getItem(item);
    };
    this.register(
      "storage.get",
      through(() => {}),
    );
    this.register(
      "storage.remove",
      through((stored, item) => stored.removeItem(item)),
    );
    this.register(
      "storage.set",
      through((stored, item, value) => {
        if (typeof value !== "string") throw new Error("`value` must be a text");
        stored.setItem(item, value);
      }),
    );
    this.register("document.title", (argument) => title(textOf(argument, "title")));
    this.register("location.push", (argument) => history.push(ownAddress(history, argument?.url)));
    this.register("location.replace", (argument) => history.replace(ownAddress(history, argument?.url)));
    this.register("location.go", (argument) => {
      if (!Number.isInteger(argument?.by)) throw new Error("`by` must be an integer");
      // In a browser, 0 would load the page again.
      if (argument.by !== 0) history.go(argument.by);
    });
    this.register("clipboard.read", () => clipboard.read());
    this.register("clipboard.write", (argument) => clipboard.write(textOf(argument, "text")));
    this.register("file.read", readFile);
  }

  /**
   * Registers a function. It replaces an earlier one of that name.
   *
   * @param {string} name
   * @param {HostFunction} f
   * @returns {() => void} takes it away
   * @throws {TypeError}
   */
  register(name, f) {
    if (typeof name !== "string" || name === "") throw new TypeError("a host function needs a name");
    if (typeof f !== "function") throw new TypeError(`\`${name}\` is not a function`);
    this.#functions.set(name, f);
    return () => {
      if (this.#functions.get(name) === f) this.#functions.delete(name);
    };
  }

  /**
   * Calls a function for a module.
   *
   * @param {string} name
   * @param {string} argument JSON
   * @returns {string | Promise<string>} `{"value":…}` or `{"error":"…"}`
   */
  answer(name, argument) {
    const good = (/** @type {unknown} */ value) => `{"value":${toJson(name, value)}}`;
    const bad = (/** @type {unknown} */ error) => JSON.stringify({ error: messageOf(error) });
    try {
      const value = this.#call(name, argument);
      return isPromise(value) ? Promise.resolve(value).then(good).catch(bad) : good(value);
    } catch (error) {
      return bad(error);
    }
  }

  /**
   * Calls a function that must answer at once.
   *
   * @param {string} name
   * @param {string} argument JSON
   * @returns {string} JSON
   * @throws {Error} in words for the developer
   */
  now(name, argument) {
    const value = this.#call(name, argument);
    if (isPromise(value)) {
      Promise.resolve(value).catch(() => {});
      throw new Error(`the host function \`${name}\` answered with a promise, and is to answer at once`);
    }
    return toJson(name, value);
  }

  /**
   * @param {string} name
   * @param {string} argument
   */
  #call(name, argument) {
    const f = this.#functions.get(name);
    if (f) return f(JSON.parse(argument));
    const known = [...this.#functions.keys()].sort().map((other) => `\`${other}\``);
    throw new Error(`there is no host function \`${name}\`; there are ${known.join(", ")}`);
  }
}

/**
 * What a page's scripts do with modules: call, wrap and measure their exports, and choose which version runs.
 *
 * In: names of modules and exports. Out: answers, or errors that explain what to do. Everything goes through the same calls and
 * swaps as the engine's own work.
 */

import { PREFIXES } from "../guest/inspect.js";

/** @typedef {import("../module/record.js").ModuleRecord} ModuleRecord */
/** @typedef {import("../tool/protocol.js").Version} Version */
/** @typedef {import("../tool/protocol.js").Swap} Swap */

/** Exports that only engines call. A page may allocate memory for an argument. */
const ENGINES_OWN = (/** @type {string} */ name) => name !== "hmr_alloc" && PREFIXES.some((prefix) => name.startsWith(prefix));

/**
 * The parts of the engine that this needs.
 *
 * @typedef {object} ModuleControlDeps
 * @property {(name: string) => import("../application/application.js").Application | null} application
 * @property {(name: string) => ModuleRecord} known throws if the module does not exist
 * @property {<T>(record: ModuleRecord, code: (guest: import("../guest/guest.js").Guest) => T) => T | undefined} ask
 * @property {(record: ModuleRecord) => void} returned does what had to wait until the module's code returned
 * @property {() => boolean} idle whether no wasm frame is on the stack
 * @property {import("../swap/captured-states.js").CapturedStates} states
 * @property {(version: Version, options: { force?: boolean, clean?: boolean }) => Promise<Swap[]>} update
 */

/** The modules of one page, for its scripts. */
export class ModuleControl {
  /** By module. @type {Map<string, Record<string, any>>} */
  #proxies = new Map();
  #deps;

  /** @param {ModuleControlDeps} deps */
  constructor(deps) {
    this.#deps = deps;
  }

  /**
   * The exports of a module: an object that stays the same, and whose functions reach the code that runs.
   *
   * @param {string} name
   * @returns {Record<string, any>}
   */
  proxy(name) {
    const there = this.#proxies.get(name);
    if (there) return there;
    /** @type {Map<string, (...values: number[]) => unknown>} */
    const functions = new Map();
    const exported = () => this.#deps.known(name).guest?.exports.filter((export_) => !ENGINES_OWN(export_)) ?? [];
    const of = (/** @type {string} */ export_) => {
      const made = functions.get(export_) ?? ((...values) => this.call(name, export_, values));
      functions.set(export_, made);
      return made;
    };
    const proxy = new Proxy(Object.freeze({}), {
      get: (_, key) => {
        if (typeof key !== "string") return undefined;
        if (key === "memory") return this.#deps.known(name).guest?.memory ?? undefined;
        return functions.has(key) || exported().includes(key) ? of(key) : undefined;
      },
      has: (_, key) => key === "memory" || (typeof key === "string" && exported().includes(key)),
    });
    this.#proxies.set(name, proxy);
    return proxy;
  }

  /** The names that a module's proxy has. @param {string} name */
  exportsOf(name) {
    return this.#deps.known(name).guest?.exports.filter((export_) => !ENGINES_OWN(export_)) ?? [];
  }

  /**
   * Calls an export of the code that runs.
   *
   * @param {string} name
   * @param {string} exported
   * @param {number[]} values
   * @returns {unknown}
   * @throws {Error} if it cannot be called now, or traps
   */
  call(name, exported, values) {
    const record = this.#deps.known(name);
    const what = `\`${exported}\` of \`${name}\``;
    const { guest } = record;
    if (!guest) throw new Error(`${what} cannot be called: none of the module's components is placed, so no code of it runs`);
    if (guest.trap) throw new Error(`${what} cannot be called: the module has trapped`, { cause: guest.trap });
    if (record.held) throw new Error(`${what} cannot be called while the module is swapped; try again after \`hmr:swap\``);
    if (!this.#deps.idle()) throw new Error(`${what} cannot be called while a module runs; call it from a task of its own`);
    if (!guest.exports.includes(exported)) throw new Error(`the version of \`${name}\` that runs has no export \`${exported}\``);
    const answer = this.#deps.ask(record, (code) => code.invoke(exported, values));
    const { trap } = /** @type {{ trap: Error | null }} */ (guest);
    if (trap) throw trap;
    this.#deps.returned(record);
    return answer;
  }

  /**
   * Replaces an export with a wrapper, for all calls and over swaps.
   *
   * @param {string} name
   * @param {string} exported
   * @param {(original: (...values: any[]) => any) => (...values: any[]) => any} wrap
   */
  patch(name, exported, wrap) {
    const { calls, guest } = this.#deps.known(name);
    if (guest && !guest.exports.includes(exported)) {
      throw new Error(`\`${name}\` has no export \`${exported}\`; it has ${guest.exports.map((other) => `\`${other}\``).join(", ")}`);
    }
    return calls.patch(exported, wrap);
  }

  /**
   * Measures a module's calls.
   * @param {string} name
   */
  profile(name) {
    return this.#deps.known(name).calls.profile();
  }

  /**
   * The states that a module was in, and where it is among them.
   * @param {string} name
   */
  history(name) {
    const { history } = this.#deps.known(name);
    return { at: history.at, entries: history.entries };
  }

  /**
   * Makes a module continue from a state of its history.
   *
   * @param {string} name
   * @param {(at: number) => number} to the index, given the index now
   * @returns {Promise<Swap>}
   */
  async goTo(name, to) {
    return this.#deps.states.goTo(this.#deps.known(name), to);
  }

  /**
   * Restarts the running version.
   *
   * @param {string} name
   * @param {boolean} clean whether its state is left behind
   */
  restart(name, clean) {
    const version = /** @type {Version} */ (this.#versionsOf(name).version);
    return this.#swap(version, { force: true, clean });
  }

  /**
   * Goes back to the version that ran before, with the state kept.
   * @param {string} name
   */
  rollback(name) {
    const { previous } = this.#versionsOf(name);
    if (!previous) throw new Error(`there is no version of \`${name}\` from before the one that runs`);
    return this.#choose(previous);
  }

  /**
   * Makes this page run a version.
   *
   * @param {string} name
   * @param {string} hash
   */
  use(name, hash) {
    const { isApplication } = this.#versionsOf(name);
    const path = `/@hmr/module/${[name, hash].map(encodeURIComponent).join("/")}`;
    const start = isApplication ? { application: { starts: true } } : {};
    return this.#choose({ module: name, hash, url: `${path}.wasm`, components: [], glue: `${path}/glue.js`, ...start });
  }

  /**
   * Makes this page run a version until the tool names another one than it has by now.
   *
   * @param {Version} version
   * @returns {Promise<Swap>}
   */
  async #choose(version) {
    const wanted = this.#versionsOf(version.module).wanted.hash;
    const swap = await this.#swap(version, {});
    const now = this.#versionsOf(version.module);
    if (now.version?.hash === version.hash) now.wanted.override(wanted);
    return swap;
  }

  /**
   * The versions of a module of either kind.
   *
   * @param {string} name
   * @returns {{ version: Version | null, previous: Version | null, wanted: import("../module/wanted-version.js").WantedVersion,
   *   isApplication: boolean }}
   */
  #versionsOf(name) {
    const application = this.#deps.application(name);
    if (application) {
      const { runs, version, previous, wantedVersion } = application;
      return { version: runs ?? version, previous, wanted: wantedVersion, isApplication: true };
    }
    const { version, previous, wanted } = this.#deps.known(name);
    return { version, previous: previous?.version ?? null, wanted, isApplication: false };
  }

  /**
   * @param {Version} version
   * @param {{ force?: boolean, clean?: boolean }} options
   * @returns {Promise<Swap>}
   */
  async #swap(version, options) {
    const [swap] = await this.#deps.update(version, options);
    if (!swap) throw new Error(`an update of \`${version.module}\` that came later took its place`);
    return swap;
  }
}

/**
 * The applications of a page: programs that are made with wasm-bindgen.
 *
 * In: versions of them, and scripts of the page that import their glue. Out: they are started, swapped, and restarted after a trap.
 */

import { newSwap } from "../swap/steps.js";
import { Application } from "./application.js";
import { ImportedApplication } from "./imported.js";
import { withInitializer } from "./initializer.js";

/** @typedef {import("../tool/protocol.js").Version} Version */
/** @typedef {import("../tool/protocol.js").Swap} Swap */
/** @typedef {Omit<import("./application.js").ApplicationDeps, "isOutside" | "restart" | "trapped">} CommonDeps */

/**
 * @typedef {CommonDeps & {
 *   restart: (version: Version) => void,
 *   trapped: (module: string, hash: string, trap: import("../tool/protocol.js").Trap) => void,
 *   started: (application: Application) => void,
 * }} ApplicationsDeps
 */

/** The applications of one page. */
export class Applications {
  /** @type {Map<string, Application>} */
  #applications = new Map();
  /** @type {Map<string, ImportedApplication>} */
  #imported = new Map();
  /** The states from before a reload, by the names of the applications. @type {Map<string, string>} */
  #saved = new Map();
  /** @type {import("./application.js").ApplicationDeps | null} */
  #common = null;
  /** Whether the document has been parsed. Applications may start only then. */
  #parsed = false;
  #deps;

  /** @param {ApplicationsDeps} deps */
  constructor(deps) {
    this.#deps = deps;
  }

  /** All of them. */
  all() {
    return [...this.#applications.values()];
  }

  /** @param {string} name */
  find(name) {
    return this.#applications.get(name) ?? null;
  }

  /** The versions that run, or would if they were started. */
  get versions() {
    return this.all().flatMap(({ runs, version }) => {
      const shown = runs ?? version;
      return shown ? [{ module: shown.module, hash: shown.hash }] : [];
    });
  }

  /** Whether an application that the page starts has no version yet. */
  get waiting() {
    return this.all().some(({ version, wanted }) => version === null && wanted);
  }

  /** Whether each application that the page starts runs, or cannot be started. */
  get complete() {
    return this.all().every(
      ({ wanted, runs, version, refused }) => !wanted || runs !== null || (version !== null && refused.has(version.hash)),
    );
  }

  /** @param {string} name */
  of(name) {
    const known = this.#applications.get(name);
    if (known) return known;
    const application = new Application(name, this.#commonDeps());
    application.saved = this.#saved.get(name) ?? null;
    this.#applications.set(name, application);
    return application;
  }

  /**
   * Notes the state that an application had before a reload. Call it before it starts.
   *
   * @param {string} name
   * @param {string} state
   */
  restoreFrom(name, state) {
    this.#saved.set(name, state);
    const known = this.#applications.get(name);
    if (known) known.saved = state;
  }

  /**
   * The states of all.
   * @returns {{ module: string, hash: string, snapshot: string }[]}
   */
  captureAll() {
    return this.all().flatMap(({ name, runs, version, state }) =>
      state === null ? [] : [{ module: name, hash: (runs ?? version)?.hash ?? "", snapshot: state }],
    );
  }

  /**
   * Notes versions that came with the page or from the tool.
   * @param {Version[]} versions of applications
   * @returns {Version[]} those that are to be started
   */
  learn(versions) {
    return versions.filter((version) => {
      const application = this.of(version.module);
      application.wantedVersion.named(version.hash);
      if (application.runs?.hash === version.hash || application.refused.has(version.hash)) return false;
      if (application.wantedVersion.isOverridden) return false;
      if (!application.runs) application.version = version;
      if (version.application?.starts) application.wanted = true;
      return application.wanted && this.#parsed;
    });
  }

  /**
   * Call this when the document has been parsed.
   * @returns {Version[]} the versions that are to be started
   */
  parsed() {
    this.#parsed = true;
    return this.all().flatMap(({ version, wanted, runs }) => (version && wanted && !runs ? [version] : []));
  }

  /**
   * Notes that a version is about to be swapped in.
   *
   * @param {Version} version
   * @param {boolean} announced whether the tool names it
   */
  expect(version, announced) {
    if (announced) this.of(version.module).wantedVersion.announced(version.hash);
  }

  /**
   * Starts to load a version while earlier updates run.
   *
   * @param {Version} version
   * @param {boolean} force whether a version that runs already is restarted
   * @returns {() => Promise<Swap | null>} makes the page run it, or notes it if the page has not started the application. It resolves
   *   with null if a later update has replaced the version
   */
  prepare(version, force) {
    const application = this.of(version.module);
    const needed = this.#shouldRun(application, version) && (application.runs?.hash !== version.hash || force);
    const loading = needed ? application.load(version) : null;
    // The step `prepare` reports a failure.
    loading?.catch(() => {});
    return () => this.#run(application, version, loading, force);
  }

  /**
   * @param {Application} application
   * @param {Version} version
   * @param {ReturnType<Application["load"]> | null} loading
   * @param {boolean} force
   * @returns {Promise<Swap | null>}
   */
  async #run(application, version, loading, force) {
    if (this.#deps.replaced(version.module)) return null;
    if (application.runs?.hash === version.hash && !force) return newSwap(version, "unchanged");
    if (!this.#shouldRun(application, version)) {
      application.version = version;
      return newSwap(version, "not-mounted");
    }
    const load = loading ?? application.load(version);
    const initializer = application.runs ? undefined : version.application?.initializer;
    const swap = await withInitializer(
      initializer,
      () => load,
      () => application.start(version, load),
      (ended) =>
        ended?.outcome === "committed" ? { exports: application.exports } : { error: new Error(ended?.error ?? "it was replaced") },
    );
    if (swap?.outcome === "committed") this.#deps.started(application);
    this.#imported.get(version.module)?.swapEnded(swap);
    return swap;
  }

  /**
   * Whether the page runs the application, or starts it now.
   *
   * @param {Application} application
   * @param {Version} version
   */
  #shouldRun(application, version) {
    if (version.application?.starts && this.#parsed) application.wanted = true;
    return application.wanted && this.#parsed;
  }

  /**
   * The application whose glue a script of the page imports.
   *
   * @param {string} name
   * @param {(version: Version) => void} start
   */
  imported(name, start) {
    const known = this.#imported.get(name);
    if (known) return known;
    const application = this.of(name);
    const imported = new ImportedApplication(application, () => {
      application.wanted = true;
      // A module script runs when the document has been parsed. An `async` one may run earlier, which is its author's decision.
      this.#parsed = true;
      if (application.version && !application.runs) start(application.version);
    });
    this.#imported.set(name, imported);
    return imported;
  }

  #commonDeps() {
    if (this.#common) return this.#common;
    const { restart, trapped } = this.#deps;
    this.#common = {
      ...this.#deps,
      isOutside: (node) => this.all().every((application) => application.isOutside(node)),
      trapped: ({ name, runs }, trap) => trapped(name, runs?.hash ?? "", trap),
      restart: ({ runs }) => runs && restart(runs),
    };
    return this.#common;
  }
}

/**
 * What the page does when the tool sends a message.
 *
 * In: messages. Out: updates of modules, stylesheets and files, reloads, and the answers to the tool. What the page missed while
 * it was not connected is caught up on when the tool greets it.
 */

import { updateAssets } from "../page/assets.js";
import { compareMarkup } from "../page/markup.js";
import { firstTime } from "../page/once-per-tab.js";
import { updateStyles } from "../page/styles.js";
import { outdatedText } from "./interception.js";
import { log } from "./log.js";
import { historyEntry } from "./reload.js";

/** @typedef {import("../tool/protocol.js").ServerMessage} ServerMessage */
/** @typedef {Extract<ServerMessage, { type: "hello" }>} Hello */

/** Where a page keeps which missed reload it has caught up with. */
const MISSED = "hmr-missed-reload";

/**
 * @typedef {object} MessagesDeps
 * @property {import("../tool/protocol.js").Config} config
 * @property {string} page its id
 * @property {import("../engine/engine.js").Engine} engine
 * @property {import("./updates.js").Updates} updates
 * @property {import("./shown-states.js").ShownStates} states
 * @property {import("./build-status.js").BuildStatus} build
 * @property {import("./reload.js").PageReload} reload
 * @property {import("../page/markup.js").Comparing} markup
 * @property {(message: import("../tool/protocol.js").ClientMessage) => unknown} send
 * @property {(message: string) => void} problem
 */

/** The messages that one page gets. */
export class Messages {
  /** The number of the last message that the page has seen, or that it was served after. */
  #seen;
  /** Which run of the tool the page listens to. */
  #server;
  #deps;
  /** What stylesheets are loaded with. @type {import("../page/styles.js").Loading} */
  #sheets;

  /** @param {MessagesDeps} deps */
  constructor(deps) {
    this.#deps = deps;
    this.#seen = deps.config.sequence;
    this.#server = deps.config.server;
    this.#sheets = { fetch: (url, options) => fetch(url, options), failed: deps.problem, absent: (text) => log("info", null, text) };
  }

  /** @param {ServerMessage} message */
  receive(message) {
    const { engine, build, states } = this.#deps;
    if (message.type !== "hello" && "sequence" in message) this.#seen = Math.max(this.#seen, message.sequence);
    switch (message.type) {
      case "hello":
        return this.#hello(message);
      case "build-started":
        return;
      case "build-failed":
        return build.show(message.failure);
      case "build-succeeded":
        return build.show(null);
      case "hot-update":
        return void engine.update(this.#numbered(message.sequence), message.modules);
      case "css-update": {
        const run = this.#server;
        return void updateStyles(document, message.paths, message.sequence, this.#sheets).then((count) =>
          this.#applied(run, message.sequence, "css", count),
        );
      }
      case "asset-update":
        return this.#applied(this.#server, message.sequence, "asset", updateAssets(document, message.paths, message.sequence));
      case "full-reload":
        return this.#deps.reload.reload(message.reason, message.restore);
      case "rehearsals":
        return states.begin(true);
      case "verdict":
        return engine.rehearsals.answered(message);
      default:
        message;
    }
  }

  /** @param {Hello} message */
  #hello(message) {
    const { engine, build, states, send, page } = this.#deps;
    if (this.#catchUp(message)) return;
    build.show(message.failure);
    states.begin(message.modules.some(({ rehearse }) => rehearse));
    const behind = engine.learn(message.modules);
    if (behind.length > 0) void engine.update(this.#numbered(message.sequence), behind);
    send({ type: "ready", page, modules: engine.versions });
    build.waitForBuild();
  }

  /**
   * Catches up on what the page missed while it was disconnected or too slow, except for versions of modules.
   *
   * @param {Hello} hello
   * @returns {boolean} whether the page is loaded again
   */
  #catchUp({ server: run, sequence, reloaded, files }) {
    const before = this.#seen;
    this.#seen = sequence;
    if (this.#server !== run) {
      // Another run of the tool: files may have been saved between the two runs.
      this.#server = run;
      this.#refreshFiles(run);
      void compareMarkup(this.#deps.markup);
      return false;
    }
    // Other pages in the history of this tab have the same storage, and may have missed the same change.
    if (reloaded > before) {
      const first = firstTime(() => sessionStorage, MISSED, `${run} ${reloaded} ${historyEntry()}`);
      if (first) {
        this.#deps.reload.reload("a change was missed while the page was not connected", true);
        return true;
      }
      this.#deps.problem(outdatedText(first === null));
    }
    if (files > before) this.#refreshFiles(`${run}-${sequence}`);
    return false;
  }

  /**
   * Shows files again of which any may have changed.
   * @param {string} mark
   */
  #refreshFiles(mark) {
    void updateStyles(document, null, mark, this.#sheets);
    updateAssets(document, null, mark);
  }

  /**
   * A number for an update of the run that the page listens to.
   * @param {number} sequence
   */
  #numbered(sequence) {
    return this.#deps.updates.add(this.#server, sequence);
  }

  /**
   * @param {string} run
   * @param {number} sequence
   * @param {"css" | "asset"} what
   * @param {number} count
   */
  #applied(run, sequence, what, count) {
    this.#deps.send({ type: "applied", server: run, sequence, what, count });
  }
}

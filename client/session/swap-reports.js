/**
 * Reports swaps to the reader, to the tool and to scripts of the page.
 *
 * In: swaps as the engine finishes them. Out: messages. A swap that no update asked for is reported to the tool only if the code
 * has changed. A restart of the same code, or another state of it, is not reported.
 */

import { shortened } from "../tool/short-report.js";
import { showSwap } from "./swap-messages.js";

/** @typedef {import("../tool/protocol.js").Swap} Swap */

/**
 * @typedef {object} SwapReportsDeps
 * @property {import("../ui/screen.js").Screen} screen
 * @property {import("./updates.js").Updates} updates
 * @property {import("./shown-states.js").ShownStates} states
 * @property {() => { module: string, hash: string }[]} versions those that run
 * @property {(message: import("../tool/protocol.js").ClientMessage) => unknown} send
 * @property {() => void} waitForBuild
 * @property {(detail: { sequence: number | null, swaps: Swap[] }) => void} announce
 */

/** The reports of one page. */
export class SwapReports {
  /** By module, the version whose code ran last. @type {Map<string, string>} */
  #ran = new Map();
  #deps;

  /** @param {SwapReportsDeps} deps */
  constructor(deps) {
    this.#deps = deps;
  }

  /**
   * @param {number | null} number of the update that asked for it, if one did
   * @param {Swap[]} swaps
   * @param {boolean} restarted whether code was restarted after a trap
   */
  swapped(number, swaps, restarted) {
    const { screen, updates, states, send, waitForBuild, announce } = this.#deps;
    for (const swap of swaps) showSwap(swap, restarted, screen);
    const news = number === null ? swaps.filter((swap) => this.#isNews(swap)) : swaps;
    const { server = null, sequence = null } = (number === null ? null : updates.get(number)) ?? {};
    if (news.length > 0) send({ type: "swap", server, sequence, swaps: news.map(shortened) });
    for (const swap of swaps) this.#note(swap);
    waitForBuild();
    // Later swaps of the modules loaded now are about something like this.
    for (const { module, outcome, events } of swaps) if (outcome === "committed" && !events.includes("capture")) states.show(module);
    announce({ sequence, swaps });
  }

  /** @param {Swap} swap */
  #isNews({ module, hash, outcome }) {
    return outcome === "undone" || this.#ran.get(module) !== hash;
  }

  /** @param {Swap} swap */
  #note({ module, hash, outcome }) {
    if (outcome === "committed") this.#ran.set(module, hash);
    if (outcome !== "undone") return;
    for (const version of this.#deps.versions()) if (version.module === module) this.#ran.set(module, version.hash);
  }
}

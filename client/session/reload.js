/**
 * Reloads the page with its state. Also keeps the state while the reader visits another page and comes back.
 *
 * In: reasons for a reload. Out: the state is saved before, and the next page restores it as its components are mounted.
 */

import { discard, leave, merged, readPage, returnTo, store, take } from "../page/page-state.js";
import { Restoration } from "../page/restoration.js";
import { log } from "./log.js";

/** The seconds after which a pending reload counts as cancelled: the reader may have chosen to stay. */
const LONGEST_RELOAD = 10;

/** Identifies this entry of the tab's history. */
export function historyEntry() {
  const { navigation } = /** @type {{ navigation?: { currentEntry?: { key: string } } }} */ (/** @type {unknown} */ (window));
  return navigation?.currentEntry?.key ?? location.href;
}

/** The reloads of one page. */
export class PageReload {
  /** The part of the state from before a reload that is not restored yet. @type {Restoration | null} */
  #restoration = null;
  /** Whether the page is about to be loaded again: then its state is saved already, or not needed. */
  #reloading = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #staying;
  #app;
  #engine;

  /**
   * @param {string} app names the application
   * @param {() => import("../engine/engine.js").Engine} engine
   */
  constructor(app, engine) {
    this.#app = app;
    this.#engine = engine;
  }

  /** Call this when components may have been mounted. */
  settled() {
    this.#restoration?.soon();
  }

  /**
   * The state of the page and its modules.
   * @param {string} reason why it is asked for
   */
  #wholeState(reason) {
    const engine = this.#engine();
    const [modules, applications] = [engine.captureAll(), engine.applications.captureAll()];
    const now = readPage(document, (node, property) => engine.controls(node, property));
    return { app: this.#app, time: Date.now(), reason, modules, applications, page: merged(now, this.#restoration?.rest ?? null) };
  }

  /** Waits for the page to go. Seconds are counted one by one, because a dialog that asks the reader stops the clock. */
  #expectReload() {
    this.#reloading = true;
    let seconds = 0;
    clearInterval(this.#staying);
    this.#staying = setInterval(() => {
      if (++seconds < LONGEST_RELOAD) return;
      clearInterval(this.#staying);
      this.#reloading = false;
      try {
        discard(sessionStorage);
      } catch {
        // A page without a storage has written nothing.
      }
    }, 1000);
  }

  /**
   * @param {string} reason
   * @param {boolean} restore whether the state is kept
   */
  reload(reason, restore) {
    log("info", null, `the page is loaded again: ${reason}`);
    if (restore) {
      try {
        store(sessionStorage, this.#wholeState(reason));
      } catch (error) {
        log("warn", null, `the page's state cannot be kept: ${error}`);
      }
    }
    this.#expectReload();
    location.reload();
  }

  /** Saves the state of the page, for when the reader comes back to it. The browser may have kept the page itself, or not. */
  leave() {
    if (this.#reloading) return;
    try {
      leave(sessionStorage, historyEntry(), this.#wholeState("the page was left"));
    } catch (error) {
      log("warn", null, `the page's state cannot be kept for when it is gone back to: ${error}`);
    }
  }

  /** Restores the state that a reload or leaving the page saved, as its components are mounted. */
  restore() {
    let stored = null;
    try {
      const left = returnTo(sessionStorage, historyEntry());
      const [load] = /** @type {PerformanceNavigationTiming[]} */ (window.performance?.getEntriesByType?.("navigation") ?? []);
      stored = take(sessionStorage, Date.now()) ?? (load?.type === "back_forward" ? left : null);
    } catch (error) {
      log("warn", null, `the state of before cannot be read: ${error}`);
    }
    // Another application may have been served at this address in between.
    if (!stored || (stored.app ?? "") !== this.#app) return;
    const engine = this.#engine();
    engine.restoreFrom(stored.modules);
    for (const { module, snapshot } of stored.applications ?? []) engine.applications.restoreFrom(module, snapshot);
    this.#restoration = new Restoration(
      window,
      stored.page,
      () => engine.complete,
      (component) => engine.isMounted(component),
      (element) => engine.notifies(element),
    );
  }
}

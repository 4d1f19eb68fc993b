/**
 * The entry: wires the engine to the page, the tool and the reader's screen.
 *
 * In: the configuration in the page, messages of the tool, `hmr-component` elements. Out: mounted components, answers to
 * the tool, and for scripts and tests a `CustomEvent` on the document for each event: `hmr:ready`, `hmr:swap`,
 * `hmr:failure`, `hmr:trap`, `hmr:problem`, `hmr:slower`. Scripts reach the modules through `hmr`, which is `window.__hmr` too.
 *
 * With the transport and the visible elements, this is what touches globals.
 */

import { updateAssets } from "./page/assets.js";
import { compiler } from "./guest/compile.js";
import { Engine } from "./engine/engine.js";
import { labelDrag } from "./dom/events.js";
import { pageId, randomId } from "./tool/page-id.js";
import { HmrOverlay, HmrProblem, HmrStatus } from "./ui/overlay.js";
import { cut, cutAll } from "./common/limits.js";
import { shortened } from "./tool/short-report.js";
import { readConfig } from "./tool/protocol.js";
import { facilitiesOf } from "./resources/facilities.js";
import { compareMarkup, noteMarkup } from "./page/markup.js";
import { firstTime } from "./page/once-per-tab.js";
import { discard, leave, merged, readPage, returnTo, store, take } from "./page/page-state.js";
import { Restoration } from "./page/restoration.js";
import { createApi } from "./api/create-api.js";
import { updateStyles } from "./page/styles.js";
import { Tool } from "./tool/requests.js";
import { Transport } from "./tool/transport.js";

/** @typedef {import("./tool/protocol.js").ServerMessage} ServerMessage */
/** @typedef {import("./tool/protocol.js").Swap} Swap */

const page = randomId();

/**
 * The address of a resource of the tool: on the page's own server, even if the page has another `<base>`.
 * @param {string} path
 */
function own(path) {
  return new URL(path, location.origin).href;
}

/**
 * @param {import("./guest/guest.js").Level} level
 * @param {string | null} module
 * @param {string} text
 */
function log(level, module, text) {
  console[level](module ? `[hmr] ${module}: ${text}` : `[hmr] ${text}`);
}

function configuration() {
  try {
    return readConfig(document.getElementById("hmr-config")?.textContent ?? "");
  } catch (error) {
    log("error", null, `the page's configuration cannot be read: ${error}`);
    return { token: "", app: "", server: "", html: "", sequence: 0, modules: [], later: [], failure: null, budget: null };
  }
}

/**
 * @param {keyof import("./api.js").HmrEvents} name
 * @param {any} detail
 */
function announce(name, detail) {
  emit(name, detail);
  document.dispatchEvent(new CustomEvent(`hmr:${name}`, { detail }));
}

customElements.define("hmr-overlay", HmrOverlay);
customElements.define("hmr-status", HmrStatus);
customElements.define("hmr-problem", HmrProblem);

const overlay = new HmrOverlay();
const status = new HmrStatus();

/** Puts the visible elements where scripts that rewrite the body do not reach them. */
function showElements() {
  document.documentElement.append(overlay, status);
}

/** Where a problem is shown, by the element that has it. @type {WeakMap<Element, HmrProblem>} */
const problems = new WeakMap();

/**
 * @param {Element} element
 * @param {import("./instances/problems.js").Problem | null} problem
 */
function show(element, problem) {
  const there = problems.get(element);
  if (!problem) {
    there?.remove();
    problems.delete(element);
    return;
  }
  const shown = there ?? new HmrProblem();
  shown.problem = problem;
  problems.set(element, shown);
  element.prepend(shown);
}

/** How many resets are shown one by one. */
const MOST_RESETS = 20;

/**
 * @param {Swap} swap
 * @param {boolean} restarted whether it is the version that trapped, started again: the trap is still to be read
 */
function tell(swap, restarted) {
  const total = Object.values(swap.duration).reduce((sum, ms) => sum + ms, 0);
  switch (swap.outcome) {
    case "committed": {
      // A step through history runs the same code: an earlier failure report of its version still applies.
      const exchanged = !restarted && swap.events.includes("prepare");
      if (restarted) status.warn(`\`${swap.module}\` was started again with its last good state`);
      else overlay.clearTrap(swap.module);
      if (exchanged) status.stand(`version of ${swap.module}`, null);
      const resets = (swap.report?.instances ?? []).flatMap(({ keys }) =>
        Object.entries(keys ?? {}).flatMap(([key, { outcome, reason }]) =>
          outcome === "reset" ? [`\`${key}\` was reset: ${reason}`] : [],
        ),
      );
      log("info", swap.module, `runs ${swap.hash.slice(0, 8)} after ${total.toFixed(1)} ms`);
      if (resets.length > MOST_RESETS)
        resets.splice(
          MOST_RESETS,
          resets.length,
          `${resets.length - MOST_RESETS} more were reset; the report in \`hmr:swap\` has them all`,
        );
      if (resets.length > 0) status.warn(resets.join("\n"));
      for (const reset of resets) log("warn", swap.module, reset);
      return;
    }
    case "rolled-back": {
      const meanwhile = swap.running ? "the version before goes on" : "none of its code runs yet";
      status.warn(`\`${swap.module}\` was not swapped: ${swap.error}\nIt failed in the step \`${swap.step}\`; ${meanwhile}`);
      if (swap.running) status.stand(`version of ${swap.module}`, `\`${swap.module}\` runs the version from before the last save`);
      return;
    }
    case "undone":
      status.warn(`\`${swap.module}\` was swapped back: ${swap.error}\nThe version before goes on with its state from before`);
      status.stand(`version of ${swap.module}`, `\`${swap.module}\` runs the version from before the last save`);
      return;
    case "declined":
      return log("warn", swap.module, swap.error ?? "a component accepts no hot update");
    case "unchanged":
    case "not-mounted":
      return;
    default:
      swap.outcome;
  }
}

/** By module, the version whose code ran last. @type {Map<string, string>} */
const ran = new Map();

/**
 * Whether a swap without an update brought other code: the same code that starts again, or continues from another state, is not
 * news about its version.
 * @param {Swap} swap
 */
function isNews({ module, hash, outcome }) {
  return outcome === "undone" || ran.get(module) !== hash;
}

/** @param {Swap} swap */
function noteRun({ module, hash, outcome }) {
  if (outcome === "committed") ran.set(module, hash);
  if (outcome === "undone") for (const version of engine.versions) if (version.module === module) ran.set(module, version.hash);
}

/** @param {string} text */
function problem(text) {
  const message = cut(text);
  log("error", null, message);
  transport.send({ type: "problem", message });
  announce("problem", { message });
}

const config = configuration();

const engine = new Engine({
  document,
  page: facilitiesOf(window),
  budget: config.budget,
  now: () => performance.timeOrigin + performance.now(),
  clock: () => performance.now(),
  compile: compiler((url, options) => fetch(own(String(url)), options)),
  log,
  show,
  swapped(number, swaps, restarted) {
    for (const swap of swaps) tell(swap, restarted);
    const news = number === null ? swaps.filter(isNews) : swaps;
    const { server = null, sequence = null } = (number === null ? null : updates.get(number)) ?? {};
    if (news.length > 0) transport.send({ type: "swap", server, sequence, swaps: news.map(shortened) });
    for (const swap of swaps) noteRun(swap);
    waitForBuild();
    // Later swaps of the modules loaded now are about something like this.
    for (const { module, outcome, events } of swaps) if (outcome === "committed" && !events.includes("capture")) showState(module);
    announce("swap", { sequence, swaps });
  },
  trapped(module, hash, trap) {
    overlay.showTrap(module, trap);
    transport.send(cutAll({ type: "trap", module, hash, ...trap }));
    announce("trap", { module, hash, ...trap });
  },
  problem,
  rehearse: (request) => transport.connected && transport.send({ type: "rehearse", ...request }),
  settled: () => restoration?.soon(),
  reload: (reason) => reload(reason, true),
  captured: showChange,
  slower(module, hash, { before, call, calls, beforeMs, afterMs }) {
    log(
      "warn",
      module,
      `\`${call}\` takes ${afterMs.toFixed(1)} ms instead of ${beforeMs.toFixed(1)} ms since ${hash.slice(0, 8)}, the median of ${calls} calls`,
    );
    announce("slower", { module, hash, before, call, calls, beforeMs, afterMs });
    transport.send({ type: "slower", module, hash, before, call, calls, before_ms: beforeMs, after_ms: afterMs });
  },
});

overlay.watch(() => engine.modules().some(({ running }) => running));

/** The part of the state from before a reload that is not restored yet. @type {Restoration | null} */
let restoration = null;

/** Whether the tool rehearses swaps. */
let rehearsing = false;

/**
 * Shows the tool the state that a module is in, if it rehearses swaps: what a rehearsal will be about.
 * @param {string} module
 * @param {boolean} [captured] whether the state that was captured last will do
 */
function showState(module, captured = false) {
  const state = rehearsing && transport.connected ? engine.stateOf(module, captured) : null;
  if (!state || state.snapshot.length > LARGEST_SHOWN || state.snapshot === shownStates.get(module)) return;
  shownStates.set(module, state.snapshot);
  transport.send({ type: "state", ...state });
}

/** A state of more characters is not shown. */
const LARGEST_SHOWN = 1 << 20;

/** What was shown last for each module. @type {Map<string, string>} */
const shownStates = new Map();

/**
 * The minimum time between two reports of a module's state to the tool, in milliseconds: at first, and at most. It doubles
 * while the state keeps changing, as a clock's does.
 */
const [FIRST_REST, LONGEST_REST] = [1000, 60_000];

/** The modules whose state was shown a moment ago, and whether it may have changed since. @type {Map<string, boolean>} */
const shown = new Map();

/**
 * @param {string} module
 * @param {number} [rest]
 */
function showChange(module, rest = FIRST_REST) {
  if (shown.has(module)) return void shown.set(module, true);
  showState(module, true);
  shown.set(module, false);
  setTimeout(() => {
    const changed = shown.get(module) === true;
    shown.delete(module);
    if (changed) showChange(module, Math.min(rest * 2, LONGEST_REST));
  }, rest);
}

/** Shows that the first build is running, while components wait for it. */
function waitForBuild() {
  status.stand("build", engine.waiting && !failed ? "The first build is under way; components appear when it is done" : null);
}

let failed = false;

/** @param {import("./tool/protocol.js").Failure | null} failure */
function standing(failure) {
  failed = failure !== null;
  overlay.showFailure(failure);
  if (failure) announce("failure", failure);
  waitForBuild();
}

/**
 * The state of the page and its modules.
 * @param {string} reason why it is asked for
 */
function wholeState(reason) {
  const modules = engine.captureAll();
  const now = readPage(document, (node, property) => engine.controls(node, property));
  return { app: config.app, time: Date.now(), reason, modules, page: merged(now, restoration?.rest ?? null) };
}

/** Where a page keeps which missed reload it has caught up with. */
const MISSED = "hmr-missed-reload";

/** Whether the page is about to be loaded again: then its state is saved already, or not needed. */
let reloading = false;

/** The seconds after which a pending reload counts as cancelled: the reader may have chosen to stay. */
const LONGEST_RELOAD = 10;

/** @type {ReturnType<typeof setInterval> | undefined} */
let staying;

/** Waits for the page to go. Seconds are counted one by one, because a dialog that asks the reader stops the clock. */
function expectReload() {
  reloading = true;
  let seconds = 0;
  clearInterval(staying);
  staying = setInterval(() => {
    if (++seconds < LONGEST_RELOAD) return;
    clearInterval(staying);
    reloading = false;
    try {
      discard(sessionStorage);
    } catch {
      // A page without a storage has written nothing.
    }
  }, 1000);
}

/**
 * @param {string} reason
 * @param {boolean} restore
 */
function reload(reason, restore) {
  log("info", null, `the page is loaded again: ${reason}`);
  if (restore) {
    try {
      store(sessionStorage, wholeState(reason));
    } catch (error) {
      log("warn", null, `the page's state cannot be kept: ${error}`);
    }
  }
  expectReload();
  location.reload();
}

/** Identifies this entry of the tab's history. */
function historyEntry() {
  const { navigation } = /** @type {{ navigation?: { currentEntry?: { key: string } } }} */ (/** @type {unknown} */ (window));
  return navigation?.currentEntry?.key ?? location.href;
}

/** Saves the state of the page, for when the reader comes back to it. The browser may have kept the page itself, or not. */
function leavePage() {
  transport.close();
  if (reloading) return;
  try {
    leave(sessionStorage, historyEntry(), wholeState("the page was left"));
  } catch (error) {
    log("warn", null, `the page's state cannot be kept for when it is gone back to: ${error}`);
  }
}

/**
 * Catches up on what the page missed while it was disconnected or too slow, except for versions of modules.
 *
 * @param {Extract<ServerMessage, { type: "hello" }>} hello
 * @returns {boolean} whether the page is loaded again
 */
function catchUp({ server: run, sequence, reloaded, files }) {
  const before = seen;
  seen = sequence;
  if (server !== run) {
    // Another run of the tool: files may have been saved between the two runs.
    server = run;
    refreshFiles(run);
    void compareMarkup(markup);
    return false;
  }
  // Other pages in the history of this tab have the same storage, and may have missed the same change.
  if (reloaded > before) {
    const first = firstTime(() => sessionStorage, MISSED, `${run} ${reloaded} ${historyEntry()}`);
    if (first) {
      reload("a change was missed while the page was not connected", true);
      return true;
    }
    outdated(first === null);
  }
  if (files > before) refreshFiles(`${run}-${sequence}`);
  return false;
}

/**
 * Shows files again of which any may have changed.
 * @param {string} mark
 */
function refreshFiles(mark) {
  void updateStyles(document, null, mark, sheets);
  updateAssets(document, null, mark);
}

/** The number of the last message that the page has seen, or that it was served after. */
let seen = config.sequence;

/** @param {ServerMessage} message */
function receive(message) {
  if (message.type !== "hello" && "sequence" in message) seen = Math.max(seen, message.sequence);
  switch (message.type) {
    case "hello": {
      if (catchUp(message)) return;
      standing(message.failure);
      rehearsing = message.modules.some(({ rehearse }) => rehearse);
      shownStates.clear();
      if (rehearsing) for (const { module } of engine.versions) showState(module);
      const behind = engine.learn(message.modules);
      if (behind.length > 0) engine.update(numbered(message.sequence), behind);
      transport.send({ type: "ready", page, modules: engine.versions });
      waitForBuild();
      return;
    }
    case "build-started":
      return;
    case "build-failed":
      return standing(message.failure);
    case "build-succeeded":
      return standing(null);
    case "hot-update":
      return engine.update(numbered(message.sequence), message.modules);
    case "css-update": {
      const run = server;
      return void updateStyles(document, message.paths, message.sequence, sheets).then((count) =>
        applied(run, message.sequence, "css", count),
      );
    }
    case "asset-update":
      return applied(server, message.sequence, "asset", updateAssets(document, message.paths, message.sequence));
    case "full-reload":
      return reload(message.reason, message.restore);
    case "rehearsals":
      rehearsing = true;
      shownStates.clear();
      for (const { module } of engine.versions) showState(module);
      return;
    case "verdict":
      return engine.rehearsals.answered(message);
    default:
      message;
  }
}

/**
 * @param {string} run
 * @param {number} sequence
 * @param {"css" | "asset"} what
 * @param {number} count
 */
function applied(run, sequence, what, count) {
  transport.send({ type: "applied", server: run, sequence, what, count });
}

/** What stylesheets are loaded with. @type {import("./page/styles.js").Loading} */
const sheets = { fetch: (url, options) => fetch(url, options), failed: problem, absent: (text) => log("info", null, text) };

/** Who may answer in the tool's place, and what to do about it. */
function interceptor() {
  const worker = window.navigator.serviceWorker?.controller?.scriptURL;
  if (worker)
    return {
      who: `the service worker ${worker}`,
      hint: "have it leave pages and all that begins with `/@hmr/` to the network, or unregister it",
    };
  return { who: "another server, or a proxy,", hint: "start the tool on this port again, or open the address that it prints" };
}

/**
 * Shows why the page and the tool are not connected.
 * @param {string | null} refusal the tool's reason, if it is the tool that refuses
 */
function intercepted(refusal) {
  if (refusal) return status.stand("connection", `The tool does not let this page in: ${refusal}`);
  const { who, hint } = interceptor();
  status.stand("connection", `The tool cannot be reached: ${who} answers in its place\nhint: ${hint}`);
}

/**
 * The address of something that is fetched, at which it was never fetched before.
 * @param {string} address
 */
function unfetched(address) {
  return `${address}${address.includes("?") ? "&" : "?"}nonce=${randomId()}`;
}

/**
 * Warns that what the reader sees is not what was saved last.
 * @param {boolean} forgetful whether it was not loaded again, because the tab cannot remember that it was
 */
function outdated(forgetful) {
  if (forgetful) {
    problem(
      "the page is not the one that was saved last, and it has no session storage in which to note that it was loaded again\nhint: load it again",
    );
    return;
  }
  const { who, hint } = interceptor();
  problem(`the page is not the one that was saved last: ${who} answers with an old copy of it\nhint: ${hint}`);
}

/** What the page was served from. Scripts may give it another address later. */
const served = location.pathname + location.search;

/** @type {import("./page/markup.js").Comparing} */
const markup = {
  html: config.html,
  fetch: (options) => fetch(own(unfetched(served)), options),
  storage: () => sessionStorage,
  reload: (reason) => reload(reason, true),
  outdated,
};

/** Which run of the tool the page listens to. */
let server = config.server;

/**
 * Maps the engine's numbers to updates: each run of the tool counts from the beginning, and the page may
 * get another one before an update is over.
 * @type {Map<number, { server: string, sequence: number }>}
 */
const updates = new Map();
let lastNumber = 0;

/**
 * A number for an update of the run that the page listens to.
 * @param {number} sequence
 */
function numbered(sequence) {
  updates.set(++lastNumber, { server, sequence });
  updates.delete(lastNumber - MOST_UPDATES);
  return lastNumber;
}

/** How many updates are remembered, for reports that come later. */
const MOST_UPDATES = 1000;

const transport = new Transport(
  {
    fetch: (url, options) => fetch(url, options),
    open: (url) => new WebSocket(`${url}&page=${encodeURIComponent(location.pathname)}&id=${pageId(() => sessionStorage)}`),
    setTimeout: (code, ms) => window.setTimeout(code, ms),
    clearTimeout: (id) => window.clearTimeout(id),
    origin: location.origin,
    nonce: randomId,
  },
  config,
  {
    received(message) {
      try {
        receive(message);
      } catch (error) {
        log("error", null, `a message of the type \`${message.type}\` failed: ${error}`);
      }
    },
    intercepted,
    changed(connected) {
      status.stand("connection", connected ? null : "The tool is not connected; waiting for it");
      if (!connected) engine.rehearsals.disconnected();
    },
    strange(strange) {
      const text =
        "This page belongs to another application than the one that is served at this address now. Load it again to see that one";
      status.stand("application", strange ? text : null);
      if (strange) log("warn", null, text);
    },
    log: (text) => log("warn", null, text),
  },
);

/**
 * Gives the reader a file.
 *
 * @param {string} name
 * @param {string} text
 */
function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  // The download has started at this point.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

const { hmr, emit } = createApi({
  engine,
  tool: new Tool(
    (url, options) => fetch(own(options?.method ? String(url) : unfetched(String(url))), options),
    () => transport.token,
  ),
  spawn: () => new Worker(new URL("./extra/isolated-worker.js", import.meta.url), { type: "module" }),
  fetch: (url) => fetch(url),
  timers: { setTimeout: (code, ms) => window.setTimeout(code, ms), clearTimeout: (id) => window.clearTimeout(id) },
  download,
  connected: () => transport.connected,
  failed: (error) => log("error", null, `a callback of the page failed: ${error}`),
});

export { hmr };

/** A component's place in the page. */
class HmrComponent extends HTMLElement {
  static observedAttributes = ["module", "component", "props", "name"];

  connectedCallback() {
    engine.changed(this);
  }

  disconnectedCallback() {
    engine.changed(this);
  }

  /** A move within the document changes nothing. */
  connectedMoveCallback() {}

  attributeChangedCallback() {
    if (this.isConnected) engine.changed(this);
  }
}

/** A connection between components of the page. */
class HmrConnect extends HTMLElement {
  static observedAttributes = ["from", "to", "transform", "kind"];

  connectedCallback() {
    engine.connectionChanged(this);
  }

  disconnectedCallback() {
    engine.connectionChanged(this);
  }

  /** A move within the document changes nothing. */
  connectedMoveCallback() {}

  attributeChangedCallback() {
    if (this.isConnected) engine.connectionChanged(this);
  }
}

/** Restores the state that a reload or leaving the page saved, as its components are mounted. */
function restorePage() {
  let stored = null;
  try {
    const left = returnTo(sessionStorage, historyEntry());
    const [load] = /** @type {PerformanceNavigationTiming[]} */ (window.performance?.getEntriesByType?.("navigation") ?? []);
    stored = take(sessionStorage, Date.now()) ?? (load?.type === "back_forward" ? left : null);
  } catch (error) {
    log("warn", null, `the state of before cannot be read: ${error}`);
  }
  // Another application may have been served at this address meanwhile.
  if (!stored || (stored.app ?? "") !== config.app) return;
  engine.restoreFrom(stored.modules);
  restoration = new Restoration(
    window,
    stored.page,
    () => engine.complete,
    (component) => engine.isMounted(component),
  );
}

function start() {
  Object.assign(window, { __hmr: hmr });
  document.head.append(
    Object.assign(document.createElement("style"), {
      textContent: ":where(hmr-component) { display: contents } hmr-connect { display: none }",
    }),
  );
  showElements();
  document.addEventListener("dragstart", labelDrag, true);
  noteMarkup(markup);
  restorePage();
  engine.learn(config.modules);
  engine.expect(config.later);
  customElements.define("hmr-connect", HmrConnect);
  customElements.define("hmr-component", HmrComponent);
  standing(config.failure);
  transport.connect();
  window.addEventListener("pagehide", leavePage);
  window.addEventListener("pageshow", () => transport.connect());
  queueMicrotask(waitForBuild);
  announce("ready", { page, modules: engine.versions });
}

start();

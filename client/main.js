/**
 * The entry: wires the engine to the page, the tool and the reader's screen.
 *
 * In: the configuration in the page, messages of the tool, `hmr-component` elements. Out: mounted components, answers to
 * the tool, and for scripts and tests a `CustomEvent` on the document for each event: `hmr:ready`, `hmr:swap`,
 * `hmr:failure`, `hmr:trap`, `hmr:problem`, `hmr:slower`. Scripts reach the modules through `hmr`, which is `window.__hmr` too.
 *
 * Globals are touched here, in `session/` and in `ui/`, and nowhere else.
 */

import { createApi } from "./api/create-api.js";
import { cut, cutAll } from "./common/limits.js";
import { labelDrag } from "./dom/events.js";
import { Engine } from "./engine/engine.js";
import { compiler } from "./guest/compile.js";
import { noteMarkup } from "./page/markup.js";
import { facilitiesOf } from "./resources/facilities.js";
import { BuildStatus } from "./session/build-status.js";
import { configuration } from "./session/configuration.js";
import { download } from "./session/download.js";
import { defineElements } from "./session/elements.js";
import { interceptedText, outdatedText } from "./session/interception.js";
import { log } from "./session/log.js";
import { Messages } from "./session/messages.js";
import { PageReload } from "./session/reload.js";
import { ShownStates } from "./session/shown-states.js";
import { SwapReports } from "./session/swap-reports.js";
import { own, unfetched } from "./session/tool-addresses.js";
import { Updates } from "./session/updates.js";
import { pageId, randomId } from "./tool/page-id.js";
import { Tool } from "./tool/requests.js";
import { Transport } from "./tool/transport.js";
import { Screen } from "./ui/screen.js";

/** What the page was served from. Scripts may give it another address later. */
const served = location.pathname + location.search;
const page = randomId();
const config = configuration();
const screen = new Screen();

/**
 * @param {keyof import("./api.js").HmrEvents} name
 * @param {any} detail
 */
function announce(name, detail) {
  emit(name, detail);
  document.dispatchEvent(new CustomEvent(`hmr:${name}`, { detail }));
}

/** @param {string} text */
function problem(text) {
  const message = cut(text);
  log("error", null, message);
  transport.send({ type: "problem", message });
  announce("problem", { message });
}

/** @param {import("./tool/protocol.js").ClientMessage} message */
function send(message) {
  return transport.send(message);
}

/**
 * @param {RequestInfo | URL} url
 * @param {RequestInit} [options]
 */
function fetchOwn(url, options) {
  return fetch(own(String(url)), options);
}

const reload = new PageReload(config.app, () => engine);
const build = new BuildStatus(
  screen,
  () => engine.waiting,
  (failure) => announce("failure", failure),
);
const updates = new Updates();
const states = new ShownStates({
  connected: () => transport.connected,
  modules: () => engine.versions.map(({ module }) => module),
  stateOf: (module, captured) => engine.stateOf(module, captured),
  send,
});
const reports = new SwapReports({
  screen,
  updates,
  states,
  versions: () => engine.versions,
  send,
  waitForBuild: () => build.waitForBuild(),
  announce: (detail) => announce("swap", detail),
});

const engine = new Engine({
  document,
  page: facilitiesOf(window),
  budget: config.budget,
  now: () => performance.timeOrigin + performance.now(),
  clock: () => performance.now(),
  compile: compiler(fetchOwn),
  compileApplication: compiler(fetchOwn, () => {}),
  log,
  show: (element, shown) => screen.showProblem(element, shown),
  swapped: (number, swaps, restarted) => reports.swapped(number, swaps, restarted),
  trapped(module, hash, trap) {
    screen.overlay.showTrap(module, trap);
    send(cutAll({ type: "trap", module, hash, ...trap }));
    announce("trap", { module, hash, ...trap });
  },
  problem,
  started,
  rehearse: (request) => transport.connected && send({ type: "rehearse", ...request }),
  settled: () => reload.settled(),
  reload: (reason) => reload.reload(reason, true),
  captured: (module) => states.changed(module),
  slower(module, hash, { before, call, calls, beforeMs, afterMs }) {
    const since = `since ${hash.slice(0, 8)}, the median of ${calls} calls`;
    log("warn", module, `\`${call}\` takes ${afterMs.toFixed(1)} ms instead of ${beforeMs.toFixed(1)} ms ${since}`);
    announce("slower", { module, hash, before, call, calls, beforeMs, afterMs });
    send({ type: "slower", module, hash, before, call, calls, before_ms: beforeMs, after_ms: afterMs });
  },
});
screen.overlay.watch(() => engine.modules().some(({ running }) => running));

/** @type {import("./page/markup.js").Comparing} */
const markup = {
  html: config.html,
  fetch: (options) => fetch(own(unfetched(served)), options),
  storage: () => sessionStorage,
  reload: (reason) => reload.reload(reason, true),
  outdated: (forgetful) => problem(outdatedText(forgetful)),
};
const messages = new Messages({ config, page, engine, updates, states, build, reload, markup, send, problem });

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
        messages.receive(message);
      } catch (error) {
        log("error", null, `a message of the type \`${message.type}\` failed: ${error}`);
      }
    },
    intercepted: (refusal) => screen.status.stand("connection", interceptedText(refusal)),
    changed(connected) {
      screen.status.stand("connection", connected ? null : "The tool is not connected; waiting for it");
      if (!connected) engine.rehearsals.disconnected();
    },
    otherApp(otherApp) {
      const text =
        "This page belongs to another application than the one that is served at this address now. Load it again to see that one";
      screen.status.stand("application", otherApp ? text : null);
      if (otherApp) log("warn", null, text);
    },
    log: (text) => log("warn", null, text),
  },
);

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

/**
 * An application whose glue a script of the page imports. Instead of the glue, the tool serves a module that calls this.
 * @param {string} name
 */
function importedApplication(name) {
  return engine.applications.imported(name, (version) => void engine.update(null, [version]));
}

export { hmr, importedApplication };

/**
 * What scripts of a page for Trunk expect when its application has started.
 * @param {import("./application/application.js").Application} application
 */
function started(application) {
  if (application.generation > 1 || !application.runs?.application?.starts) return;
  Object.defineProperty(window, "wasmBindings", { configurable: true, get: () => application.exports });
  window.dispatchEvent(new CustomEvent("TrunkApplicationStarted", { detail: { wasm: application.exports } }));
}

/** @param {() => void} code */
function whenParsed(code) {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", code, { once: true });
  else code();
}

function start() {
  Object.assign(window, { __hmr: hmr });
  document.head.append(
    Object.assign(document.createElement("style"), {
      textContent: ":where(hmr-component) { display: contents } hmr-connect { display: none }",
    }),
  );
  screen.attach();
  document.addEventListener("dragstart", labelDrag, true);
  noteMarkup(markup);
  reload.restore();
  engine.learn(config.modules);
  engine.expect(config.later);
  defineElements(engine);
  build.show(config.failure);
  transport.connect();
  whenParsed(() => engine.parsed());
  window.addEventListener("pagehide", () => {
    transport.close();
    reload.leave();
  });
  window.addEventListener("pageshow", () => transport.connect());
  queueMicrotask(() => build.waitForBuild());
  announce("ready", { page, modules: engine.versions });
}

start();

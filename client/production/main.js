/**
 * The entry of a deployed page with native modules. `npm run bundle` makes `production/bundled/client.js` of it, into which `cargo hmr build`
 * writes the modules, and the parts that they need (`production/parts`).
 *
 * In: the modules of the application, `hmr-component` elements. Out: mounted components; the events `hmr:ready`, `hmr:trap` and
 * `hmr:problem` on the document. Scripts reach it as `window.__hmr`.
 */

import { facilitiesOf } from "../resources/facilities.js";
import { defineElements } from "../session/elements.js";
import { log } from "../session/log.js";
import { DeployedGlue } from "./glue.js";
import * as rendering from "./parts/rendering.js";
import { ProductionEngine } from "./production-engine.js";

/**
 * A module as it is deployed.
 *
 * @typedef {object} DeployedModule
 * @property {string} module its name
 * @property {string} file the name of its wasm file, next to this script
 * @property {string} integrity its hash, as `fetch` takes it
 * @property {string} [glue] the name of the file with its glue, if it calls functions of the browser
 * @property {string[]} components the names of its components
 */

/** The modules; `cargo hmr build` replaces the name by a list. @type {DeployedModule[]} */
// @ts-expect-error: the name has no declaration
const modules = __HMR_MODULES__;

/**
 * @param {string} name
 * @param {unknown} detail
 */
function announce(name, detail) {
  document.dispatchEvent(new CustomEvent(`hmr:${name}`, { detail }));
}

/** @param {Response} response */
async function compile(response) {
  const type = response.headers.get("content-type") ?? "";
  if (/^application\/wasm\b/i.test(type)) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

const glue = new DeployedGlue();
const engine = new ProductionEngine({
  document,
  page: facilitiesOf(window),
  now: () => performance.timeOrigin + performance.now(),
  async compile({ url, hash, glue: glueUrl }) {
    const response = await fetch(url, { integrity: hash });
    if (!response.ok) throw new Error(`\`${url}\` cannot be fetched: the server answered ${response.status}`);
    const compiled = await compile(response);
    if (glueUrl) await glue.load(compiled, glueUrl);
    return compiled;
  },
  browserCode: (compiled) => glue.newCopy(compiled),
  rendering,
  log,
  trapped: (module, trap) => announce("trap", { module, ...trap.facts }),
  problem(message) {
    log("error", null, message);
    announce("problem", { message });
  },
});

/** What scripts of a page use. */
export const hmr = Object.freeze({
  /** @type {ProductionEngine["host"]} */
  host: (name, f) => engine.host(name, f),
});

const sheet = new CSSStyleSheet();
sheet.replaceSync(":where(hmr-component) { display: contents } hmr-connect { display: none }");
// A strict content security policy forbids style elements, but not these.
document.adoptedStyleSheets = [sheet, ...document.adoptedStyleSheets];
Object.assign(window, { __hmr: hmr });
engine.learn(
  modules.map(({ module, file, integrity, components, glue: glueFile }) => ({
    module,
    url: new URL(file, import.meta.url).href,
    hash: integrity,
    components,
    transform: [],
    ...(glueFile === undefined ? {} : { glue: new URL(glueFile, import.meta.url).href }),
  })),
);
defineElements(engine);
announce("ready", { modules: modules.map(({ module }) => module) });

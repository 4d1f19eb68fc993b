/**
 * Which files may import which: `npm run lint` checks it, for imports of code and for imports of types in comments.
 *
 * A folder may import from itself and from those before it in `LAYERS`. No import is part of a circle.
 */

/** The folders, from those that depend on nothing to those that depend on most. */
const LAYERS = [
  "common", // constants, limits of texts, errors as text
  "tool", // messages and requests to the tool
  "dom", // a module's nodes: decoded, drawn, reconciled
  "page", // what belongs to the page: stylesheets, files, state over a reload
  "guest", // a wasm binary and its running code
  "bindgen", // code made with wasm-bindgen: its glue, its copies, what these start in the page
  "extra", // what few pages need: patched and measured exports, modules that run by themselves
  "resources", // timers, sockets, observers, connections of instances
  "module", // the record of a module: its version, its code, its state machine
  "instances", // placed components: mounted, rendered again, given events
  "swap", // a swap with its steps, probation, versions
  "application", // programs made with wasm-bindgen: their versions, the document around them
  "engine", // puts these together
  "api", // the object for scripts of the page
  "ui", // the visible elements
  "session", // the page and the tool: messages, updates, reloads
  "production", // deployed pages: an engine without swaps and without the tool
];

/** The files that are no part of a layer. `api.js` has types alone. */
const ENTRIES = "^(main|api)\\.js$";

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-circles",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "only-known-folders",
      comment: "a new folder belongs in LAYERS",
      severity: "error",
      from: { pathNot: [`^(${LAYERS.join("|")})/`, ENTRIES] },
      to: {},
    },
    {
      name: "entry-is-on-top",
      severity: "error",
      from: {},
      to: { path: "^main\\.js$" },
    },
    ...LAYERS.slice(0, -1).map((layer, at) => ({
      name: `${layer}-imports-no-later-layer`,
      severity: "error",
      from: { path: `^${layer}/` },
      to: { path: `^(${LAYERS.slice(at + 1).join("|")})/` },
    })),
    {
      name: "no-unresolved",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: "tsc",
    detectJSDocImports: true,
    tsPreCompilationDeps: true,
    exclude: { path: "^((node_modules|test)/|(types|bundle)\\.mjs$|production/bundled/)" },
  },
};

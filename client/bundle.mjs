/**
 * Writes `production/bundled/`, the engine that `cargo hmr build` deploys. `client.js` is `production/main.js` with all that it imports, minified,
 * with names in the place of what only few applications need: the parts. Each part is an expression in a file of its own, which
 * `cargo hmr build` writes instead of the name. With `--check`, fails if a file does not match its sources.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const client = dirname(fileURLToPath(import.meta.url));
const bundled = `${client}/production/bundled`;

/** Which file the engine has instead of another one. */
const IN_ENGINE = {
  "dom/instance-path.js": "production/left-out/instance-path.js",
  "dom/preserve.js": "production/parts/preserve.js",
  "dom/reconcile.js": "production/parts/reconcile.js",
  "guest/snapshot.js": "production/left-out/snapshot.js",
  "guest/source-lines.js": "production/left-out/source-lines.js",
  "instances/detached-state.js": "production/left-out/detached-state.js",
  "module/history.js": "production/left-out/history.js",
  "production/glue.js": "production/parts/glue.js",
  "resources/host-functions.js": "production/parts/host-functions.js",
  "resources/ports.js": "production/parts/ports.js",
  "resources/resources.js": "production/parts/resources.js",
};

/** The same for parts. */
const IN_PARTS = { "dom/files.js": "production/parts/files.js" };

/** The entries of the parts, by the names of their files, with the parameter that a part has. */
const PARTS = {
  glue: ["production/glue.js", null],
  ports: ["resources/ports.js", null],
  rendering: ["production/parts/rendering-entry.js", null],
  resources: ["production/parts/resources-entry.js", "__HMR_SHARED__"],
};

/** @param {Record<string, string>} others */
function instead(others) {
  return {
    name: "instead",
    setup(/** @type {import("esbuild").PluginBuild} */ { onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        const other = others[relative(client, resolve(resolveDir, path)).replaceAll("\\", "/")];
        return other === undefined ? undefined : { path: `${client}/${other}` };
      });
    },
  };
}

/**
 * @param {string} entry
 * @param {Record<string, string>} others
 */
async function bundle(entry, others) {
  const { outputFiles } = await build({
    entryPoints: [`${client}/${entry}`],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    write: false,
    plugins: [instead(others)],
  });
  return outputFiles[0].text;
}

/**
 * A bundle as an expression.
 *
 * @param {string} text
 * @param {string | null} parameter the expression is a function with this parameter; else an object
 */
function expression(text, parameter) {
  const [whole, list] = /export\{([^}]*)\};\s*$/.exec(text) ?? [];
  if (whole === undefined || list === undefined) throw new Error("a part exports nothing");
  const properties = list.split(",").map((name) => {
    const [local, exported = local] = name.split(" as ");
    return `${exported}:${local}`;
  });
  const made = `${text.slice(0, -whole.length)}return{${properties.join()}}`;
  return parameter === null ? `(()=>{${made}})()` : `${parameter}=>{${made}}`;
}

/** @param {string} file */
function there(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

const files = { "client.js": await bundle("production/main.js", IN_ENGINE) };
for (const [name, [entry, parameter]] of Object.entries(PARTS)) {
  files[`part-${name}.js`] = expression(await bundle(entry, IN_PARTS), parameter);
}
mkdirSync(bundled, { recursive: true });
for (const [name, text] of Object.entries(files)) {
  const file = `${bundled}/${name}`;
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (there(file) !== text) {
    console.error(`\`client/production/bundled/${name}\` is not what its sources say\nhint: run \`npm run bundle\` in \`client\``);
    process.exitCode = 1;
  }
}

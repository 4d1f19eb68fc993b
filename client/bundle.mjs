/**
 * Writes `production/client.js`, the engine that `cargo hmr build` deploys: `production/main.js` with all that it imports, minified. With `--check`,
 * fails if it does not match its sources.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const written = fileURLToPath(new URL("production/client.js", import.meta.url));

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL("production/main.js", import.meta.url))],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  write: false,
});
const text = outputFiles[0].text;

function there() {
  try {
    return readFileSync(written, "utf8");
  } catch {
    return null;
  }
}

if (!process.argv.includes("--check")) writeFileSync(written, text);
else if (there() !== text) {
  console.error("`client/production/client.js` is not what its sources say\nhint: run `npm run bundle` in `client`");
  process.exitCode = 1;
}

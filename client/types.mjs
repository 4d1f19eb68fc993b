/**
 * Writes `api.d.ts`, the types of the page's API for editors; with `--check`, fails if it does not match `api.js`.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const client = fileURLToPath(new URL(".", import.meta.url));
const written = join(client, "api.d.ts");

function emitted() {
  const folder = mkdtempSync(join(tmpdir(), "hmr-types-"));
  const options = [
    "--allowJs",
    "--declaration",
    "--emitDeclarationOnly",
    "--skipLibCheck",
    "--target",
    "ES2022",
    "--module",
    "NodeNext",
    "--types",
    "node",
  ];
  try {
    execFileSync(
      process.execPath,
      [join(client, "node_modules/typescript/bin/tsc"), join(client, "api.js"), ...options, "--outDir", folder],
      { stdio: ["ignore", "inherit", "inherit"] },
    );
    return readFileSync(join(folder, "api.d.ts"), "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function there() {
  try {
    return readFileSync(written, "utf8");
  } catch {
    return null;
  }
}

const text = emitted();
if (!process.argv.includes("--check")) writeFileSync(written, text);
else if (there() !== text) {
  console.error("`client/api.d.ts` is not what `client/api.js` says\nhint: run `npm run types` in `client`");
  process.exitCode = 1;
}

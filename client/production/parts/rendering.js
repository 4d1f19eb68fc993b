/**
 * What renders an instance again in its nodes, in a page that rarely does.
 *
 * `cargo hmr build` puts it here if a module places components or invalidates instances. Otherwise only a script of the page can change the
 * props of a component: then it is loaded from a file of its own.
 */

/** @typedef {typeof import("./rendering-entry.js")} RenderingPart */

/** @type {RenderingPart | null} */
// @ts-expect-error: the name has no declaration
let part = __HMR_RENDERING__;

/** The name of the file with it, next to this script. @type {string | null} */
// @ts-expect-error: the name has no declaration
const file = __HMR_RENDERING_FILE__;

/** Whether it is there. */
export function isThere() {
  return part !== null;
}

/** Loads it. */
export async function load() {
  ({ default: part } = await import(new URL(String(file), import.meta.url).href));
}

/** What it has. Only instances that are rendered again need it. */
export function rendering() {
  if (!part) throw new Error("internal error: an instance is rendered again too soon");
  return part;
}

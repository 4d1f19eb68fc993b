/**
 * What `cargo hmr build` adds for modules that ask for resources.
 *
 * Files that a reader has chosen are noted by events and read by host functions, so that both must use the same table.
 */

import * as files from "../../dom/files.js";

/** @typedef {typeof import("./resources-entry.js")} ResourcesPart */

/** @type {((shared: typeof files) => ResourcesPart) | null} */
// @ts-expect-error: the name has no declaration
const make = __HMR_RESOURCES__;

/** Null if no module of the application asks for a resource. */
export const resources = make?.(files) ?? null;

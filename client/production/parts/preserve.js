/** Stands for `dom/preserve.js` in the engine of deployed pages. */

import { rendering } from "./rendering.js";

/** @type {typeof import("../../dom/preserve.js").preserve} */
export const preserve = (document, roots) => rendering().preserve(document, roots);

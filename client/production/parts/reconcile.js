/** Stands for `dom/reconcile.js` in the engine of deployed pages. */

import { rendering } from "./rendering.js";

/** @type {typeof import("../../dom/reconcile.js").reconcile} */
export const reconcile = (old, fresh, painter) => rendering().reconcile(old, fresh, painter);

/** What the part that renders again has. */

export { preserve } from "../../dom/preserve.js";
export { reconcile } from "../../dom/reconcile.js";

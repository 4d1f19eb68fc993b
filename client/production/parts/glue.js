/**
 * The glue of native modules, in a page that may have none. Stands for `production/glue.js` in the engine of deployed pages.
 *
 * `cargo hmr build` puts the real glue here if a module of the application calls functions of the browser.
 */

/** @type {typeof import("../glue.js") | null} */
// @ts-expect-error: the name has no declaration
const part = __HMR_GLUE__;

/** What there is instead: no module has glue. */
class NoGlue {
  newCopy() {
    return null;
  }
}

export const DeployedGlue = part?.DeployedGlue ?? NoGlue;

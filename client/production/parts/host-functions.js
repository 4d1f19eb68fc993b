/**
 * Functions that modules call by their names, in a page whose modules may call none. Stands for `resources/host-functions.js` in the engine
 * of deployed pages.
 */

import { resources as part } from "./resources-part.js";

/** What there is instead: scripts of the page may register functions, and no module calls them. */
class NoHostFunctions {
  register() {
    return () => {};
  }
}

export const HostFunctions = part?.HostFunctions ?? NoHostFunctions;

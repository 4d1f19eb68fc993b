/**
 * The resources of instances, in a page that may have none. Stands for `resources/resources.js` in the engine of deployed pages.
 *
 * `cargo hmr build` puts the real resources here if a module of the application asks for any.
 */

import { resources as part } from "./resources-part.js";

/** What there is instead: no module asks for a resource. */
class NoResources {
  attach() {}
  closeInstance() {}
  settle() {
    return [];
  }
}

export const Resources = part?.Resources ?? NoResources;
export const readRequest = part?.readRequest;

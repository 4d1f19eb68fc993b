/**
 * The ports of instances, in a page that may have none. Stands for `resources/ports.js` in the engine of deployed pages.
 *
 * `cargo hmr build` puts the real ports here if a module of the application has any.
 */

/** @type {typeof import("../../resources/ports.js") | null} */
// @ts-expect-error: the name has no declaration
const part = __HMR_PORTS__;

/** What there is instead: no module asks for a port, so no connection can be made. */
class NoPorts {
  links = new Map();
  changed() {}
  renamed() {}
  refresh() {}
  reportAbsent() {}
  closeInstance() {}
  settle() {
    return [];
  }
}

export const Ports = part?.Ports ?? NoPorts;
export const readPortRequest = part?.readPortRequest;

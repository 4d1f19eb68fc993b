/**
 * The state of instances whose elements an update removed from the page. It is kept for an update that adds the element again,
 * because the edit was reverted, for instance.
 *
 * In: snapshots, and the places of instances. Out: the part of a snapshot for a place. Snapshots stay text throughout.
 */

import { LEFT_STATES } from "../common/constants.js";
import { instancePath, instancePathsIn } from "../dom/instance-path.js";
import { EMPTY, migratedOf, partOf, withPart } from "../guest/snapshot.js";
import { errorMessage } from "../common/error-message.js";

/** @typedef {import("./instance.js").Instance} Instance */
/** @typedef {import("../guest/guest.js").Guest} Guest */

/** The saved states of removed instances in one page. */
export class DetachedStates {
  /** By place, the oldest first. @type {Map<string, string>} */
  #kept = new Map();
  /** Places that an update's rendering took out of the page, until their instances are unmounted. @type {WeakMap<Element, string>} */
  #gone = new WeakMap();

  /**
   * Call this before an update renders.
   * @param {Element[]} elements what it renders into
   * @returns {() => void} to be called afterwards: notes which places are gone
   */
  rendering(elements) {
    const paths = instancePathsIn(elements.filter((element) => element.isConnected && element.querySelector("hmr-component") !== null));
    return () => {
      for (const [element, path] of paths) if (!element.isConnected) this.#gone.set(element, path);
    };
  }

  /**
   * Keeps the state of an instance that is about to be unmounted, if an update took its place.
   *
   * @param {Instance} instance
   * @param {() => string | undefined} capture
   * @returns {boolean} whether an update took its place
   */
  leave({ id, element }, capture) {
    const path = this.#gone.get(element);
    if (path === undefined) return false;
    this.#gone.delete(element);
    const part = partOf(capture() ?? EMPTY, id);
    if (part !== null) this.#keep(path, part);
    return true;
  }

  /**
   * Call this when an element is in the page after all.
   * @param {Element} element
   */
  stays(element) {
    this.#gone.delete(element);
  }

  /**
   * @param {string} path
   * @param {string} part
   */
  #keep(path, part) {
    this.#kept.delete(path);
    this.#kept.set(path, part);
    for (const oldest of this.#kept.keys()) if (this.#kept.size > LEFT_STATES) this.#kept.delete(oldest);
  }

  /**
   * The saved state for the place path an instance is to be mounted, as its code understands it.
   *
   * @param {Instance} instance
   * @param {(migrate: (guest: Guest) => string | null) => string | null | undefined} ask undefined if it trapped
   * @returns {{ saved: string, taken: () => void } | null} `taken` is to be called once it is mounted with it
   */
  find({ id, element, component, record }, ask) {
    if (this.#kept.size === 0) return null;
    const path = instancePath(element);
    const part = this.#kept.get(path);
    if (part === undefined) return null;
    const snapshot = withPart(part, id);
    const answer = ask((guest) => guest.migrate(snapshot));
    if (answer === undefined) return null;
    const what = `the state that \`${component}\` had in \`${path}\``;
    try {
      const migrated = answer === null ? snapshot : migratedOf(answer);
      const saved = partOf(migrated, id);
      const taken = () => {
        this.#kept.delete(path);
        record.log("info", `${what} is taken up`);
      };
      return saved === null ? null : { saved, taken };
    } catch (error) {
      record.log("warn", `${what} cannot be taken up: ${errorMessage(error)}`);
      return null;
    }
  }
}

/**
 * What a module reads from its engine at once.
 *
 * In: requests of the import `read`. Out: answers as JSON text. `docs/abi.md` describes both.
 */

/**
 * The parts of a page that modules can read.
 *
 * @typedef {object} PageValues
 * @property {(bytes: Uint8Array) => void} random fills it with random bytes
 * @property {(ms: number) => number} timeZone how many minutes the local time is ahead of UTC at a moment
 * @property {{ url: () => URL }} history
 */

/**
 * @param {string} json
 * @param {PageValues} page
 * @returns {string | null} null for what is not known
 * @throws {Error} if it is not JSON
 */
export function answerAtOnce(json, page) {
  /** @type {unknown} */
  let request;
  try {
    request = JSON.parse(json);
  } catch (error) {
    throw new Error(`a read request is malformed: ${error instanceof Error ? error.message : error}`);
  }
  const { read, at } = /** @type {{ read?: unknown, at?: unknown }} */ (request ?? {});
  switch (read) {
    case "time-zone":
      return typeof at === "number" ? JSON.stringify(page.timeZone(at)) : null;
    case "location": {
      const { origin, pathname, search, hash } = page.history.url();
      return JSON.stringify({ origin, path: pathname, query: search.slice(1), hash: hash.slice(1) });
    }
    default:
      return null;
  }
}

/** Writes to the browser's console. */

/**
 * @param {import("../guest/guest.js").Level} level
 * @param {string | null} module
 * @param {string} text
 */
export function log(level, module, text) {
  console[level](module ? `[hmr] ${module}: ${text}` : `[hmr] ${text}`);
}

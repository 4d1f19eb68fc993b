/** Stands for `guest/source-lines.js` in deployed pages: deployed modules have no table of lines. */

/** @param {string} file */
export function isOwn(file) {
  return !/^$|^[/\\<]|:\\|^library\//.test(file);
}

/**
 * @param {WebAssembly.Module} _compiled
 * @param {number[]} offsets
 */
export function locationsOf(_compiled, offsets) {
  return offsets.map(() => null);
}

/**
 * Does something at most once in a tab, also across reloads.
 *
 * In: the tab's storage, and a key. Out: whether it is the first time. A page from a cache is still old after
 * a reload, and would be reloaded endlessly.
 */

/**
 * Whether something happens for the first time in this tab. From now on it does not.
 *
 * @param {() => Pick<Storage, "getItem" | "setItem">} storage may throw, where a page may not have one
 * @param {string} key the last mark is stored under this key
 * @param {string} mark
 * @returns {boolean | null} null if it cannot be remembered
 */
export function firstTime(storage, key, mark) {
  try {
    const kept = storage();
    if (kept.getItem(key) === mark) return false;
    kept.setItem(key, mark);
    return true;
  } catch {
    return null;
  }
}

/**
 * The id of a page, which is the same after a reload, so that the tool gives the page the same versions.
 *
 * In: the storage of the page's tab. Out: 32 hexadecimal digits. Without a storage, as in a sandboxed page, the page
 * has a new id each time that it is loaded.
 */

const KEY = "hmr-page";

/** @type {string | null} for a page without a storage */
let unstored = null;

/**
 * @param {() => Pick<Storage, "getItem" | "setItem">} storage of the tab; getting it may throw
 */
export function pageId(storage) {
  try {
    const kept = storage().getItem(KEY);
    if (kept !== null && /^[0-9a-f]{32}$/.test(kept)) return kept;
    const id = randomId();
    storage().setItem(KEY, id);
    return id;
  } catch {
    unstored ??= randomId();
    return unstored;
  }
}

/** 32 hexadecimal digits. `crypto.randomUUID` is missing outside a secure context, as at an address of a local network. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

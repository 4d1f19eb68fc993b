/**
 * The files that the reader of a page has chosen or dropped, by the ids that modules get for them.
 *
 * The page has them until it is loaded again: an id of an earlier load is not known.
 */

/**
 * @typedef {{ id: string, name: string, type: string, size: number, modified: number }} FileData
 */

/** How many files are kept; modules can read no older ones. */
const MOST_FILES = 1000;

/** Distinguishes this load of the page from others. */
const load = Math.random().toString(36).slice(2);

/** @type {Map<string, File>} */
const files = new Map();
/** @type {WeakMap<File, string>} */
const ids = new WeakMap();
let last = 0;

/**
 * @param {File} file
 * @returns {FileData}
 */
function dataOf(file) {
  const { name, type, size, lastModified } = file;
  const id = ids.get(file) ?? `${load}-${++last}`;
  ids.set(file, id);
  files.set(id, file);
  const [oldest] = files.keys();
  if (files.size > MOST_FILES && oldest !== undefined) files.delete(oldest);
  return { id, name, type, size, modified: lastModified };
}

/**
 * The files that come with an event: those of the field that listens, or those that are dropped.
 *
 * @param {Event} event
 * @param {EventTarget | null} current
 * @returns {FileData[]}
 */
export function filesOf(event, current) {
  const chosen = /** @type {{ files?: FileList | null } | null} */ (current)?.files;
  const list = event.type === "drop" ? /** @type {DragEvent} */ (event).dataTransfer?.files : chosen;
  return Array.from(list ?? [], dataOf);
}

/**
 * @param {unknown} id
 * @returns {File | undefined}
 */
export function fileOf(id) {
  return files.get(String(id));
}

/**
 * What a reader has opened or played: dialogs, popovers, and the position of media.
 *
 * In: a document. Out: entries that are restored when the same elements exist again. A dialog in the document is opened as it
 * was; media continue at the position where they were.
 */

/** @typedef {import("./locators.js").Locator} Locator */
/** @typedef {{ at: Locator, how: "dialog" | "modal" | "popover" }} Opened */
/** @typedef {{ at: Locator, time: number, paused: boolean, volume: number, muted: boolean, rate: number }} Played */

/**
 * @param {Document} document
 * @param {import("./locators.js").Locators} locators
 * @returns {Opened[]}
 */
export function readOpened(document, locators) {
  return [...document.querySelectorAll("dialog[open], [popover]")].flatMap((element) => {
    const how = openedHow(element);
    return how ? [{ at: locators.locate(element), how }] : [];
  });
}

/**
 * @param {Element} element
 * @returns {Opened["how"] | null}
 */
function openedHow(element) {
  if (element.localName === "dialog") return matches(element, ":modal") ? "modal" : "dialog";
  return matches(element, ":popover-open") ? "popover" : null;
}

/**
 * @param {Element} element
 * @param {string} selector that not every browser knows
 */
function matches(element, selector) {
  try {
    return element.matches(selector);
  } catch {
    return false;
  }
}

/**
 * @param {Element} element
 * @param {Opened["how"]} how
 */
export function open(element, how) {
  const dialog = /** @type {HTMLDialogElement} */ (element);
  if (how === "popover") return void (openedHow(element) ?? dialog.showPopover());
  if (dialog.open) return;
  if (how === "modal") dialog.showModal();
  else dialog.show();
}

/**
 * @param {Document} document
 * @param {import("./locators.js").Locators} locators
 * @returns {Played[]}
 */
export function readPlayed(document, locators) {
  const media = [.../** @type {NodeListOf<HTMLMediaElement>} */ (document.querySelectorAll("audio, video"))];
  return media
    .filter(({ currentTime, paused }) => currentTime > 0 || !paused)
    .map((element) => ({
      at: locators.locate(element),
      time: element.currentTime,
      paused: element.paused,
      volume: element.volume,
      muted: element.muted,
      rate: element.playbackRate,
    }));
}

/**
 * @param {Element} element
 * @param {Played} played
 */
export function play(element, { time, paused, volume, muted, rate }) {
  const media = /** @type {HTMLMediaElement} */ (element);
  Object.assign(media, { currentTime: time, volume, muted, playbackRate: rate });
  // A browser may refuse to play before the reader has done something in the page.
  if (!paused && media.paused) void media.play().catch(() => {});
}

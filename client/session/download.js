/**
 * Gives the reader a file.
 *
 * @param {string} name
 * @param {string} text
 */
export function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  // The download has started at this point.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

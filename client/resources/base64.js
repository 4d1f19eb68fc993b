/** Bytes as standard Base64 and back. */

/** How many bytes become text at once; more could overflow the stack. */
const CHUNK = 0x8000;

/**
 * @param {ArrayBuffer | Uint8Array} bytes
 * @returns {string}
 */
export function encodeBase64(bytes) {
  const all = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  let text = "";
  for (let at = 0; at < all.length; at += CHUNK) text += String.fromCharCode(...all.subarray(at, at + CHUNK));
  return btoa(text);
}

/**
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer> | null} null if it is not Base64
 */
export function decodeBase64(text) {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}

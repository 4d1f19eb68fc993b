/**
 * Limits the length of texts from modules that are shown to people and sent to the tool.
 *
 * In: texts of any length. Out: what people can read, with a note of what was cut. The numbers are those of `hmr_abi::text`.
 */

import { TEXT_BYTES, TEXT_KEPT_BYTES } from "./constants.js";

const encoder = new TextEncoder();

/**
 * The text, or its beginning with a note of how much more there was.
 * @param {string} text
 */
export function cut(text) {
  // A unit of UTF-16 is at most three bytes of UTF-8.
  if (text.length <= TEXT_BYTES / 3) return text;
  const total = encoder.encode(text).length;
  if (total <= TEXT_BYTES) return text;
  const { read, written } = encoder.encodeInto(text, new Uint8Array(TEXT_KEPT_BYTES));
  return `${text.slice(0, read)} … (cut, ${size(total - written)} more)`;
}

/** @param {number} bytes */
function size(bytes) {
  if (bytes < 10_000) return `${bytes} bytes`;
  return bytes < 10_000_000 ? `${Math.floor(bytes / 1000)} kB` : `${Math.floor(bytes / 1_000_000)} MB`;
}

/**
 * A value of JSON with all its texts cut.
 *
 * @template T
 * @param {T} value
 * @returns {T}
 */
export function cutAll(value) {
  if (typeof value === "string") return /** @type {T} */ (cut(value));
  if (Array.isArray(value)) return /** @type {T} */ (value.map(cutAll));
  if (typeof value !== "object" || value === null) return value;
  return /** @type {T} */ (Object.fromEntries(Object.entries(value).map(([name, inner]) => [cut(name), cutAll(inner)])));
}

/** Makes a readable message of an error. */

import { cut } from "./limits.js";

/**
 * A readable message for a thrown value of any type.
 * @param {unknown} error
 */
export function errorMessage(error) {
  if (error instanceof Error) return cut("described" in error ? String(error.described) : error.message);
  return cut(String(error));
}

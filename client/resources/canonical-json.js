/**
 * JSON in one spelling: no blanks, fields sorted, texts with the shortest escapes, numbers as written. So two texts can be
 * compared by value, and no digit is lost.
 */

import { fields, items } from "../common/raw-json.js";

/**
 * @param {string} json text that `JSON.parse` accepts
 * @returns {string}
 */
export function exact(json) {
  switch (json[0]) {
    case "{": {
      const sorted = [...fields(json)].sort(([a], [b]) => (a < b ? -1 : 1));
      return `{${sorted.map(([name, value]) => `${JSON.stringify(name)}:${exact(value)}`).join(",")}}`;
    }
    case "[":
      return `[${items(json).map(exact).join(",")}]`;
    case '"':
      return JSON.stringify(JSON.parse(json));
    default:
      return json;
  }
}

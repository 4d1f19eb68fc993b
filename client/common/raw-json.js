/**
 * Takes JSON text apart without reading its values, so that they can be passed on digit by digit.
 *
 * In: text that `JSON.parse` accepts. Out: the texts of the values of an object or a list.
 */

/**
 * The values of an object, as text, by name.
 * @param {string} json an object
 * @returns {Map<string, string>}
 */
export function fields(json) {
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const part of split(json)) {
    const end = endOfText(part, 0);
    found.set(JSON.parse(part.slice(0, end)), part.slice(part.indexOf(":", end) + 1).trim());
  }
  return found;
}

/**
 * The values of a list, as text.
 * @param {string} json a list
 * @returns {string[]}
 */
export function items(json) {
  return split(json);
}

/**
 * The text between the outermost brackets, cut at the commas.
 * @param {string} json
 * @returns {string[]}
 */
function split(json) {
  const text = json.trim();
  /** @type {string[]} */
  const parts = [];
  let [depth, begin] = [0, 1];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = endOfText(text, at) - 1;
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    else if (character === "," && depth === 1) {
      parts.push(text.slice(begin, at).trim());
      begin = at + 1;
    }
  }
  const last = text.slice(begin, -1).trim();
  return last === "" ? parts : [...parts, last];
}

/**
 * Where a text that begins at a quotation mark ends.
 * @param {string} json
 * @param {number} begin
 */
function endOfText(json, begin) {
  for (let at = begin + 1; at < json.length; at++) {
    if (json[at] === "\\") at++;
    else if (json[at] === '"') return at + 1;
  }
  return json.length;
}

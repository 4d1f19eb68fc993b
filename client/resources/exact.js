/**
 * JSON as it was written, so that no digit of a number is lost.
 *
 * In: JSON text that `JSON.parse` accepts. Out: the same in one spelling (no blanks, fields sorted, strings with the shortest
 * escapes, numbers as they stood), so that two texts can be compared; and the texts of its fields.
 */

/** @typedef {{ text: string, fields: Map<string, Exact> }} Exact */

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/**
 * @param {string} json
 * @returns {Exact}
 */
export function exact(json) {
  return readValue((json.match(TOKENS) ?? [])[Symbol.iterator]());
}

/**
 * @param {Iterator<string>} tokens
 * @param {string} [first] the first token, if it was taken already
 * @returns {Exact}
 */
function readValue(tokens, first = tokens.next().value) {
  switch (first?.[0]) {
    case "{":
      return readObject(tokens);
    case "[":
      return readList(tokens);
    case '"':
      return { text: JSON.stringify(JSON.parse(first)), fields: new Map() };
    default:
      return { text: first ?? "", fields: new Map() };
  }
}

/** @param {Iterator<string>} tokens */
function readObject(tokens) {
  /** @type {Map<string, Exact>} */
  const fields = new Map();
  for (let token = tokens.next().value; token && token !== "}"; token = tokens.next().value) {
    if (token === ",") continue;
    tokens.next();
    fields.set(JSON.parse(token), readValue(tokens));
  }
  const sorted = [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
  return { text: `{${sorted.map(([name, { text }]) => `${JSON.stringify(name)}:${text}`).join(",")}}`, fields };
}

/** @param {Iterator<string>} tokens */
function readList(tokens) {
  /** @type {string[]} */
  const items = [];
  for (let token = tokens.next().value; token && token !== "]"; token = tokens.next().value) {
    if (token !== ",") items.push(readValue(tokens, token).text);
  }
  return { text: `[${items.join(",")}]`, fields: new Map() };
}

/**
 * Text with ANSI colours, as spans for a page.
 *
 * In: what rustc prints. Out: pieces of text with the classes `b` (bold), `d` (dim) and `c1`…`c7` (colours). Other
 * control sequences are left out.
 */

/** @typedef {{ text: string, classes: string[] }} Piece */

/**
 * @param {{ bold: boolean, dim: boolean, colour: number }} style
 * @param {number} code
 */
function obey(style, code) {
  if (code === 0) Object.assign(style, { bold: false, dim: false, colour: 0 });
  else if (code === 1) style.bold = true;
  else if (code === 2) style.dim = true;
  else if (code === 22) Object.assign(style, { bold: false, dim: false });
  else if (code === 39) style.colour = 0;
  else if (code >= 30 && code <= 37) style.colour = code - 30;
  else if (code >= 90 && code <= 97) style.colour = code - 90;
}

/**
 * @param {{ bold: boolean, dim: boolean, colour: number }} style
 * @param {string} parameters
 */
function obeyAll(style, parameters) {
  const codes = parameters.split(";").map(Number);
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) {
      // `38;5;n` is a colour of a palette; its first 16 are the usual ones.
      const colour = codes[at + 2] ?? 0;
      if (code === 38 && codes[at + 1] === 5) style.colour = colour < 16 ? colour % 8 : 0;
      at += codes[at + 1] === 5 ? 2 : 4;
    } else obey(style, code);
  }
}

/**
 * @param {string} text
 * @returns {Piece[]}
 */
export function pieces(text) {
  const style = { bold: false, dim: false, colour: 0 };
  /** @type {Piece[]} */
  const found = [];
  let last = 0;
  // Colours, then other control sequences and links.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what begins and ends them.
  for (const match of text.matchAll(/\x1b\[([\d;]*)m|\x1b\[[\d;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g)) {
    push(found, text.slice(last, match.index), style);
    last = match.index + match[0].length;
    if (match[1] !== undefined) obeyAll(style, match[1]);
  }
  push(found, text.slice(last), style);
  return found;
}

/**
 * @param {Piece[]} found
 * @param {string} text
 * @param {{ bold: boolean, dim: boolean, colour: number }} style
 */
function push(found, text, { bold, dim, colour }) {
  if (text === "") return;
  const classes = [...(bold ? ["b"] : []), ...(dim ? ["d"] : []), ...(colour > 0 ? [`c${colour}`] : [])];
  found.push({ text, classes });
}

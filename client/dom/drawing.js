/**
 * Drawings on a `canvas`: lists of commands, each a list of a name of the 2D context and its arguments.
 *
 * In: JSON of any content, a canvas. Out: what the canvas shows. Only the names below are used. They are those of the crate `hmr-abi`.
 */

/** @typedef {[name: string, ...values: unknown[]]} Command */

const METHODS = new Set([
  "arc",
  "arcTo",
  "beginPath",
  "bezierCurveTo",
  "clearRect",
  "clip",
  "closePath",
  "ellipse",
  "fill",
  "fillRect",
  "fillText",
  "lineTo",
  "moveTo",
  "quadraticCurveTo",
  "rect",
  "reset",
  "resetTransform",
  "restore",
  "rotate",
  "roundRect",
  "save",
  "scale",
  "setLineDash",
  "setTransform",
  "stroke",
  "strokeRect",
  "strokeText",
  "transform",
  "translate",
]);

const PROPERTIES = new Set([
  "fillStyle",
  "font",
  "globalAlpha",
  "globalCompositeOperation",
  "lineCap",
  "lineDashOffset",
  "lineJoin",
  "lineWidth",
  "miterLimit",
  "shadowBlur",
  "shadowColor",
  "shadowOffsetX",
  "shadowOffsetY",
  "strokeStyle",
  "textAlign",
  "textBaseline",
]);

/**
 * @param {string} json
 * @returns {Command[] | null} null if it is not a drawing
 */
export function readDrawing(json) {
  try {
    const commands = JSON.parse(json);
    const sound = Array.isArray(commands) && commands.every((command) => Array.isArray(command) && typeof command[0] === "string");
    return sound ? commands : null;
  } catch {
    return null;
  }
}

/**
 * Carries a drawing out.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Command[]} commands
 * @param {(message: string) => void} warn
 */
export function draw(canvas, commands, warn) {
  const context = /** @type {Record<string, any> | null} */ (canvas.getContext?.("2d") ?? null);
  if (!context) return warn(`nothing is drawn on \`${canvas.localName}\`: it has no 2D context`);
  for (const [name, ...values] of commands) {
    try {
      if (name === "reset" && !context.reset) clear(canvas);
      else if (METHODS.has(name)) context[name](...values);
      else if (PROPERTIES.has(name)) context[name] = values[0];
      else warn(`\`${name}\` is not a command of a drawing`);
    } catch (error) {
      warn(`\`${name}\` of a drawing failed: ${error instanceof Error ? error.message : error}`);
    }
  }
}

/**
 * Setting its width makes a canvas as it was at first, in browsers whose contexts cannot be reset.
 * @param {HTMLCanvasElement} canvas
 */
function clear(canvas) {
  const { width } = canvas;
  canvas.width = width;
}

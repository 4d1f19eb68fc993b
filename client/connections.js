/**
 * Which output is connected with which input.
 *
 * In: the connections that the page declares, the ports that instances have, and the instances' names, as tables. Out: links, the
 * problems that stand in the way of others, and what became of connections from one table to the next. Nothing here is kept.
 */

/** @typedef {import("./protocol.js").ConnectionOutcome} ConnectionOutcome */
/** @typedef {"port" | "stream"} PortKind */

/** One end of a declared connection. @typedef {{ name: string, port: string }} End */

/**
 * A declared connection. `given` is what tells it in messages.
 * @typedef {{ from: End, to: End, transform: string | null, kind: string | null }} Declaration
 */

/**
 * A port of an instance. `serial` is new for each port that was made, and stays when new code takes the port over.
 *
 * @typedef {{ serial: number, module: string, instance: number, port: string, input: boolean, kind: PortKind, type: string }} Port
 */

/** @typedef {{ key: string, declaration: Declaration, output: Port, input: Port }} Link */

/** The fingerprint that fits every type. */
const ANY_TYPE = "serde_json::value::Value";

/** @param {End} end */
function endText({ name, port }) {
  return `${name}.${port}`;
}

/** @param {Declaration} declaration */
export function fromText({ from }) {
  return endText(from);
}

/** @param {Declaration} declaration */
export function toText({ to }) {
  return endText(to);
}

/**
 * Reads what an `hmr-connect` says.
 *
 * @param {(attribute: string) => string | null} attribute
 * @returns {Declaration | string} or why it makes no sense
 */
export function readDeclaration(attribute) {
  const [from, to] = [readEnd(attribute("from")), readEnd(attribute("to"))];
  const bad = from ? (to ? null : "to") : "from";
  if (!from || !to) {
    const given = attribute(bad ?? "");
    const what = given === null ? `an \`<hmr-connect>\` has no \`${bad}\`` : `the end \`${given}\` of an \`<hmr-connect>\` names no port`;
    return `${what}\nhint: write \`${bad}="Component.port"\``;
  }
  return { from, to, transform: attribute("transform") || null, kind: attribute("kind") || null };
}

/**
 * @param {string | null} text
 * @returns {End | null}
 */
function readEnd(text) {
  const dot = (text ?? "").lastIndexOf(".");
  if (text === null || dot <= 0 || dot === text.length - 1) return null;
  return { name: text.slice(0, dot), port: text.slice(dot + 1) };
}

/**
 * Whether values of one type can go where another is taken.
 * @param {string} given
 * @param {string} taken
 */
export function compatible(given, taken) {
  return given === taken || given === ANY_TYPE || taken === ANY_TYPE;
}

/**
 * Why an output cannot be connected with an input.
 *
 * @param {Declaration} declaration
 * @param {Port} output
 * @param {Port} input
 * @returns {string | null}
 */
function obstacle({ from, to, transform, kind }, output, input) {
  if (kind !== null && kind !== output.kind) return `\`${endText(from)}\` is a \`${output.kind}\`, not a \`${kind}\``;
  if (transform !== null || compatible(output.type, input.type)) return null;
  return `\`${endText(from)}\` gives \`${output.type}\`, and \`${endText(to)}\` takes \`${input.type}\``;
}

/**
 * Finds the links that the declarations ask for.
 *
 * @param {Iterable<Declaration>} declarations
 * @param {Iterable<Port>} ports
 * @param {(instance: number) => string | null} nameOf null for an instance that has no place
 * @returns {{ links: Map<string, Link>, problems: Map<Declaration, string> }} one link for each output, input and transform,
 *   however often it is declared
 */
export function resolve(declarations, ports, nameOf) {
  /** @type {Map<string, Port[]>} */
  const byEnd = new Map();
  for (const port of ports) {
    const name = nameOf(port.instance);
    if (name === null) continue;
    const end = `${port.input ? "to" : "from"} ${endText({ name, port: port.port })}`;
    byEnd.set(end, [...(byEnd.get(end) ?? []), port]);
  }
  /** @type {Map<string, Link>} */
  const links = new Map();
  /** @type {Map<Declaration, string>} */
  const problems = new Map();
  for (const declaration of declarations) {
    for (const output of byEnd.get(`from ${fromText(declaration)}`) ?? []) {
      for (const input of byEnd.get(`to ${toText(declaration)}`) ?? []) {
        const why = obstacle(declaration, output, input);
        const key = `${output.serial} ${input.serial} ${fromText(declaration)} ${toText(declaration)} ${declaration.transform ?? ""}`;
        if (why !== null) problems.set(declaration, why);
        else if (!links.has(key)) links.set(key, { key, declaration, output, input });
      }
    }
  }
  return { links, problems };
}

/**
 * What became of the connections of some instances.
 *
 * @param {Iterable<Declaration>} declarations
 * @param {Map<string, Link>} before
 * @param {{ links: Map<string, Link>, problems: Map<Declaration, string> }} after
 * @param {(port: Port) => boolean} concerned whether a port belongs to those instances
 * @returns {ConnectionOutcome[]}
 */
export function outcomes(declarations, before, after, concerned) {
  const said = (/** @type {Declaration} */ declaration) => `${fromText(declaration)} ${toText(declaration)} ${declaration.transform ?? ""}`;
  const names = (/** @type {Map<string, Link>} */ links) =>
    new Set([...links.values()].filter(({ output, input }) => concerned(output) || concerned(input)).map((link) => said(link.declaration)));
  const [had, has] = [names(before), names(after.links)];
  /** @type {Map<string, ConnectionOutcome>} */
  const told = new Map();
  for (const declaration of declarations) {
    const name = said(declaration);
    if (!had.has(name) && !has.has(name)) continue;
    const [from, to] = [fromText(declaration), toText(declaration)];
    if (has.has(name)) told.set(name, { from, to, outcome: had.has(name) ? "kept" : "made", reason: null });
    else told.set(name, { from, to, outcome: "dropped", reason: after.problems.get(declaration) ?? missing(declaration, before, concerned) });
  }
  return [...told.values()];
}

/**
 * @param {Declaration} declaration
 * @param {Map<string, Link>} before
 * @param {(port: Port) => boolean} concerned
 */
function missing(declaration, before, concerned) {
  const [from, to] = [fromText(declaration), toText(declaration)];
  const giver = [...before.values()].some((link) => concerned(link.output) && fromText(link.declaration) === from && toText(link.declaration) === to);
  return giver ? `there is no output \`${from}\` any more` : `there is no input \`${to}\` any more`;
}

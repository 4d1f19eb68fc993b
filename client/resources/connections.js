/**
 * Which output is connected with which input.
 *
 * In: the connections that the page declares, the ports that instances have, and the instances' names, as tables. Out: links, the
 * problems that prevent others from connecting, and the outcome of connections from one table to the next. Keeps no state.
 */

/** @typedef {import("../tool/protocol.js").ConnectionOutcome} ConnectionOutcome */
/** @typedef {"port" | "stream"} PortKind */

/** One end of a declared connection. @typedef {{ name: string, port: string }} End */

/**
 * A declared connection. `given` identifies it in messages.
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
 * Reads the attributes of an `hmr-connect`.
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
  if (kind !== null && kind !== output.kind)
    return `\`${endText(from)}\` is a \`${output.kind}\`, and the connection asks for a \`${kind}\``;
  if (transform !== null || compatible(output.type, input.type)) return null;
  const types = `\`${endText(from)}\` gives \`${output.type}\` and \`${endText(to)}\` takes \`${input.type}\``;
  return `${types}\nhint: a \`transform\` can make the one from the other`;
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
 * The outcome of the connections of some instances, each reported once for its two ends.
 *
 * @param {Iterable<Link>} before
 * @param {Iterable<Link>} after
 * @param {(port: Port) => boolean} concerned whether a port belongs to those instances
 * @param {(link: Link) => string} why why a link is gone
 * @returns {ConnectionOutcome[]}
 */
export function outcomes(before, after, concerned, why) {
  const byEnds = (/** @type {Iterable<Link>} */ links) =>
    new Map([...links].filter(({ output, input }) => concerned(output) || concerned(input)).map((link) => [ends(link.declaration), link]));
  const [had, has] = [byEnds(before), byEnds(after)];
  return [...new Map([...had, ...has])].map(([name, link]) => {
    const [from, to] = [fromText(link.declaration), toText(link.declaration)];
    if (!has.has(name)) return { from, to, outcome: "dropped", reason: why(link) };
    return { from, to, outcome: had.has(name) ? "kept" : "made", reason: null };
  });
}

/** @param {Declaration} declaration */
function ends(declaration) {
  return `${fromText(declaration)} ${toText(declaration)}`;
}

/**
 * Why a link does not exist any more.
 *
 * @param {Link} link
 * @param {Map<Declaration, string>} problems the current ones
 * @param {(port: Port) => boolean} there whether there still is such a port
 * @returns {string}
 */
export function whyGone({ declaration, output, input }, problems, there) {
  if (!there(output)) return `the output \`${fromText(declaration)}\` is gone`;
  if (!there(input)) return `the input \`${toText(declaration)}\` is gone`;
  const same = (/** @type {[Declaration, string]} */ [other]) =>
    ends(other) === ends(declaration) && other.transform === declaration.transform;
  return [...problems].find(same)?.[1] ?? "no `hmr-connect` element declares it any more";
}

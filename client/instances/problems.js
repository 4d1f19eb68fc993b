/**
 * Explains to the developer why a placed component is not mounted.
 *
 * In: an instance and the known facts about the modules. Out: a message and a hint that says what to do, or null.
 */

import { NESTING_LIMIT } from "../common/constants.js";
import { errorMessage } from "../common/error-message.js";

/** @typedef {import("./instance.js").Instance} Instance */
/** @typedef {import("../module/record.js").ModuleRecord} ModuleRecord */
/** @typedef {{ message: string, hint: string }} Problem */

/**
 * Why an instance cannot be mounted, as far as that is known without asking its module.
 *
 * @param {Instance} instance
 * @param {Iterable<ModuleRecord>} records
 * @returns {Problem | null}
 */
export function problemOf({ record, component, element }, records) {
  const [name, tag] = [`\`${record.name}\``, "`<hmr-component>`"];
  if (record.name === "") return { message: `this ${tag} names no module`, hint: 'write `module="…"`' };
  if (component === "") return { message: `this ${tag} names no component`, hint: 'write `component="…"`' };
  if (depth(element) > NESTING_LIMIT) {
    return { message: `components are placed in one another more than ${NESTING_LIMIT} deep`, hint: `does \`${component}\` place itself?` };
  }
  if (!record.version) {
    const names = [...records].filter(({ version }) => version !== null).map((other) => `\`${other.name}\``);
    if (names.length === 0 || record.expected) return null;
    return { message: `there is no module ${name}`, hint: `the modules are ${names.join(", ")}` };
  }
  if (record.loadError) {
    return {
      message: `the module ${name} cannot be loaded: ${record.loadError}`,
      hint: "the next build that succeeds is loaded by itself",
    };
  }
  const { components } = record.version;
  if (components.length > 0 && !components.includes(component)) {
    const names = components.map((other) => `\`${other}\``).join(", ");
    return { message: `the module ${name} has no component \`${component}\``, hint: `it has ${names}` };
  }
  return propsProblem(element);
}

/** @param {Element} element */
function depth(element) {
  let count = 0;
  for (let up = /** @type {Element | null} */ (element); up; up = up.parentElement) if (up.localName === "hmr-component") count++;
  return count;
}

/**
 * @param {Element} element
 * @returns {Problem | null}
 */
function propsProblem(element) {
  const hint = '`props` is a JSON object, `props=\'{"title":"Ideas"}\'` for instance';
  try {
    const props = JSON.parse(element.getAttribute("props") ?? "{}");
    if (typeof props === "object" && props !== null && !Array.isArray(props)) return null;
    return { message: "the attribute `props` is not a JSON object", hint };
  } catch (error) {
    return { message: `the attribute \`props\` is not JSON: ${errorMessage(error)}`, hint };
  }
}

/**
 * @param {Instance} instance
 * @param {string} answer
 * @returns {Problem}
 */
export function mountProblem({ component, record }, answer) {
  return { message: `\`${component}\` of \`${record.name}\` cannot be mounted: ${answer}`, hint: "look at the `props` where it is placed" };
}

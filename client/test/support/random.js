/** Inputs of any content, in a sequence that a number fixes. */

/** Replacements for a value. @type {readonly unknown[]} */
const ODD = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  2 ** 53,
  0x8000_0000,
  "",
  "x",
  "\u0000",
  "\ud800",
  'é"\\',
  [],
  {},
  [[]],
  [null],
  { instance: 1 },
  "__proto__",
];

/** @typedef {Record<string, unknown>} Fields */

export class Random {
  /** @param {number} seed */
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** A whole number from 0 to below `end`. @param {number} end */
  below(end) {
    // Mulberry32: small, and good enough to reach every branch.
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
  }

  /**
   * @template T
   * @param {readonly T[]} from
   * @returns {T}
   */
  pick(from) {
    return /** @type {T} */ (from[this.below(from.length)]);
  }

  /**
   * One of the values with one to three changes inside, as JSON, and now and then broken.
   * @param {readonly unknown[]} values
   */
  text(values) {
    const json = this.spaced(this.changed(this.pick(values)));
    if (this.below(5) > 0) return json;
    const at = this.below(json.length + 1);
    return this.pick([json.slice(0, at), json.slice(0, at) + this.pick(['"', "\\", "{", "]", ",", "\u0000", "1e999"]) + json.slice(at)]);
  }

  /** @param {unknown} value */
  spaced(value) {
    return JSON.stringify(value, null, this.pick([undefined, 1, "\t", undefined]));
  }

  /** @param {unknown} value */
  changed(value) {
    let changed = structuredClone(value);
    for (let count = this.below(4); count > 0; count--) changed = this.change(changed);
    return changed;
  }

  /**
   * @param {unknown} value
   * @returns {unknown}
   */
  change(value) {
    const inside = typeof value === "object" && value !== null ? Object.keys(value) : [];
    if (inside.length === 0 || this.below(8) === 0) return structuredClone(this.pick(ODD));
    const [holder, name] = [/** @type {Fields} */ (value), this.pick(inside)];
    const choice = this.below(8);
    if (choice === 0 && Array.isArray(value)) value.splice(Number(name), 1);
    else if (choice === 0) delete holder[name];
    else if (choice === 1 && Array.isArray(value)) value.push(holder[name]);
    else if (choice === 1) holder[`${name}${this.pick(["", "#1", '"', "\\", ","])}`] = structuredClone(this.pick(ODD));
    else holder[name] = this.change(holder[name]);
    return value;
  }

  /**
   * The bytes with a few changes.
   * @param {Uint8Array} from
   */
  bytes(from) {
    const bytes = [...from];
    for (let count = this.below(4); count > 0; count--) {
      const at = this.below(bytes.length + 1);
      const choice = this.below(5);
      if (choice === 0) bytes.length = at;
      else if (choice === 1) bytes.splice(at, this.below(6));
      else if (choice === 2) bytes.splice(at, 0, ...bytes.slice(at, at + this.below(9)));
      else if (choice === 3) bytes.splice(at, 4, 255, 255, 255, this.below(256));
      else bytes.splice(at, 1, this.below(256));
    }
    return Uint8Array.from(bytes);
  }
}

/**
 * Decides which nodes of a fresh rendering are the same as nodes of the old one.
 *
 * In: two roots, of what the old code rendered and of what the new code renders. Out: pairs. Nothing is
 * changed here and no document is read; `reconcile.js` applies them to the document. The rules are those of
 * `docs/abi.md`, "Reconciliation".
 */

import { ALIGNMENT_LIMIT, EQUAL, SAME_CLASS, SAME_NAME, SAME_TAG, SAME_TEXT } from "../common/constants.js";
import { classTokens, isPlaced, listenerKey } from "./tree.js";

/** @typedef {import("./tree.js").GuestNode} GuestNode */

/**
 * Pairs, from both sides.
 * @typedef {{ oldOf: Map<GuestNode, GuestNode>, newOf: Map<GuestNode, GuestNode> }} Pairs
 */

/** Elements that hold what a reader did to them, which is worth looking for far away. */
const STATEFUL = new Set(["input", "textarea", "select", "details", "dialog", "video", "audio", "canvas", "iframe", "hmr-component"]);

/** Those of them that are distinguished by `name`. */
const FIELDS = new Set(["input", "textarea", "select", "iframe"]);

/**
 * The value of a field in a view, as an attribute or as a property.
 * @param {GuestNode} node
 * @param {string} name
 */
function viewValue(node, name) {
  const json = node.properties.get(name);
  return json ? String(JSON.parse(json)) : node.attributes.get(name);
}

/** @param {GuestNode} node */
function inputType(node) {
  return viewValue(node, "type")?.toLowerCase() ?? "text";
}

/**
 * What a reader chooses with a check box or a radio button: its value, else its name. Null for other nodes.
 * @param {GuestNode} node
 */
function choice(node) {
  if (node.tag !== "input" || !/^(checkbox|radio)$/.test(inputType(node))) return null;
  return viewValue(node, "value") ?? viewValue(node, "name") ?? "";
}

/**
 * Rule 1: whether a node can be kept for another.
 * @param {GuestNode} a
 * @param {GuestNode} b
 */
function canBeSame(a, b) {
  if (a.kind !== b.kind || a.namespace !== b.namespace || a.tag !== b.tag || a.key !== b.key) return false;
  if (a.refused !== b.refused) return false;
  if (a.kind !== "element") return true;
  if (a.tag === "input" && (inputType(a) !== inputType(b) || choice(a) !== choice(b))) return false;
  return !isPlaced(a) || ["module", "component"].every((name) => a.attributes.get(name) === b.attributes.get(name));
}

/** Gives equal subtrees equal numbers. */
class Digests {
  /** @type {Map<string, number>} */
  #numbers = new Map();
  /** @type {Map<GuestNode, number>} */
  #known = new Map();

  /**
   * @param {GuestNode} node
   * @returns {number}
   */
  of(node) {
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    const text = JSON.stringify([facts(node), node.children.map((child) => this.of(child))]);
    const number = this.#numbers.get(text) ?? this.#numbers.size;
    this.#numbers.set(text, number);
    this.#known.set(node, number);
    return number;
  }
}

/**
 * Everything in a guest node about its node alone, except which handler listens.
 * @param {GuestNode} node
 */
function facts(node) {
  const sorted = (/** @type {Map<string, unknown>} */ map) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  const listeners = [...node.listeners.values()].map(({ event, flags }) => listenerKey(event, flags)).sort();
  return [
    [node.kind, node.namespace, node.tag, node.text, node.key],
    sorted(node.attributes),
    [...classTokens(node)].sort(),
    sorted(node.styles),
    sorted(node.properties),
    listeners,
  ];
}

/**
 * What names an element for its author.
 * @param {GuestNode} node
 */
function names(node) {
  return ["id", "name", "data-testid"].map((name) => node.attributes.get(name));
}

/**
 * What identifies an element in the whole instance: its id, the name of a form field, or the summary of `details`.
 * @param {GuestNode} node
 */
function identity(node) {
  if (node.kind !== "element") return null;
  const id = node.attributes.get("id");
  if (id) return `${node.tag}#${id}`;
  if (node.tag === "details") return identityOfDetails(node);
  const name = FIELDS.has(node.tag) ? node.attributes.get("name") : undefined;
  // Radio buttons and check boxes may share a name; their values distinguish them.
  const chosen = choice(node);
  return name || chosen ? `${node.tag}[${name ?? ""}=${chosen ?? ""}]` : null;
}

/** @param {GuestNode} node */
function identityOfDetails(node) {
  const summary = node.children.find(({ tag }) => tag === "summary");
  return summary ? `details[${node.attributes.get("name") ?? ""}=${textOf(summary)}]` : null;
}

/**
 * @param {GuestNode} node
 * @returns {string}
 */
function textOf(node) {
  return node.kind === "text" ? node.text : node.children.map(textOf).join("");
}

/**
 * @param {GuestNode} root
 * @param {(node: GuestNode) => void} visit
 */
function walk(root, visit) {
  for (const child of root.children) {
    visit(child);
    if (!child.refused) walk(child, visit);
  }
}

/** The search for pairs between two trees. */
class Search {
  /** @type {Pairs} */
  pairs = { oldOf: new Map(), newOf: new Map() };
  #digests = new Digests();
  #old;
  #new;
  /** @type {Set<string>} */
  #oldIdentities = new Set();
  /** @type {Set<string>} */
  #newIdentities = new Set();

  /**
   * @param {GuestNode} old
   * @param {GuestNode} fresh
   */
  constructor(old, fresh) {
    this.#old = old;
    this.#new = fresh;
    const note = (/** @type {Set<string>} */ set) => (/** @type {GuestNode} */ node) => {
      const id = identity(node);
      if (id) set.add(id);
    };
    walk(old, note(this.#oldIdentities));
    walk(fresh, note(this.#newIdentities));
  }

  run() {
    this.#alignChildren(this.#old, this.#new);
    while (this.#adopt());
    return this.pairs;
  }

  /**
   * @param {GuestNode} old
   * @param {GuestNode} fresh
   */
  #pair(old, fresh) {
    this.pairs.oldOf.set(fresh, old);
    this.pairs.newOf.set(old, fresh);
    if (!isPlaced(fresh) && !fresh.refused) this.#alignChildren(old, fresh);
  }

  /**
   * Rule 2, for the children of a pair that have no pair yet.
   * @param {GuestNode} old
   * @param {GuestNode} fresh
   */
  #alignChildren(old, fresh) {
    const olds = old.children.filter((node) => !this.pairs.newOf.has(node));
    const news = fresh.children.filter((node) => !this.pairs.oldOf.has(node));
    /** @type {Map<string, GuestNode[]>} */
    const keyed = new Map();
    for (const node of olds) {
      if (node.key === null) continue;
      const list = keyed.get(node.key);
      if (list) list.push(node);
      else keyed.set(node.key, [node]);
    }
    /** @type {[GuestNode, GuestNode][]} */
    const found = [];
    for (const node of news) {
      const candidates = node.key === null ? undefined : keyed.get(node.key);
      const at = candidates?.findIndex((candidate) => canBeSame(candidate, node)) ?? -1;
      if (candidates && at >= 0) found.push([/** @type {GuestNode} */ (candidates.splice(at, 1)[0]), node]);
    }
    const withoutKey = (/** @type {GuestNode} */ node) => node.key === null;
    found.push(...this.#align(olds.filter(withoutKey), news.filter(withoutKey)));
    for (const [oldNode, newNode] of found) this.#pair(oldNode, newNode);
  }

  /**
   * How similar two nodes are; 0 if they cannot be the same.
   * @param {GuestNode} old
   * @param {GuestNode} fresh
   */
  #likeness(old, fresh) {
    if (!canBeSame(old, fresh)) return 0;
    if (old.kind !== "element") return old.kind === "text" && old.text === fresh.text ? SAME_TEXT : SAME_TAG;
    if (this.#digests.of(old) === this.#digests.of(fresh)) return EQUAL;
    // A node that has the same name as a node elsewhere in the other tree waits for that one instead of being kept for another node.
    const [oldId, newId] = [identity(old), identity(fresh)];
    if (oldId !== newId) {
      if (oldId && this.#newIdentities.has(oldId)) return 0;
      if (newId && this.#oldIdentities.has(newId)) return 0;
    }
    const oldNames = names(old);
    if (names(fresh).some((name, index) => name !== undefined && name === oldNames[index])) return SAME_NAME;
    const [oldClasses, newClasses] = [classTokens(old), classTokens(fresh)];
    const sameClass = oldClasses.size > 0 && oldClasses.size === newClasses.size && [...oldClasses].every((name) => newClasses.has(name));
    return sameClass ? SAME_CLASS : SAME_TAG;
  }

  /**
   * The pairs of two lists, in order, with the greatest sum of likenesses.
   * @param {GuestNode[]} olds
   * @param {GuestNode[]} news
   * @returns {[GuestNode, GuestNode][]}
   */
  #align(olds, news) {
    /** @type {[GuestNode, GuestNode][]} */
    const found = [];
    const equal = (/** @type {GuestNode | undefined} */ a, /** @type {GuestNode | undefined} */ b) =>
      a !== undefined && b !== undefined && this.#digests.of(a) === this.#digests.of(b);
    let start = 0;
    while (equal(olds[start], news[start])) start++;
    let [oldEnd, newEnd] = [olds.length, news.length];
    while (oldEnd > start && newEnd > start && equal(olds[oldEnd - 1], news[newEnd - 1])) {
      oldEnd--;
      newEnd--;
    }
    for (let i = 0; i < start; i++) found.push(pairAt(olds, i, news, i));
    for (let i = 0; oldEnd + i < olds.length; i++) found.push(pairAt(olds, oldEnd + i, news, newEnd + i));
    const middle = [olds.slice(start, oldEnd), news.slice(start, newEnd)];
    const [left, right] = /** @type {[GuestNode[], GuestNode[]]} */ (middle);
    const rest = left.length * right.length > ALIGNMENT_LIMIT ? this.#inOrder(left, right) : this.#best(left, right);
    return [...found, ...rest];
  }

  /**
   * @param {GuestNode[]} olds
   * @param {GuestNode[]} news
   * @returns {[GuestNode, GuestNode][]}
   */
  #best(olds, news) {
    const width = news.length + 1;
    const sums = new Int32Array((olds.length + 1) * width);
    const likeness = new Int32Array(olds.length * news.length);
    const sum = (/** @type {number} */ i, /** @type {number} */ j) => sums[i * width + j] ?? 0;
    for (let i = olds.length - 1; i >= 0; i--) {
      for (let j = news.length - 1; j >= 0; j--) {
        const like = this.#likeness(.../** @type {[GuestNode, GuestNode]} */ ([olds[i], news[j]]));
        likeness[i * news.length + j] = like;
        const paired = like > 0 ? like + sum(i + 1, j + 1) : 0;
        sums[i * width + j] = Math.max(paired, sum(i + 1, j), sum(i, j + 1));
      }
    }
    /** @type {[GuestNode, GuestNode][]} */
    const found = [];
    for (let i = 0, j = 0; i < olds.length && j < news.length; ) {
      const like = likeness[i * news.length + j] ?? 0;
      if (like > 0 && sum(i, j) === like + sum(i + 1, j + 1)) found.push(pairAt(olds, i++, news, j++));
      else if (sum(i, j) === sum(i + 1, j)) i++;
      else j++;
    }
    return found;
  }

  /**
   * @param {GuestNode[]} olds
   * @param {GuestNode[]} news
   * @returns {[GuestNode, GuestNode][]}
   */
  #inOrder(olds, news) {
    /** @type {[GuestNode, GuestNode][]} */
    const found = [];
    let next = 0;
    for (const node of news) {
      const old = olds[next];
      if (!old) break;
      if (this.#likeness(old, node) === 0) continue;
      found.push([old, node]);
      next++;
    }
    return found;
  }

  /**
   * Rule 3, once over both trees.
   * @returns {boolean} whether a pair was found
   */
  #adopt() {
    const olds = this.#withoutMate(this.#old, this.pairs.newOf);
    const news = this.#withoutMate(this.#new, this.pairs.oldOf);
    const has = (/** @type {GuestNode} */ node, /** @type {string} */ name) => node.attributes.get(name) || null;
    const ways = [
      (/** @type {GuestNode} */ node) => has(node, "id"),
      (/** @type {GuestNode} */ node) => (STATEFUL.has(node.tag) ? identity(node) : null),
      (/** @type {GuestNode} */ node) => (STATEFUL.has(node.tag) ? has(node, "name") : null),
    ];
    for (const way of ways) {
      for (const node of news) {
        const mark = way(node);
        const old = mark === null ? undefined : olds.find((other) => way(other) === mark && canBeSame(other, node));
        if (!old) continue;
        this.#pair(old, node);
        return true;
      }
    }
    for (const node of news) {
      if (!STATEFUL.has(node.tag)) continue;
      const ofTag = (/** @type {GuestNode} */ other) => other.tag === node.tag;
      const [old, ...others] = olds.filter(ofTag);
      if (!old || others.length > 0 || news.filter(ofTag).length !== 1 || !canBeSame(old, node)) continue;
      this.#pair(old, node);
      return true;
    }
    return false;
  }

  /**
   * The elements that rule 3 looks at.
   * @param {GuestNode} root
   * @param {Map<GuestNode, GuestNode>} counterparts
   */
  #withoutMate(root, counterparts) {
    /** @type {GuestNode[]} */
    const found = [];
    walk(root, (node) => {
      if (node.kind !== "element" || node.refused || counterparts.has(node)) return;
      if (STATEFUL.has(node.tag) || node.attributes.get("id")) found.push(node);
    });
    return found;
  }
}

/**
 * @param {GuestNode[]} olds
 * @param {number} i
 * @param {GuestNode[]} news
 * @param {number} j
 * @returns {[GuestNode, GuestNode]}
 */
function pairAt(olds, i, news, j) {
  return /** @type {[GuestNode, GuestNode]} */ ([olds[i], news[j]]);
}

/**
 * Finds the pairs between two renderings of one instance.
 *
 * @param {GuestNode} old the root of the old rendering
 * @param {GuestNode} fresh the root of the new one
 * @returns {Pairs} without the roots
 */
export function findPairs(old, fresh) {
  return new Search(old, fresh).run();
}

/**
 * The positions of a longest rising sequence in a list; -1 entries are skipped.
 *
 * @param {number[]} list
 * @returns {Set<number>}
 */
export function longestRise(list) {
  /** The position of the smallest last element of a rise of each length. @type {number[]} */
  const tails = [];
  /** @type {number[]} */
  const before = [];
  list.forEach((value, at) => {
    if (value < 0) return;
    let [low, high] = [0, tails.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((list[tails[middle] ?? 0] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    before[at] = low > 0 ? (tails[low - 1] ?? -1) : -1;
    tails[low] = at;
  });
  const rise = new Set();
  for (let at = tails.at(-1) ?? -1; at >= 0; at = before[at] ?? -1) rise.add(at);
  return rise;
}

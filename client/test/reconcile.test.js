import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { DomPainter } from "../dom/painter.js";
import { reconcile } from "../dom/reconcile.js";
import { preserve } from "../dom/preserve.js";
import { longestRise } from "../dom/pairs.js";
import { Listeners } from "../dom/events.js";
import { Tree, TreeError } from "../dom/tree.js";
import { batch, op, render, root } from "./support/ops.js";

/** @typedef {import("./support/ops.js").View} View */

const { window } = new JSDOM("<!doctype html><body></body>", { url: "http://localhost/" });

/** A root in a document that shows one rendering after another. */
class Scene {
  constructor() {
    this.document = window.document;
    this.main = this.document.createElement("main");
    this.document.body.replaceChildren(this.main);
    /** @type {string[]} */
    this.warnings = [];
    /** @type {string[]} */
    this.events = [];
    const warn = (/** @type {string} */ message) => void this.warnings.push(message);
    const listeners = new Listeners((event, node, key) => {
      this.events.push(`${event.type} ${listeners.handlerOf(node, key)}`);
      return 0;
    });
    this.painter = new DomPainter(this.document, (node) => listeners.sync(node), warn);
    this.newTree = () => new Tree(this.painter, warn);
    this.tree = this.newTree();
    this.tree.addRoot(1, this.main);
  }

  /** @param {View[]} views */
  show(...views) {
    this.tree.apply(batch(render(views, root(1))));
    return this;
  }

  /** @param {View[]} views */
  swap(...views) {
    const next = this.newTree();
    const fresh = next.addRoot(1, null);
    next.apply(batch(render(views, root(1), 1000)));
    const putBack = preserve(this.document, [this.main]);
    reconcile(/** @type {import("../dom/tree.js").GuestNode} */ (this.tree.roots.get(1)), fresh, this.painter);
    putBack();
    this.tree = next;
    return this;
  }

  /** @param {string} selector */
  get(selector) {
    const found = this.main.querySelector(selector);
    assert.ok(found, `no ${selector} in ${this.main.innerHTML}`);
    return /** @type {HTMLElement & HTMLInputElement & HTMLDetailsElement} */ (found);
  }

  get html() {
    return this.main.innerHTML;
  }
}

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {View[]} children
 * @returns {Exclude<View, string | null>}
 */
const el = (tag, attributes = {}, ...children) => ({ tag, attributes, children });

/** @param {string} key @returns {View} */
const item = (key) => ({ tag: "li", key, children: [key] });

test("an insertion before a node keeps it", () => {
  const scene = new Scene().show(el("p", {}, "one"), el("input"));
  const [p, input] = [scene.get("p"), scene.get("input")];
  scene.swap(el("p", {}, "zero"), el("h1", {}, "new"), el("p", {}, "one"), el("input"));
  assert.equal(scene.html, "<p>zero</p><h1>new</h1><p>one</p><input>");
  assert.equal(scene.main.children[2], p);
  assert.equal(scene.get("input"), input);
});

test("wrapping a field in a label keeps the field with its text, focus and selection", () => {
  const scene = new Scene().show(el("form", {}, "Name ", el("input", { name: "who" })));
  const input = scene.get("input");
  input.value = "typed";
  input.focus();
  input.setSelectionRange(1, 3, "backward");
  scene.swap(el("form", {}, el("label", {}, "Name ", el("input", { name: "who" }))));
  assert.equal(scene.html, '<form><label>Name <input name="who"></label></form>');
  assert.equal(scene.get("input"), input);
  assert.equal(scene.document.activeElement, input);
  assert.deepEqual([input.value, input.selectionStart, input.selectionEnd, input.selectionDirection], ["typed", 1, 3, "backward"]);
});

test("a field is not taken by a sibling while its namesake is elsewhere", () => {
  const scene = new Scene().show(el("input", { id: "email" }));
  const email = scene.get("#email");
  scene.swap(el("label", {}, el("input", { id: "email" })), el("input", { id: "phone" }));
  assert.equal(scene.get("#email"), email);
  assert.notEqual(scene.get("#phone"), email);
});

test("unwrapping a field keeps it", () => {
  const scene = new Scene().show(el("div", {}, el("label", {}, el("textarea"))), el("p"));
  const area = scene.get("textarea");
  scene.swap(el("p"), el("textarea"));
  assert.equal(scene.get("textarea"), area);
  assert.equal(scene.html, "<p></p><textarea></textarea>");
});

test("keyed nodes move, and keep their identity", () => {
  const scene = new Scene().show(el("ul", {}, item("a"), item("b"), item("c"), item("d")));
  const [a, b, c, d] = [...scene.get("ul").children];
  scene.swap(el("ul", {}, item("d"), item("x"), item("b"), item("a")));
  assert.equal(scene.get("ul").textContent, "dxba");
  assert.deepEqual(
    [...scene.get("ul").children].map((li) => [a, b, c, d].indexOf(li)),
    [3, -1, 1, 0],
  );
});

test("a keyed move only moves what changed its order", () => {
  const scene = new Scene().show(el("ul", {}, item("a"), item("b"), item("c"), item("d")));
  const ul = scene.get("ul");
  /** @type {string[]} */
  const moved = [];
  const original = ul.insertBefore.bind(ul);
  ul.insertBefore = (node, before) => {
    moved.push(node.textContent ?? "");
    return original(node, before);
  };
  scene.swap(el("ul", {}, item("d"), item("a"), item("b"), item("c")));
  assert.deepEqual([ul.textContent, moved], ["dabc", ["d"]]);
});

test("equal subtrees are found again among changed siblings", () => {
  const card = (/** @type {string} */ text) => el("article", { class: "card" }, el("h2", {}, text));
  const scene = new Scene().show(card("one"), card("two"), card("three"));
  const [, two, three] = scene.main.children;
  scene.swap(card("two"), card("three"), card("four"));
  assert.deepEqual([scene.main.children[0], scene.main.children[1]], [two, three]);
  assert.equal(scene.main.textContent, "twothreefour");
});

test("the children of another component's place are not touched", () => {
  const place = el("hmr-component", { module: "card", component: "Card" });
  const scene = new Scene().show(el("p", {}, "a"), place);
  const placed = scene.get("hmr-component");
  placed.innerHTML = "<b>other</b>";
  scene.swap(el("section", {}, el("h1", {}, "b"), el("hmr-component", { module: "card", component: "Card", props: "{}" })));
  assert.equal(scene.get("hmr-component"), placed);
  assert.equal(placed.innerHTML, "<b>other</b>");
  assert.equal(placed.getAttribute("props"), "{}");
});

test("the place of another component is another node", () => {
  const scene = new Scene().show(el("hmr-component", { module: "card", component: "Card" }));
  const placed = scene.get("hmr-component");
  scene.swap(el("hmr-component", { module: "card", component: "Tile" }));
  assert.notEqual(scene.get("hmr-component"), placed);
});

test("classes, styles and attributes of others stay", () => {
  const view = (/** @type {string} */ names, /** @type {Record<string, number>} */ classes) => ({
    ...el("div", { class: names, title: "t", style: "color: red" }),
    classes,
    styles: { width: names === "a b" ? "1px" : "2px" },
  });
  const scene = new Scene().show(view("a b", { on: 1 }));
  const div = scene.get("div");
  div.classList.add("foreign");
  div.setAttribute("data-foreign", "1");
  div.style.setProperty("height", "9px");
  scene.swap(view("a c", { off: 1 }));
  assert.deepEqual([...div.classList].sort(), ["a", "c", "foreign", "off"]);
  assert.equal(div.getAttribute("data-foreign"), "1");
  assert.deepEqual([div.style.height, div.style.width, div.style.color], ["9px", "2px", "red"]);
  scene.swap(el("div"));
  assert.deepEqual([div.className, div.style.cssText, div.hasAttribute("title")], ["foreign", "height: 9px;", false]);
});

test("details that a reader opened stay open, and text that was typed stays typed", () => {
  const view = (/** @type {string} */ text) => [el("details", {}, el("summary", {}, text), el("input", { value: "initial" }))];
  const scene = new Scene().show(...view("old"));
  scene.get("details").open = true;
  scene.get("input").value = "typed";
  scene.swap(...view("new"));
  assert.equal(scene.get("details").open, true);
  assert.equal(scene.get("input").value, "typed");
  assert.equal(scene.get("summary").textContent, "new");
});

test("an input of another type is another input", () => {
  const scene = new Scene().show(el("input", { type: "text", name: "n" }));
  const input = scene.get("input");
  scene.swap(el("input", { type: "checkbox", name: "n" }));
  assert.notEqual(scene.get("input"), input);
});

test("a property is only written where the code's wish changed", () => {
  const field = (/** @type {Record<string, unknown>} */ properties) => ({ ...el("input"), properties });
  const scene = new Scene().show(field({ value: "a" }));
  const input = scene.get("input");
  input.value = "typed";
  scene.swap(field({ value: "a" }));
  assert.equal(input.value, "typed");
  scene.swap(field({ value: "b" }));
  assert.equal(input.value, "b");
  scene.swap(field({}));
  assert.equal(input.value, "");
});

test("a select takes its value after its options came", () => {
  const select = (/** @type {string} */ value, /** @type {string[]} */ ...names) => ({
    ...el("select", {}, ...names.map((name) => el("option", { value: name }, name))),
    properties: { value },
  });
  const scene = new Scene().show(select("b", "a", "b"));
  assert.equal(scene.get("select").value, "b");
  scene.swap(select("c", "a", "b", "c"));
  assert.equal(scene.get("select").value, "c");
});

test("one native listener calls the handler of the newest code", () => {
  const button = (/** @type {number} */ handler) => ({ ...el("button"), listen: { click: handler } });
  const scene = new Scene().show(button(3));
  scene.get("button").click();
  scene.swap(button(4));
  scene.get("button").click();
  scene.swap(el("button"));
  scene.get("button").click();
  assert.deepEqual(scene.events, ["click 3", "click 4"]);
});

test("nodes of others keep their place beside the view", () => {
  const scene = new Scene().show(el("p", {}, "a"), el("p", {}, "b"));
  scene.main.append(scene.document.createElement("aside"));
  scene.swap(el("p", {}, "a"), el("p", {}, "b"), el("p", {}, "c"));
  assert.equal(scene.html, "<p>a</p><p>b</p><p>c</p><aside></aside>");
});

test("text in the middle changes in place", () => {
  const scene = new Scene().show("n = ", "1", null, el("b", {}, "x"));
  const [, text] = scene.main.childNodes;
  scene.swap("n = ", "2", null, el("b", {}, "x"));
  assert.equal(scene.main.childNodes[1], text);
  assert.equal(scene.main.textContent, "n = 2x");
});

test("two nodes can change their nesting", () => {
  const scene = new Scene().show(el("div", { id: "a" }, el("span", { id: "b" })));
  const [a, b] = [scene.get("#a"), scene.get("#b")];
  scene.swap(el("span", { id: "b" }, el("div", { id: "a" })));
  assert.equal(scene.html, '<span id="b"><div id="a"></div></span>');
  assert.deepEqual([scene.get("#a"), scene.get("#b")], [a, b]);
});

test("scroll offsets survive the move of their element", () => {
  const scene = new Scene().show(el("div", { id: "list" }));
  const list = scene.get("#list");
  list.scrollTop = 40;
  scene.swap(el("section", {}, el("div", { id: "list" })));
  assert.equal(scene.get("#list"), list);
  assert.equal(list.scrollTop, 40);
});

test("any two trees can be reconciled, and back", () => {
  let seed = 7;
  const random = (/** @type {number} */ below) => {
    seed = (seed * 48271) % 0x7fff_ffff;
    return seed % below;
  };
  const names = ["div", "p", "input", "details", "select"];
  /** @type {(depth: number) => View[]} */
  const views = (depth) =>
    Array.from({ length: random(4) }, (_, index) => {
      const kind = random(6);
      if (kind === 0) return `t${random(3)}`;
      if (kind === 1) return null;
      const tag = names[random(names.length)] ?? "div";
      /** @type {Record<string, string>} */
      const attributes = random(3) === 0 ? { id: `i${random(4)}` } : random(2) === 0 ? { class: `c${random(2)}` } : {};
      const children = depth > 0 && tag !== "input" ? views(depth - 1) : [];
      return { tag, attributes, children, ...(random(4) === 0 ? { key: `${index}` } : {}) };
    });
  for (let round = 0; round < 300; round++) {
    const [first, second] = [views(3), views(3)];
    const scene = new Scene().show(...first);
    const before = scene.html;
    const expected = new Scene().show(...second).html;
    assert.equal(scene.swap(...second).html, expected, `round ${round}`);
    assert.equal(scene.swap(...first).html, before, `round ${round}, back`);
  }
});

test("finds a longest rise", () => {
  assert.deepEqual([...longestRise([3, 0, 1, -1, 2])].sort(), [1, 2, 4]);
  assert.deepEqual([...longestRise([])], []);
  assert.equal(longestRise([5, 4, 3]).size, 1);
});

test("what a tree cannot do is refused, and named", () => {
  /** @type {[number[][], RegExp][]} */
  const cases = [
    [[op.remove(9)], /the node 9, which does not exist/],
    [[op.marker(0)], /0 cannot be the number/],
    [[op.marker(1), op.marker(1)], /the node 1 exists already/],
    [[op.element(1, "a b")], /no element can be called `a b`/],
    [[op.element(1, "p"), op.attribute(1, "a b", "")], /no attribute can be called `a b`/],
    [[op.element(1, "p"), op.class(1, "a b", 1)], /is not one class/],
    [[op.text(1, ""), op.attribute(1, "a", "")], /the node 1 is a text/],
    [[op.element(1, "p"), op.setText(1, "")], /the node 1 is a element, not a text/],
    [[op.element(1, "p"), op.element(2, "p"), op.insert(1, 2), op.insert(2, 1)], /below itself/],
    [[op.element(1, "p"), op.marker(2), op.marker(3), op.insert(1, 2, 3)], /is no child of/],
    [[op.marker(1), op.insert(root(5), 1)], /the instance 5, which is not mounted/],
    [[op.element(1, "hmr-component"), op.marker(2), op.insert(1, 2)], /belong to the instance/],
    [[[8, 1, 0, 0, 0, 1, 0, 0, 0, 97, 1, 0, 0, 0, 123]], /does not exist/],
  ];
  for (const [ops, message] of cases) {
    const { tree } = new Scene();
    assert.throws(
      () => tree.apply(batch(ops)),
      (error) => error instanceof TreeError && message.test(error.message),
      `${message}`,
    );
  }
});

test("scripts and inline handlers are left out with a warning", () => {
  const scene = new Scene().show(el("div", { onclick: "boom()", id: "x" }, el("script", {}, "boom()"), "after"));
  assert.equal(scene.html, '<div id="x"><!---->after</div>');
  assert.equal(scene.warnings.length, 2);
  scene.swap(el("div", {}, el("script", {}, "boom(2)"), "later"));
  assert.equal(scene.html, "<div><!---->later</div>");
});

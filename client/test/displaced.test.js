import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { DomPainter } from "../dom/painter.js";
import { reconcile } from "../dom/reconcile.js";
import { Tree } from "../dom/tree.js";
import { batch, op, render, root } from "./support/ops.js";

/** @typedef {import("./support/ops.js").View} View */

const { document, NodeFilter } = new JSDOM("<!doctype html><body></body>").window;

/** A rendering in a document that others change. */
class Scene {
  /** @param {View[]} views */
  constructor(...views) {
    this.main = document.createElement("main");
    document.body.replaceChildren(this.main);
    this.painter = new DomPainter(document, () => {}, assert.fail);
    this.tree = new Tree(this.painter, assert.fail);
    this.tree.addRoot(1, this.main);
    this.apply(...render(views, root(1)));
  }

  /** @param {number[][]} ops */
  apply(...ops) {
    this.tree.apply(batch(ops));
  }

  /** @param {View[]} views */
  swap(...views) {
    const next = new Tree(this.painter, assert.fail);
    const fresh = next.addRoot(1, null);
    next.apply(batch(render(views, root(1), 1000)));
    reconcile(/** @type {import("../dom/tree.js").GuestNode} */ (this.tree.roots.get(1)), fresh, this.painter);
    this.tree = next;
  }

  /** What a translator does: other text in the place of each text. */
  translate() {
    const walker = document.createTreeWalker(this.main, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) texts.push(/** @type {Text} */ (walker.currentNode));
    for (const text of texts) {
      const font = document.createElement("font");
      font.innerHTML = `<font>${text.data.toUpperCase()}</font>`;
      text.replaceWith(font);
    }
    return this;
  }

  /** @param {string} html */
  is(html) {
    assert.equal(this.main.innerHTML, html);
  }
}

const VIEW = /** @type {View} */ ({ tag: "p", children: ["a ", "b", { tag: "b", children: ["c"] }, " d"] });

test("after a swap, text that a translator has replaced is there once: as it was replaced if the swap does not change it", () => {
  const scene = new Scene(VIEW, "tail").translate();
  scene.is(
    "<p><font><font>A </font></font><font><font>B</font></font><b><font><font>C</font></font></b><font><font> D</font></font></p><font><font>TAIL</font></font>",
  );
  scene.swap({ tag: "p", children: ["a ", "B", { tag: "b", children: ["c"] }] }, "tail");
  scene.is("<p>a B<b><font><font>C</font></font></b></p><font><font>TAIL</font></font>");
  scene.swap({ tag: "p", children: ["a ", "B", { tag: "b", children: ["C"] }] }, "end");
  scene.is("<p>a B<b>C</b></p>end");

  // Some put one element in the place of several texts, or keep the old text, empty.
  const merged = new Scene(VIEW);
  const p = /** @type {HTMLElement} */ (merged.main.firstChild);
  p.firstChild?.remove();
  /** @type {Text} */ (p.firstChild).data = "";
  p.insertAdjacentHTML("afterbegin", "<font>AB</font>");
  merged.swap(VIEW);
  merged.is("<p><font>AB</font><b>c</b> d</p>");
  merged.swap({ tag: "p", children: ["a ", "B", { tag: "b", children: ["c"] }, " d"] });
  merged.is("<p>a B<b>c</b> d</p>");
});

test("a render beside and in text that was replaced goes on, and shows each text once", () => {
  // The numbers: 1 the paragraph, 2 to 6 its contents, depth first.
  const update = new Scene(VIEW).translate();
  update.apply(op.setText(2, "n "));
  update.is("<p>n b<b><font><font>C</font></font></b><font><font> D</font></font></p>");

  const before = new Scene(VIEW).translate();
  before.apply(op.text(9, "new"), op.insert(1, 9, 3));
  before.is("<p>a newb<b><font><font>C</font></font></b><font><font> D</font></font></p>");

  const away = new Scene(VIEW).translate();
  away.apply(op.remove(6), op.remove(4));
  away.is("<p><font><font>A </font></font><font><font>B</font></font></p>");
});

test("what wraps a node of ours goes when the node is moved or swapped, and the node stays the same", () => {
  for (const change of ["swap", "move"]) {
    const scene = new Scene({ tag: "i" }, { tag: "button", children: ["x"] }, { tag: "u" });
    const button = /** @type {HTMLElement} */ (scene.main.querySelector("button"));
    const span = document.createElement("span");
    button.replaceWith(span);
    span.append(button, "ad");
    if (change === "swap") scene.swap({ tag: "i" }, { tag: "button", children: ["y"] }, { tag: "u" });
    else scene.apply(op.insert(root(1), 2, 1));
    assert.equal(scene.main.querySelector("span"), null);
    assert.equal(scene.main.querySelector("button"), button);
    assert.equal(scene.main.innerHTML.replace("y", "x").length, "<i></i><button>x</button><u></u>".length);
  }
});

test("what others put between nodes of ours stays there, and shifts none of them", () => {
  const scene = new Scene({ tag: "i" }, "text", { tag: "u" });
  const badge = document.createElement("x-badge");
  scene.main.querySelector("u")?.before(badge, document.createElement("x-badge"));
  scene.apply(op.element(9, "b"), op.insert(root(1), 9, 3), op.remove(1));
  scene.is("text<x-badge></x-badge><x-badge></x-badge><b></b><u></u>");
  scene.translate();
  scene.swap("text", { tag: "b" }, { tag: "u" }, "end");
  scene.is("<font><font>TEXT</font></font><x-badge></x-badge><x-badge></x-badge><b></b><u></u>end");
  scene.swap("other", { tag: "b" }, { tag: "u" }, "end");
  scene.is("other<x-badge></x-badge><x-badge></x-badge><b></b><u></u>end");
  assert.ok(badge.isConnected);
});

const MARKED_UP = "<i>let</i> a <i>=</i> <i>1</i>;";

test("a text that a script has marked up stays so through a swap that does not change it, and is there once after one that does", () => {
  const scene = new Scene({ tag: "code", children: ["let a = 1;"] }, "tail");
  const code = /** @type {HTMLElement} */ (scene.main.querySelector("code"));
  code.innerHTML = MARKED_UP;
  scene.swap({ tag: "h1" }, { tag: "code", children: ["let a = 1;"] }, "tail");
  scene.is(`<h1></h1><code>${MARKED_UP}</code>tail`);
  scene.swap({ tag: "code", children: [{ tag: "b" }, "let a = 1;", { tag: "u" }] });
  scene.is(`<code><b></b>${MARKED_UP}<u></u></code>`);
  scene.swap({ tag: "code", children: ["let b = 1;", { tag: "u" }] });
  scene.is("<code>let b = 1;<u></u></code>");

  const update = new Scene({ tag: "code", children: ["let a = 1;"] });
  /** @type {HTMLElement} */ (update.main.querySelector("code")).innerHTML = MARKED_UP;
  update.apply(op.setText(2, "let b = 2;"));
  update.is("<code>let b = 2;</code>");
});

test("where a swap moves what stands beside a marked up text, the text comes back in its place", () => {
  const scene = new Scene({ tag: "i" }, "a b", { tag: "u" });
  const text = /** @type {Text} */ (scene.main.childNodes[1]);
  for (const word of ["a", " ", "b"]) text.before(Object.assign(document.createElement("b"), { textContent: word }));
  text.remove();
  scene.swap({ tag: "u" }, "a b", { tag: "i" });
  scene.is("<u></u>a b<i></i>");
});

test("what a reader has typed and deleted in an editable element stays, and a render goes on in it", () => {
  const view = /** @type {View} */ ({
    tag: "div",
    attributes: { contenteditable: "" },
    children: ["draft", { tag: "p", children: ["more"] }],
  });
  for (const content of ["<br>", "typed", "", "<p>a</p><p>b</p>"]) {
    const scene = new Scene(view);
    /** @type {HTMLElement} */ (scene.main.firstChild).innerHTML = content;
    scene.swap({ tag: "h1" }, view);
    scene.swap(view);
    scene.is(`<div contenteditable="">${content}</div>`);
  }
  const emptied = new Scene(view);
  /** @type {Text} */ (emptied.main.firstChild?.firstChild).data = "";
  emptied.swap(view);
  emptied.is('<div contenteditable=""><p>more</p></div>');

  const update = new Scene(view);
  /** @type {HTMLElement} */ (update.main.firstChild).innerHTML = "typed";
  update.apply(op.text(9, "new"), op.insert(1, 9, 2));
  update.is('<div contenteditable="">newdraft<p>more</p></div>');
});

test("what is not editable in an editable element is put back", () => {
  const fixed = (/** @type {string} */ text) =>
    /** @type {View} */ ({ tag: "p", attributes: { contenteditable: "false" }, children: [text] });
  const scene = new Scene({ tag: "div", attributes: { contenteditable: "TRUE" }, children: [fixed("a")] });
  /** @type {HTMLElement} */ (scene.main.querySelector("p")).innerHTML = "<b>x</b><b>y</b>";
  scene.swap({ tag: "div", attributes: { contenteditable: "TRUE" }, children: [fixed("b")] });
  scene.is('<div contenteditable="TRUE"><p contenteditable="false">b</p></div>');
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { DecodeError, decodeOps } from "../dom/operations.js";
import { batch, op } from "./support/ops.js";

const ALL = [
  op.element(1, "circle", 1),
  op.text(2, "grüß"),
  op.marker(3),
  op.insert(0x8000_0007, 1),
  op.remove(3),
  op.attribute(1, "r", "4"),
  op.removeAttribute(1, "r"),
  op.property(1, "value", "x"),
  op.setText(2, ""),
  op.class(1, "on", 1),
  op.style(1, "--hue", "3"),
  op.listen(1, "click", 9, 3),
  op.unlisten(1, "click"),
  op.key(1, "k"),
  op.call(1, 3),
];

test("decodes every operation", () => {
  assert.deepEqual(
    [...decodeOps(batch(ALL))],
    [
      { op: "create-element", id: 1, namespace: 1, tag: "circle" },
      { op: "create-text", id: 2, text: "grüß" },
      { op: "create-marker", id: 3 },
      { op: "insert", parent: 0x8000_0007, child: 1, before: 0 },
      { op: "remove", id: 3 },
      { op: "set-attribute", id: 1, name: "r", value: "4" },
      { op: "remove-attribute", id: 1, name: "r" },
      { op: "set-property", id: 1, name: "value", json: '"x"' },
      { op: "set-text", id: 2, text: "" },
      { op: "set-class", id: 1, name: "on", on: true },
      { op: "set-style", id: 1, name: "--hue", value: "3" },
      { op: "listen", id: 1, event: "click", handler: 9, flags: 3 },
      { op: "unlisten", id: 1, event: "click", flags: 0 },
      { op: "set-key", id: 1, key: "k" },
      { op: "call", id: 1, method: "scroll-into-view" },
    ],
  );
});

test("every truncation is an error that names the operation", () => {
  for (const bytes of ALL) {
    for (let length = 1; length < bytes.length; length++) {
      const cut = batch([op.marker(3), bytes.slice(0, length)]);
      assert.throws(
        () => [...decodeOps(cut)],
        (error) => error instanceof DecodeError && error.at === 5,
        `${bytes[0]} cut at ${length}`,
      );
    }
  }
});

test("names what it does not know", () => {
  const message = (/** @type {number[]} */ bytes) => {
    try {
      return [...decodeOps(new Uint8Array(bytes))].length;
    } catch (error) {
      return error instanceof DecodeError ? error.message : error;
    }
  };
  assert.equal(message([99]), "byte 0: 99 is not an opcode");
  assert.equal(message([1, 1, 0, 0, 0, 3]), "byte 5: 3 is not a namespace");
  assert.equal(message([15, 1, 0, 0, 0, 9]), "byte 5: 9 is not a method");
  assert.equal(message([10, 1, 0, 0, 0, 1, 0, 0, 0, 97, 2]), "byte 10: 2 is not a flag");
  assert.equal(message([2, 1, 0, 0, 0, 1, 0, 0, 0, 0xff]), "byte 9: text that is not UTF-8");
  assert.equal(message([2, 1, 0, 0, 0, 255, 255, 255, 255]), "the batch ends inside the operation at byte 0");
});

test("reads a batch that lies in the middle of a memory", () => {
  const memory = new Uint8Array([9, 9, 9, ...op.marker(7), 9, 9]);
  assert.deepEqual([...decodeOps(memory.subarray(3, 8))], [{ op: "create-marker", id: 7 }]);
});

test("bytes of any content are decoded or refused", () => {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 0x7fff_ffff);
  for (let round = 0; round < 2000; round++) {
    const bytes = Uint8Array.from({ length: random() % 40 }, (_, at) =>
      at === 0 ? (random() % 16) + 1 : random() % 8 === 0 ? random() % 256 : random() % 3,
    );
    try {
      for (const _ of decodeOps(bytes));
    } catch (error) {
      assert.ok(error instanceof DecodeError, String(error));
    }
  }
});

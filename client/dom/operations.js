/**
 * Decodes batches of DOM operations, the bytes that a module passes to the import `dom`.
 *
 * In: bytes of any content. Out: the operations in order, or a `DecodeError` that names the byte. Nothing
 * here touches a document. The layouts are those of `docs/abi.md`; field names are those of the crate
 * `hmr-abi`.
 */

/** The bit that marks a node id as the root of an instance. */
export const ROOT_BIT = 0x8000_0000;

/** Flag of `listen`: call `preventDefault` at once. */
export const LISTEN_PREVENT = 1;
/** Flag of `listen`: call `stopPropagation` at once. */
export const LISTEN_STOP = 2;
/** Flag of `listen`: listen in the capture phase. */
export const LISTEN_CAPTURE = 4;
/** Flag of `listen`: promise not to prevent the default. */
export const LISTEN_PASSIVE = 8;

/** @typedef {"focus" | "blur" | "select" | "scroll-into-view"} Method */

/** @type {readonly Method[]} */
const METHODS = ["focus", "blur", "select", "scroll-into-view"];

/**
 * @typedef {{ op: "create-element", id: number, namespace: 0 | 1 | 2, tag: string }
 *   | { op: "create-text", id: number, text: string }
 *   | { op: "create-marker", id: number }
 *   | { op: "insert", parent: number, child: number, before: number }
 *   | { op: "remove", id: number }
 *   | { op: "set-attribute", id: number, name: string, value: string }
 *   | { op: "remove-attribute", id: number, name: string }
 *   | { op: "set-property", id: number, name: string, json: string }
 *   | { op: "set-text", id: number, text: string }
 *   | { op: "set-class", id: number, name: string, on: boolean }
 *   | { op: "set-style", id: number, name: string, value: string }
 *   | { op: "listen", id: number, event: string, handler: number, flags: number }
 *   | { op: "unlisten", id: number, event: string, flags: number }
 *   | { op: "set-key", id: number, key: string }
 *   | { op: "call", id: number, method: Method }
 *   | { op: "draw", id: number, commands: string }} Op
 */

/** Why a batch could not be decoded. */
export class DecodeError extends Error {
  /**
   * @param {string} message
   * @param {number} at the byte, from the batch's start
   */
  constructor(message, at) {
    super(message);
    this.name = "DecodeError";
    this.at = at;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads fields off a batch, always inside its bounds. */
class Reader {
  /** @param {Uint8Array} batch */
  constructor(batch) {
    this.batch = batch;
    this.view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    this.at = 0;
    this.start = 0;
  }

  /** @param {number} length */
  skip(length) {
    const at = this.at;
    if (length > this.batch.length - at) {
      throw new DecodeError(`the batch ends inside the operation at byte ${this.start}`, this.start);
    }
    this.at = at + length;
    return at;
  }

  byte() {
    return this.view.getUint8(this.skip(1));
  }

  int() {
    return this.view.getUint32(this.skip(4), true);
  }

  text() {
    const length = this.int();
    const at = this.skip(length);
    try {
      return utf8.decode(this.batch.subarray(at, at + length));
    } catch {
      throw new DecodeError(`byte ${at}: text that is not UTF-8`, at);
    }
  }

  /**
   * A byte that must be below `count`.
   * @param {string} what
   * @param {number} count
   */
  choice(what, count) {
    const at = this.at;
    const value = this.byte();
    if (value >= count) throw new DecodeError(`byte ${at}: ${value} is not a ${what}`, at);
    return value;
  }
}

/**
 * @param {Reader} from
 * @returns {Op}
 */
function readOp(from) {
  const opcode = from.byte();
  switch (opcode) {
    case 1: {
      const id = from.int();
      const namespace = /** @type {0 | 1 | 2} */ (from.choice("namespace", 3));
      return { op: "create-element", id, namespace, tag: from.text() };
    }
    case 2:
      return { op: "create-text", id: from.int(), text: from.text() };
    case 3:
      return { op: "create-marker", id: from.int() };
    case 4:
      return { op: "insert", parent: from.int(), child: from.int(), before: from.int() };
    case 5:
      return { op: "remove", id: from.int() };
    case 6:
      return { op: "set-attribute", id: from.int(), name: from.text(), value: from.text() };
    case 7:
      return { op: "remove-attribute", id: from.int(), name: from.text() };
    case 8:
      return { op: "set-property", id: from.int(), name: from.text(), json: from.text() };
    case 9:
      return { op: "set-text", id: from.int(), text: from.text() };
    case 10:
      return { op: "set-class", id: from.int(), name: from.text(), on: from.choice("flag", 2) === 1 };
    case 11:
      return { op: "set-style", id: from.int(), name: from.text(), value: from.text() };
    case 12:
      return { op: "listen", id: from.int(), event: from.text(), handler: from.int(), flags: from.byte() };
    case 13:
      return { op: "unlisten", id: from.int(), event: from.text(), flags: from.byte() };
    case 14:
      return { op: "set-key", id: from.int(), key: from.text() };
    case 15: {
      const id = from.int();
      const method = /** @type {Method} */ (METHODS[from.choice("method", METHODS.length)]);
      return { op: "call", id, method };
    }
    case 16:
      return { op: "draw", id: from.int(), commands: from.text() };
    default:
      throw new DecodeError(`byte ${from.start}: ${opcode} is not an opcode`, from.start);
  }
}

/**
 * Decodes a batch, operation by operation. The bytes must stay as they are until the iteration ends.
 *
 * @param {Uint8Array} batch
 * @returns {Generator<Op, void>}
 * @throws {DecodeError} where the batch stops making sense; the operations before it were yielded
 */
export function* decodeOps(batch) {
  const from = new Reader(batch);
  while (from.at < batch.length) {
    from.start = from.at;
    yield readOp(from);
  }
}

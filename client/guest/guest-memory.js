/**
 * The memory of running code.
 *
 * Views of it are created for each access, because it can grow at any call.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads and writes the memory of one module's code. */
export class GuestMemory {
  #memory;

  /** @param {() => WebAssembly.Memory} memory */
  constructor(memory) {
    this.#memory = memory;
  }

  #bytes() {
    return new Uint8Array(this.#memory().buffer);
  }

  /**
   * @param {number} pointer
   * @param {number} length
   */
  slice(pointer, length) {
    const bytes = this.#bytes();
    const [start, count] = [pointer >>> 0, length >>> 0];
    if (start + count > bytes.length) throw new RangeError(`the module named ${count} bytes at ${start}, outside of its memory`);
    return bytes.subarray(start, start + count);
  }

  /**
   * @param {number} pointer
   * @param {number} length
   */
  text(pointer, length) {
    return decoder.decode(this.slice(pointer, length));
  }

  /**
   * An answer: its length as a `u32`, and its text.
   * @param {number} address
   */
  answer(address) {
    const header = this.slice(address, 4);
    const length = new DataView(header.buffer, header.byteOffset, 4).getUint32(0, true);
    return this.text(address + 4, length);
  }

  /**
   * @param {string} text
   * @param {(bytes: number) => number} alloc returns where there is room
   * @returns {[number, number]} where it is, and its length
   */
  write(text, alloc) {
    const bytes = encoder.encode(text);
    const pointer = alloc(bytes.length);
    this.slice(pointer, bytes.length).set(bytes);
    return [pointer, bytes.length];
  }

  /**
   * Writes a text, if there is room.
   * @param {number} pointer
   * @param {number} room in bytes
   * @param {string} text
   * @returns {number} its length in bytes
   */
  fill(pointer, room, text) {
    const bytes = encoder.encode(text);
    const target = this.slice(pointer, room);
    if (bytes.length <= target.length) target.set(bytes);
    return bytes.length;
  }

  copy() {
    return this.#bytes().slice();
  }

  /**
   * @param {Uint8Array} copy
   */
  putBack(copy) {
    const bytes = this.#bytes();
    bytes.set(copy);
    bytes.fill(0, copy.length);
  }
}

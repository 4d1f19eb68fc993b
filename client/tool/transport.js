/**
 * The socket to the tool.
 *
 * In: messages to send, connected or not. Out: messages that came, checked. A lost connection is
 * opened again, with a pause that grows to two seconds; messages from the meantime are sent then.
 *
 * This is the one file that opens connections; it takes the page's globals from its caller.
 */

import { MESSAGE_BYTES } from "../common/constants.js";
import { MessageError, readMessage } from "./protocol.js";

/** The pauses between attempts, in milliseconds. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2000;
/** How many messages wait for a connection. */
const MOST_WAITING = 100;

/**
 * Whether the tool would not take a message.
 * @param {string} text
 */
function isTooLarge(text) {
  // A UTF-16 unit is three bytes at most.
  return text.length > MESSAGE_BYTES || (text.length > MESSAGE_BYTES / 3 && new TextEncoder().encode(text).length > MESSAGE_BYTES);
}

/** @typedef {import("./protocol.js").ServerMessage} ServerMessage */
/** @typedef {import("./protocol.js").ClientMessage} ClientMessage */

/**
 * @typedef {object} Network
 * @property {typeof globalThis.fetch} fetch
 * @property {(url: string) => WebSocket} open
 * @property {(code: () => void, ms: number) => unknown} setTimeout
 * @property {(id: any) => void} clearTimeout
 * @property {string} origin of the page, `http://localhost:3000` for instance
 * @property {() => string} nonce text that was never used before
 */

/**
 * What a page was served with.
 * @typedef {{ token: string, app: string }} Served
 */

/**
 * The tool's answer when it refuses a page, because the page has lost the key for instance.
 * @param {Response} response
 */
async function refusal(response) {
  if (response.status !== 403) return null;
  const text = await response.text().catch(() => "");
  return text.startsWith("refused: ") ? text.trim() : null;
}

/** A connection that is kept up. */
export class Transport {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {string[]} */
  #waiting = [];
  #pause = FIRST_PAUSE;
  /** @type {unknown} */
  #timer = null;
  #attempt = 0;
  #closed = false;
  #isOtherApp = false;
  /** Whether something else has answered in place of the tool the last time, or the tool has refused. */
  #isIntercepted = false;
  #network;
  #token;
  #app;
  #otherAppChanged;
  #received;
  #log;
  #changed;
  #intercepted;

  /**
   * @param {Network} network
   * @param {Served} served
   * @param {{ received: (message: ServerMessage) => void, changed: (connected: boolean) => void, intercepted: (refusal: string | null) => void,
   *   otherApp: (otherApp: boolean) => void, log: (text: string) => void }} to `otherApp` is called when another application is
   *   served at the page's address, and when that is over; `intercepted` when something else answers in place of the tool, or
   *   the tool refuses, with its text then
   */
  constructor(network, { token, app }, { received, changed, intercepted, otherApp, log }) {
    this.#network = network;
    this.#token = token;
    this.#app = app;
    this.#otherAppChanged = otherApp;
    this.#received = received;
    this.#changed = changed;
    this.#intercepted = intercepted;
    this.#log = log;
  }

  /** Connects now, unless it is connected. */
  connect() {
    this.#closed = false;
    this.#network.clearTimeout(this.#timer);
    if (!this.#socket) void this.#connect(++this.#attempt);
  }

  /** Lets the connection go until `connect` is called: a page in the back-forward cache may not hold one. */
  close() {
    this.#closed = true;
    this.#attempt++;
    this.#network.clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = null;
  }

  /** Whether the socket is connected. */
  get connected() {
    return this.#socket?.readyState === 1;
  }

  /** What requests to the tool that change something must carry. */
  get token() {
    return this.#token;
  }

  /**
   * @param {ClientMessage} message
   * @returns {boolean} false if it waits for a connection, or is larger than the tool takes
   */
  send(message) {
    const text = JSON.stringify(message);
    if (isTooLarge(text)) {
      this.#log(`a message \`${message.type}\` is larger than the tool takes, and was left out`);
      return false;
    }
    if (this.#socket?.readyState === 1) {
      this.#socket.send(text);
      return true;
    }
    this.#waiting.push(text);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
    return false;
  }

  /** @param {number} attempt */
  async #connect(attempt) {
    const token = await this.#currentToken();
    if (attempt !== this.#attempt) return;
    if (token === null) return this.#retry();
    const url = `${this.#network.origin.replace(/^http/, "ws")}/@hmr/socket?token=${encodeURIComponent(token)}&app=${encodeURIComponent(this.#app)}`;
    let socket;
    try {
      socket = this.#network.open(url);
    } catch (error) {
      this.#log(`the socket cannot be opened: ${error}`);
      return this.#retry();
    }
    this.#socket = socket;
    socket.addEventListener("open", () => {
      if (socket !== this.#socket) return;
      this.#pause = FIRST_PAUSE;
      this.#changed(true);
      for (const text of this.#waiting.splice(0)) socket.send(text);
    });
    socket.addEventListener("message", ({ data }) => {
      if (socket === this.#socket) this.#message(data);
    });
    socket.addEventListener("close", () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#changed(false);
      this.#retry();
    });
  }

  /**
   * The token of the running tool, which may not be the one that served the page. Null if it serves another application, since
   * the page does not belong to it then. It is requested at an address of which no cache can have an answer; an answer without
   * the request's nonce is an old one nevertheless, and its token too.
   */
  async #currentToken() {
    const nonce = this.#network.nonce();
    let response;
    try {
      response = await this.#network.fetch(`${this.#network.origin}/@hmr/session?nonce=${nonce}`, { cache: "no-store" });
    } catch {
      this.#reached();
      return null;
    }
    const answer = response.ok ? await response.json().catch(() => null) : null;
    if (answer?.nonce !== nonce || typeof answer.token !== "string") {
      this.#isIntercepted = true;
      this.#intercepted(await refusal(response));
      return null;
    }
    this.#reached();
    const otherApp = this.#app !== "" && typeof answer.app === "string" && answer.app !== this.#app;
    if (otherApp !== this.#isOtherApp) {
      this.#isOtherApp = otherApp;
      this.#otherAppChanged(otherApp);
    }
    if (otherApp) return null;
    this.#token = answer.token;
    return answer.token;
  }

  /** Ends the report that something answers in place of the tool. */
  #reached() {
    if (!this.#isIntercepted) return;
    this.#isIntercepted = false;
    this.#changed(false);
  }

  #retry() {
    if (this.#closed) return;
    const attempt = ++this.#attempt;
    this.#timer = this.#network.setTimeout(() => void this.#connect(attempt), this.#pause);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
  }

  /** @param {unknown} data */
  #message(data) {
    let message;
    try {
      message = readMessage(data);
    } catch (error) {
      this.#log(`a message was skipped: ${error instanceof MessageError ? error.message : error}`);
      return;
    }
    this.#received(message);
  }
}

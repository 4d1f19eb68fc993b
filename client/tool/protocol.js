/**
 * The messages between the tool and the page, and the configuration that a page is served with.
 *
 * In: text of any content. Out: a message whose fields have the documented types, or the reason why it is
 * none. `docs/protocol.md` is the contract; the types of messages are made from `host/protocol`.
 */

/** @typedef {import("./messages.d.ts").Version} Version */
/** @typedef {import("./messages.d.ts").ApplicationStart} ApplicationStart */
/** @typedef {import("./messages.d.ts").Diagnostic} Diagnostic */
/** @typedef {import("./messages.d.ts").Failure} Failure */
/** @typedef {import("./messages.d.ts").ServerMessage} ServerMessage */
/** @typedef {import("./messages.d.ts").Verdict} Verdict */
/** @typedef {import("./messages.d.ts").SwapOutcome} Outcome */
/** @typedef {import("./messages.d.ts").SwapStep} Step */
/** @typedef {import("./messages.d.ts").Cause} Cause */
/** @typedef {import("./messages.d.ts").Swap} Swap */
/** @typedef {Omit<import("./messages.d.ts").Trap, "module" | "hash">} Trap A trap, without its module and version. */
/** @typedef {import("./messages.d.ts").Level} Level */
/** @typedef {import("./messages.d.ts").Rehearse} Rehearse */
/** @typedef {import("./messages.d.ts").ClientMessage} ClientMessage */
/** @typedef {import("./report-entries.d.ts").RestoreReport} RestoreReport */
/** @typedef {import("./report-entries.d.ts").ResourceOutcome} ResourceOutcome */
/** @typedef {import("./report-entries.d.ts").ConnectionOutcome} ConnectionOutcome */
/** @typedef {import("./report-entries.d.ts").Invalidation} Invalidation */

/**
 * The configuration that a page is served with. `app` names the application. `later` are modules whose version comes with the
 * first `hello`. `budget` is null where the page leaves it to the engine.
 * @typedef {{ token: string, app: string, server: string, html: string, sequence: number, modules: Version[], later: string[], failure: Failure | null,
 *   budget: number | null }} Config
 */

/** @type {readonly Level[]} */
const LEVELS = ["error", "warning", "note", "help"];

/** @type {readonly Step[]} */
const STEPS = ["prepare", "quiesce", "capture", "instantiate", "migrate", "restore", "render", "commit", "probation", "rollback", "undo"];

/** Why a text is not a message. `unknown` distinguishes a type of a later version from a malformed message. */
export class MessageError extends Error {
  /**
   * @param {string} message
   * @param {boolean} [unknown]
   */
  constructor(message, unknown = false) {
    super(message);
    this.name = "MessageError";
    this.unknown = unknown;
  }
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function object(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MessageError("not a JSON object");
  }
  return /** @type {Record<string, unknown>} */ (value);
}

/**
 * @param {Record<string, unknown>} from
 * @param {string} field
 */
function text(from, field) {
  const value = from[field];
  if (typeof value !== "string") throw new MessageError(`the field \`${field}\` is not a text`);
  return value;
}

/**
 * @param {Record<string, unknown>} from
 * @param {string} field
 */
function optionalText(from, field) {
  return typeof from[field] === "string" ? text(from, field) : null;
}

/**
 * One of some texts; null for anything else, which a later version of the tool may send.
 *
 * @template {string} T
 * @param {Record<string, unknown>} from
 * @param {string} field
 * @param {readonly T[]} known
 * @returns {T | null}
 */
function optionalOneOf(from, field, known) {
  return known.find((text) => text === from[field]) ?? null;
}

/**
 * Whether a value is a number that messages can hold: `1e999` is JSON too, and reads as infinity.
 * @param {unknown} value
 * @returns {value is number}
 */
function isNumber(value) {
  return Number.isFinite(value);
}

/**
 * @param {Record<string, unknown>} from
 * @param {string} field
 */
function number(from, field) {
  const value = from[field];
  if (!isNumber(value)) throw new MessageError(`the field \`${field}\` is not a number`);
  return value;
}

/**
 * @template T
 * @param {Record<string, unknown>} from
 * @param {string} field
 * @param {(item: unknown) => T} read
 */
function list(from, field, read) {
  const value = from[field];
  if (!Array.isArray(value)) throw new MessageError(`the field \`${field}\` is not a list`);
  return value.map(read);
}

/** @param {unknown} value */
function asText(value) {
  if (typeof value !== "string") throw new MessageError("a list holds something that is not a text");
  return value;
}

/**
 * @param {unknown} value
 * @returns {Version}
 */
function version(value) {
  const from = object(value);
  return {
    module: text(from, "module"),
    hash: text(from, "hash"),
    url: text(from, "url"),
    components: list(from, "components", asText),
    ...(from.rehearse === true ? { rehearse: true } : {}),
    ...(Array.isArray(from.transform) && from.transform.length > 0 ? { transform: from.transform } : {}),
    ...(from.glue === undefined ? {} : { glue: text(from, "glue") }),
    ...(from.application === undefined ? {} : { application: application(object(from.application)) }),
  };
}

/**
 * @param {Record<string, unknown>} from
 * @returns {ApplicationStart}
 */
function application(from) {
  const initializer = optionalText(from, "initializer");
  return { starts: from.starts === true, ...(initializer === null ? {} : { initializer }) };
}

/**
 * @param {Record<string, unknown>} from
 * @returns {Verdict}
 */
function verdict(from) {
  const outcome = text(from, "outcome");
  if (outcome !== "passed" && outcome !== "failed" && outcome !== "skipped") throw new MessageError(`there is no outcome \`${outcome}\``);
  const duration = object(from.duration ?? {});
  const ms = (/** @type {unknown} */ value) => (isNumber(value) ? value : 0);
  return {
    id: number(from, "id"),
    outcome,
    step: optionalOneOf(from, "step", STEPS),
    error: optionalText(from, "error"),
    duration: { wait: ms(duration.wait), run: ms(duration.run) },
  };
}

/**
 * @param {unknown} value
 * @returns {Diagnostic}
 */
function diagnostic(value) {
  const from = object(value);
  return {
    level: optionalOneOf(from, "level", LEVELS) ?? "error",
    message: optionalText(from, "message") ?? "",
    code: optionalText(from, "code"),
    file: optionalText(from, "file"),
    line: isNumber(from.line) ? from.line : null,
    column: isNumber(from.column) ? from.column : null,
    rendered: optionalText(from, "rendered") ?? "",
  };
}

/**
 * @param {unknown} value
 * @returns {Failure}
 */
function failure(value) {
  const from = object(value);
  return { title: text(from, "title"), diagnostics: list(from, "diagnostics", diagnostic) };
}

/** @param {unknown} value */
function optionalFailure(value) {
  return value === null || value === undefined ? null : failure(value);
}

/** @param {string} json */
function parse(json) {
  try {
    return object(JSON.parse(json));
  } catch (error) {
    if (error instanceof MessageError) throw error;
    throw new MessageError("not JSON");
  }
}

/**
 * Reads a message of the server.
 *
 * @param {unknown} data what the socket delivered
 * @returns {ServerMessage}
 * @throws {MessageError}
 */
export function readMessage(data) {
  if (typeof data !== "string") throw new MessageError("not a text message");
  const from = parse(data);
  const type = text(from, "type");
  switch (type) {
    case "hello":
      return {
        type,
        server: text(from, "server"),
        sequence: number(from, "sequence"),
        reloaded: isNumber(from.reloaded) ? from.reloaded : 0,
        files: isNumber(from.files) ? from.files : 0,
        modules: list(from, "modules", version),
        failure: optionalFailure(from.failure),
      };
    case "build-started":
      return { type, sequence: number(from, "sequence"), modules: list(from, "modules", asText) };
    case "build-failed":
      return { type, sequence: number(from, "sequence"), failure: failure(from.failure) };
    case "build-succeeded":
      return { type, sequence: number(from, "sequence") };
    case "hot-update":
      return {
        type,
        sequence: number(from, "sequence"),
        reason: optionalText(from, "reason") ?? "",
        modules: list(from, "modules", version),
      };
    case "css-update":
    case "asset-update":
      return {
        type,
        sequence: number(from, "sequence"),
        reason: optionalText(from, "reason") ?? "",
        paths: list(from, "paths", asText),
      };
    case "full-reload":
      return {
        type,
        sequence: number(from, "sequence"),
        reason: optionalText(from, "reason") ?? "",
        restore: from.restore === true,
      };
    case "rehearsals":
      return { type };
    case "verdict":
      return { type, ...verdict(from) };
    default:
      throw new MessageError(`the type \`${type}\` is not known`, true);
  }
}

/**
 * Reads the configuration in the page.
 *
 * @param {string} json
 * @returns {Config}
 * @throws {MessageError}
 */
export function readConfig(json) {
  const from = parse(json);
  return {
    token: optionalText(from, "token") ?? "",
    app: optionalText(from, "app") ?? "",
    server: optionalText(from, "server") ?? "",
    html: optionalText(from, "html") ?? "",
    sequence: isNumber(from.sequence) ? from.sequence : 0,
    modules: list(from, "modules", version),
    later: from.later === undefined ? [] : list(from, "later", asText),
    failure: optionalFailure(from.failure),
    budget: budget(from.budget),
  };
}

/**
 * What an `i32` global can be set to and counts down from; anything else leaves it to the engine.
 *
 * @param {unknown} value
 */
function budget(value) {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value <= 0x7fff_ffff ? value : null;
}

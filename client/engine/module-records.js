/** The modules that a page knows, by name. */

import { errorMessage } from "../common/error-message.js";
import { ModuleCalls } from "../extra/module-calls.js";
import { ModuleRecord } from "../module/record.js";

/**
 * @typedef {Pick<import("./engine-deps.js").EngineDeps, "document" | "clock" | "log" | "slower">
 *   & { incoming: import("../module/record.js").Incoming }} ModuleRecordsDeps
 */

/** The modules of one page. */
export class ModuleRecords {
  /** @type {Map<string, ModuleRecord>} */
  #records = new Map();
  #deps;

  /** @param {ModuleRecordsDeps} deps */
  constructor(deps) {
    this.#deps = deps;
  }

  all() {
    return [...this.#records.values()];
  }

  /** @param {string} name */
  find(name) {
    return this.#records.get(name);
  }

  /**
   * The record of a module, which is made if the page does not know it yet.
   * @param {string} name
   */
  of(name) {
    const record = this.#records.get(name) ?? this.#made(name);
    this.#records.set(name, record);
    return record;
  }

  /**
   * @param {string} name
   * @returns {ModuleRecord}
   * @throws {Error} if the module does not exist
   */
  known(name) {
    const record = this.#records.get(name);
    if (record?.version) return record;
    const names = this.all()
      .filter(({ version }) => version !== null)
      .map((other) => `\`${other.name}\``);
    throw new Error(
      `there is no module \`${name}\`; ${names.length > 0 ? `the modules are ${names.join(", ")}` : "none has been built yet"}`,
    );
  }

  /** @param {string} name */
  #made(name) {
    const { document, log, incoming } = this.#deps;
    return new ModuleRecord(name, document, incoming, (level, text) => log(level, name, text), this.#calls(name));
  }

  /** @param {string} name */
  #calls(name) {
    const { clock, log, slower } = this.#deps;
    return new ModuleCalls(
      clock,
      (export_, error) => log("error", name, `the wrapper of \`${export_}\` failed, so the original answers: ${errorMessage(error)}`),
      (found) => slower(name, this.of(name).version?.hash ?? "", found),
    );
  }
}

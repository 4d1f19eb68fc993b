/**
 * Requests to the tool, apart from the socket: versions, experiments and saved snapshots.
 *
 * In: requests. Out: the tool's answers, or an error with the tool's message.
 */

/** Why the tool refused a request. */
class ToolError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "ToolError";
  }
}

/** The tool that serves a page. */
export class Tool {
  #fetch;
  #token;

  /**
   * @param {typeof globalThis.fetch} fetch
   * @param {() => string} token what requests that change something must carry
   */
  constructor(fetch, token) {
    this.#fetch = fetch;
    this.#token = token;
  }

  /**
   * The versions of a module that are kept, the newest first.
   * @param {string} module
   */
  async versions(module) {
    return ofModule(await this.#json("/@hmr/versions"), module);
  }

  /**
   * Makes all pages run a version until the pin is taken out.
   *
   * @param {string} module
   * @param {string | null} hash null to take the pin out
   */
  async pin(module, hash) {
    await this.#post("/@hmr/versions/pin", { module, hash });
  }

  /**
   * Makes all pages run a version until the next build that differs.
   *
   * @param {string} module
   * @param {string} hash
   */
  async restore(module, hash) {
    await this.#post("/@hmr/versions/restore", { module, hash });
  }

  /**
   * @param {string} module
   * @param {string} from
   * @param {string} to
   */
  compare(module, from, to) {
    return this.#json(`/@hmr/versions/compare?${new URLSearchParams({ module, from, to })}`);
  }

  /** The experiments that run. */
  async experiments() {
    return (await this.#json("/@hmr/experiments")).experiments;
  }

  /**
   * Starts an experiment in place of the one that runs on a module. Without variants, it only ends that.
   *
   * @param {string} module
   * @param {{ hash: string, weight?: number }[]} variants
   */
  async experiment(module, variants) {
    await this.#post("/@hmr/experiments", { module, variants });
  }

  /** What snapshots are saved. */
  async snapshots() {
    return (await this.#json("/@hmr/snapshots")).snapshots;
  }

  /** @param {string} name */
  async deleteSnapshot(name) {
    await this.#ask(`/@hmr/snapshots/${encodeURIComponent(name)}`, { method: "DELETE" });
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  async saveSnapshot(name, text) {
    await this.#ask(`/@hmr/snapshots/${encodeURIComponent(name)}`, { method: "POST", body: text });
  }

  /**
   * @param {string} name
   * @returns {Promise<string>}
   */
  async loadSnapshot(name) {
    return (await this.#ask(`/@hmr/snapshots/${encodeURIComponent(name)}`, {})).text();
  }

  /**
   * @param {string} path
   * @param {object} body
   */
  #post(path, body) {
    return this.#ask(path, { method: "POST", body: JSON.stringify(body) });
  }

  /** @param {string} path */
  async #json(path) {
    return (await this.#ask(path, {})).json();
  }

  /**
   * @param {string} path
   * @param {RequestInit} request
   */
  async #ask(path, request) {
    const headers = { "x-hmr-token": this.#token(), ...(request.body ? { "content-type": "application/json" } : {}) };
    let response;
    try {
      response = await this.#fetch(path, { ...request, headers, cache: "no-store" });
    } catch (error) {
      throw new ToolError(
        `the tool does not answer at \`${path}\`: ${error instanceof Error ? error.message : error}; is \`cargo hmr dev\` running?`,
      );
    }
    if (response.ok) return response;
    const reason = (await response.text()).trim();
    throw new ToolError(reason || `the tool answered ${response.status} at \`${path}\``);
  }
}

/**
 * @param {any} answer
 * @param {string} module
 */
function ofModule(answer, module) {
  const found = (answer?.modules ?? []).find((/** @type {any} */ entry) => entry?.module === module);
  if (!found) throw new ToolError(`the tool knows no module \`${module}\``);
  return found;
}

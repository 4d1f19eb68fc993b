/** The requests of an instance that is being rendered again: they are settled together when it has rendered. */

/** @typedef {import("../resources/instance-resources.js").Request} Request */

/** The held requests of one module. */
export class HeldRequests {
  /** Null while nothing is held. @type {Request[] | null} */
  #requests = null;

  begin() {
    this.#requests = [];
  }

  /** @returns {Request[]} those since `begin` */
  end() {
    const requests = this.#requests ?? [];
    this.#requests = null;
    return requests;
  }

  /**
   * @param {Request} request
   * @returns {boolean} false if it is not held, but to be done at once
   */
  hold(request) {
    this.#requests?.push(request);
    return this.#requests !== null;
  }
}

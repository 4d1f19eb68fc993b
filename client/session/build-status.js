/** Shows whether the last build failed, and whether components wait for the first one. */

/** @typedef {import("../tool/protocol.js").Failure} Failure */

/** The build, as a page sees it. */
export class BuildStatus {
  #failed = false;
  #screen;
  #waiting;
  #announce;

  /**
   * @param {import("../ui/screen.js").Screen} screen
   * @param {() => boolean} waiting whether components wait for a first version
   * @param {(failure: Failure) => void} announce
   */
  constructor(screen, waiting, announce) {
    this.#screen = screen;
    this.#waiting = waiting;
    this.#announce = announce;
  }

  /** @param {Failure | null} failure of the last build */
  show(failure) {
    this.#failed = failure !== null;
    this.#screen.overlay.showFailure(failure);
    if (failure) this.#announce(failure);
    this.waitForBuild();
  }

  /** Shows that the first build is running, while components wait for it. */
  waitForBuild() {
    const waits = this.#waiting() && !this.#failed;
    this.#screen.status.stand("build", waits ? "The first build is under way; components appear when it is done" : null);
  }
}

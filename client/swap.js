/**
 * The swap as a sequence of steps, and the queue that updates wait in.
 *
 * In: an update and the collaborators that do each step. Out: what became of it, with the steps entered and
 * how long each took. Knows neither documents nor modules: the order, the rollback and the accounting are all.
 */

/** @typedef {import("./protocol.js").Step} Step */
/** @typedef {import("./protocol.js").Swap} Swap */
/** @typedef {import("./protocol.js").Version} Version */

/**
 * What does the steps of one swap. Up to `restore`, each may throw: then `rollback` is called, and nothing after it.
 *
 * @template Candidate
 * @typedef {object} Steps
 * @property {() => Promise<WebAssembly.Module>} prepare
 * @property {() => boolean} wanted whether the update is still the newest, asked before anything is touched
 * @property {(() => void) | null} quiesce null if no code runs yet
 * @property {(() => void) | null} capture null if no code runs yet
 * @property {(compiled: WebAssembly.Module) => Promise<Candidate>} instantiate
 * @property {((candidate: Candidate) => import("./protocol.js").RestoreReport | null) | null} restore null if
 *   there is nothing to restore
 * @property {(candidate: Candidate) => Pick<Swap, "resources" | "connections">} render
 * @property {(candidate: Candidate, compiled: WebAssembly.Module) => void} commit
 * @property {(step: Step, error: unknown) => void} rollback
 */

/**
 * What a person reads of an error, whatever was thrown.
 * @param {unknown} error
 */
export function describe(error) {
  if (error instanceof Error) return "described" in error ? String(error.described) : error.message;
  return String(error);
}

/**
 * Runs one swap.
 *
 * @template Candidate
 * @param {Version} version
 * @param {Steps<Candidate>} steps
 * @param {() => number} clock milliseconds
 * @returns {Promise<Swap | null>} null if it was no longer wanted
 */
export async function runSwap(version, steps, clock) {
  /** @type {Swap} */
  const swap = {
    module: version.module,
    hash: version.hash,
    outcome: "committed",
    step: null,
    error: null,
    report: null,
    resources: [],
    connections: [],
    events: [],
    duration: {},
  };
  /** @type {Step} */
  let step = "prepare";
  let began = clock();
  const enter = (/** @type {Step} */ next) => {
    step = next;
    swap.events.push(next);
    began = clock();
  };
  const leave = () => {
    swap.duration[step] = clock() - began;
  };
  try {
    enter("prepare");
    const compiled = await steps.prepare();
    leave();
    if (!steps.wanted()) return null;
    for (const name of /** @type {const} */ (["quiesce", "capture"])) {
      const work = steps[name];
      if (!work) continue;
      enter(name);
      work();
      leave();
    }
    enter("instantiate");
    const candidate = await steps.instantiate(compiled);
    leave();
    if (steps.restore) {
      enter("restore");
      swap.report = steps.restore(candidate);
      leave();
    }
    enter("render");
    Object.assign(swap, steps.render(candidate));
    leave();
    enter("commit");
    steps.commit(candidate, compiled);
    leave();
  } catch (error) {
    leave();
    const failed = step;
    enter("rollback");
    steps.rollback(failed, error);
    leave();
    Object.assign(swap, { outcome: "rolled-back", step: failed, error: describe(error) });
  }
  return swap;
}

/** Runs updates one after another, and knows which of their versions a later one has replaced. */
export class UpdateQueue {
  /** @type {{ versions: Version[], work: () => Promise<void> }[]} */
  #waiting = [];
  #running = false;
  #failed;

  /** @param {(error: unknown) => void} failed told of errors that an update's work let through */
  constructor(failed) {
    this.#failed = failed;
  }

  /**
   * @param {Version[]} versions what the update brings; empty for work that brings none
   * @param {() => Promise<void>} work
   */
  add(versions, work) {
    this.#waiting.push({ versions, work });
    if (!this.#running) void this.#run();
  }

  /**
   * Whether an update that still waits brings the module too.
   * @param {string} module
   */
  replaced(module) {
    return this.#waiting.some(({ versions }) => versions.some((version) => version.module === module));
  }

  async #run() {
    this.#running = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      try {
        await next.work();
      } catch (error) {
        this.#failed(error);
      }
    }
    this.#running = false;
  }
}

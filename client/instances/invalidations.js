/**
 * Instances that cannot continue with their state.
 *
 * In: what modules report about their instances. Out: each is mounted again, and the instance that placed it is rendered
 * again, upwards as long as that invalidates in turn; at the page, the reason is reported. Each instance is handled at most
 * once in one run, so that code which always invalidates cannot stop the page.
 */

/** @typedef {import("./instance.js").Instance} Instance */
/** @typedef {import("../tool/protocol.js").Invalidation} Invalidation */

/**
 * The parts of the engine that this needs.
 *
 * @typedef {object} InvalidationDeps
 * @property {(id: number) => Instance | undefined} instance
 * @property {(instance: Instance) => Instance | null} placer the mounted instance whose view placed it
 * @property {(instance: Instance) => void} remount mounts it again, without its state
 * @property {(instance: Instance) => void} rerender renders it again, with its state
 * @property {(instance: Instance) => boolean} ready whether its module can be called and has mounted it
 * @property {(message: string) => void} problem
 */

/** The invalidations of one page. */
export class Invalidations {
  /** @type {({ module: string } & Invalidation)[]} */
  #waiting = [];
  #working = false;
  /** The invalidations handled since `begin`. @type {Invalidation[]} */
  #treated = [];
  #deps;

  /** @param {InvalidationDeps} deps */
  constructor(deps) {
    this.#deps = deps;
  }

  /**
   * @param {string} module that reports it
   * @param {Invalidation} invalidation
   */
  add(module, invalidation) {
    this.#waiting.push({ module, ...invalidation });
  }

  /** Call this before a swap lets its module be called again: what is handled from here on is reported with the swap. */
  begin() {
    this.#treated = [];
  }

  /**
   * Treats the pending invalidations of modules that can be called.
   * @returns {Invalidation[]} those handled since `begin`, with those that they caused
   */
  drain() {
    const treated = this.#treated;
    if (this.#working || this.#waiting.length === 0) return [...treated];
    this.#working = true;
    /** @type {Set<Instance>} */
    const mounted = new Set();
    try {
      for (let next = this.#next(); next; next = this.#next()) {
        const { instance, reason } = next;
        if (mounted.has(instance)) {
          instance.record.log("warn", `the instance ${instance.id} was invalidated again and is left as it is: ${reason}`);
          continue;
        }
        instance.record.log("info", `the instance ${instance.id} was invalidated: ${reason}`);
        mounted.add(instance);
        treated.push({ instance: instance.id, reason });
        this.#deps.remount(instance);
        this.#upwards(instance, reason);
      }
    } finally {
      this.#working = false;
    }
    return [...treated];
  }

  /**
   * @param {Instance} instance
   * @param {string} reason
   */
  #upwards(instance, reason) {
    const placer = this.#deps.placer(instance);
    if (placer) {
      if (this.#deps.ready(placer)) this.#deps.rerender(placer);
      return;
    }
    this.#deps.problem(`the invalidation of the instance ${instance.id} of \`${instance.record.name}\` went up to the page: ${reason}`);
  }

  /**
   * Whether an instance can be mounted again now. One that was placed by a module which is being swapped waits for that.
   * @param {Instance} instance
   */
  #isReady(instance) {
    return this.#deps.ready(instance) && this.#deps.placer(instance)?.record.held !== true;
  }

  /** The next that can be handled; what names no instance of its module is dropped. */
  #next() {
    for (let at = 0; at < this.#waiting.length; ) {
      const { module, instance: id, reason } = /** @type {{ module: string } & Invalidation} */ (this.#waiting[at]);
      const found = this.#deps.instance(id);
      const instance = found?.record.name === module ? found : undefined;
      if (instance && !this.#isReady(instance)) at++;
      else {
        this.#waiting.splice(at, 1);
        if (instance) return { instance, reason };
      }
    }
    return null;
  }
}

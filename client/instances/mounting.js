/**
 * Placed components: who is mounted where.
 *
 * In: `hmr-component` elements that come, change and go; what a swap restored. Out: instances that are mounted, rendered
 * again and unmounted accordingly, and problems shown in their places. Which code runs is not decided here.
 *
 * Invariant: nothing is mounted or unmounted in a module that is held; its elements wait in `#dirty`.
 */

import { DetachedStates } from "./detached-state.js";
import { inOrder } from "../dom/document-order.js";
import { instancePath } from "../dom/instance-path.js";
import { preserve } from "../dom/preserve.js";
import { mountProblem, problemOf } from "./problems.js";
import { attach, takeOver } from "../dom/attach.js";
import { Instance } from "./instance.js";
import { errorMessage } from "../common/error-message.js";

/** @typedef {import("../module/record.js").ModuleRecord} ModuleRecord */
/** @typedef {import("./problems.js").Problem} Problem */
/** @typedef {import("../page/page-state.js").StoredModule} StoredModule */

/** How long state from before a reload waits for its place, in milliseconds. */
const UNPLACED_PERIOD = 10_000;

/**
 * What mounting needs of the engine around it.
 *
 * @typedef {object} MountingDeps
 * @property {Document} document
 * @property {import("../resources/resources.js").Timers} timers
 * @property {import("../resources/instance-resources.js").InstanceResources} resources
 * @property {(element: Element, problem: Problem | null) => void} show shows a problem in an element's place, or takes it away
 * @property {(message: string) => void} problem
 * @property {(name: string) => ModuleRecord} record
 * @property {() => ModuleRecord[]} records all modules there are
 * @property {(record: ModuleRecord) => void} load makes a module without running code run its version, asynchronously
 * @property {<T>(record: ModuleRecord, code: (guest: import("../guest/guest.js").Guest) => T, counts?: boolean) => T | undefined} ask calls into
 *   running code; undefined if it trapped, which has been dealt with. It counts for the probation unless `counts` is false
 * @property {() => void} settled called when the instances are those that the elements ask for
 * @property {(record: ModuleRecord) => void} returned does what had to wait until the module's code returned
 * @property {<T>(change: () => T) => T} quietly makes a change without letting its focus events reach a module
 * @property {() => boolean} [rendersAgain] whether an instance with other props can be rendered again now; if not, `touchAll` is called when it
 *   can. Without it, it always can
 */

/** The placed components of one page. */
export class Mounting {
  /** @type {Map<number, Instance>} */
  #instances = new Map();
  /** @type {Map<Element, Instance>} */
  #byElement = new Map();
  /** @type {Set<Element>} */
  #dirty = new Set();
  /** By place, who was there before a reload. @type {Map<string, { instance: number, props: string }>} */
  #reserved = new Map();
  #nextInstance = 1;
  #settling = false;
  #deps;
  /** The states that modules were in when the first of their instances was about to be unmounted, in this round. @type {Map<ModuleRecord, string | undefined>} */
  #captured = new Map();
  /** The saved states of removed instances. */
  detached = new DetachedStates();

  /** @param {MountingDeps} deps */
  constructor(deps) {
    this.#deps = deps;
  }

  /** Whether elements wait to be looked at. */
  get busy() {
    return this.#settling;
  }

  /** Whether all placed components are mounted, or cannot be. */
  get complete() {
    return !this.#settling && [...this.#byElement.values()].every(({ status }) => status !== "waiting");
  }

  /** How many components are placed. */
  get count() {
    return this.#byElement.size;
  }

  /**
   * The instance of a number, while it is placed.
   * @param {number} id
   */
  get(id) {
    return this.#instances.get(id);
  }

  /**
   * The instance that an element places.
   * @param {Element} element
   */
  at(element) {
    return this.#byElement.get(element);
  }

  /**
   * Whether an instance that is called so is mounted.
   * @param {string} name
   */
  isMounted(name) {
    return [...this.#instances.values()].some((instance) => instance.status === "mounted" && instance.name === name);
  }

  /**
   * The placed components of a module.
   * @param {ModuleRecord} record
   */
  of(record) {
    return [...this.#instances.values()].filter((instance) => instance.record === record);
  }

  /**
   * Keeps the numbers of instances for those who were in the same places before a reload.
   * @param {StoredModule["places"]} places
   */
  reserve(places) {
    for (const { instance, place: where, props } of places) {
      this.#reserved.set(where, { instance, props });
      this.#nextInstance = Math.max(this.#nextInstance, instance + 1);
    }
  }

  /**
   * Where a module's components are placed, for after a reload.
   * @param {ModuleRecord} record
   * @returns {StoredModule["places"]}
   */
  placesOf(record) {
    return this.of(record).map(({ id, element, props }) => ({ instance: id, place: instancePath(element), props }));
  }

  /**
   * Call this whenever an `hmr-component` was added, removed or changed. The work is done in a
   * microtask, when an element that was only moved is back.
   * @param {Element} element
   */
  changed(element) {
    this.#dirty.add(element);
    this.#settleSoon();
  }

  /**
   * The mounted instance whose view placed an instance.
   * @param {Instance} instance
   */
  placer({ element }) {
    for (let at = element.parentElement; at; at = at.parentElement) {
      const around = this.#byElement.get(at);
      if (around?.status === "mounted") return around;
    }
    return null;
  }

  /**
   * Notes the props of a state that a module was taken back to: an instance whose place has other props now is rendered
   * again.
   *
   * @param {ModuleRecord} record
   * @param {Map<number, string>} props by instance
   */
  followProps(record, props) {
    for (const instance of this.of(record)) instance.props = props.get(instance.id) ?? instance.props;
    this.touchAll();
  }

  /** Looks at all placed components once more. */
  touchAll() {
    for (const element of this.#byElement.keys()) this.#dirty.add(element);
    this.#settleSoon();
  }

  #settleSoon() {
    if (this.#settling) return;
    this.#settling = true;
    queueMicrotask(() => {
      this.#settling = false;
      this.#settle();
    });
  }

  /** Makes the instances those that the elements in the document ask for. */
  #settle() {
    this.#captured.clear();
    for (const element of inOrder(this.#dirty)) {
      const instance = this.#byElement.get(element);
      const wanted = element.isConnected ? this.#deps.record(element.getAttribute("module") ?? "") : null;
      if (instance?.record.held || wanted?.held) continue;
      this.#dirty.delete(element);
      this.#settleElement(element, instance, wanted);
    }
    for (const record of this.#deps.records()) this.#stopUnused(record);
    this.#deps.settled();
  }

  /**
   * @param {Element} element
   * @param {Instance | undefined} instance
   * @param {ModuleRecord | null} record the module that it asks for; null if it has left the document
   */
  #settleElement(element, instance, record) {
    const component = element.getAttribute("component") ?? "";
    if (instance && (instance.record !== record || instance.component !== component)) {
      this.#unmount(instance);
      instance = undefined;
    }
    if (!record) return;
    this.detached.stays(element);
    if (!instance) {
      instance = this.#add(element, record, component);
    }
    const problem = problemOf(instance, this.#deps.records());
    if (problem) {
      this.#fail(instance, problem);
      return;
    }
    if (!record.version) return;
    if (!record.guest) this.#deps.load(record);
    else if (record.alive) this.#bringUp(instance);
  }

  /**
   * @param {Element} element
   * @param {ModuleRecord} record
   * @param {string} component
   */
  #add(element, record, component) {
    const reserved = this.#reserved.size > 0 ? this.#reserved.get(instancePath(element)) : undefined;
    const known = reserved && !this.#instances.has(reserved.instance) ? reserved : null;
    const id = known ? known.instance : this.#nextInstance++;
    const instance = new Instance(id, element, record, component);
    if (known) instance.props = known.props;
    this.#instances.set(id, instance);
    this.#byElement.set(element, instance);
    return instance;
  }

  /**
   * @param {Instance} instance
   * @param {Problem} problem
   */
  #fail(instance, problem) {
    if (instance.status !== "mounted") instance.status = "failed";
    this.#deps.show(instance.element, problem);
    if (instance.problem === problem.message) return;
    instance.problem = problem.message;
    this.#deps.problem(`${problem.message}\nhint: ${problem.hint}`);
  }

  /**
   * Removes the problem shown for an instance.
   * @param {Instance} instance
   */
  #clear(instance) {
    instance.problem = null;
    instance.trapped = null;
    this.#deps.show(instance.element, null);
  }

  /**
   * Mounts an instance, or renders it again if its props have changed.
   * @param {Instance} instance
   */
  #bringUp(instance) {
    const props = instance.element.getAttribute("props") ?? "{}";
    const root = instance.record.tree.roots.get(instance.id);
    if (instance.status !== "mounted" && root) {
      // It was restored before its place was there.
      if (!root.dom) attach(root, instance.element, instance.record);
      instance.status = "mounted";
    }
    const { trapped } = instance;
    if (trapped && trapped.hash === instance.record.version?.hash && trapped.props === props) instance.status = "failed";
    else if (instance.status !== "mounted") this.#mount(instance, props);
    else if (instance.props === props) this.#clear(instance);
    else if (this.#deps.rendersAgain?.() ?? true) this.rerender(instance, props);
  }

  /**
   * @param {Instance} instance
   * @param {string} props
   */
  #mount(instance, props) {
    const { record, element, id, component } = instance;
    element.replaceChildren();
    record.tree.addRoot(id, element);
    instance.props = props;
    const left = this.detached.find(instance, (migrate) => this.#deps.ask(record, migrate));
    const answer = record.alive ? this.#deps.ask(record, (guest) => guest.mount(id, component, props, left?.saved)) : undefined;
    if (answer === undefined) {
      // The other instances of the module continue without it.
      record.tree.dropRoot(id);
      element.replaceChildren();
      instance.trapped = { hash: record.version?.hash ?? "", props };
      const reason = record.guest?.trap?.describedFully ?? "";
      this.#fail(instance, {
        message: `\`${record.name}\` trapped in mounting \`${component}\`: ${reason}`,
        hint: "its place stays empty until its props or its code change",
      });
    } else if (answer === null) {
      instance.status = "mounted";
      this.#clear(instance);
      left?.taken();
    } else {
      record.tree.dropRoot(id);
      element.replaceChildren();
      this.#fail(instance, mountProblem(instance, answer));
    }
    this.#deps.returned(record);
  }

  /**
   * Renders an instance again, with its state kept.
   *
   * @param {Instance} instance
   * @param {string} [props]
   */
  rerender(instance, props = instance.props) {
    this.#renderInto(instance, props, false);
  }

  /**
   * Mounts an instance again, without its state, in the nodes that it has.
   * @param {Instance} instance
   */
  remount(instance) {
    this.#renderInto(instance, instance.props, true);
  }

  /**
   * @param {Instance} instance
   * @param {string} props
   * @param {boolean} remounts whether its state is discarded
   */
  #renderInto(instance, props, remounts) {
    const { record, id, component, element } = instance;
    const old = record.tree.setAside(id);
    if (remounts) {
      this.#deps.ask(record, (guest) => guest.unmount(id));
      this.#deps.resources.closeInstance(id);
    }
    if (!record.alive) return record.tree.putBack(id, old);
    record.heldRequests.begin();
    instance.props = props;
    const answer = this.#deps.ask(record, (guest) => guest.mount(id, component, props));
    const requests = record.heldRequests.end();
    if (answer === null) {
      const fresh = record.tree.roots.get(id);
      record.tree.shadow.clear();
      this.#clear(instance);
      if (fresh) {
        this.#deps.quietly(() => {
          const putBack = preserve(this.#deps.document, [element]);
          takeOver(old, fresh, record);
          putBack();
        });
      }
      this.#deps.resources.settle(
        record.name,
        requests.filter((request) => request.instance === id),
        new Set([id]),
      );
      for (const request of requests) if (request.instance !== id) this.#deps.resources.apply(record.name, request);
    } else {
      record.tree.putBack(id, old);
      if (remounts) {
        instance.status = "failed";
        record.tree.dropRoot(id);
        element.replaceChildren();
      }
      if (answer !== undefined) this.#fail(instance, mountProblem(instance, answer));
    }
    this.#deps.returned(record);
  }

  /** @param {Instance} instance */
  #unmount(instance) {
    const { record, id, element } = instance;
    this.#instances.delete(id);
    this.#byElement.delete(element);
    const mounted = record.tree.roots.has(id) && record.alive;
    const capture = () => {
      if (mounted && !this.#captured.has(record))
        this.#captured.set(
          record,
          this.#deps.ask(record, (guest) => guest.capture(), false),
        );
      return mounted ? this.#captured.get(record) : undefined;
    };
    const pruned = this.detached.leave(instance, capture);
    if (pruned && mounted && record.alive) this.#deps.ask(record, (guest) => guest.prune(id));
    this.#unmountId(record, id);
    this.#clear(instance);
    element.replaceChildren();
  }

  /**
   * @param {ModuleRecord} record
   * @param {number} id
   */
  #unmountId(record, id) {
    const mounted = record.tree.roots.has(id);
    if (mounted && record.alive) this.#deps.ask(record, (guest) => guest.unmount(id));
    record.tree.dropRoot(id);
    this.#deps.resources.closeInstance(id);
    this.#deps.returned(record);
  }

  /**
   * Stops the code of a module without placed components.
   * @param {ModuleRecord} record
   */
  #stopUnused(record) {
    if (!record.guest || record.busy || record.held || record.tree.roots.size > 0 || this.of(record).length > 0) return;
    const guest = record.stop();
    try {
      if (!guest.trap) guest.dispose();
    } catch (error) {
      record.log("warn", `the code trapped while it was disposed of: ${errorMessage(error)}`);
    } finally {
      guest.end();
    }
  }

  /**
   * Call this when a module runs new code.
   * @param {ModuleRecord} record
   * @param {Set<number>} restored the instances that the new code has
   */
  taken(record, restored) {
    for (const instance of this.of(record)) {
      if (restored.has(instance.id) && instance.status !== "waiting") instance.status = "mounted";
      else if (!restored.has(instance.id)) instance.status = "waiting";
    }
    this.#deps.resources.keepOnly(record.name, restored);
    const unplaced = () => [...restored].filter((id) => record.tree.roots.has(id) && !this.#instances.has(id));
    if (unplaced().length > 0) {
      const dropped = record.guest;
      this.#deps.timers.setTimeout(() => {
        if (record.guest === dropped && !record.held) for (const id of unplaced()) this.#unmountId(record, id);
      }, UNPLACED_PERIOD);
    }
    this.touchAll();
  }
}

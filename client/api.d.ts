/**
 * What scripts of a page can do with the modules in it: `import { hmr } from "/@hmr/client/main.js"`, or `window.__hmr`.
 *
 * These are its types. They import nothing, so that `api.d.ts` works in any editor; `api/create-api.js` makes the object, and
 * `docs/client-api.md` shows each of its functions in use.
 */
/** Ends what it was given for. @typedef {() => void} End */
/**
 * A module in this page. `keys` are those of its state when that was captured last, by instance, and `previousKeys` those of the state that the
 * version before had.
 *
 * @typedef {object} ModuleFacts
 * @property {string} module
 * @property {string | null} hash of the version
 * @property {string[]} components
 * @property {Record<string, string>} versions by component, the version that it declares
 * @property {{ component: string, from: string, to: string }[]} migrations that its components declare
 * @property {boolean} running whether its code runs
 * @property {number} generation how often its code was exchanged
 * @property {{ instance: number, component: string, status: "waiting" | "mounted" | "failed" }[]} instances
 * @property {string | null} source the source file of its first component, as the compiler named it
 * @property {Record<number, string[]>} keys
 * @property {string | null} previous the hash of the version before
 * @property {Record<number, string[]>} previousKeys
 */
/**
 * The result of an update for one module; `docs/protocol.md` describes the other fields.
 *
 * @typedef {object} SwapResult
 * @property {string} module
 * @property {string} hash
 * @property {"committed" | "rolled-back" | "undone" | "unchanged" | "not-mounted" | "declined"} outcome
 * @property {string | null} step that failed
 * @property {string | null} error
 * @property {"fetch" | "version" | null} cause what kind of failure it was: the bytes did not reach the page, or it is the version itself
 * @property {string[]} events
 */
/** @typedef {{ ready: object, swap: { sequence: number | null, swaps: SwapResult[] }, failure: object, trap: object, problem: { message: string }, slower: object }} HmrEvents */
/** @typedef {{ module: string, hash: string | null, generation: number }} Running */
/** @typedef {{ calls: number, total: number, self: number, errors: number }} CallMetrics milliseconds; `self` without the engine's work */
/** @typedef {{ at: number, entries: { hash: string, time: number, snapshot: string }[] }} StateHistory `at` is where the module is */
/**
 * Counts since the page was loaded.
 *
 * @typedef {{ swaps: number, committed: number, rolledBack: number, undone: number, declined: number, traps: number, problems: number,
 *   lastSwapMs: number | null, connected: boolean }} Stats
 */
/** @typedef {{ value: unknown, logs: [string, string][] }} Executed */
/** @typedef {{ name: string, bytes: number, saved: number }} SavedSnapshot `saved` in milliseconds since the Unix epoch */
/**
 * An experiment, with the ids of the pages that have each variant now, and what was reported about each variant.
 *
 * @typedef {{ module: string, variants: { hash: string, weight: number, refused: boolean, pages: string[],
 *   reports: { swaps: Record<string, number>, traps: number, slower: object[] } }[] }} Experiment
 */
/**
 * The page's API.
 *
 * @typedef {object} Hmr
 * @property {() => ModuleFacts[]} modules the known facts about each module
 * @property {() => Stats} stats
 * @property {<K extends keyof HmrEvents>(event: K, callback: (detail: HmrEvents[K]) => void) => End} on calls back at each event
 * @property {(id: string, callback: (next: Running, previous: Running) => void) => End} onModuleUpdate calls back whenever a
 *   module's code was exchanged
 * @property {(id: string) => Record<string, any>} module the exports of a module, those of its newest code at each call, and `memory`
 * @property {(id: string, options?: { state?: boolean }) => Promise<SwapResult>} reload starts a module's code again; without its
 *   state if `state` is false
 * @property {(id: string) => Promise<SwapResult>} rollback goes back to the version before, with the state kept
 * @property {(id: string, name: string, wrap: (original: (...values: any[]) => any) => (...values: any[]) => any) => { rollback: End }}
 *   patchFunction replaces an export with a function, over swaps
 * @property {(id: string) => { stop: End, metrics: () => Record<string, CallMetrics> }} profile measures the calls of a module's exports
 * @property {(source: ArrayBuffer | Uint8Array | string | URL, context?: unknown, options?: { timeLimit?: number }) => Promise<Executed>}
 *   execute runs a module alone in a worker; the limit is in milliseconds
 * @property {(id: string) => StateHistory} history
 * @property {(id: string, count: number) => Promise<SwapResult>} step goes so many states forward in a module's history, or back
 * @property {(id: string, index: number) => Promise<SwapResult>} goTo goes to a state of a module's history
 * @property {(name: string, options?: { to?: "tool" | "download" | "text" }) => Promise<string>} saveSnapshot saves the state of all
 *   modules; the answer is the file's text
 * @property {(from: string | Blob | object) => Promise<{ swaps: SwapResult[], skipped: string[] }>} loadSnapshot loads a
 *   saved state: its name, or the content of a file
 * @property {() => Promise<SavedSnapshot[]>} snapshots those that are saved with the tool
 * @property {(name: string) => Promise<void>} deleteSnapshot
 * @property {(id: string) => Promise<any>} versions those that the tool keeps of a module
 * @property {(id: string, hash: string) => Promise<SwapResult>} use makes this page run a version
 * @property {(id: string, hash: string | null) => Promise<void>} pin makes all pages run a version; null takes the pin out
 * @property {(id: string, hash: string) => Promise<void>} restore makes all pages run a version until the next build that differs
 * @property {(id: string, from: string, to: string) => Promise<any>} compare how two versions differ
 * @property {() => Promise<Experiment[]>} experiments those that run
 * @property {(id: string, variants: { hash: string, weight?: number }[]) => Promise<void>} startExperiment divides pages among versions;
 *   the hash `newest` means each new build
 * @property {(id: string) => Promise<void>} endExperiment
 * @property {(name: string, f: (argument: any) => unknown) => End} host registers a function that modules call by its name
 * @property {End} cleanup ends everything that was begun through this object
 */
/**
 * What `on` can be asked for.
 * @type {readonly (keyof HmrEvents)[]}
 */
export const EVENTS: readonly (keyof HmrEvents)[];
/**
 * Ends what it was given for.
 */
export type End = () => void;
/**
 * A module in this page. `keys` are those of its state when that was captured last, by instance, and `previousKeys` those of the state that the
 * version before had.
 */
export type ModuleFacts = {
    module: string;
    /**
     * of the version
     */
    hash: string | null;
    components: string[];
    /**
     * by component, the version that it declares
     */
    versions: Record<string, string>;
    /**
     * that its components declare
     */
    migrations: {
        component: string;
        from: string;
        to: string;
    }[];
    /**
     * whether its code runs
     */
    running: boolean;
    /**
     * how often its code was exchanged
     */
    generation: number;
    instances: {
        instance: number;
        component: string;
        status: "waiting" | "mounted" | "failed";
    }[];
    /**
     * the source file of its first component, as the compiler named it
     */
    source: string | null;
    keys: Record<number, string[]>;
    /**
     * the hash of the version before
     */
    previous: string | null;
    previousKeys: Record<number, string[]>;
};
/**
 * The result of an update for one module; `docs/protocol.md` describes the other fields.
 */
export type SwapResult = {
    module: string;
    hash: string;
    outcome: "committed" | "rolled-back" | "undone" | "unchanged" | "not-mounted" | "declined";
    /**
     * that failed
     */
    step: string | null;
    error: string | null;
    /**
     * what kind of failure it was: the bytes did not reach the page, or it is the version itself
     */
    cause: "fetch" | "version" | null;
    events: string[];
};
export type HmrEvents = {
    ready: object;
    swap: {
        sequence: number | null;
        swaps: SwapResult[];
    };
    failure: object;
    trap: object;
    problem: {
        message: string;
    };
    slower: object;
};
export type Running = {
    module: string;
    hash: string | null;
    generation: number;
};
/**
 * milliseconds; `self` without the engine's work
 */
export type CallMetrics = {
    calls: number;
    total: number;
    self: number;
    errors: number;
};
/**
 * `at` is where the module is
 */
export type StateHistory = {
    at: number;
    entries: {
        hash: string;
        time: number;
        snapshot: string;
    }[];
};
/**
 * Counts since the page was loaded.
 */
export type Stats = {
    swaps: number;
    committed: number;
    rolledBack: number;
    undone: number;
    declined: number;
    traps: number;
    problems: number;
    lastSwapMs: number | null;
    connected: boolean;
};
export type Executed = {
    value: unknown;
    logs: [string, string][];
};
/**
 * `saved` in milliseconds since the Unix epoch
 */
export type SavedSnapshot = {
    name: string;
    bytes: number;
    saved: number;
};
/**
 * An experiment, with the ids of the pages that have each variant now, and what was reported about each variant.
 */
export type Experiment = {
    module: string;
    variants: {
        hash: string;
        weight: number;
        refused: boolean;
        pages: string[];
        reports: {
            swaps: Record<string, number>;
            traps: number;
            slower: object[];
        };
    }[];
};
/**
 * The page's API.
 */
export type Hmr = {
    /**
     * the known facts about each module
     */
    modules: () => ModuleFacts[];
    stats: () => Stats;
    /**
     * calls back at each event
     */
    on: <K extends keyof HmrEvents>(event: K, callback: (detail: HmrEvents[K]) => void) => End;
    /**
     * calls back whenever a
     * module's code was exchanged
     */
    onModuleUpdate: (id: string, callback: (next: Running, previous: Running) => void) => End;
    /**
     * the exports of a module, those of its newest code at each call, and `memory`
     */
    module: (id: string) => Record<string, any>;
    /**
     * starts a module's code again; without its
     * state if `state` is false
     */
    reload: (id: string, options?: {
        state?: boolean;
    }) => Promise<SwapResult>;
    /**
     * goes back to the version before, with the state kept
     */
    rollback: (id: string) => Promise<SwapResult>;
    /**
     * replaces an export with a function, over swaps
     */
    patchFunction: (id: string, name: string, wrap: (original: (...values: any[]) => any) => (...values: any[]) => any) => {
        rollback: End;
    };
    /**
     * measures the calls of a module's exports
     */
    profile: (id: string) => {
        stop: End;
        metrics: () => Record<string, CallMetrics>;
    };
    /**
     * runs a module alone in a worker; the limit is in milliseconds
     */
    execute: (source: ArrayBuffer | Uint8Array | string | URL, context?: unknown, options?: {
        timeLimit?: number;
    }) => Promise<Executed>;
    history: (id: string) => StateHistory;
    /**
     * goes so many states forward in a module's history, or back
     */
    step: (id: string, count: number) => Promise<SwapResult>;
    /**
     * goes to a state of a module's history
     */
    goTo: (id: string, index: number) => Promise<SwapResult>;
    /**
     * saves the state of all
     * modules; the answer is the file's text
     */
    saveSnapshot: (name: string, options?: {
        to?: "tool" | "download" | "text";
    }) => Promise<string>;
    /**
     * loads a
     * saved state: its name, or the content of a file
     */
    loadSnapshot: (from: string | Blob | object) => Promise<{
        swaps: SwapResult[];
        skipped: string[];
    }>;
    /**
     * those that are saved with the tool
     */
    snapshots: () => Promise<SavedSnapshot[]>;
    deleteSnapshot: (name: string) => Promise<void>;
    /**
     * those that the tool keeps of a module
     */
    versions: (id: string) => Promise<any>;
    /**
     * makes this page run a version
     */
    use: (id: string, hash: string) => Promise<SwapResult>;
    /**
     * makes all pages run a version; null takes the pin out
     */
    pin: (id: string, hash: string | null) => Promise<void>;
    /**
     * makes all pages run a version until the next build that differs
     */
    restore: (id: string, hash: string) => Promise<void>;
    /**
     * how two versions differ
     */
    compare: (id: string, from: string, to: string) => Promise<any>;
    /**
     * those that run
     */
    experiments: () => Promise<Experiment[]>;
    /**
     * divides pages among versions;
     * the hash `newest` means each new build
     */
    startExperiment: (id: string, variants: {
        hash: string;
        weight?: number;
    }[]) => Promise<void>;
    endExperiment: (id: string) => Promise<void>;
    /**
     * registers a function that modules call by its name
     */
    host: (name: string, f: (argument: any) => unknown) => End;
    /**
     * ends everything that was begun through this object
     */
    cleanup: End;
};

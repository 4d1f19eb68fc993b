// Made from `host/protocol` and `guest-sdk/abi`. After a change there: `HMR_BLESS=1 cargo test -p hmr-protocol`

import type {
  ConnectionOutcome,
  Invalidation,
  ResourceOutcome,
  RestoreReport,
} from "./report-entries.d.ts";

/**
 * How grave a diagnostic is.
 */
export type Level = "error" | "warning" | "note" | "help";

/**
 * One message of the compiler, the linker or cargo.
 */
export type Diagnostic = { 
/**
 * How grave it is.
 */
level: Level, 
/**
 * The message, usually one line.
 */
message: string, 
/**
 * The compiler's error code or the lint's name, `E0308` or `unused_variables`.
 */
code: string | null, 
/**
 * The source file as the compiler named it, usually relative to the workspace's root.
 */
file: string | null, 
/**
 * The line in `file`, counted from 1.
 */
line: number | null, 
/**
 * The column in characters, counted from 1.
 */
column: number | null, 
/**
 * What the compiler prints, with ANSI colours.
 */
rendered: string, };

/**
 * A pending failure: the page shows it until it is fixed.
 */
export type Failure = { 
/**
 * What failed, in a few words.
 */
title: string, 
/**
 * Why, one by one.
 */
diagnostics: Array<Diagnostic>, };

/**
 * How an application is started.
 */
export type ApplicationStart = { 
/**
 * Whether the page starts it. Otherwise a script of the page does, by importing its glue.
 */
starts: boolean, 
/**
 * Where the module is that is called while the application starts for the first time.
 */
initializer?: string | null, };

/**
 * One version of a module, as a page may fetch it.
 */
export type Version = { 
/**
 * The module's name.
 */
module: string, 
/**
 * The hash of its bytes.
 */
hash: string, 
/**
 * Where its bytes are served.
 */
url: string, 
/**
 * The components that can be mounted.
 */
components: Array<string>, 
/**
 * The operations to apply to the state once, for this version; as in a snapshot's `transform`.
 */
transform?: unknown[], 
/**
 * Whether a page whose code runs asks for a rehearsal before it swaps to this version.
 */
rehearse?: boolean, 
/**
 * Where its glue is served: a script that registers a function, with what that needs. Absent for a native module that calls no
 * functions of the browser.
 */
glue?: string, 
/**
 * How an application is started; absent for native modules.
 */
application?: ApplicationStart, };

/**
 * The newest of everything; the first message on each connection, and what the served page carries.
 */
export type Hello = { 
/**
 * Which run of the tool this is.
 */
server: string, 
/**
 * The number of the last message before this one.
 */
sequence: number, 
/**
 * The number of the last full reload; 0 before the first.
 */
reloaded: number, 
/**
 * The number of the last update of stylesheets or static files; 0 before the first.
 */
files: number, 
/**
 * The newest version of each module that has been built.
 */
modules: Array<Version>, 
/**
 * The standing failure, if there is one.
 */
failure: Failure | null, };

/**
 * How a rehearsal ended.
 */
export type RehearsalOutcome = "passed" | "failed" | "skipped";

/**
 * How long a rehearsal took, in milliseconds.
 */
export type RehearsalTime = { 
/**
 * Until it began.
 */
wait: number, 
/**
 * From then on.
 */
run: number, };

/**
 * The verdict of a rehearsal.
 */
export type Verdict = { 
/**
 * The page's id for its request.
 */
id: number, 
/**
 * How it ended.
 */
outcome: RehearsalOutcome, 
/**
 * The step of the swap that would fail.
 */
step: SwapStep | null, 
/**
 * Why it would fail, or why the rehearsal was skipped.
 */
error: string | null, 
/**
 * How long it took.
 */
duration: RehearsalTime, };

/**
 * A message from the tool to every page.
 */
export type ServerMessage = { "type": "hello" } & Hello | { "type": "build-started", 
/**
 * The message's number.
 */
sequence: number, 
/**
 * The modules that are built.
 */
modules: Array<string>, } | { "type": "build-failed", 
/**
 * The message's number.
 */
sequence: number, 
/**
 * Why.
 */
failure: Failure, } | { "type": "build-succeeded", 
/**
 * The message's number.
 */
sequence: number, } | { "type": "hot-update", 
/**
 * The message's number.
 */
sequence: number, 
/**
 * Why, for people.
 */
reason: string, 
/**
 * What to swap to.
 */
modules: Array<Version>, } | { "type": "css-update", 
/**
 * The message's number.
 */
sequence: number, 
/**
 * Why, for people.
 */
reason: string, 
/**
 * URL paths.
 */
paths: Array<string>, } | { "type": "asset-update", 
/**
 * The message's number.
 */
sequence: number, 
/**
 * Why, for people.
 */
reason: string, 
/**
 * URL paths.
 */
paths: Array<string>, } | { "type": "full-reload", 
/**
 * The message's number.
 */
sequence: number, 
/**
 * Why, for people.
 */
reason: string, 
/**
 * Whether the page carries its state over.
 */
restore: boolean, } | { "type": "rehearsals", } | { "type": "verdict" } & Verdict;

/**
 * How a swap of one module ended.
 */
export type SwapOutcome = "committed" | "rolled-back" | "undone" | "unchanged" | "not-mounted" | "declined";

/**
 * A step of a swap; `docs/abi.md` describes them.
 */
export type SwapStep = "prepare" | "quiesce" | "capture" | "instantiate" | "migrate" | "restore" | "render" | "commit" | "probation" | "rollback" | "undo";

/**
 * What kind of failure kept a version from running in a page.
 */
export type Cause = "fetch" | "version";

/**
 * The outcome of one module in one page.
 */
export type Swap = { 
/**
 * The module.
 */
module: string, 
/**
 * The version that it was to become.
 */
hash: string, 
/**
 * How it ended.
 */
outcome: SwapOutcome, 
/**
 * The step that failed.
 */
step: SwapStep | null, 
/**
 * Why it failed, or was declined; for people.
 */
error: string | null, 
/**
 * What kind of failure it was, if it was one; this, and never the text of `error`, decides.
 */
cause: Cause | null, 
/**
 * Of what was rolled back, whether code of the module runs in the page.
 */
running?: boolean, 
/**
 * The source file in which it failed, if that is known.
 */
file?: string, 
/**
 * The line in it, counted from 1.
 */
line?: number, 
/**
 * The restore report; see [`hmr_abi::state::RestoreReport`].
 */
report: RestoreReport | null, 
/**
 * The outcome of each resource.
 */
resources: ResourceOutcome[], 
/**
 * The outcome of each connection: `from`, `to`, `outcome` and perhaps a `reason`.
 */
connections: ConnectionOutcome[], 
/**
 * Instances that could not continue with their state: `instance` and `reason`.
 */
invalidated: Invalidation[], 
/**
 * The steps that were entered.
 */
events: Array<SwapStep>, 
/**
 * Milliseconds by step.
 */
duration: Partial<Record<SwapStep, number>>, 
/**
 * How long a rehearsal took, in milliseconds: `wait`, `run`, and `added`, for which the page waited for nothing else. If there
 * was none, `skipped` is why.
 */
rehearsal: { wait: number, run: number, added: number, skipped: string | null } | null, 
/**
 * How many entries were left out of the report because it was too long, by their outcome.
 */
cut?: { [key in string]: number }, };

/**
 * A trap in running code.
 */
export type Trap = { 
/**
 * The module.
 */
module: string, 
/**
 * Its version.
 */
hash: string, 
/**
 * The message of the panic or the trap.
 */
message: string, 
/**
 * The source file, if it was a panic.
 */
file: string | null, 
/**
 * The line in it, counted from 1.
 */
line: number | null, 
/**
 * The column in it, counted from 1.
 */
column: number | null, 
/**
 * The engine's stack trace.
 */
stack: string | null, };

/**
 * Calls of an export that take clearly longer than in the version before.
 */
export type Slower = { 
/**
 * The module.
 */
module: string, 
/**
 * Its version.
 */
hash: string, 
/**
 * The version that it is compared with.
 */
before: string, 
/**
 * The export.
 */
call: string, 
/**
 * How many calls were measured.
 */
calls: number, 
/**
 * The median in the version before, in milliseconds.
 */
before_ms: number, 
/**
 * The median now, in milliseconds.
 */
after_ms: number, };

/**
 * A rehearsal that a page asks for.
 */
export type Rehearse = { 
/**
 * The page's id for the request; the verdict repeats it.
 */
id: number, 
/**
 * The module.
 */
module: string, 
/**
 * The version that it would swap to.
 */
hash: string, 
/**
 * The JSON text of the page's snapshot.
 */
snapshot: string, 
/**
 * What the update asks to be done to the state.
 */
transform: unknown[], };

/**
 * The state that a module of a page is in.
 */
export type ModuleState = { 
/**
 * The module.
 */
module: string, 
/**
 * Its version.
 */
hash: string, 
/**
 * The page's snapshot, as JSON text.
 */
snapshot: string, };

/**
 * A message from a page to the tool. Reports are passed on to the terminal as the page wrote them.
 */
export type ClientMessage = { "type": "ready", 
/**
 * The page's path.
 */
page: string, 
/**
 * The modules that run in it, and their versions.
 */
modules: { module: string, hash: string }[], } | { "type": "swap", 
/**
 * The run of the tool that the number belongs to; none without a number.
 */
server: string | null, 
/**
 * The update's number.
 */
sequence: number | null, 
/**
 * The outcome of each module; of more than [`MOST_SWAPS`](crate::limits::MOST_SWAPS), one more than that.
 */
swaps: Array<Swap>, } | { "type": "applied", 
/**
 * The run of the tool that the number is of.
 */
server: string | null, 
/**
 * The update's number.
 */
sequence: number, 
/**
 * `css` or `asset`.
 */
what: "css" | "asset", 
/**
 * How many elements showed it.
 */
count: number, } | { "type": "trap" } & Trap | { "type": "slower" } & Slower | { "type": "rehearse" } & Rehearse | { "type": "state" } & ModuleState | { "type": "problem", 
/**
 * What it is.
 */
message: string, };

/**
 * Numbers on which both engines and the tool must agree. `docs/abi.md` explains them.
 *
 * Made from `host/protocol` and `guest-sdk/abi`. After a change there: `HMR_BLESS=1 cargo test -p hmr-protocol`
 */

export const NESTING_LIMIT = 64;
export const RESTART_LIMIT = 10;
export const RESTART_PERIOD_MS = 10000;
export const PROBATION_CALLS = 8;
export const LEFT_STATES = 64;
export const HISTORY_LENGTH = 50;
export const CIRCLE_LIMIT = 1000;
export const MOST_FRAMES = 100;
export const CALL_BUDGET = 500000000;
export const HANDED_OVER_BYTES = 67108864;
export const MEASURED_CALLS = 200;
export const COMPARED_CALLS = 20;
export const SLOWER_RATIO = 2;
export const SLOWER_BY_MS = 1;
export const EQUAL = 1000;
export const SAME_NAME = 100;
export const SAME_CLASS = 10;
export const SAME_TEXT = 5;
export const SAME_TAG = 1;
export const ALIGNMENT_LIMIT = 4000000;
export const TEXT_BYTES = 4096;
export const TEXT_KEPT_BYTES = 3584;
export const REPORT_ENTRIES = 1000;
export const REPORT_BYTES = 1048576;
export const MESSAGE_BYTES = 4194304;
export const REHEARSAL_WAIT_MS = 2000;

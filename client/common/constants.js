/**
 * Numbers on which both engines must agree: limits, and the weights of reconciliation. `docs/abi.md` explains them, and
 * `guest-sdk/abi/src/constants.rs` has the same under the same names; a test there compares the two.
 */

export const NESTING_LIMIT = 64;
export const RESTART_LIMIT = 10;
export const RESTART_PERIOD_MS = 10_000;
export const PROBATION_CALLS = 8;
export const LEFT_STATES = 64;
export const HISTORY_LENGTH = 50;
export const CIRCLE_LIMIT = 1000;
export const MOST_FRAMES = 100;
export const CALL_BUDGET = 500_000_000;
export const HANDED_OVER_BYTES = 67_108_864;
export const MEASURED_CALLS = 200;
export const COMPARED_CALLS = 20;
export const SLOWER_RATIO = 2;
export const SLOWER_BY_MS = 1;
export const EQUAL = 1000;
export const SAME_NAME = 100;
export const SAME_CLASS = 10;
export const SAME_TEXT = 5;
export const SAME_TAG = 1;
export const ALIGNMENT_LIMIT = 4_000_000;
export const TEXT_BYTES = 4096;
export const TEXT_KEPT_BYTES = 3584;
export const REPORT_ENTRIES = 1000;
export const REPORT_BYTES = 1_048_576;
export const MESSAGE_BYTES = 4_194_304;

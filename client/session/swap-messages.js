/** Shows the outcome of a swap in the page. */

import { log } from "./log.js";

/** @typedef {import("../tool/protocol.js").Swap} Swap */

/** How many resets are shown one by one. */
const MOST_RESETS = 20;

/**
 * @param {Swap} swap
 * @param {boolean} restarted whether it is the version that trapped, restarted: the message of the trap stays visible
 * @param {import("../ui/screen.js").Screen} screen
 */
export function showSwap(swap, restarted, { status, overlay }) {
  const old = `\`${swap.module}\` runs the version from before the last save`;
  switch (swap.outcome) {
    case "committed": {
      // A step through history runs the same code: an earlier failure report of its version still applies.
      const exchanged = !restarted && swap.events.includes("prepare");
      const state = swap.events.includes("restore") ? " with its last good state" : "";
      if (restarted) status.warn(`\`${swap.module}\` was started again${state}, because it had trapped`);
      else overlay.clearTrap(swap.module);
      if (exchanged) status.stand(`version of ${swap.module}`, null);
      return showResets(swap, status);
    }
    case "rolled-back": {
      const now = swap.running ? "the previous version keeps running" : "none of its code runs yet";
      status.warn(`\`${swap.module}\` was not swapped: ${swap.error}\nIt failed in the step \`${swap.step}\`; ${now}`);
      if (swap.running) status.stand(`version of ${swap.module}`, old);
      return;
    }
    case "undone":
      status.warn(`\`${swap.module}\` was swapped back: ${swap.error}\nThe previous version runs with its state from before the swap`);
      status.stand(`version of ${swap.module}`, old);
      return;
    case "declined":
      return log("warn", swap.module, swap.error ?? "a component accepts no hot update");
    case "unchanged":
    case "not-mounted":
      return;
    default:
      swap.outcome;
  }
}

/**
 * Shows how long a swap took, and which parts of the state were reset.
 *
 * @param {Swap} swap
 * @param {import("../ui/overlay.js").HmrStatus} status
 */
function showResets({ module, hash, duration, report }, status) {
  const total = Object.values(duration).reduce((sum, ms) => sum + ms, 0);
  log("info", module, `runs ${hash.slice(0, 8)} after ${total.toFixed(1)} ms`);
  const resets = (report?.instances ?? []).flatMap(({ keys }) =>
    Object.entries(keys ?? {}).flatMap(([key, { outcome, reason }]) => (outcome === "reset" ? [`\`${key}\` was reset: ${reason}`] : [])),
  );
  if (resets.length > MOST_RESETS) {
    const rest = `${resets.length - MOST_RESETS} more were reset; the report in \`hmr:swap\` has them all`;
    resets.splice(MOST_RESETS, resets.length, rest);
  }
  if (resets.length > 0) status.warn(resets.join("\n"));
  for (const reset of resets) log("warn", module, reset);
}

// The entries of a report about a swap. The tool shows them as they are; modules write those of `RestoreReport`
// (`guest-sdk/abi/src/state.rs`).

export type RestoreReport = {
  instances: {
    instance: number;
    component: string;
    error?: string;
    keys?: Record<string, { outcome: string; from?: string; reason?: string }>;
    version?: string;
    migrations?: string[];
    tasks?: Record<string, { outcome: string; reason?: string }>;
    pruned?: string[];
  }[];
};

export type ResourceOutcome = { instance: number; key: string; outcome: "kept" | "replaced" | "opened" | "closed" };

export type ConnectionOutcome = { from: string; to: string; outcome: "kept" | "dropped" | "made"; reason: string | null };

/** An instance that could not continue with its state, and why. */
export type Invalidation = { instance: number; reason: string };

// The ways of locking that a shared test can use: Node and Bun have no file locks.
import type { Locking } from "../../../core/backend.ts";

const { Deno: runtime = {} } = globalThis as { Deno?: object };

/** Those of this runtime. Where shared tests run on another one, only registering them is there. */
export const LOCKINGS: readonly Locking[] = "openSync" in runtime ? ["link", "file"] : ["link"];

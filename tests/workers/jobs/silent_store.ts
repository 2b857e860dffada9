// A folder that no worker ever gets open.
import { createLocalBackend } from "../../../backends/local.ts";
import type { Backend } from "../../../core/backend.ts";
import { withHooks } from "../../registry/with_hooks.ts";

/** Opens it here; a worker waits for it without end. */
export function createSilentStore(options: { path: string }): Backend | Promise<never> {
  if ("WorkerGlobalScope" in globalThis) return new Promise(() => {});
  const store = withHooks(createLocalBackend({ ...options, durability: "os" }), {});
  return { ...store, reopen: { module: import.meta.url, name: "createSilentStore", options } };
}

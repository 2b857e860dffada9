// A store that workers never finish opening.
import { createLocalBackend } from "../../../backends/local.ts";
import type { Backend } from "../../../core/backend.ts";
import { withHooks } from "../../registry/with_hooks.ts";

export function createSilentStore(options: { path: string }): Backend | Promise<never> {
  if ("WorkerGlobalScope" in globalThis) return new Promise(() => {});
  const store = withHooks(createLocalBackend({ ...options, durability: "os" }), {});
  return { ...store, reopen: { module: import.meta.url, name: "createSilentStore", options } };
}

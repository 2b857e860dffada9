// A store that crashes the first worker that reads a payload.
import { mkdirSync } from "node:fs";
import { createLocalBackend } from "../../../backends/local.ts";
import type { Backend } from "../../../core/backend.ts";
import { withHooks } from "../../registry/with_hooks.ts";

/** `mark` is a folder, created before the crash. */
export function createCrashingStore({ path, mark }: { path: string; mark: string }): Backend {
  const hooked = withHooks(createLocalBackend({ path, durability: "os" }), {
    async before({ verb, key }) {
      if (!("WorkerGlobalScope" in globalThis)) return;
      if (verb !== "get" || !key.startsWith("objects/")) return;
      try {
        mkdirSync(mark);
      } catch {
        return; // a worker has crashed, or is about to
      }
      // deno-lint-ignore holdfast/injected-world -- an uncaught error
      setTimeout(() => {
        throw new Error("crashed on purpose");
      });
      await new Promise(() => {});
    },
  });
  return {
    ...hooked,
    reopen: { module: import.meta.url, name: "createCrashingStore", options: { path, mark } },
  };
}

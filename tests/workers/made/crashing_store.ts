// A folder whose store brings down the worker that reads a payload of it, once.
import { existsSync, mkdirSync } from "node:fs";
import { createLocalBackend } from "../../../backends/local.ts";
import type { Backend } from "../../../core/backend.ts";
import { withHooks } from "../../registry/with_hooks.ts";

/** Opens it; `mark` is made when it has crashed. */
export function createCrashingStore({ path, mark }: { path: string; mark: string }): Backend {
  const hooked = withHooks(createLocalBackend({ path, durability: "os" }), {
    async before({ verb, key }) {
      if (!("WorkerGlobalScope" in globalThis) || verb !== "get" || !key.startsWith("objects/")) {
        return;
      }
      if (existsSync(mark)) return;
      mkdirSync(mark);
      // deno-lint-ignore holdfast/injected-world -- what is thrown in a timer nobody catches
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

import { assertEquals, assertRejects } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { localPath, openRegistry } from "../../../mod.ts";
import { holdTimers } from "../../support/held_timers.ts";
import { tempRoot } from "../../support/temp_root.ts";

Deno.test("an aborted save waits only a moment for a store that does not answer", async () => {
  const root = await tempRoot();
  await Deno.writeFile(root.join("large"), new Uint8Array(2 ** 20));
  const inner = createMemoryBackend();
  const stop = new AbortController();
  const never = (signal?: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  const backend: Backend = {
    kind: inner.kind,
    location: inner.location,
    locking: inner.locking,
    layout: inner.layout,
    head: (key, options) => inner.head(key, options),
    get: (key, options) => inner.get(key, options),
    put(key, body, options) {
      if (!key.startsWith("objects/")) return inner.put(key, body, options);
      queueMicrotask(() => stop.abort(new Error("enough")));
      return never(options?.signal);
    },
    delete(_key, options) {
      queueMicrotask(moment.pass);
      return never(options?.signal);
    },
    list: (prefix, options) => inner.list(prefix, options),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
  const moment = holdTimers(5_000);
  try {
    const registry = await openRegistry(backend);
    const saving = registry.save("a", localPath(root.join("large")), { signal: stop.signal });
    assertEquals((await assertRejects(() => saving, Error)).message, "enough");
  } finally {
    moment[Symbol.dispose]();
    await root.remove();
  }
});

import { assertRejects } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { ObjectInfo } from "../../../core/backend.ts";
import { backendCases } from "../../conformance/mod.ts";

Deno.test("the suite fails for a backend whose listing never ends", async () => {
  const info: ObjectInfo = { key: "a", size: 0, modifiedAt: 0 };
  const endless = {
    ...createMemoryBackend(),
    async *list() {
      for (;;) yield await Promise.resolve(info);
    },
  };
  const strange = backendCases.find(({ name }) => name.startsWith("a strange key is stored"))!;
  await assertRejects(
    () => strange.run({ backend: endless, largeBytes: 1 }),
    Error,
    'list() yields "a" twice',
  );
});

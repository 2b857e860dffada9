import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import { encodeRecord, FORMAT } from "../../../core/record/record.ts";
import { createMemoryBackend, mirrorRegistry, openRegistry } from "../../../mod.ts";
import { recordKey, versionCell } from "../../../registry/layout.ts";

const DELETIONS = 10_000;

function withBacklog(
  source: Backend,
  target: Backend,
): { source: Backend; target: Backend; most(): number } {
  let listed = 0, done = 0, most = 0;
  return {
    most: () => most,
    source: {
      ...source,
      async *list(prefix, options) {
        for await (const entry of source.list(prefix, options)) {
          if ("key" in entry && entry.key.includes("/versions/")) {
            most = Math.max(most, ++listed - done);
          }
          yield entry;
        }
      },
    },
    target: {
      ...target,
      put(key, body, options) {
        if (key.includes("/versions/")) done++;
        return target.put(key, body, options);
      },
    },
  };
}

Deno.test("a mirror holds few deletions at once, however many there are", async () => {
  const stores = [createMemoryBackend(), createMemoryBackend()];
  const { source, target, most } = withBacklog(stores[0], stores[1]);
  const from = await openRegistry(source);
  for (let n = 1; n <= DELETIONS; n++) {
    const time = "2026-03-01T00:00:00.000Z";
    const commit = `01951e2f-6c00-7abc-8def-${String(n).padStart(12, "0")}`;
    const record = {
      format: FORMAT,
      generation: 1,
      commit,
      startedAt: time,
      createdAt: time,
      since: time,
    } as const;
    const key = recordKey(versionCell("a", parseVersion(`${n}`), true), 1);
    await stores[0].put(key, encodeRecord({ ...record, kind: "deleted" }));
  }
  const to = await openRegistry(target);
  const { deleted, failures } = await mirrorRegistry(from, to);
  assertEquals([deleted, failures], [DELETIONS, []]);
  assertLessOrEqual(most(), 3_000);
  const again = await mirrorRegistry(from, to);
  assertEquals([again.skipped, again.deleted], [DELETIONS, 0]);
  for await (const entry of stores[1].list("mirrors/")) {
    assert("key" in entry && entry.size < 200, "no note of each");
  }
});

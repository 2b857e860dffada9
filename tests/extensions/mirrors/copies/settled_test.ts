import { assert, assertEquals, assertLessOrEqual, assertStringIncludes } from "@std/assert";
import type { Backend } from "../../../../core/backend.ts";
import { parseVersion } from "../../../../core/naming/versions.ts";
import { encodeRecord, FORMAT } from "../../../../registry/format/record_codec.ts";
import { createMemoryBackend, openRegistry, RegistryError } from "../../../../mod.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { recordKey, versionCell } from "../../../../registry/format/layout.ts";
import { filler } from "../../../registry/protocol_world.ts";
import { createPoweredStore } from "../../../registry/with_power_cut.ts";
import type { StoredRegistry } from "../../../../core/registry.ts";
import { rejected } from "../../../registry/rejected.ts";
import { type HookedCall, withHooks } from "../../../registry/with_hooks.ts";
import { testMirror } from "../mirror_world.ts";
import { aliasesOf } from "../../../conformance/registry/registry_case.ts";

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

Deno.test("a mirror holds few deletions in memory", async () => {
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

Deno.test("versions that a mirror finds equal are durable", async () => {
  const source = await openRegistry("memory:");
  await source.save("a", "small");
  await source.save("a", filler("large"));
  await source.save("a", "gone");
  await source.delete("a@3");
  await source.setAlias("a", "live", "2");
  const powered = createPoweredStore();
  const target = await openRegistry(powered.writer());
  await mirrorRegistry(source, await openRegistry(powered.writer(/^(names|objects)/)));
  for await (const entry of powered.store.list("mirrors/")) {
    await powered.store.delete("key" in entry ? entry.key : "");
  }
  await mirrorRegistry(source, target, { dryRun: true });
  assertEquals(powered.unsafe().length > 0, true);
  await mirrorRegistry(source, target);
  assertEquals(powered.unsafe(), []);
  await powered.cut();
  const after = await openRegistry(powered.writer());
  assertEquals(await after.load("a@live"), filler("large"));
  assertEquals(await after.load("a@1"), "small");
  assertEquals((await after.save("a", "next")).version, "4.0.0");
});

testMirror(
  "an alias whose version was deleted names it in the mirror too",
  async ({ from, to }) => {
    for (let n = 1; n <= 2; n++) await from.save("a", n);
    await from.setAlias("a", "old", "1");
    await from.delete("a@1", { force: true });
    const { aliases, deleted, failures } = await mirrorRegistry(from, to);
    assertEquals([aliases, deleted, failures, await aliasesOf(to, "a")], [1, 1, [], {
      old: "1.0.0",
    }]);
    assertStringIncludes(
      (await rejected("NotFound", to.load("a@old"))).message,
      "which was deleted",
    );
  },
);

testMirror("an alias never names a version that the mirror leaves out", async ({ from, to }) => {
  for (let n = 1; n <= 2; n++) await from.save("a", n);
  for (const version of ["1", "2"]) await from.setAlias("a", "live", version);
  await mirrorRegistry(from, to, { range: "^1" });
  assertEquals(await aliasesOf(to, "a"), {});
  await mirrorRegistry(from, to);
  assertEquals(await aliasesOf(to, "a"), { live: "2.0.0" });
  assertEquals((await Array.fromAsync(to.history("a", "live"))).map(({ version }) => version), [
    "2.0.0",
    "1.0.0",
  ]);
});

testMirror(
  "a mirror without deletions reads no history of removed aliases",
  async ({ from, to, open }) => {
    await from.save("a", 1);
    for (const alias of ["x", "y"]) {
      await from.setAlias("a", alias, "1");
      await from.deleteAlias("a", alias);
    }
    await mirrorRegistry(from, to, { deleted: false });
    const reads: string[] = [];
    const before = ({ verb, key }: HookedCall) =>
      void (verb === "get" && key.includes("/aliases/") && reads.push(key));
    const source = await open("from", {}, (backend) => withHooks(backend, { before }));
    await mirrorRegistry(source, to, { deleted: false });
    assertEquals([reads, await aliasesOf(to, "a")], [[], {}]);
  },
);

testMirror(
  "a mirror that is killed between two changes of an alias goes on where it was",
  async ({ from, to, open }) => {
    await from.save("a", 1);
    await from.save("a", 2);
    for (let n = 0; n < 10; n++) await from.setAlias("a", "live", String(n % 2 + 1));
    let changes = 0;
    const before = ({ verb, key }: HookedCall) => {
      if (verb !== "put" || !key.includes("/aliases/")) return;
      if (++changes > 4) {
        throw new RegistryError({
          code: "Denied",
          message: "Cannot write",
          hint: "Be allowed to.",
        });
      }
    };
    const killed = await open("to", {}, (backend) => withHooks(backend, { before }));
    assertEquals((await mirrorRegistry(from, killed)).failures.length, 1);
    assertEquals((await mirrorRegistry(from, to)).failures, []);
    const told = async (registry: StoredRegistry) =>
      (await Array.fromAsync(registry.history("a", "live"))).map((
        { version, createdAt },
      ) => [version, createdAt]);
    assertEquals(await told(to), await told(from));
  },
);

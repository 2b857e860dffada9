// A version whose list of files is missing or damaged may refer to any payload of its name.
import { assert, assertEquals } from "@std/assert";
import { collectGarbage, measureSpace } from "../../../../extensions/maintenance/mod.ts";
import { heldUp } from "../../../registry/late_records.ts";
import {
  fileSet,
  GRACE_MS,
  HOUR,
  type ProtocolWorld,
  testProtocol,
} from "../../../registry/protocol_world.ts";
import { noise } from "../../../registry/registries.ts";
import { rejected } from "../../../registry/rejected.ts";

const AS = { as: fileSet };
const VERSIONS = "names/a/versions/";

/** So many files that their list is an object, and bytes that no other version has. */
function files(seed: number): Record<string, Uint8Array> {
  const long = "folder/".repeat(20);
  const small = Array.from({ length: 1000 }, (_, n) => [`${long}${n}`, noise(1, n)] as const);
  return { data: noise(70_000, seed), ...Object.fromEntries(small) };
}

/** Changes the list of a version, and returns a function that writes it as it was. */
async function change(
  { store, keys, records }: ProtocolWorld,
  version: string,
  what: "damaged" | "missing",
): Promise<() => Promise<unknown>> {
  const record = (await records(VERSIONS)).find((record) =>
    record.kind === "version" && record.version === version
  );
  assert(record?.kind === "version" && record.fileList !== undefined);
  const { commit, fileList: { object } } = record;
  const [key] = (await keys("objects/a/")).filter((key) => key.endsWith(`${commit}/${object}`));
  const bytes = (await (await store.get(key!))!.bytes()).slice();
  if (what === "missing") await store.delete(key!);
  else await store.put(key!, noise(bytes.length, 9));
  return () => store.put(key!, bytes);
}

for (const what of ["damaged", "missing"] as const) {
  testProtocol(
    `gc keeps all payload of a name with a ${what} list, and removes the rest of it`,
    async (world) => {
      const { registry, advance, keys, records } = world;
      await registry.save("a", files(1), { version: "1.0.0", ...AS });
      await registry.save("a", { data: noise(70_000, 2) }, { version: "2.0.0", ...AS });
      await registry.save("a", "small", { version: "3.0.0", idempotencyKey: "once" });
      await registry.delete("a@2.0.0");
      advance(100 * GRACE_MS);
      const restore = await change(world, "1.0.0", what);
      const payload = await keys("objects/");
      for (let run = 0; run < 3; run++) {
        const { failures, removed } = await collectGarbage(registry);
        assertEquals([failures.length, removed.payload.count], [1, 0]);
        assertEquals(removed.key.count, run === 0 ? 1 : 0);
        assertEquals(await keys("objects/"), payload);
        advance(2 * GRACE_MS);
      }
      const kinds = (await records(VERSIONS)).map(({ kind }) => kind);
      assertEquals(kinds.toSorted(), ["deleted", "version", "version"], "one tombstone is left");
      assertEquals((await measureSpace(registry)).failures.length, 1);

      await restore();
      const { failures, removed } = await collectGarbage(registry);
      assertEquals([failures.length, removed.payload.count], [0, 1]);
      assertEquals(await registry.load("a@1.0.0", AS), files(1));
    },
  );

  testProtocol(`gc removes a deleted version with a ${what} list`, async (world) => {
    const { registry, advance, keys } = world;
    await registry.save("a", files(1), { version: "1.0.0", ...AS });
    const payload = await keys("objects/");
    await registry.save("a", { ...files(1), more: noise(70_000, 2) }, { version: "2.0.0", ...AS });
    await registry.delete("a@2.0.0");
    await change(world, "2.0.0", what);
    assertEquals((await collectGarbage(registry)).failures.length, 1, "it may be restored");
    advance(2 * GRACE_MS);
    assertEquals((await collectGarbage(registry)).failures, []);
    assertEquals(await keys("objects/"), payload, "also what both versions have");
    assertEquals(await registry.load("a@1.0.0", AS), files(1));
  });
}

testProtocol("gc does not take a damaged list of a late record for a lost one", async (world) => {
  const { registry, advance, keys } = world;
  await registry.save("a", files(1), { version: "1.0.0", ...AS });
  const land = await heldUp(world, files(2), { version: "2.0.0", ...AS });
  advance(GRACE_MS - HOUR);
  await land();
  const restore = await change(world, "2.0.0", "damaged");
  const payload = await keys("objects/");
  for (let run = 0; run < 3; run++) {
    const { failures, voids } = await collectGarbage(registry);
    assertEquals([failures.length, voids], [1, []]);
    assertEquals(await keys("objects/"), payload);
    advance(100 * GRACE_MS);
  }
  await rejected("Corrupt", registry.load("a@2.0.0", AS));
  await restore();
  assertEquals(await registry.load("a@2.0.0", AS), files(2));
});

// Payload that no record and no draft explains goes in the second collection that finds it so.
import { assertEquals } from "@std/assert";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import type { GarbageOptions } from "../../../../extensions/maintenance/garbage/collection.ts";
import { markKey } from "../../../../registry/format/layout.ts";
import {
  GRACE_MS,
  HOUR,
  type ProtocolWorld,
  testProtocol,
} from "../../../registry/protocol_world.ts";
import { noise } from "../../../registry/registries.ts";
import { rejected } from "../../../registry/rejected.ts";

/** Leaves payload of a part that was never added. */
async function leavePart({ registry, backend }: ProtocolWorld): Promise<void> {
  const draft = await registry.openDraft("a", { id: "1" });
  backend.answer({ verb: "put", key: /^drafts/ }, () => Promise.reject(new Error("killed")));
  await draft.addFile("0.bin", noise(70_000)).catch(() => {});
  backend.heal();
}

async function freed(
  { registry }: ProtocolWorld,
  options: GarbageOptions = {},
): Promise<number> {
  const { removed, failures } = await collectGarbage(registry, options);
  assertEquals(failures, []);
  return removed.payload.count;
}

testProtocol("payload of a part that was never added goes in the second run", async (world) => {
  const { registry, advance, keys } = world;
  await leavePart(world);
  advance(2 * GRACE_MS);
  assertEquals(await freed(world, { dryRun: true }), 0);
  assertEquals(await freed(world), 0);
  const { waiting } = await collectGarbage(registry, { dryRun: true });
  assertEquals(waiting.nextAt!.getTime() - world.clocks.store, GRACE_MS / 2);
  advance(GRACE_MS / 2);
  assertEquals(await freed(world), 0, "so soon, the same fault may go on");
  advance(1);
  assertEquals(await freed(world, { dryRun: true }), 1);
  assertEquals(await freed(world), 1);
  assertEquals(await keys("objects/"), []);
  advance(2 * GRACE_MS);
  await freed(world);
  assertEquals(await keys("gc/"), [], "the note has no use any more");
});

testProtocol("without waiting, two runs free it too", async (world) => {
  await leavePart(world);
  world.advance(HOUR);
  assertEquals([await freed(world, { now: true }), await freed(world, { now: true })], [0, 1]);
});

testProtocol(
  "payload that one run finds unexplained and the next one explains stays",
  async (world) => {
    const { registry, advance, store } = world;
    const draft = await registry.openDraft("a", { id: "1" });
    await draft.addFile("0.bin", noise(70_000));
    await draft.commit();
    const { list } = store;
    for (let turn = 0; turn < 3; turn++) {
      advance(30 * GRACE_MS);
      store.list = async function* (prefix, options) {
        if (!prefix.startsWith("names/a/")) yield* list.call(store, prefix, options);
      };
      assertEquals((await collectGarbage(registry)).removed.payload.count, 0);
      store.list = list;
      advance(30 * GRACE_MS);
      assertEquals(await freed(world), 0);
    }
    assertEquals((await (await registry.open("a")).file("0.bin").bytes()).byteLength, 70_000);
  },
);

testProtocol("a name is not forgotten if a list omits the mark of the run", async (world) => {
  const { registry, advance, store, system } = world;
  await registry.save("a", 1);
  await registry.delete("a@1");
  advance(40 * GRACE_MS);
  await store.put(markKey(system.id()), new Uint8Array()); // another collector
  const { list } = store;
  store.list = async function* (prefix, options) {
    if (prefix !== "scratch/") yield* list.call(store, prefix, options);
  };
  const { failures, removed } = await collectGarbage(registry, { forget: true });
  assertEquals([failures.length, removed.name.count], [1, 0]);
  store.list = list;
  await rejected("AlreadyExists", registry.save("a", 2, { version: "1" }));
});

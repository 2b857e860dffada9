// Mirrors follow deletions that their source has undone.
import { assertEquals } from "@std/assert";
import { changeSettings } from "../../../../registry/tools/settings.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../../apps/maintenance.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { realSystem } from "../../../../core/system.ts";
import { createProtocolWorld, GRACE_MS, testProtocol } from "../../../registry/protocol_world.ts";
import { noise } from "../../../registry/registries.ts";
import { rejected } from "../../../registry/rejected.ts";
import { testMirror } from "../mirror_world.ts";

const LARGE = 300_000;

testMirror("a mirror restores what its source has restored", async ({ from, to }) => {
  await from.save("m", noise(LARGE), { metadata: { n: 1 } });
  await mirrorRegistry(from, to);
  for (let round = 0; round < 2; round++) {
    await from.delete("m@1");
    assertEquals((await mirrorRegistry(from, to)).deleted, 1);
    await rejected("NotFound", to.load("m@1"));
    await from.undelete("m@1");
    const { copied, failures } = await mirrorRegistry(from, to);
    assertEquals([copied, failures], [1, []]);
    assertEquals(await to.load("m@1"), noise(LARGE));
    assertEquals((await mirrorRegistry(from, to)).skipped, 1);
  }
  const [here, there] = [await from.info("m@1"), await to.info("m@1")];
  assertEquals(there.restored, here.restored);
  assertEquals([there.createdAt, there.metadata], [here.createdAt, here.metadata]);
});

testMirror("a mirror that saw no deletion follows the next one", async ({ from, to }) => {
  await from.save("m", noise(LARGE));
  await mirrorRegistry(from, to);
  await from.delete("m@1");
  await from.undelete("m@1");
  assertEquals((await mirrorRegistry(from, to)).skipped, 1);
  await collectGarbage(from, { now: true });
  await from.delete("m@1");
  await collectGarbage(from, { now: true });
  assertEquals((await mirrorRegistry(from, to)).deleted, 1);
});

/** A clock of another minute: two deletions have different times. */
const LATER = { ...realSystem, now: () => realSystem.now() + 60_000 };

testMirror("a version that the mirror itself deleted stays deleted there", async ({ from, to }) => {
  await from.save("m", noise(LARGE));
  await mirrorRegistry(from, to);
  await to.delete("m@1");
  await from.delete("m@1");
  await from.undelete("m@1");
  const { failures } = await mirrorRegistry(from, to);
  assertEquals(failures.map(({ error }) => error.code), ["Conflict"]);
}, { to: { system: LATER } });

testProtocol(
  "a late request of a collector removes nothing that a mirror restored",
  async (from) => {
    const to = await createProtocolWorld();
    const advance = (ms: number) => [from, to].forEach((world) => world.advance(ms));
    const held: string[] = [];
    to.backend.answerAll({ verb: "delete", key: /^names/ }, (act, { key }) => {
      held.push(key); // and repeated on its way, after a while
      return act();
    });
    const bytes = noise(LARGE);
    await from.registry.save("m", bytes);
    await mirrorRegistry(from.registry, to.registry);
    await from.registry.delete("m@1");
    await mirrorRegistry(from.registry, to.registry);
    await changeSettings(from.registry, { graceMs: 100 * GRACE_MS });
    for (let turn = 0; turn < 3; turn++) {
      advance(1.1 * GRACE_MS);
      await collectGarbage(to.registry);
    }
    assertEquals(held.length, 1, "the second generation");
    assertEquals((await to.keys("names/m/versions/")).length, 1);
    to.backend.heal();

    await from.registry.undelete("m@1");
    for (let round = 0; round < 2; round++) {
      const { copied, failures } = await mirrorRegistry(from.registry, to.registry);
      assertEquals([copied, failures], [1 - round, []]);
      for (const key of held) await to.store.delete(key);
      assertEquals(await to.registry.load("m@1"), bytes);
    }
    const { generation, restored } = await to.registry.info("m@1");
    assertEquals([generation, restored?.length], [3, 1]);
    await from.registry.delete("m@1");
    assertEquals((await mirrorRegistry(from.registry, to.registry)).deleted, 1);
    await from.registry.undelete("m@1");
    assertEquals((await mirrorRegistry(from.registry, to.registry)).copied, 1);
    assertEquals(await to.registry.load("m@1"), bytes);
    assertEquals((await verifyRegistry(to.registry)).problems, []);
  },
);

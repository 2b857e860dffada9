// Mirrors follow deletions that their source has undone.
import { assertEquals } from "@std/assert";
import { collectGarbage, mirrorRegistry } from "../../../registry/maintenance.ts";
import { realSystem } from "../../../core/system.ts";
import { noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { testMirror } from "./mirror_world.ts";

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

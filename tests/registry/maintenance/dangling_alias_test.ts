import { assertEquals, assertMatch } from "@std/assert";
import { prune, verifyRegistry } from "../../../mod.ts";
import { makeVoid } from "../late_records.ts";
import { testProtocol } from "../protocol_world.ts";
import type { ProtocolWorld } from "../protocol_world.ts";
import { rejected } from "../rejected.ts";
import { doing } from "../scripted_backend.ts";

const TOMBSTONE = { verb: "put", mode: "create", key: /versions/ } as const;

/** Two versions, and a machine that sets an alias to the older one right before somebody else's deletion of it lands. */
async function beside(
  { registry, open }: ProtocolWorld,
): Promise<Awaited<ReturnType<typeof open>>> {
  for (const n of [1, 2]) await registry.save("a", n);
  const other = await open();
  other.backend.answer(TOMBSTONE, doing(() => registry.setAlias("a", "live", "1")));
  return other;
}

for (const how of ["delete", "prune"] as const) {
  testProtocol(
    `an alias that was set beside a ${how} says that its version was deleted`,
    {},
    async (world) => {
      const other = await beside(world);
      if (how === "delete") assertEquals(await other.registry.delete("a@1"), true);
      else assertEquals((await prune(other.registry, { keepLast: 1 })).deleted.length, 1);
      const error = await rejected("NotFound", world.registry.load("a@live"));
      assertMatch(
        error.message,
        /^Cannot find "a@live": the alias names version 1\.0\.0, which was deleted$/,
      );
      assertMatch(error.hint!, /setAlias\("a", "live", version\).*deleteAlias/);
      const { ok, problems } = await verifyRegistry(world.registry);
      assertEquals(ok, false);
      const [key] = await world.keys("names/a/aliases/");
      assertEquals(problems.map(({ ref, code, message, key }) => [ref, code, message, key]), [
        ["a@live", "NotFound", error.message, key],
      ]);
      await world.registry.setAlias("a", "live", "2");
      assertEquals((await verifyRegistry(world.registry)).ok, true);
    },
  );
}

testProtocol(
  "an alias of a version that does not count, or is not there, says so",
  {},
  async (world) => {
    const { registry, store, keys } = world;
    await registry.save("a", 1);
    await registry.setAlias("a", "live", "1");
    const [version] = await keys("names/a/versions/");
    await store.delete(version);
    assertMatch(
      (await rejected("NotFound", registry.load("a@live"))).message,
      /which is not there$/,
    );
    await makeVoid(world, { version: "1.0.0" });
    assertMatch(
      (await rejected("NotFound", (await world.open()).registry.load("a@live"))).message,
      /which does not count$/,
    );
  },
);

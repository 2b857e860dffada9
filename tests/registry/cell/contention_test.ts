import { assert, assertEquals } from "@std/assert";
import { createProtocolWorld, HOUR, testProtocol } from "../protocol_world.ts";
import { rejected } from "../rejected.ts";
import { doing, nothing } from "../scripted_backend.ts";

const CREATE = { verb: "put", mode: "create" } as const;
const ONE = { version: "1.0.0" };
const MUTABLE = { mutable: true };
const CELL = "names/a/versions/";

testProtocol("automatic numbering never conflicts, however often it loses", async (world) => {
  const { registry, backend, open, slept } = world;
  const rival = await open();
  backend.answer(
    CREATE,
    ...Array.from({ length: 60 }, () => doing(() => rival.registry.save("a", "theirs"))),
  );
  assertEquals((await registry.save("a", "mine")).version, "61.0.0");
  assertEquals(slept.length, 60);
  for (const [losses, ms] of slept.entries()) {
    assert(ms <= 20 * 2 ** Math.min(losses + 1, 6), `${ms} ms`);
  }
  assert(Math.max(...slept) > 640, "the waits do not grow");
});

Deno.test("concurrent automatic saves use all numbers without gaps", async () => {
  const { open } = await createProtocolWorld();
  const machines = await Promise.all(Array.from({ length: 12 }, () => open()));
  const saved = await Promise.all(
    machines.flatMap(({ registry }) => [1, 2, 3].map((n) => registry.save("a", n))),
  );
  const numbers = saved.map(({ version }) => parseInt(version)).sort((a, b) => a - b);
  assertEquals(numbers, Array.from({ length: 36 }, (_, i) => i + 1));
});

testProtocol(
  "a save that skips unchanged content ends at a rival's equal version",
  async (world) => {
    const { registry, backend, open } = world;
    const rival = await open();
    const skip = { skipIfUnchanged: true };
    const create = { ...CREATE, key: /^names\/a\/versions\// };
    await registry.save("a", "old");
    backend.answer(create, doing(() => rival.registry.save("a", "new")));
    const lost = await registry.save("a", "new", skip);
    assertEquals([lost.version, lost.skipped], ["2.0.0", true]);

    backend.answer(create, doing(() => rival.registry.save("a", "new", { version: "3" })));
    const named = await registry.save("a", "newer", { ...skip, version: "3" }).catch((e) => e.code);
    assertEquals(named, "AlreadyExists", "the rival's content is another");
    backend.answer(create, doing(() => rival.registry.save("a", "named", { version: "4" })));
    const same = await registry.save("a", "named", { ...skip, version: "4" });
    assertEquals([same.version, same.skipped], ["4.0.0", true]);

    const key = { verb: "put", mode: "create", key: /^names\/a\/keys\// } as const;
    backend.answer(key, doing(() => rival.registry.save("a", "keyed")));
    const keyed = await registry.save("a", "keyed", { ...skip, idempotencyKey: "k" });
    const again = await registry.save("a", "keyed", { ...skip, idempotencyKey: "k" });
    assertEquals([keyed.version, keyed.skipped, again.version], ["5.0.0", true, "5.0.0"]);

    // The rival's versions are listed, and none of them was lost to.
    const base = { verb: "list", key: /^names\/a\/versions\/$/ } as const;
    backend.answer(base, nothing, nothing, async (act) => {
      await rival.registry.save("a", "other");
      await rival.registry.save("a", "listed");
      return await act();
    });
    const listed = await registry.save("a", "listed", skip);
    assertEquals([listed.version, listed.skipped], ["7.0.0", true]);
    await registry.delete("a@7");
    const above = await registry.save("a", "above a deleted one", skip);
    assertEquals([above.version, above.skipped], ["8.0.0", false]);
  },
);

testProtocol("automatic numbering is bounded by time", async (world) => {
  const { registry, backend, open, advance } = world;
  const rival = await open();
  backend.answerAll(CREATE, doing(() => (advance(HOUR), rival.registry.save("a", "theirs"))));
  const error = await rejected("Unavailable", registry.save("a", "mine"));
  assertEquals(error.maybeWritten, undefined);
});

testProtocol("a stale list does not lower a known head: automatic numbers", async (world) => {
  const { registry, backend, open, store } = world;
  const rival = await open();
  await registry.save("a", 1);
  const stale = await Array.fromAsync(store.list("names/a/"));
  await rival.registry.save("a", 2);
  backend.answerAll({ verb: "list" }, () => stale);
  assertEquals((await registry.save("a", "mine")).version, "3.0.0");
});

testProtocol("a stale list does not lower a known head: overwriting", MUTABLE, async (world) => {
  const { registry, backend, open, store } = world;
  const rival = await open();
  const overwrite = { ...ONE, onConflict: "overwrite" } as const;
  await registry.save("a", 1, ONE);
  const stale = await Array.fromAsync(store.list("names/a/"));
  for (const n of [2, 3]) await rival.registry.save("a", n, overwrite);
  backend.answerAll({ verb: "list" }, () => stale);
  const { commit } = await registry.save("a", "mine", overwrite);
  backend.heal();
  const { generation, commit: now } = await registry.info("a");
  assertEquals({ generation, now }, { generation: 4, now: commit });
});

testProtocol(
  "creates above the first generation follow a list of the same operation",
  MUTABLE,
  async (world) => {
    const { registry, backend, open } = world;
    const rival = await open();
    await registry.save("a", 1, ONE);
    await rival.registry.save("a", 2, { ...ONE, onConflict: "overwrite" });
    backend.forget();
    await registry.save("a", 3, { ...ONE, onConflict: "overwrite" });
    await registry.save("b", 1);
    await registry.setAlias("a", "live", "1");
    await registry.delete("a@1", { force: true });
    let listed = 0, created = 0;
    for (const { verb, mode } of backend.calls) {
      if (verb === "list") listed++;
      if (mode === "create") assert(listed >= ++created, "a create without a list before it");
    }
    assertEquals(created, 4);
  },
);

testProtocol(
  "a head that vanishes between list and get is listed again",
  MUTABLE,
  async (world) => {
    const { registry, backend, open, head } = world;
    const rival = await open();
    const overwrite = { ...ONE, onConflict: "overwrite" } as const;
    await registry.save("a", 1, ONE);
    await registry.save("a", 2, overwrite);
    backend.answer(
      { verb: "get", key: /\.rec$/ },
      doing(() => rival.registry.save("a", 3, overwrite), nothing),
    );
    await registry.save("a", 4, overwrite);
    assertEquals((await head(CELL)).generation, 4);
    assertEquals(await registry.load("a"), 4);
  },
);

testProtocol(
  "overwriting lists again after each lost race and ends on top",
  MUTABLE,
  async (world) => {
    const { registry, backend, open, slept } = world;
    const rival = await open();
    const overwrite = { ...ONE, onConflict: "overwrite" } as const;
    await registry.save("a", "first", overwrite);
    backend.forget();
    backend.answer(
      CREATE,
      ...Array.from(
        { length: 8 },
        () => doing(() => rival.registry.save("a", "theirs", overwrite)),
      ),
    );
    await registry.save("a", "mine", overwrite);
    assertEquals((await registry.info("a")).generation, 10);
    // the last two are of info()
    const asked = backend.calls.slice(0, -2).map(({ verb }) => verb).join(" ");
    assertEquals(asked, `list get ${"put get list ".repeat(8)}put`);
    assertEquals(slept.length, 8);
  },
);

import { assert, assertEquals } from "@std/assert";
import type { Registry } from "../../../core/registry.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { createProtocolWorld, fileSet, GRACE_MS, HOUR } from "../../registry/protocol_world.ts";
import type { ProtocolWorld } from "../../registry/protocol_world.ts";
import { noise } from "../../registry/registries.ts";
import { rejected } from "../../registry/rejected.ts";
import { type Answer, busy, denied, doing, lostReply } from "../../registry/scripted_backend.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";
import { kindsOfShare } from "../../support/seeds.ts";

const OVERWRITE = { version: "1", onConflict: "overwrite" } as const;
const UUID = "01951e2f-6c00-7abc-8def-0123456789ab";
const OLD_MARK = `scratch/mark-${UUID}`;

async function createFullWorld(): Promise<ProtocolWorld> {
  const world = await createProtocolWorld({ mutable: true });
  const { registry, store, advance } = world;
  const common = noise(70_000);
  for (let n = 1; n <= 3; n++) {
    await registry.save("shared", { common, own: noise(70_000, n) }, { as: fileSet });
  }
  for (let n = 1; n <= 3; n++) await registry.save("overwritten", noise(70_000, n), OVERWRITE);
  for (let n = 1; n <= 3; n++) await registry.setAlias("shared", "live", `${n}`);
  await registry.delete("shared@1");
  for (const file of ["0", "1", ".alive"]) {
    await store.put(`objects/crashed/p8p9p9/${UUID}/${file}`, new Uint8Array(9));
  }
  await store.put(OLD_MARK, new Uint8Array());
  advance(2 * GRACE_MS);
  return world;
}

async function readLive(registry: Registry): Promise<unknown[]> {
  const live: unknown[] = [];
  for await (const name of registry.names()) {
    for await (const { version } of registry.versions(name)) {
      const as = name === "shared" ? { as: fileSet } : {};
      live.push([name, version, await registry.load(`${name}@${version}`, as)]);
    }
    live.push(await aliasesOf(registry, name));
  }
  return live;
}

async function keptKeys({ keys }: ProtocolWorld): Promise<string[]> {
  return (await keys()).filter((key) => !key.startsWith("gc/"));
}

async function cleaned(): Promise<string[]> {
  const world = await createFullWorld();
  await collectGarbage(world.registry);
  return await keptKeys(world);
}

const unfinished: Record<string, Answer> = {
  "refuses": busy,
  "denies": denied,
  "does and does not answer": lostReply,
};
for (const [how, answer] of kindsOfShare("unfinished", Object.entries(unfinished))) {
  Deno.test(`gc continues where it was interrupted: the store ${how} any one call`, async () => {
    const clean = await cleaned();
    let finished = false;
    for (let n = 0; !finished; n++) {
      const world = await createFullWorld();
      const live = await readLive(world.registry);
      const { registry, backend } = await world.open();
      let call = 0;
      let isSpare = false;
      backend.answerAll({}, (act, what) => {
        if (call++ !== n) return act();
        const isOfTable = what.key.startsWith("gc/.names/");
        const isNote = what.key.startsWith("gc/") && what.verb !== "list";
        isSpare = isOfTable || isNote || what.key === "names/"; // a second list has the names
        return answer(act, what);
      });
      const report = await collectGarbage(registry).catch((error) => error);
      finished = call <= n;
      backend.heal();
      const complete = !(report instanceof Error) && report.failures.length === 0;
      assertEquals(
        complete,
        finished || isSpare,
        `call ${n} failed without a failure in the report`,
      );
      assertEquals(await readLive((await world.open()).registry), live, `stopped at call ${n}`);
      assertEquals((await collectGarbage(registry)).failures, []);
      assertEquals(await readLive((await world.open()).registry), live);
      assert((await verifyRegistry(registry)).ok);
      world.advance(2 * GRACE_MS);
      await collectGarbage(registry); // a mark that could not be removed is old now
      assertEquals(await keptKeys(world), clean, `stopped at call ${n}`);
    }
  });
}

Deno.test("an abort ends gc at any call and removes its mark", async () => {
  let aborted = 0;
  for (let n = 0, finished = false; !finished; n++) {
    const world = await createFullWorld();
    const live = await readLive(world.registry);
    const { registry, backend } = await world.open();
    const stopper = new AbortController();
    const { signal } = stopper;
    let call = 0;
    backend.answerAll({}, (act) => {
      if (call++ === n) stopper.abort(new Error("enough"));
      return act();
    });
    const outcome = await collectGarbage(registry, { signal }).catch((error) => error);
    finished = call <= n;
    if (outcome instanceof Error) {
      assertEquals(outcome, signal.reason);
      aborted++;
    }
    assertEquals((await world.keys("scratch/")).filter((key) => key !== OLD_MARK), []);
    assertEquals(await readLive((await world.open()).registry), live);
  }
  assert(aborted > 25, `${aborted} calls were aborted`);
});

Deno.test("a second collector may run between any two calls of the first", async () => {
  const clean = await cleaned();
  for (let n = 0, finished = false; !finished; n++) {
    const world = await createFullWorld();
    const live = await readLive(world.registry);
    const [first, second] = [await world.open(), await world.open()];
    let call = 0;
    const meet = doing(() => collectGarbage(second.registry));
    first.backend.answerAll({}, (act, what) => call++ === n ? meet(act, what) : act());
    assertEquals((await collectGarbage(first.registry)).failures, []);
    finished = call <= n;
    assertEquals(await readLive((await world.open()).registry), live);
    assertEquals(await keptKeys(world), clean);
  }
});

Deno.test("a forgotten name does not return, whichever call kills the collector", async () => {
  for (let n = 0, finished = false; !finished; n++) {
    const world = await createProtocolWorld({ mutable: true });
    for (let value = 1; value <= 3; value++) await world.registry.save("gone", value, OVERWRITE);
    await world.registry.delete("gone", { allVersions: true });
    world.advance(60 * 24 * HOUR);
    const { registry, backend } = await world.open();
    const killed = Promise.withResolvers<"killed">();
    let call = 0;
    backend.answerAll({}, async (act) => {
      if (call++ < n) return await act();
      killed.resolve("killed");
      return await new Promise(() => {});
    });
    const forgotten = collectGarbage(registry, { forget: true });
    finished = await Promise.race([forgotten, killed.promise]) !== "killed";
    assertEquals(await world.registry.has("gone"), false, `killed at call ${n}`);
    if (finished) assertEquals(await world.keys("names/"), []);
  }
});

Deno.test("objects that a store refuses to remove are reported, all others go", async () => {
  const world = await createFullWorld();
  world.backend.answerAll({ verb: "delete", key: /crashed.*0$/ }, denied);
  const { failures, removed } = await collectGarbage(world.registry);
  assertEquals(failures.map(({ key }) => key), [`objects/crashed/p8p9p9/${UUID}/0`]);
  assert(removed.payload.count >= 4 && removed.generation.count === 1);
});

Deno.test("a load survives an overwrite within the grace and restarts after it", async () => {
  const { registry, open, advance } = await createProtocolWorld({ mutable: true });
  const collector = (await open()).registry;
  const slow = await open();
  await registry.save("a", noise(70_000, 1), OVERWRITE);
  for (const [n, waits] of [[2, GRACE_MS], [3, GRACE_MS + 1]] as const) {
    const overtake = async () => {
      await registry.save("a", noise(70_000, n), OVERWRITE);
      advance(waits);
      await collectGarbage(collector);
    };
    slow.backend.answer({ verb: "get", key: /^objects/ }, doing(overtake));
    assertEquals(await slow.registry.load("a"), noise(70_000, waits > GRACE_MS ? n : n - 1));
  }
  const gone = async () => {
    await registry.delete("a", { allVersions: true });
    advance(2 * GRACE_MS);
    await collectGarbage(collector);
  };
  slow.backend.answer({ verb: "get", key: /^objects/ }, doing(gone));
  await rejected("NotFound", slow.registry.load("a"));
});

Deno.test("a handle older than the grace reports that its version was replaced", async () => {
  const { registry, advance } = await createProtocolWorld({ mutable: true });
  await registry.save("a", { one: noise(300_000), two: noise(300_000, 2) }, {
    ...OVERWRITE,
    as: fileSet,
  });
  const handle = await registry.open("a");
  await registry.save("a", "new", OVERWRITE);
  advance(GRACE_MS);
  await collectGarbage(registry);
  assertEquals(await handle.file("one").bytes(), noise(300_000));
  advance(1);
  await collectGarbage(registry);
  for (
    const read of [
      () => handle.file("one").bytes(),
      () => Array.fromAsync(handle.file("two").stream({ offset: 5 })),
    ]
  ) {
    const error = await rejected("Conflict", Promise.resolve().then<unknown>(read));
    assertEquals(
      error.message,
      'Cannot read "a@1.0.0": it was replaced, and its files are gone',
    );
    assertEquals(error.hint, "Open it again.");
  }
});

Deno.test("a handle older than the grace reports that its version was deleted", async () => {
  const { registry, advance } = await createProtocolWorld({ mutable: false });
  await registry.save("a", { one: noise(300_000), two: noise(300_000, 2) }, { as: fileSet });
  const handle = await registry.open("a");
  const before = handle.file("two").stream({ offset: 5 });
  await registry.delete("a@1");
  for (let night = 0; night < 3; night++) {
    advance(2 * GRACE_MS);
    await collectGarbage(registry);
    for (const read of [() => handle.file("one").bytes(), () => Array.fromAsync(before)]) {
      const error = await rejected("Conflict", Promise.resolve().then<unknown>(read));
      assertEquals(error.message, 'Cannot read "a@1.0.0": it was deleted, and its files are gone');
      assertEquals(error.hint, "Save it again, or copy it from a mirror.");
    }
  }
});

Deno.test("every reader retries a record that vanishes between list and get", async () => {
  const { registry, open, advance } = await createProtocolWorld({ mutable: true });
  for (const n of [1, 2]) await registry.save("a", n, OVERWRITE);
  await registry.setAlias("a", "live", "1");
  await registry.setAlias("a", "live", "1");
  let n = 2;
  for (const ref of ["a", "a@1", "a@^1", "a@live"]) {
    const reader = await open();
    const overtake = async () => {
      await registry.save("a", ++n, OVERWRITE);
      await registry.setAlias("a", "live", "1");
      advance(2 * GRACE_MS);
      await collectGarbage(registry);
    };
    reader.backend.answer({ verb: "get", key: /\.rec$/ }, doing(overtake));
    assertEquals(await reader.registry.load(ref), n);
  }
});

Deno.test("every reader retries a first record that is scrubbed between list and get", async () => {
  for (const ref of ["a", "a@1", "a@^1", "a@live"]) {
    const { registry, open, advance } = await createProtocolWorld({ mutable: true });
    await registry.save("a", "one", OVERWRITE);
    await registry.setAlias("a", "live", "1");
    const reader = await open();
    const overtake = async () => {
      await registry.save("a", "two", OVERWRITE);
      advance(2 * GRACE_MS);
      assertEquals((await collectGarbage(registry)).removed.scrubbed.count, 1);
    };
    reader.backend.answer({ verb: "get", key: /versions.*\.rec$/ }, doing(overtake));
    assertEquals(await reader.registry.load(ref), "two");
  }
});

// A store whose lists omit a record for days, as when an index has lost an entry: the object can be
// read by its key. Nights of the garbage collector lose nothing.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import type { Backend } from "../../../../core/backend.ts";
import {
  createProtocolWorld,
  filler,
  GRACE_MS,
  HOUR,
  type ProtocolWorld,
} from "../../../registry/protocol_world.ts";

const DAY = 24 * HOUR;
const OVERWRITE = { version: "1", onConflict: "overwrite" } as const;

interface Kind {
  /** Makes version `at` of "m", whose record is omitted. */
  make(world: ProtocolWorld, at: string): Promise<void>;
  mutable?: boolean;
  /** True if only a collection before has noted the record. */
  isNoted?: boolean;
}

async function draft({ registry }: ProtocolWorld): Promise<void> {
  const opened = await registry.openDraft("m", { id: "d" });
  await opened.addFile("f.bin", filler("part"));
  await opened.commit();
}

const KINDS: Record<string, Kind> = {
  "a save": {
    async make({ registry }, version) {
      await registry.save("m", filler("value"), { version });
    },
  },
  "an overwrite": {
    mutable: true,
    async make({ registry, advance }, version) {
      await registry.save("m", filler("old"), { version });
      advance(DAY);
      await registry.save("m", filler("value"), { ...OVERWRITE, version });
    },
  },
  "an undelete": {
    async make({ registry, advance }, version) {
      await registry.save("m", filler("value"), { version });
      await registry.delete(`m@${version}`);
      advance(GRACE_MS - HOUR / 10);
      await registry.undelete(`m@${version}`);
    },
  },
  "a committed draft": { make: draft },
  "a committed draft whose key is forgotten": {
    isNoted: true,
    async make(world) {
      await draft(world);
      for (let n = 0; n < 2; n++) {
        world.advance(40 * DAY);
        await collectGarbage(world.registry, { all: true });
      }
    },
  },
  "an overwrite after others that are collected": {
    mutable: true,
    isNoted: true,
    async make({ registry, advance }, version) {
      for (let n = 0; n < 4; n++) {
        await registry.save("m", filler(`value ${n}`), { ...OVERWRITE, version });
        advance(2 * DAY);
      }
      await collectGarbage(registry);
    },
  },
};

/** Removes keys from all lists. Returns a function that ends this. */
function omit(store: Backend, isOmitted: (key: string) => boolean): () => void {
  const { list } = store;
  store.list = async function* (prefix, { limit = Infinity, ...options } = {}) {
    let count = 0;
    for await (const entry of list.call(store, prefix, options)) {
      if ("key" in entry && isOmitted(entry.key)) continue;
      if (count++ === limit) return;
      yield entry;
    }
  };
  return () => void (store.list = list);
}

/** Runs a gc each night with wrong lists, then one with right lists. Everything is read. */
async function nights(world: ProtocolWorld, ref: string, lost: ReadonlySet<string>) {
  const { registry, store, advance } = world;
  const restore = omit(store, (key) => lost.has(key));
  const messages: string[] = [];
  for (let night = 0; night < 4; night++) {
    advance(DAY + HOUR);
    const { failures } = await collectGarbage(registry, { all: true });
    messages.push(...failures.map(({ message }) => message));
  }
  restore();
  advance(DAY);
  assertEquals((await collectGarbage(registry)).failures, []);
  for (const file of (await registry.open(ref)).files()) await file.bytes();
  return messages;
}

for (const [what, { make, mutable = false, isNoted = false }] of Object.entries(KINDS)) {
  for (const omitsKeys of isNoted ? [false] : [false, true]) {
    const omitted = omitsKeys ? "the record and keys" : "the record";
    Deno.test(`nights with lists that omit ${omitted} keep ${what}`, async () => {
      for (const before of [1, 2]) {
        for (const isCollected of [false, true]) {
          const world = await createProtocolWorld({ mutable });
          const { registry, advance, keys } = world;
          for (let n = 1; n < before; n++) await registry.save("m", "earlier", { version: `${n}` });
          await make(world, `${before}`);
          const ref = `m@${(await registry.info("m")).version}`;
          const [record] = await keys("names/m/versions/");
          advance(isNoted ? 0 : 10 * DAY);
          if (isCollected) await collectGarbage(registry);
          const idempotency = omitsKeys ? await keys("names/m/keys/") : [];
          await nights(world, ref, new Set([record!, ...idempotency]));
        }
      }
    });
  }
}

Deno.test("nights keep the files that the version numbered next has of a deleted one", async () => {
  const world = await createProtocolWorld();
  const { registry, advance, keys } = world;
  for (const n of [1, 2]) await registry.save("m", filler("same"), { metadata: { n } });
  const [record] = await keys("names/m/versions/");
  advance(10 * DAY);
  await registry.delete("m@1");
  const messages = await nights(world, "m@2.0.0", new Set([record!]));
  assertStringIncludes(messages[0]!, "omits one that exists");
});

Deno.test("nights keep a draft whose lists omit that it was committed", async () => {
  const world = await createProtocolWorld();
  await draft(world);
  const lost = [...await world.keys("names/m/"), ...await world.keys("drafts/m/d/.end")];
  world.advance(7 * DAY);
  await nights(world, "m", new Set(lost.filter((key) => !key.includes("/keys/"))));
});

Deno.test("a name is not forgotten if a list omits that a version was restored", async () => {
  const world = await createProtocolWorld();
  const { registry, store, advance, keys } = world;
  await registry.save("m", "small");
  await registry.delete("m@1");
  await registry.undelete("m@1");
  const [record] = await keys("names/m/versions/");
  const before = await keys("names/m/");
  const restore = omit(store, (key) => key === record);
  advance(100 * DAY);
  const { failures, removed } = await collectGarbage(registry, { forget: true });
  assertEquals([failures.length, removed.name.count], [1, 0]);
  restore();
  assertEquals(await keys("names/m/"), before);
  assertEquals(await registry.load("m"), "small");
});

Deno.test("lineage notes of a version stay if lists omit its newest record", async () => {
  const world = await createProtocolWorld({ mutable: true });
  const { registry, store, advance, keys } = world;
  await registry.save("input", 1);
  await registry.save("m", 1);
  await registry.save("m", 2, { ...OVERWRITE, inputs: ["input@1"] });
  const [record] = await keys("names/m/versions/");
  const before = await keys("lineage/");
  assert(before.length > 0);
  const restore = omit(store, (key) => key === record);
  advance(60 * DAY);
  await collectGarbage(registry);
  restore();
  assertEquals(await keys("lineage/"), before);
});

Deno.test("a night asks for one record for each version that loses payload, else for none", async () => {
  const world = await createProtocolWorld({ mutable: true });
  const { registry, backend, advance } = world;
  const heads = () => backend.asked().filter((call) => call.startsWith("head"));
  for (const name of ["a", "b", "c"]) {
    await registry.save(name, filler("first"));
    await registry.save(name, filler("second"), { idempotencyKey: name });
  }
  advance(10 * DAY);
  await collectGarbage(registry, { all: true });
  assertEquals(heads(), []);
  await registry.save("a", filler("third"), OVERWRITE);
  advance(10 * DAY);
  backend.forget();
  await collectGarbage(registry, { all: true });
  assertEquals(heads().length, 2, heads().join()); // above the version, and the version numbered next
});

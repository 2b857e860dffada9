// One collection whose lists are wrong frees nothing that counts: no payload of versions, of
// finished runs and of open drafts, no part of a draft, and no note of lineage.
import { assertEquals } from "@std/assert";
import type { Backend, ListOptions } from "../../../../core/backend.ts";
import type { Registry } from "../../../../mod.ts";
import { collectGarbage } from "../../../../registry/maintenance.ts";
import { verifyRegistry } from "../../../../apps/maintenance.ts";
import { openRun } from "../../../../extensions/runs/mod.ts";
import { rowsOfRun } from "../../../support/seeds.ts";
import { createProtocolWorld, GRACE_MS, type ProtocolWorld } from "../../protocol_world.ts";
import { noise } from "../../registries.ts";

const DAY_MS = 24 * 3_600_000;
const BIG = noise(70_000);

/** Data that a collector must not take, and how to use it afterwards. */
interface Kind {
  make(world: ProtocolWorld): Promise<unknown>;
  use?(registry: Registry): Promise<unknown>;
  /** How old it may get, days. @default 60 */
  days?: number;
  unversioned?: boolean;
  mutable?: boolean;
}

const draftOf = (registry: Registry) => registry.openDraft("m", { id: "d" });

const KINDS: Record<string, Kind> = {
  "a version": { make: ({ registry }) => registry.save("m", BIG) },
  "the only value": { unversioned: true, make: ({ registry }) => registry.save("m", BIG) },
  "an overwritten version": {
    mutable: true,
    async make({ registry }) {
      for (const seed of [1, 2, 3]) {
        await registry.save("m", noise(70_000, seed), { version: "1", onConflict: "overwrite" });
      }
    },
  },
  "an undeleted version": {
    async make({ registry, advance }) {
      await registry.save("m", BIG);
      advance(GRACE_MS / 2);
      await registry.delete("m@1");
      await registry.undelete("m@1");
    },
  },
  "a committed draft": {
    async make({ registry }) {
      const draft = await draftOf(registry);
      await draft.addFile("big.bin", BIG);
      await draft.commit();
    },
  },
  "a committed draft, deleted and restored": {
    async make({ registry }) {
      const draft = await draftOf(registry);
      await draft.addFile("big.bin", BIG);
      await draft.commit();
      await registry.delete("m@1");
      await registry.undelete("m@1");
    },
  },
  "the committed draft of an only value": {
    unversioned: true,
    async make({ registry }) {
      const draft = await draftOf(registry);
      await draft.addFile("big.bin", BIG);
      await draft.commit();
    },
  },
  "a finished run": {
    async make({ registry }) {
      const run = await openRun(registry, "m", { id: "7" });
      run.log({ loss: 1 });
      await run.finish(BIG);
    },
  },
  "an open draft": {
    days: 2,
    make: async ({ registry }) => await (await draftOf(registry)).addFile("big.bin", BIG),
    use: async (registry) => await (await draftOf(registry)).commit(),
  },
  "an open draft of an only value": {
    days: 2,
    unversioned: true,
    make: async ({ registry }) => await (await draftOf(registry)).addFile("big.bin", BIG),
    use: async (registry) => await (await draftOf(registry)).commit(),
  },
  "an old part of an open draft": {
    days: 4,
    async make({ registry, advance }) {
      const draft = await draftOf(registry);
      await draft.addPart("0", [{ path: "0", content: BIG }]);
      advance(4 * DAY_MS);
      await draft.addPart("1", [{ path: "1", content: noise(70_000, 2) }]);
    },
    async use(registry) {
      await (await draftOf(registry)).commit();
      assertEquals((await registry.info("m")).files.length, 2);
    },
  },
  "a version with inputs": {
    async make({ registry }) {
      await registry.save("m", BIG, { version: "2" });
      await registry.save("m", 7, { version: "3", inputs: ["m@2"] });
    },
  },
};

type WrongList = (prefix: string, omits: boolean) => boolean;

/** Lists of these places are wrong. Each list of a collection has its turn. */
const WRONG: Record<string, (place: string, from: number) => WrongList> = {
  "one empty list": (place, from) => {
    let passed = 0;
    return (prefix, omits) => prefix.startsWith(place) && !omits && passed++ === from;
  },
  "only empty lists": (place) => (prefix, omits) => prefix.startsWith(place) && !omits,
  "one list without its first entry": (place, from) => {
    let passed = 0;
    return (prefix, omits) => prefix.startsWith(place) && omits && passed++ === from;
  },
};

const PLACES = ["names/", "objects/", "drafts/", "lineage/", "scratch/", ""];

/** Makes lists wrong until the returned function is called. */
function spoil(store: Backend, isWrong: WrongList): () => void {
  const { list } = store;
  store.list = async function* (prefix: string, options?: ListOptions) {
    if (prefix !== "settings/" && isWrong(prefix, false)) return;
    let isFirst = prefix !== "settings/" && isWrong(prefix, true);
    for await (const entry of list.call(store, prefix, options)) {
      if (!isFirst) yield entry;
      isFirst = false;
    }
  };
  return () => void (store.list = list);
}

interface Case {
  how: keyof typeof WRONG;
  place: string;
  /** Which of its lists is wrong. */
  from: number;
  /** True if a collection before has noted the records. */
  isNoted: boolean;
}

const CASES: Case[] = [false, true].flatMap((isNoted) =>
  Object.keys(WRONG).flatMap((how) =>
    PLACES.flatMap((place) => {
      const lists = how === "only empty lists" ? [0] : [0, 1, 2];
      return lists.map((from) => ({ how, place, from, isNoted }));
    })
  )
);

async function tryCase(
  { make, use, days = 60, unversioned = false, mutable = unversioned }: Kind,
  { how, place, from, isNoted }: Case,
): Promise<void> {
  const world = await createProtocolWorld({ versioned: !unversioned, mutable });
  const { registry, advance, store } = world;
  await make(world);
  advance(days * DAY_MS / 2);
  if (isNoted) await collectGarbage(registry);
  advance(days * DAY_MS / 2);
  const restore = spoil(store, WRONG[how]!(place, from));
  await collectGarbage(registry).catch(() => {}); // it may notice
  restore();
  advance(1);
  const label = `${how} of "${place}", number ${from}${isNoted ? ", after a collection" : ""}`;
  assertEquals((await collectGarbage(registry)).failures, [], label);
  await use?.(registry);
  assertEquals((await verifyRegistry(registry)).problems, [], label);
}

for (const [what, kind] of Object.entries(KINDS)) {
  Deno.test(`a collection with wrong lists keeps ${what}`, async () => {
    for (const which of rowsOfRun(CASES)) await tryCase(kind, which);
  });
}

// Collections whose lists are wrong, over data that they must keep.
import { assertEquals } from "@std/assert";
import type { Backend, ListOptions } from "../../../../core/backend.ts";
import type { Registry } from "../../../../mod.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../../apps/maintenance.ts";
import { rowsOfRun } from "../../../support/seeds.ts";
import { createProtocolWorld, type ProtocolWorld } from "../../../registry/protocol_world.ts";
import { noise } from "../../../registry/registries.ts";

export const DAY_MS = 24 * 3_600_000;
export const BIG = noise(70_000);

/** Data that a collector must not take, and how to use it afterwards. */
export interface Kind {
  make(world: ProtocolWorld): Promise<unknown>;
  use?(registry: Registry): Promise<unknown>;
  /** How old it may get, days. @default 60 */
  days?: number;
  unversioned?: boolean;
  mutable?: boolean;
}

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

export function testWrongLists(what: string, kind: Kind): void {
  Deno.test(`a collection with wrong lists keeps ${what}`, async () => {
    for (const which of rowsOfRun(CASES)) await tryCase(kind, which);
  });
}

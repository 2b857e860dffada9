import { assertEquals, assertLessOrEqual } from "@std/assert";
import { countLarge, OF_ALL, OF_NAME } from "./large.ts";

/** The requests of operations on one name, in a registry of any size. */
const ANY_SIZE = {
  "save the next version": { list: 1, put: 1 },
  "save an explicit version": { put: 1 },
  "load by version": { list: 1, get: 1 },
  "load the latest": { list: 1, get: 1 },
  "load by range": { list: 1, get: 1 },
  "load by range, far below the newest": { list: 1, get: 1 },
  "info": { list: 1, get: 1 },
  "set an alias": { list: 2, get: 1, put: 1 },
  "the newest 50 versions": { list: 2 },
  "50 versions below another": { list: 2 },
  "the versions in a range": { list: 1 },
  "the deleted versions in a range": { list: 1 },
};

const SIZES = {
  "10^6 names": { names: 10 ** 6, versions: 1, firstNames: { list: 1 } },
  "10^4 versions of a name": { names: 1, versions: 10 ** 4, firstNames: { list: 2 } },
  "10^8 versions of a name": { names: 1, versions: 10 ** 8, firstNames: { list: 2 } },
  "10^9 records of 10^6 names": { names: 10 ** 6, versions: 1000, firstNames: { list: 55 } },
};

for (const [title, { firstNames, ...size }] of Object.entries(SIZES)) {
  Deno.test(`operations on a name take few requests beside ${title}`, async () => {
    const counted = await countLarge(size, OF_NAME);
    assertEquals(counted, { ...ANY_SIZE, "the first 50 names": firstNames });
  });
}

Deno.test("operations on all names list 1,000 records in a request", async () => {
  const counted = await countLarge({ names: 2_500, versions: 1 }, OF_ALL);
  assertEquals(counted["all names"], { list: 3 });
  const { list: lists = 0, get: gets = 0 } = counted["`log --all`, the newest 50"]!;
  assertEquals([lists, gets <= 100], [3, true]);
  const prune = counted["`prune`, nothing to delete"]!;
  assertLessOrEqual(prune.list!, 8); // how it cuts the names depends on which answer comes first
  assertEquals(prune.get, 1);
});

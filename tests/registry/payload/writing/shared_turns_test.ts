// Other work goes on while many shared files get their places.
import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import type { StoredFile, VersionRecord } from "../../../../core/record.ts";
import { payloadKey } from "../../../../registry/format/layout.ts";
import { placeShared } from "../../../../registry/payload/writing/place_shared.ts";

Deno.test("placing many files of another name takes turns with other work", async () => {
  const from = `1/${"0".repeat(8)}-0000-7000-8000-${"0".repeat(12)}`;
  const files = Array.from({ length: 5000 }, (_, i): StoredFile => ({
    path: `${i}`,
    size: 1,
    sha256: "0".repeat(64),
    from,
    parts: [{ object: 0, offset: i, size: 1 }],
  }));
  const record = { name: "a" } as VersionRecord;
  const sizes = new Map([[payloadKey("a", from, 0), 5000]]);
  let turns = 0, isOver = false;
  const count = () => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await placeShared(files, { record, sizes, copies: true }, {
    place: "p0p0p0/00000000-0000-0000-0000-000000000000",
    read: () => Promise.resolve(undefined),
    put: () => Promise.resolve(1),
    copy: () => Promise.resolve({ object: 7 }),
  });
  isOver = true;
  assertEquals(files.at(-1)!.parts, [{ object: 7, offset: 4999, size: 1 }]);
  // Twice ten slices. Now and then a turn begins with a timer, before this count, but not twice in a row.
  assert(turns >= 8, `${turns} turns`);
});

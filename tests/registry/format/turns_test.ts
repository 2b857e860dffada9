// Other work goes on while long lists of files are read and written.
import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { artifactDigest } from "../../../core/artifact_digest.ts";
import { encodeFiles } from "../../../registry/format/record_codec.ts";
import { filesProblem } from "../../../registry/format/record_shape.ts";
import { slowTest } from "../../support/seeds.ts";

const files = Array.from({ length: 5000 }, (_, i) => ({
  path: `${i}`,
  size: 1,
  sha256: "0".repeat(64),
  parts: [{ object: 0, offset: i, size: 1 }],
}));

async function turnsOf<T>(action: Promise<T>): Promise<{ turns: number; result: T }> {
  let turns = 0, isOver = false;
  const count = () => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const result = await action;
  isOver = true;
  return { turns, result };
}

slowTest("digests, lists and checks of many files take turns with other work", async () => {
  const materializer = { id: "folder", formatVersion: 1 };
  const encoded = await turnsOf(encodeFiles(files));
  assertEquals(JSON.parse(new TextDecoder().decode(encoded.result)), files);
  const checked = await turnsOf(filesProblem(files, 5000));
  assertEquals(checked.result, undefined);
  const digest = await turnsOf(artifactDigest(materializer, files));
  // Ten slices of 500 files. Now and then a turn begins with a timer, before this count, but not twice
  // in a row.
  for (const { turns } of [encoded, checked, digest]) assert(turns >= 4, `${turns} turns`);
});

Deno.test("each file of a list is checked in the turn of its slice", async () => {
  let turn = 0;
  const checkedIn = new Map<string, number>(); // by the turn that reads its size last
  const watched = files.map((file) => ({
    ...file,
    get size() {
      checkedIn.set(file.path, turn);
      return 1;
    },
  }));
  const checking = filesProblem(watched, 5000);
  let isOver = false;
  const count = () => {
    turn++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  assertEquals(await checking, undefined);
  isOver = true;
  const most = Math.max(
    ...Map.groupBy(checkedIn.values(), (at) => at).values()
      .map(({ length }) => length),
  );
  assert(most <= 2500, `${most} files in one turn`); // a turn may begin before this count
});

Deno.test("a list of any number of files is encoded as JSON.stringify() encodes it", async () => {
  for (const count of [0, 1, 499, 500, 501, 1000, 1001]) {
    const some = files.slice(0, count);
    assertEquals(new TextDecoder().decode(await encodeFiles(some)), JSON.stringify(some));
  }
});

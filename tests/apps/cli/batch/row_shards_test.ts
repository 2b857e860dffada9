import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../../support/temp_root.ts";
import { cliTest, holdfast, succeeds } from "../../captured_io.ts";
import { slowTest } from "../../../support/seeds.ts";

function rows(): string[] {
  const names = Array.from({ length: 40 }, (_, index) => `name-${index}`);
  const all = [...names, "name-1", "name-2", "name-1", "name-2"].map((name, index) => ({
    name,
    value: index,
  }));
  return [...all.map((row) => JSON.stringify(row)), "{ no row"];
}

slowTest(
  "shards of a batch save do each row once, whatever its order, and rows of one name in theirs",
  async () => {
    await using root = await tempRoot();
    const { path: cwd } = root;
    await succeeds("init", { cwd });
    const sums = { rows: 0, done: 0, failed: 0 };
    for (let index = 0; index < 3; index++) {
      const order = index === 1
        ? rows().toReversed().filter((row) => /name-\d+"/.test(row))
        : rows();
      await Deno.writeTextFile(
        root.join("m.jsonl"),
        (index === 1 ? stable(order) : order).join("\n"),
      );
      const { out } = await holdfast(`batch save m.jsonl --shard ${index}/3 --json`, { cwd });
      const { summary } = JSON.parse(out.trim().split("\n").at(-1)!);
      assertEquals([summary.shard, summary.from], [`${index}/3`, "--shard"]);
      for (const key of ["rows", "done", "failed"] as const) sums[key] += summary[key];
    }
    assertEquals(sums.done, 44);
    assertEquals((await succeeds("ls -q", { cwd })).trim().split("\n").length, 40);
    const values = await Promise.all(
      [1, 2, 3].map((version) => succeeds(`load name-1@${version}`, { cwd })),
    );
    assertEquals(values.map((text) => Number(text)), [1, 40, 42]);
  },
);

/** Another order of the names, in which the rows of each name stand as they stood. */
function stable(reversed: string[]): string[] {
  const byName = new Map<string, string[]>();
  for (const row of reversed) {
    const { name } = JSON.parse(row);
    byName.set(name, [row, ...byName.get(name) ?? []]);
  }
  return [...byName.values()].flat();
}

cliTest("a batch reports its shard, and --shard auto needs a scheduler", async (it) => {
  await it.succeeds("init");
  await Deno.writeTextFile(it.root.join("m.jsonl"), rows().slice(0, 40).join("\n"));
  const env = { CI_NODE_INDEX: "2", CI_NODE_TOTAL: "2" };
  const { code, out, err } = await it.holdfast("batch save m.jsonl --shard auto", {
    cwd: it.cwd,
    env,
  });
  assertEquals(code, 0, err);
  assertStringIncludes(err, "shard 1/2 (GitLab, CI_NODE_INDEX)");
  const [, saved] = /^Saved (\d+) of /.exec(out)!;
  const other = await it.succeeds("batch save m.jsonl --shard 0/2");
  assertMatch(other, new RegExp(`^Saved ${40 - Number(saved)} of `));
  const refused = await it.holdfast("batch save m.jsonl --shard auto");
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.err, "no scheduler variable is set");
  assertEquals((await it.holdfast("batch load m.jsonl --shard 2/2")).code, 2);
});

cliTest("shards of a batch load do each row once", async (it) => {
  await it.succeeds("init");
  await Deno.writeTextFile(it.root.join("m.jsonl"), rows().slice(0, 40).join("\n"));
  await it.succeeds("batch save m.jsonl");
  const wanted = Array.from(
    { length: 40 },
    (_, index) => ({ ref: `name-${index}`, to: index % 2 ? "out/" : `${index}` }),
  );
  await Deno.writeTextFile(
    it.root.join("w.jsonl"),
    wanted.map((row) => JSON.stringify(row)).join("\n"),
  );
  const counts = async (command: string) => {
    const outs = await Promise.all(
      [0, 1, 2, 3].map((index) => it.succeeds(`${command} --json --shard ${index}/4`)),
    );
    return outs.map((out) => JSON.parse(out.trim().split("\n").at(-1)!).summary.rows as number);
  };
  const found = await counts("batch load w.jsonl --dry-run");
  assertEquals(found.reduce((sum, count) => sum + count), 40);
  assertEquals(found.every((count) => count > 0 && count < 40), true, `${found}`);
});

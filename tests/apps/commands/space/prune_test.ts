import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { realSystem } from "../../../../core/system.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { damageRecords } from "../../damage_records.ts";
import { fillRegistry, holdfast, succeeds } from "../../captured_io.ts";

async function saveFive(cwd: string): Promise<void> {
  await fillRegistry(cwd);
  for (let i = 0; i < 3; i++) await succeeds("save config - --as json", { cwd, stdin: `${i}` }); // 3, 4, 5
}

Deno.test("prune deletes beyond the number kept, but what an alias names", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await saveFive(cwd);
  const dry = await holdfast("prune --keep-last 2 --dry-run", { cwd });
  assertEquals(dry.out, "config@3.0.0\nconfig@1.0.0\n");
  assertStringIncludes(dry.err, "Would delete 2 versions, kept");
  assertStringIncludes(dry.err, "stays: config@2.0.0: alias ");
  assertEquals(
    await succeeds("versions config -q", { cwd }),
    "5.0.0\n4.0.0\n3.0.0\n2.0.0\n1.0.0\n",
  );
  await succeeds("prune --keep-last 2 --yes", { cwd });
  assertEquals(await succeeds("versions config -q", { cwd }), "5.0.0\n4.0.0\n2.0.0\n");
});

Deno.test("prune asks first, takes names, and keeps what is young", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await saveFive(cwd);
  assertEquals((await holdfast("prune --keep-last 1", { cwd })).code, 2);
  const no = await holdfast("prune --keep-last 1 config", {
    cwd,
    terminals: ["stdin", "stderr"],
    stdin: "no\n",
  });
  assertEquals(no.code, 1);
  assertMatch(
    no.err,
    /^(would go: \S+@\S+\n){3}(stays: \S+: alias \S+\n)*Delete 3 versions\? \[y\/N\] Nothing was deleted/,
  );
  assertEquals(await succeeds("prune --keep-last 1 note --yes", { cwd }), "");
  assertEquals(await succeeds("prune --older-than 30d --yes", { cwd }), "");
  assertEquals((await holdfast("prune --yes", { cwd })).code, 2, "neither number nor age");
});

Deno.test("prune shows how many of all are deleted where somebody looks on", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await saveFive(cwd);
  let now = 0;
  const system = { ...realSystem, env: () => undefined, monotonic: () => now += 300 };
  const { code, err } = await holdfast("prune --keep-last 1 --yes", {
    cwd,
    terminals: ["stderr"],
    system,
  });
  assertEquals(code, 0);
  assertMatch(err, /\rprune {2}█+░* +\d+% {2}\d of 3 versions/);
});

Deno.test("prune leaves what it cannot read, names it and ends with 1", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await saveFive(cwd);
  await damageRecords(root.join(".holdfast"), "note");
  const { code, out, err } = await holdfast("prune --keep-last 1 --yes", { cwd });
  assertEquals([code, out], [1, "config@4.0.0\nconfig@3.0.0\nconfig@1.0.0\n"]);
  assertStringIncludes(
    err,
    'stays: note@1.0.0: Cannot prune "note@1.0.0": a record cannot be read: ',
  );
  assertStringIncludes(err, "holdfast verify");
});

Deno.test("a dry prune by age says whose clock it goes by, and writes nothing", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await saveFive(cwd);
  const { code, err } = await holdfast("prune --older-than 30d --dry-run", { cwd });
  assertEquals(code, 0);
  assertStringIncludes(err, "Ages by this machine's clock");
});

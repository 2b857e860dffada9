import { assertEquals, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../support/temp_root.ts";
import { damageRecords } from "../damage_records.ts";
import { fillRegistry, holdfast, succeeds } from "../captured_io.ts";

const ASKING = ["stdin", "stderr"] as ("stdin" | "stderr")[];

Deno.test("rm asks on a terminal and deletes only on yes", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const no = await holdfast("rm config@1", { cwd, terminals: ASKING, stdin: "\n" });
  assertEquals(no.code, 1);
  assertStringIncludes(no.err, "Delete config@1.0.0 (");
  assertStringIncludes(no.err, "[y/N] Nothing was deleted");
  const yes = await holdfast("rm config@1", { cwd, terminals: ASKING, stdin: "y\n" });
  assertEquals([yes.code, yes.out], [0, "Deleted config@1.0.0\n"]);
  assertEquals(await succeeds("versions config -q", { cwd }), "2.0.0\n");
});

Deno.test("rm without a terminal needs --yes", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const refused = await holdfast("rm note@1", { cwd, stdin: "y\n" });
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.err, "hint: In scripts pass --yes.");
  assertEquals(
    await succeeds("rm note@1 --yes --json", { cwd }),
    `{"deleted":[{"name":"note","version":"1.0.0"}]}\n`,
  );
  assertEquals((await holdfast("load note", { cwd })).code, 3);
});

Deno.test("rm of a bare name needs --all, and says how many versions go", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const bare = await holdfast("rm note --yes", { cwd });
  assertEquals(bare.code, 2);
  assertStringIncludes(bare.err, "hint: Write note@VERSION, or add --all");
  assertEquals((await holdfast("rm config --all --yes", { cwd })).code, 4, "an alias names one");
  assertEquals(
    await succeeds("rm config --all --yes --force", { cwd }),
    "Deleted config (2 versions)\n",
  );
  assertEquals(await succeeds("ls -q", { cwd }), "data:raw\nnote\n");
});

Deno.test("rm of a version that an alias names needs --force", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const refused = await holdfast("rm config@production --yes", { cwd });
  assertEquals(refused.code, 4, refused.err);
  assertStringIncludes(refused.err, "hint: ");
  assertEquals(await succeeds("rm config@production --yes -f", { cwd }), "Deleted config@2.0.0\n");
});

Deno.test("rm refuses ranges, --all with a version, and what is not there", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const bad: [line: string, code: number][] = [["config@^1", 2], ["config@1 --all", 2], [
    "nothing --all",
    3,
  ], ["note@7", 3]];
  for (const [line, expected] of bad) {
    const { code, err } = await holdfast(`rm ${line} --yes`, { cwd });
    assertEquals(code, expected, `${line}: ${err}`);
  }
});

Deno.test("rm takes a bare name where names have no versions", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init --unversioned", { cwd });
  await succeeds("save a -", { cwd });
  await succeeds("rm a --yes", { cwd });
  assertEquals((await holdfast("load a", { cwd })).code, 3);
});

Deno.test("rm of a damaged version says that it takes --force, and then deletes it", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await damageRecords(root.join(".holdfast"), "config");
  const refused = await holdfast("rm config@1 --yes", { cwd });
  assertEquals(refused.code, 5);
  assertStringIncludes(refused.err, "hint: Delete it as it is: holdfast rm config@1.0.0 --force\n");
  const asked = await holdfast("rm config@1 --force", { cwd, terminals: ASKING, stdin: "y\n" });
  assertEquals([asked.code, asked.out], [0, "Deleted config@1.0.0\n"]);
  assertStringIncludes(asked.err, "Delete config@1.0.0 (damaged: it cannot be read)? [y/N]");
  assertEquals(
    await succeeds("rm config@production --force --yes", { cwd }),
    "Deleted config@2.0.0\n",
  );
  assertEquals(await succeeds("ls -q", { cwd }), "data:raw\nnote\n");
});

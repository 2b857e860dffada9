import { assertEquals, assertStringIncludes } from "@std/assert";
import { keyFile } from "../../backends/local/key_file.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { fillRegistry, holdfast, succeeds } from "../captured_io.ts";

Deno.test("alias sets, shows and deletes", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  assertEquals(await succeeds("alias config canary 1", { cwd }), "config@canary is 1.0.0\n");
  assertEquals(await succeeds("alias config canary", { cwd }), "1.0.0\n");
  const lines = (await succeeds("alias config", { cwd })).trimEnd().split("\n");
  assertEquals(lines.sort(), ["ALIAS       VERSION", "canary      1.0.0", "production  2.0.0"]);
  assertEquals(await succeeds("load config@canary --json", { cwd }), `{"lr":0.1}\n`);
  assertEquals(await succeeds("alias config canary --delete", { cwd }), "Deleted config@canary\n");
  assertEquals((await holdfast("alias config canary", { cwd })).code, 3);
  assertEquals((await holdfast("alias config canary -d", { cwd })).code, 3);
});

Deno.test("alias sets and deletes for each name of a pattern, and finds all before it changes anything", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const set = "config@live is 1.0.0\nnote@live is 1.0.0\n";
  assertEquals(
    await succeeds("alias {config,note} live 1 --dry-run", { cwd }),
    "Would let 1.0.0 be config@live (there is none now)\nWould let 1.0.0 be note@live (there is none now)\n",
  );
  assertEquals((await holdfast("alias * live 2", { cwd })).code, 3, "not every name has it");
  assertEquals((await holdfast("alias config live", { cwd })).code, 3, "nothing was set");
  assertEquals(await succeeds("alias {config,note} live 1", { cwd }), set);
  assertEquals((await holdfast("alias * live --delete", { cwd })).code, 3, "data:raw has none");
  assertEquals(await succeeds("alias config live", { cwd }), "1.0.0\n");
  const deleted = "Deleted config@live\nDeleted note@live\n";
  assertEquals(await succeeds("alias {config,note} live --delete", { cwd }), deleted);
  assertEquals((await holdfast("alias none:* live 1", { cwd })).code, 3);
});

Deno.test("alias sets and deletes for several names, each with a version of its own if it has one", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const set = "config@live is 2.0.0\nnote@live is 1.0.0\ndata:raw@live is 1.0.0\n";
  assertEquals((await holdfast("alias config live 2 --also note@7", { cwd })).code, 3);
  assertEquals((await holdfast("alias config live", { cwd })).code, 3, "nothing was set");
  assertEquals(
    await succeeds("alias config live 2 --also note@1 --also data:*@latest", { cwd }),
    set,
  );
  const mixed = await holdfast("alias config live --also note", { cwd });
  assertEquals([mixed.code, mixed.err.includes("--also belongs to setting and deleting one")], [
    2,
    true,
  ]);
  assertEquals((await holdfast("alias config live --delete --also note@1", { cwd })).code, 2);
  const deleted = "Deleted config@live\nDeleted note@live\n";
  assertEquals(await succeeds("alias config live --delete --also note", { cwd }), deleted);
});

Deno.test("alias of a name that there is not is not found, and of one without aliases says so", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const { code, err: errors } = await holdfast("alias nosuch", { cwd });
  assertEquals(code, 3);
  assertStringIncludes(errors, 'Cannot list aliases of "nosuch": there is no such name');
  await succeeds("alias config production --delete", { cwd });
  assertStringIncludes((await holdfast("alias config", { cwd })).err, '"config" has no aliases');
  assertStringIncludes((await holdfast("load config@x", { cwd })).err, "no such alias");
});

Deno.test("alias shows, sets and deletes an alias beside one that is damaged", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await succeeds("alias config canary 1", { cwd });
  await Deno.truncate(
    keyFile(root.join(".holdfast"), "names/config/aliases/production/9007199254740990.rec"),
    40,
  );
  assertEquals((await holdfast("alias config", { cwd })).code, 5);
  assertEquals((await holdfast("alias config production", { cwd })).code, 5);
  assertEquals(await succeeds("alias config canary", { cwd }), "1.0.0\n");
  assertEquals(await succeeds("alias config canary 2", { cwd }), "config@canary is 2.0.0\n");
  assertEquals(await succeeds("alias config canary --delete", { cwd }), "Deleted config@canary\n");
  assertEquals((await holdfast("alias config canary", { cwd })).code, 3);
  assertEquals(
    await succeeds("alias config production 1", { cwd }),
    "config@production is 1.0.0\n",
  );
  assertEquals(await succeeds("alias config production", { cwd }), "1.0.0\n");
});

Deno.test("alias --expected changes only what it expects", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  assertEquals((await holdfast("alias config production 1 --expected 1", { cwd })).code, 4);
  await succeeds("alias config production 1 --expected 2.0.0", { cwd });
  assertEquals((await holdfast("alias config production 1 --expected none", { cwd })).code, 4);
  await succeeds("alias config fresh 1 --expected none", { cwd });
});

Deno.test("alias refuses what makes no sense", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const bad: [line: string, code: number][] = [
    ["alias config --delete", 2],
    ["alias config production 1 --delete", 2],
    ["alias config production --expected 1", 2],
    ["alias config 2.0 1", 2],
    ["alias config latest 1", 2],
    ["alias config canary 9", 3],
  ];
  for (const [line, expected] of bad) {
    const { code, err } = await holdfast(line, { cwd });
    assertEquals(code, expected, `${line}: ${err}`);
  }
  const none = await holdfast("alias note", { cwd });
  assertEquals([none.code, none.out], [0, ""]);
  assertStringIncludes(none.err, "has no aliases");
});

Deno.test("an alias whose version is gone says so", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await succeeds("alias config canary 1", { cwd });
  await succeeds("rm config@production --yes --force", { cwd });
  const lines = (await succeeds("alias config", { cwd })).trimEnd().split("\n");
  assertEquals(lines.slice(1).sort(), ["canary      1.0.0", "production  2.0.0 (deleted)"]);
  const json = (await succeeds("alias config --json", { cwd })).trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  assertEquals(json.map(({ alias, deleted }) => [alias, deleted]).sort(), [["canary", false], [
    "production",
    true,
  ]]);
  const one = await holdfast("alias config production", { cwd });
  assertEquals([one.code, one.out, one.err], [0, "2.0.0\n", `"config@2.0.0" is deleted\n`]);
});

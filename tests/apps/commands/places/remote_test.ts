import { assertEquals, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../../support/temp_root.ts";
import { fillRegistry, holdfast, succeeds } from "../../captured_io.ts";

Deno.test("a registry that has a name is used as -r team, -r @team and @team/REF, from any folder", async () => {
  await using root = await tempRoot();
  const env = { XDG_CONFIG_HOME: root.join("config") };
  await Deno.mkdir(root.join("elsewhere"));
  await fillRegistry(root.path);
  assertStringIncludes(
    await succeeds("remote add team .holdfast", { cwd: root.path, env }),
    `team is ${root.join(".holdfast")}`,
  );
  const at = { cwd: root.join("elsewhere"), env };
  for (const line of ["ls -q -r team", "ls -q -r @team", "ls -q --registry=team", "ls -q @team"]) {
    assertEquals(await succeeds(line, at), "config\ndata:raw\nnote\n", line);
  }
  assertEquals(await succeeds("ls -q @team/da", at), "data:raw\n");
  await succeeds("verify @team", at);
  const nameless = await holdfast("info @team", at);
  assertEquals(nameless.code, 2);
  assertStringIncludes(nameless.err, "Write @team/NAME");
  assertEquals(await succeeds("load @team/note", at), "hello");
  assertEquals(
    await succeeds("load @team/config@1 -r team", at),
    await succeeds("load config@1 -r team", at),
  );
  await succeeds("copy @team/note @team/copied", at);
  assertEquals(await succeeds("cat @team/copied text.txt", at), "hello");
  assertEquals(JSON.parse(await succeeds("remote ls --json", at)), {
    name: "team",
    location: root.join(".holdfast"),
  });
  await succeeds("remote rm @team", at);
  assertEquals((await holdfast("ls -r @team", at)).code, 3);
});

Deno.test("two registries in one line are refused, with how to bring something from one to the other", async () => {
  await using root = await tempRoot();
  const env = { XDG_CONFIG_HOME: root.join("config") };
  const at = { cwd: root.path, env };
  for (const name of ["a", "b"]) await succeeds(`remote add ${name} ./${name}`, at);
  for (const line of ["copy @a/x @b/x", "load @a/x -r b", "load @a/x -r ./b"]) {
    const { code, err } = await holdfast(line, at);
    assertEquals(code, 2, line);
    assertStringIncludes(err, "holdfast mirror ");
  }
});

Deno.test("a name that is taken, none, or for a place with a secret in it is refused; nothing of it is kept", async () => {
  await using root = await tempRoot();
  const env = { XDG_CONFIG_HOME: root.join("config") };
  const at = { cwd: root.path, env };
  await succeeds("remote add team s3://bucket/team", at);
  assertEquals((await holdfast("remote add team ./other", at)).code, 4);
  await succeeds("remote add team ./other --force", at);
  assertEquals((await holdfast("remote add @team ./other", at)).code, 2);
  assertEquals((await holdfast("remote rm none", at)).code, 3);
  for (const url of ["s3://key:verysecret@bucket", "https://host?token=verysecret"]) {
    const { code, out, err } = await holdfast(["remote", "add", "x", url], at);
    assertEquals([code, /verysecret/.test(out + err)], [2, false]);
  }
  assertEquals((await holdfast("remote add x s3://bucket --token-file t", at)).code, 2);
  assertEquals(
    /secret/.test(await Deno.readTextFile(root.join("config/holdfast/config.json"))),
    false,
  );
});

Deno.test("init and mirror take names of registries, and HOLDFAST_REGISTRY may be one", async () => {
  await using root = await tempRoot();
  const env = { XDG_CONFIG_HOME: root.join("config"), HOLDFAST_REGISTRY: "@team" };
  const at = { cwd: root.path, env };
  const { err } = await holdfast("remote add team ./there", at);
  assertStringIncludes(err, "holdfast init @team");
  assertStringIncludes(
    (await holdfast("ls", at)).err,
    "HOLDFAST_REGISTRY in the environment as @team",
  );
  await succeeds("init", at);
  await succeeds("save note -", at);
  assertEquals(await succeeds("ls -q -r ./there", at), "note\n");
  await succeeds("mirror team ./copy --create", at);
  assertEquals(await succeeds("ls -q -r ./copy", at), "note\n");
});

Deno.test("hints name the registry that the run was given", async () => {
  await using root = await tempRoot();
  const env = { XDG_CONFIG_HOME: root.join("config") };
  const at = { cwd: root.path, env };
  await fillRegistry(root.path);
  await succeeds("remote add team .holdfast", at);
  const hints: [line: string, hint: string][] = [
    ["info none -r team", "holdfast ls -r team\n"],
    ["info @team/none", "holdfast ls -r @team\n"],
    [
      "info config@none -r ./.holdfast",
      "holdfast alias -r ./.holdfast config, or holdfast ls -r ./.holdfast\n",
    ],
    ["cat @team", "holdfast ls @team\n"], // it is named already
    ["info none", "holdfast ls\n"],
    ["alias note -r team --bogus", 'See "holdfast alias --help".\n'],
  ];
  for (const [line, hint] of hints) {
    assertStringIncludes((await holdfast(line, at)).err, hint, line);
  }
  const { error } = JSON.parse((await holdfast("info none -r team --json", at)).err);
  assertStringIncludes(error.hint, "holdfast ls -r team");
  const row = await holdfast("batch verify - -r team", { ...at, stdin: '{"ref":"none"}' });
  assertStringIncludes(row.err, "holdfast ls -r team\n");
  await succeeds("init ./empty", at);
  assertStringIncludes(
    (await holdfast("ls -r ./empty", at)).err,
    "holdfast save -r ./empty NAME FILE\n",
  );
});

Deno.test("rows of a batch and inputs name no other registry, and are told what to do instead", async () => {
  await using root = await tempRoot();
  const env = { XDG_CONFIG_HOME: root.join("config") };
  const at = { cwd: root.path, env };
  await fillRegistry(root.path);
  await succeeds("remote add team .holdfast", at);
  for (
    const [line, stdin] of [["verify", '{"ref":"@team/note@1"}'], [
      "save",
      '{"name":"@team/note","value":1}',
    ]]
  ) {
    const { code, err } = await holdfast(`batch ${line} -`, { ...at, stdin });
    assertEquals(code, 1, line);
    assertStringIncludes(err, "and name it by -r team");
  }
  const refused = await holdfast("save new - --input @team/note@1", { ...at, stdin: "x" });
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.err, "holdfast mirror @team HERE note");
  await succeeds("save @team/new - --input @team/note@1", { ...at, stdin: "x" });
  assertEquals(JSON.parse(await succeeds("info new --json", at)).inputs, ["note@1"]);
});

Deno.test("shells are offered names of registries, and what is in them", async () => {
  await using root = await tempRoot();
  const env = { XDG_CONFIG_HOME: root.join("config") };
  const at = { cwd: root.path, env };
  await fillRegistry(root.path);
  await succeeds("remote add team .holdfast", at);
  const offered = async (...words: string[]) =>
    (await succeeds(["__complete", "--", ...words], at)).split("\n").slice(0, -1);
  assertEquals(await offered("load", "@t"), ["@team/config", "@team/data:raw", "@team/note"]);
  assertEquals(await offered("load", "@team/config@p"), ["@team/config@production"]);
  assertEquals(await offered("-r", "te"), ["team"]);
  assertEquals(await offered("mirror", "@"), ["@team"]);
  assertEquals(await offered("remote", "rm", ""), ["team"]);
  await succeeds("remote add tea ./none", at);
  assertEquals(await offered("load", "@t"), ["@tea/", "@team/"]);
  await Deno.writeTextFile(root.join("config/holdfast/config.json"), "{");
  assertEquals(await offered("remote", "rm", ""), []);
  assertEquals(await offered("load", "no"), ["note", "note@"], "what needs no names of registries");
});

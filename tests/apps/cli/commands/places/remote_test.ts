import { assertEquals, assertStringIncludes } from "@std/assert";
import { cliTest, fillRegistry } from "../../../captured_io.ts";

cliTest("a named registry works as -r team and @team/REF", async (it) => {
  const env = { XDG_CONFIG_HOME: it.root.join("config") };
  await Deno.mkdir(it.root.join("elsewhere"));
  await fillRegistry(it.root.path);
  await it.tells("remote add team .holdfast", `team is ${it.root.join(".holdfast")}`, { env });
  const at = { cwd: it.root.join("elsewhere"), env };
  for (
    const line of ["ls -q -r team", "ls -q -r @team", "ls -q --registry=team", "ls -q @team"]
  ) {
    await it.prints(line, "config\ndata:raw\nnote\n", at);
  }
  await it.prints("ls -q @team/da", "data:raw\n", at);
  await it.succeeds("verify @team", at);
  await it.fails("info @team", 2, "Write @team/NAME", at);
  await it.prints("load @team/note", "hello", at);
  await it.prints(
    "load @team/config@1 -r team",
    await it.succeeds("load config@1 -r team", at),
    at,
  );
  await it.succeeds("copy @team/note @team/copied", at);
  await it.prints("cat @team/copied text.txt", "hello", at);
  assertEquals(await it.json("remote ls --json", at), {
    name: "team",
    location: it.root.join(".holdfast"),
  });
  await it.succeeds("remote rm @team", at);
  await it.fails("ls -r @team", 3, "", at);
});

cliTest("two registries in one line are refused", async (it) => {
  const env = { XDG_CONFIG_HOME: it.root.join("config") };
  const at = { cwd: it.root.path, env };
  for (const name of ["a", "b"]) await it.succeeds(`remote add ${name} ./${name}`, at);
  for (const line of ["copy @a/x @b/x", "load @a/x -r b", "load @a/x -r ./b"]) {
    await it.fails(line, 2, "holdfast mirror ", at);
  }
});

cliTest("remote add refuses taken and invalid names, and secrets", async (it) => {
  const env = { XDG_CONFIG_HOME: it.root.join("config") };
  const at = { cwd: it.root.path, env };
  await it.succeeds("remote add team s3://bucket/team", at);
  await it.fails("remote add team ./other", 4, "", at);
  await it.succeeds("remote add team ./other --force", at);
  await it.fails("remote add @team ./other", 2, "", at);
  await it.fails("remote rm none", 3, "", at);
  for (const url of ["s3://key:verysecret@bucket", "https://host?token=verysecret"]) {
    const { code, out, err } = await it.holdfast(["remote", "add", "x", url], at);
    assertEquals([code, /verysecret/.test(out + err)], [2, false]);
  }
  await it.fails("remote add x s3://bucket --token-file t", 2, "", at);
  assertEquals(
    /secret/.test(await Deno.readTextFile(it.root.join("config/holdfast/config.json"))),
    false,
  );
});

cliTest("init, mirror and HOLDFAST_REGISTRY take names of registries", async (it) => {
  const env = { XDG_CONFIG_HOME: it.root.join("config"), HOLDFAST_REGISTRY: "@team" };
  const at = { cwd: it.root.path, env };
  const { err } = await it.holdfast("remote add team ./there", at);
  assertStringIncludes(err, "holdfast init @team");
  assertStringIncludes(
    (await it.holdfast("ls", at)).err,
    "HOLDFAST_REGISTRY in the environment as @team",
  );
  await it.succeeds("init", at);
  await it.succeeds("save note -", at);
  await it.prints("ls -q -r ./there", "note\n", at);
  await it.succeeds("mirror team ./copy --create", at);
  await it.prints("ls -q -r ./copy", "note\n", at);
});

cliTest("rows and inputs cannot name another registry", async (it) => {
  const env = { XDG_CONFIG_HOME: it.root.join("config") };
  const at = { cwd: it.root.path, env };
  await fillRegistry(it.root.path);
  await it.succeeds("remote add team .holdfast", at);
  for (
    const [line, stdin] of [["verify", '{"ref":"@team/note@1"}'], [
      "save",
      '{"name":"@team/note","value":1}',
    ]]
  ) {
    await it.fails(`batch ${line} -`, 1, "pass -r team", { ...at, stdin });
  }
  await it.fails("save new - --input @team/note@1", 2, "holdfast mirror @team HERE note", {
    ...at,
    stdin: "x",
  });
  await it.succeeds("save @team/new - --input @team/note@1", { ...at, stdin: "x" });
  assertEquals((await it.json("info new --json", at)).inputs, ["note@1"]);
});

cliTest("shells are offered names of registries, and what is in them", async (it) => {
  const env = { XDG_CONFIG_HOME: it.root.join("config") };
  const at = { cwd: it.root.path, env };
  await fillRegistry(it.root.path);
  await it.succeeds("remote add team .holdfast", at);
  const offered = async (...words: string[]) =>
    (await it.succeeds(["__complete", "--", ...words], at)).split("\n").slice(0, -1);
  assertEquals(await offered("load", "@t"), ["@team/config", "@team/data:raw", "@team/note"]);
  assertEquals(await offered("load", "@team/config@p"), ["@team/config@production"]);
  assertEquals(await offered("-r", "te"), ["team"]);
  assertEquals(await offered("mirror", "@"), ["@team"]);
  assertEquals(await offered("remote", "rm", ""), ["team"]);
  await it.succeeds("remote add tea ./none", at);
  assertEquals(await offered("load", "@t"), ["@tea/", "@team/"]);
  await Deno.writeTextFile(it.root.join("config/holdfast/config.json"), "{");
  assertEquals(await offered("remote", "rm", ""), []);
  assertEquals(await offered("load", "no"), ["note", "note@"], "what needs no names of registries");
});

import { assertEquals } from "@std/assert";
import { type CliTest, cliTest, fillRegistry } from "../../../captured_io.ts";

/** Options with a folder for the names of registries. */
function withNames({ root }: CliTest) {
  return { env: { XDG_CONFIG_HOME: root.join("config") } };
}

cliTest("a named registry works as -r team and @team/REF", async (it) => {
  const { env } = withNames(it);
  await Deno.mkdir(it.root.join("elsewhere"));
  await fillRegistry(it.root.path);
  await it.tells("remote add team .holdfast", `team is ${it.root.join(".holdfast")}`, { env });
  const at = { cwd: it.root.join("elsewhere"), env };
  for (const place of ["-r team", "-r @team", "--registry=team", "@team"]) {
    await it.prints(`ls -q ${place}`, "config\ndata:raw\nnote\n", at);
  }
  await it.prints("ls -q @team/da", "data:raw\n", at);
  await it.succeeds("verify @team", at);
  await it.fails("info @team", 2, "Write @team/NAME", at);
  await it.prints("load @team/note", "hello", at);
  const config = await it.succeeds("load config@1 -r team", at);
  await it.prints("load @team/config@1 -r team", config, at);
  await it.succeeds("copy @team/note @team/copied", at);
  await it.prints("cat @team/copied text.txt", "hello", at);
  const remote = { name: "team", location: it.root.join(".holdfast") };
  assertEquals(await it.json("remote ls --json", at), remote);
  await it.succeeds("remote rm @team", at);
  await it.fails("ls -r @team", 3, "", at);
});

cliTest("two registries in one line are refused", async (it) => {
  const at = withNames(it);
  for (const name of ["a", "b"]) await it.succeeds(`remote add ${name} ./${name}`, at);
  for (const line of ["diff @a/x @b/x", "load @a/x -r b", "load @a/x -r ./b"]) {
    await it.fails(line, 2, "holdfast mirror ", at);
  }
});

cliTest("remote add refuses taken and invalid names, and secrets", async (it) => {
  const at = withNames(it);
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
  const stored = await Deno.readTextFile(it.root.join("config/holdfast/config.json"));
  assertEquals(stored.includes("secret"), false);
});

cliTest("init, mirror and HOLDFAST_REGISTRY take names of registries", async (it) => {
  const at = { env: { ...withNames(it).env, HOLDFAST_REGISTRY: "@team" } };
  await it.fails("remote add team ./there", 0, "holdfast init @team", at);
  await it.fails("ls", 3, "HOLDFAST_REGISTRY in the environment as @team", at);
  await it.succeeds("init", at);
  await it.succeeds("save note -", at);
  await it.prints("ls -q -r ./there", "note\n", at);
  await it.succeeds("mirror team ./copy --create", at);
  await it.prints("ls -q -r ./copy", "note\n", at);
});

cliTest("rows and inputs cannot name another registry", async (it) => {
  const at = withNames(it);
  await fillRegistry(it.root.path);
  await it.succeeds("remote add team .holdfast", at);
  const rows = { load: '{"ref":"@team/note@1"}', save: '{"name":"@team/note","value":1}' };
  for (const [command, stdin] of Object.entries(rows)) {
    await it.fails(`batch ${command} -`, 1, "pass -r team", { ...at, stdin });
  }
  await it.fails("save new - --input @team/note@1", 2, "holdfast mirror @team HERE note", at);
  await it.succeeds("save @team/new - --input @team/note@1", at);
  assertEquals((await it.json("info new --json", at)).inputs, ["note@1"]);
});

cliTest("shells are offered names of registries, and what is in them", async (it) => {
  const at = withNames(it);
  await fillRegistry(it.root.path);
  await it.succeeds("remote add team .holdfast", at);
  const offered = async (...words: string[]) =>
    (await it.succeeds(["__complete", "--", ...words], at)).split("\n").slice(0, -1);
  assertEquals(await offered("load", "@t"), ["@team/config", "@team/data:raw", "@team/note"]);
  assertEquals(await offered("load", "@team/config@p"), ["@team/config@production"]);
  assertEquals(await offered("-r", "te"), ["team"]);
  assertEquals(await offered("--registry=@t"), ["--registry=@team"]);
  assertEquals(await offered("mirror", "@"), ["@team"]);
  assertEquals(await offered("remote", "rm", ""), ["team"]);
  await it.succeeds("remote add tea ./none", at);
  assertEquals(await offered("load", "@t"), ["@tea/", "@team/"]);
  await Deno.writeTextFile(it.root.join("config/holdfast/config.json"), "{");
  assertEquals(await offered("remote", "rm", ""), []);
  assertEquals(
    await offered("load", "no"),
    ["note", "note@"],
    "this command completes no names of registries",
  );
});

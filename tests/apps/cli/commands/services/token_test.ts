import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cliTest } from "../../../captured_io.ts";

cliTest("token create shows a token once; ls shows all but it; rm removes it", async (it) => {
  const at = { cwd: it.root.path };
  const line = [
    "token",
    "create",
    "for CI",
    "--tokens",
    "tokens.json",
    "--scope",
    "read:*",
    "--scope",
    "write:a:*",
  ];
  const created = await it.holdfast([...line, "--expires", "90d"], at);
  assertEquals(created.code, 0, created.err);
  assertMatch(created.out, /^holdfast_[0-9a-f]{12}_\S{43}\n$/);
  const id = created.out.slice(9, 21);
  assertStringIncludes(created.err, id);
  const listed = await it.succeeds("token ls --tokens tokens.json", at);
  assertStringIncludes(listed, `${id}  read:* write:a:*  20`);
  assertStringIncludes(listed, "for CI");
  assertEquals(listed.includes(created.out.slice(22, 40)), false);
  const json = await it.json("token ls --tokens tokens.json --json", at);
  assertEquals(Object.keys(json), ["id", "note", "scopes", "createdAt", "expiresAt"]);
  await it.prints(`token rm ${id} --tokens tokens.json`, `Removed ${id}\n`, at);
  await it.fails(`token rm ${id} --tokens tokens.json`, 3, "", at);
});

cliTest("token reports a missing file or scope, and an unknown scope", async (it) => {
  const at = { cwd: it.root.path };
  for (
    const [line, said] of [
      ["token create --scope admin", "Add --tokens FILE"],
      ["token create --tokens t", '--scope "read:*"'],
      ["token create --tokens t --scope all", "read:team/*"],
      ["token create --tokens t --scope read:a,save:b", "each scope separately"],
      ["token ls --tokens t", "token create --tokens"],
    ]
  ) {
    const { code, err } = await it.holdfast(line, at);
    assertEquals(code === 0, false, line);
    assertStringIncludes(err, said);
  }
});

cliTest("token ls shows the last use of a token", async (it) => {
  const at = { cwd: it.root.path };
  const { id } = await it.json("token create ci --tokens t --scope admin --json", at);
  await it.tells("token ls --tokens t", "unknown", at);
  await Deno.writeTextFile(it.root.join("t.used"), '{"format":1,"tokens":{}}');
  await it.tells("token ls --tokens t", "never  ci", at);
  const lastUse = { at: "2026-11-27T08:01:56.712Z", from: "192.0.2.7" };
  await Deno.writeTextFile(it.root.join("t.used"), JSON.stringify({ tokens: { [id]: lastUse } }));
  await it.tells("token ls --tokens t", "from 192.0.2.7  ci", at);
  assertEquals((await it.json("token ls --tokens t --json", at)).lastUse, lastUse);
});

cliTest("token set and token rotate change a token", async (it) => {
  const at = { cwd: it.root.path };
  const created = await it.json("token create ci --tokens t --scope admin --json", at);
  const set = `token set ${created.id} --tokens t --scope read:* --expires never`;
  await it.prints(set, `${created.id}: read:*, expires never\n`, at);
  const rotated = await it.holdfast(`token rotate ${created.id} --tokens t --keep 1d`, at);
  assertEquals(rotated.code, 0, rotated.err);
  assertMatch(rotated.out, new RegExp(`^holdfast_${created.id}_\\S{43}\n$`));
  assertMatch(rotated.err, /accepted until/);
  const [shown] = [await it.json("token ls --tokens t --json", at)];
  assertEquals([shown.scopes, shown.previous, shown.sha256], [["read:*"], undefined, undefined]);
  await it.fails(`token set ${created.id} --tokens t`, 2, "Add --scope", at);
  await it.fails(`token rotate 012345678901 --tokens t`, 3, "token ls --tokens", at);
  const again = "token create ci --tokens t --scope admin";
  await it.fails(again, 4, `holdfast token rotate ${created.id}`, at);
});

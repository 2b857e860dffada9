// Changes of tokens that a service has open.
import { assertEquals } from "@std/assert";
import { changeToken, createToken, openTokenFile, rotateToken } from "../../../../apps/server.ts";
import { readTokens } from "../../../../apps/server/access/token_file.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { rejected } from "../../../registry/rejected.ts";

const DAY = 86_400_000;

testInRoot("a changed token keeps its secret, and has the new scopes", async (root) => {
  const system = createScriptedSystem();
  const { advance } = system;
  const file = root.join("tokens.json");
  const { token, stored } = await createToken(file, { scopes: ["admin"], note: "ci", system });
  const check = await openTokenFile(file, { system });
  const find = async () => {
    advance(2000);
    return await check.find(`Bearer ${token}`);
  };
  assertEquals((await find())?.scopes, ["admin"]);
  const { id } = stored;
  const changed = await changeToken(file, id, { scopes: ["read:*"], note: "build", system });
  assertEquals([changed.scopes, changed.note, changed.expiresAt], [["read:*"], "build", undefined]);
  const found = await find();
  assertEquals([found?.scopes, found?.author], [["read:*"], { name: "build", token: id }]);
  await changeToken(file, id, { expiresInMs: DAY, system });
  assertEquals((await find())?.scopes, ["read:*"]);
  advance(DAY);
  assertEquals(await find(), undefined);
  await changeToken(file, id, { expiresInMs: Infinity, system });
  assertEquals((await find())?.scopes, ["read:*"]);
});

testInRoot("a rotated token has a new secret, and the old one ends", async (root) => {
  const system = createScriptedSystem();
  const { advance } = system;
  const file = root.join("tokens.json");
  const options = { scopes: ["read:*"], note: "ci", expiresInMs: 10 * DAY, system };
  const first = await createToken(file, options);
  const { id } = first.stored;
  const check = await openTokenFile(file, { system });
  const accepted = async (tokens: string[]) => {
    advance(2000);
    const ids: (string | undefined)[] = [];
    for (const token of tokens) ids.push((await check.find(`Bearer ${token}`))?.token);
    return ids;
  };
  const second = await rotateToken(file, id, { keepForMs: DAY, system });
  assertEquals(await accepted([first.token, second.token]), [id, id]);
  advance(DAY);
  assertEquals(await accepted([first.token, second.token]), [undefined, id]);
  const third = await rotateToken(file, id, { system });
  assertEquals(await accepted([first.token, second.token, third.token]), [
    undefined,
    undefined,
    id,
  ]);
  const [stored] = await readTokens(file) ?? [];
  assertEquals([stored?.note, stored?.scopes, stored?.expiresAt, stored?.previous], [
    "ci",
    ["read:*"],
    first.stored.expiresAt,
    undefined,
  ]);
  await rotateToken(file, id, { keepForMs: 100 * DAY, system });
  advance(10 * DAY);
  assertEquals(await accepted([third.token]), [undefined], "no longer than the token");
});

testInRoot("tokens with one note, unknown ids and no scopes are refused", async (root) => {
  const file = root.join("tokens.json");
  const { stored: { id } } = await createToken(file, { scopes: ["admin"], note: "ci" });
  const other = await createToken(file, { scopes: ["admin"] });
  await createToken(file, { scopes: ["admin"] }); // without notes, ids tell them apart
  await rejected("AlreadyExists", createToken(file, { scopes: ["admin"], note: "ci" }));
  await rejected("AlreadyExists", changeToken(file, other.stored.id, { note: "ci" }));
  for (const note of [" ci", "ci\u202e", "ci\n", "ci\u200b"]) { // the same author
    await rejected("AlreadyExists", createToken(file, { scopes: ["admin"], note }));
  }
  assertEquals((await changeToken(file, id, { note: "ci" })).note, "ci");
  await rejected("NotFound", changeToken(file, "0123456789ab", { scopes: ["read:*"] }));
  await rejected("NotFound", rotateToken(file, "0123456789ab"));
  await rejected("Invalid", changeToken(file, id, { scopes: [] }));
  await rejected("Invalid", changeToken(file, id, { scopes: ["read"] }));
  await rejected("Invalid", changeToken(file, id, { expiresInMs: 0 }));
  await rejected("Invalid", rotateToken(file, id, { keepForMs: -1 }));
  assertEquals((await readTokens(file))?.length, 3);
});

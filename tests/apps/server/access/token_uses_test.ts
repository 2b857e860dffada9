// The last use of each token, in a file beside the token file.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { createHandler, createToken, openTokenFile } from "../../../../apps/server.ts";
import { removeToken } from "../../../../apps/server/access/change_tokens.ts";
import { readTokenUses } from "../../../../apps/server/access/token_uses.ts";
import { realSystem } from "../../../../core/system.ts";
import { openRegistry } from "../../../../mod.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { testInRoot } from "../../../support/temp_root.ts";

const MINUTE = 60_000;

testInRoot("a request notes when and from where its token was used", async (root) => {
  const file = root.join("tokens.json");
  const { token, stored: { id } } = await createToken(file, { scopes: ["admin"] });
  await using registry = await openRegistry("memory:");
  const handler = createHandler(registry, { tokens: await openTokenFile(file) });
  assertEquals(await readTokenUses(file), undefined);
  const ask = async (path: string, sent = token) => {
    const headers = { authorization: `Bearer ${sent}` };
    const info = { remoteAddr: { hostname: "192.0.2.7" } };
    return await (await handler(new Request(`http://localhost${path}`, { headers }), info)).text();
  };
  const before = realSystem.now();
  await ask("/names");
  await ask("/names", `${token.slice(0, -1)}x`);
  assertStringIncludes(
    await ask("/metrics"),
    `holdfast_token_last_use_timestamp_seconds{token="${id}"} `,
  );
  await handler.close();
  const use = (await readTokenUses(file))?.get(id);
  assertEquals(use?.from, "192.0.2.7");
  assertEquals(Date.parse(use!.at) >= before && Date.parse(use!.at) <= realSystem.now(), true);
  const text = await Deno.readTextFile(`${file}.used`);
  assertEquals(text.includes(token.slice(22)), false);
  if (Deno.build.os !== "windows") {
    assertEquals((await Deno.stat(`${file}.used`)).mode! & 0o777, 0o600);
  }
});

testInRoot("uses are written at most once a minute, and at the end", async (root) => {
  const file = root.join("tokens.json");
  const system = createScriptedSystem();
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) {
    ids.push((await createToken(file, { scopes: ["admin"] })).stored.id);
  }
  const check = await openTokenFile(file, { system });
  const written = async () => Array.from((await readTokenUses(file))?.keys() ?? []).sort();
  check.used!(ids[0]!);
  await check.settle!();
  assertEquals(await written(), [ids[0]]);
  await Deno.remove(`${file}.used`);
  system.advance(MINUTE / 2);
  check.used!(ids[1]!);
  for (let turn = 0; turn < 20; turn++) assertEquals(await written(), [], "within the minute");
  system.advance(MINUTE / 2);
  check.used!(ids[2]!);
  await check.settle!();
  assertEquals(await written(), ids.toSorted());
  await Deno.remove(`${file}.used`);
  await check.settle!();
  assertEquals(await written(), [], "nothing is new");
});

testInRoot("services with one token file keep what the others noted", async (root) => {
  const file = root.join("tokens.json");
  const system = createScriptedSystem();
  const [a, b] = [
    await createToken(file, { scopes: ["admin"] }),
    await createToken(file, { scopes: ["admin"] }),
  ].map(({ stored: { id } }) => id) as [string, string];
  const services = [
    await openTokenFile(file, { system }),
    await openTokenFile(file, { system }),
  ] as const;
  const useAt = async (service: 0 | 1, id: string, from: string) => {
    system.advance(MINUTE);
    services[service].used!(id, from);
    await services[service].settle!();
  };
  await useAt(0, a, "first");
  await useAt(1, b, "second");
  await useAt(1, a, "third");
  await useAt(0, b, "fourth");
  const uses = await readTokenUses(file);
  assertEquals([uses?.get(a)?.from, uses?.get(b)?.from], ["third", "fourth"]);
  await removeToken(file, a);
  system.advance(MINUTE);
  await services[1].find("Bearer none"); // reads the file again only for a token
  await services[1].problem!();
  await useAt(1, b, "fifth");
  assertEquals(Array.from((await readTokenUses(file))!.keys()), [b], "a removed one is forgotten");
});

testInRoot(
  "a file that cannot be written is one warning, and a damaged one is replaced",
  async (root) => {
    const file = root.join("tokens.json");
    const system = createScriptedSystem();
    const { token, stored: { id } } = await createToken(file, { scopes: ["admin"], system });
    const warnings: string[] = [];
    const logger = { warn: (text: string) => void warnings.push(text) };
    const check = await openTokenFile(file, { system, logger });
    await Deno.mkdir(`${file}.used`);
    for (let use = 0; use < 3; use++) {
      system.advance(MINUTE);
      check.used!(id);
      await check.settle!();
    }
    assertEquals(warnings.length, 1);
    assertStringIncludes(warnings[0]!, "Cannot note when tokens are used");
    assertEquals((await check.find(`Bearer ${token}`))?.token, id);
    assertEquals(Object.keys(check.lastUses!()), [id]);
    await Deno.remove(`${file}.used`);
    await Deno.writeTextFile(`${file}.used`, '{"tokens":{"0123456789ab":{"at":7}}}');
    assertEquals((await readTokenUses(file))?.size, 0);
    system.advance(MINUTE);
    check.used!(id);
    await check.settle!();
    assertEquals(Array.from((await readTokenUses(file))!.keys()), [id]);
    const names = Array.from(Deno.readDirSync(root.path), ({ name }) => name).sort();
    assertEquals(names, ["tokens.json", "tokens.json.used"], "no temporary file is left");
  },
);

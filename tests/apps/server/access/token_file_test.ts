import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import fs from "node:fs";
import { join } from "@std/path";
import { openRegistry, RegistryError } from "../../../../mod.ts";
import { createHandler } from "../../../../apps/server.ts";
import { createToken, removeToken } from "../../../../apps/server/access/change_tokens.ts";
import {
  openTokenFile,
  parseTokens,
  readTokens,
} from "../../../../apps/server/access/token_file.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { LOADS_LATE, REPOSITORY } from "../../../support/run_deno.ts";
import { tempRoot } from "../../../support/temp_root.ts";

Deno.test("the file has only the hash of a token, and only its owner may read it", async () => {
  await using root = await tempRoot();
  const file = root.join("tokens.json");
  const { token, stored } = await createToken(file, { scopes: ["read:*"], note: "ci" });
  assertMatch(token, /^holdfast_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
  const text = await Deno.readTextFile(file);
  assert(!text.includes(token.slice(-43)), "the secret is in the file");
  assertEquals(await readTokens(file), [stored]);
  if (Deno.build.os !== "windows") assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);
  const other = await createToken(file, { scopes: ["admin"] });
  assertNotEquals(other.token, token);
  assertEquals((await readTokens(file))!.map(({ id }) => id), [stored.id, other.stored.id]);
});

Deno.test("a token file that others may write to logs a warning", async () => {
  if (Deno.build.os === "windows") return;
  await using root = await tempRoot();
  const file = root.join("tokens.json");
  await createToken(file, { scopes: ["admin"] });
  const warned: string[] = [];
  const logger = { error() {}, warn: (text: string) => void warned.push(text) };
  await openTokenFile(file, { logger });
  await Deno.chmod(file, 0o644);
  await openTokenFile(file, { logger });
  assertEquals(warned, [], "readers get only hashes");
  await Deno.chmod(file, 0o620);
  await openTokenFile(file, { logger });
  assertEquals(warned.length, 1);
  assert(warned[0].includes(`chmod 600 ${file}`), warned[0]);
});

Deno.test("expired tokens and files of later releases are refused", async () => {
  await using root = await tempRoot();
  const file = root.join("tokens.json");
  const made = await assertRejects(
    () => createToken(file, { scopes: ["admin"], expiresInMs: 0 }),
    RegistryError,
  );
  assertEquals([made.code, await readTokens(file)], ["Invalid", undefined]);
  await Deno.writeTextFile(file, JSON.stringify({ format: 2, tokens: [] }));
  assertEquals((await assertRejects(() => readTokens(file), RegistryError)).code, "Corrupt");
});

Deno.test("a token is valid as a whole until it expires", async () => {
  await using root = await tempRoot();
  const file = root.join("tokens.json");
  const system = createScriptedSystem();
  const { token, stored } = await createToken(file, {
    scopes: ["read:team/*"],
    expiresInMs: 60_000,
    system,
  });
  const check = await openTokenFile(file, { system });
  const found = await check.find(`Bearer ${token}`);
  assertEquals([found?.token, found?.may("read", "team/a")], [stored.id, true]);
  assertEquals(found?.may("read", "other"), false);
  const forged = [
    token.slice(0, -1) + (token.endsWith("A") ? "E" : "A"),
    token.replace(stored.id, "0123456789ab"),
    token.slice(0, -1),
    `${token}A`,
    `holdfast_${stored.id}_${"A".repeat(43)}`,
    stored.sha256,
    "",
  ];
  for (const text of forged) assertEquals(await check.find(`Bearer ${text}`), undefined, text);
  assertEquals(await check.find(token), undefined, "without its scheme");
  assertEquals(await check.find(`Basic ${token}`), undefined);
  system.advance(59_999);
  assert(await check.find(`bearer ${token}`) !== undefined);
  system.advance(1);
  assertEquals(await check.find(`Bearer ${token}`), undefined, "expired");
});

Deno.test("new and removed tokens take effect within a second", async () => {
  await using root = await tempRoot();
  const file = root.join("tokens.json");
  const system = createScriptedSystem();
  const first = await createToken(file, { scopes: ["admin"] });
  const check = await openTokenFile(file, { system });
  const second = await createToken(file, { scopes: ["read:*"] });
  await removeToken(file, first.stored.id);
  assert(await check.find(`Bearer ${first.token}`) !== undefined, "at most one check per second");
  system.advance(1000);
  assertEquals(await check.find(`Bearer ${first.token}`), undefined);
  assert(await check.find(`Bearer ${second.token}`) !== undefined);
});

Deno.test("a missing or damaged file revokes all tokens and logs an error", async () => {
  await using root = await tempRoot();
  const file = root.join("tokens.json");
  const system = createScriptedSystem();
  const { token } = await createToken(file, { scopes: ["admin"] });
  const logged: string[] = [];
  const check = await openTokenFile(file, {
    system,
    logger: { error: (text: string) => logged.push(text) },
  });
  await Deno.writeTextFile(file, "{");
  system.advance(1000);
  assertEquals(await check.find(`Bearer ${token}`), undefined);
  assertEquals(logged.length, 1);
  await Deno.remove(file);
  system.advance(1000);
  assertEquals(await check.find(`Bearer ${token}`), undefined);
});

Deno.test("a service without its tokens is not ready, and says why", async () => {
  await using root = await tempRoot();
  const file = root.join("tokens.json"), away = root.join("away");
  const system = { ...createScriptedSystem(), sleep: () => new Promise<void>(() => {}) };
  const { token } = await createToken(file, { scopes: ["admin"] });
  const logged: string[] = [];
  const tokens = await openTokenFile(file, {
    system,
    logger: { error: (text: string) => logged.push(text), warn: (text) => logged.push(text) },
  });
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry, { tokens, system });
  const headers = { authorization: `Bearer ${token}` };
  const ask = (path: string) => handler(new Request(`http://localhost${path}`, { headers }));
  const states: [problem: string, breaks: () => void][] = [
    ["missing", () => fs.renameSync(file, away)],
    ["unreadable", () => (fs.renameSync(file, away), fs.mkdirSync(file))],
    ["damaged", () => (fs.renameSync(file, away), fs.writeFileSync(file, "{"))],
  ];
  for (const [problem, breaks] of states) {
    assertEquals([(await ask("/ready")).status, (await ask("/names")).status], [200, 200]);
    breaks();
    system.advance(1000);
    const ready = await ask("/ready");
    assertEquals(ready.status, 503, problem);
    assertEquals(await ready.json(), { ready: false, reason: "the tokens cannot be checked" });
    assertEquals(await tokens.problem!(), problem);
    const refused = await ask("/names");
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "1"], problem);
    assertEquals((await ask("/health")).status, 200);
    system.advance(1000);
    assertEquals((await ask("/names")).status, 503);
    fs.rmSync(file, { recursive: true, force: true });
    fs.renameSync(away, file);
    system.advance(2000);
  }
  const metrics = await (await ask("/metrics")).text();
  for (const [problem] of states) {
    assert(metrics.includes(`holdfast_unchecked_tokens_total{reason="${problem}"} 4`), metrics);
  }
  assertEquals(logged.length, 2 * states.length, "each failure, and its end, once");
  assert(logged.every((line) => line.includes(file)), logged.join("\n"));
});

const withoutRights = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"];
const hasForeignFiles = Deno.build.os === "linux" && Deno.uid() === 0;

Deno.test({
  name: "a token file of another user is a Denied whose hint keeps the file",
  ignore: !hasForeignFiles,
  async fn() {
    await using root = await tempRoot();
    const file = root.join("tokens.json");
    await createToken(file, { scopes: ["admin"] });
    fs.chownSync(file, 65_533, 65_533);
    fs.chmodSync(root.path, 0o755);
    const failed = async (...args: string[]) => {
      const [program, ...options] = [...withoutRights, Deno.execPath(), "run", "-A", LOADS_LATE];
      const cli = join(REPOSITORY, "apps/cli.ts");
      const command = new Deno.Command(program, {
        args: [...options, `--config=${join(REPOSITORY, "deno.json")}`, cli, ...args],
        cwd: root.path,
        env: { NO_COLOR: "1" },
      });
      const { code, stderr } = await command.output();
      assertNotEquals(code, 0);
      return new TextDecoder().decode(stderr);
    };
    const served = await failed("serve", "-r", "memory:", "--port", "0", "--tokens", file);
    assertMatch(served, /this user may not read it, or not its folder/);
    assertMatch(served, new RegExp(`sudo chown 0 ${file}`));
    const listed = await failed("token", "ls", "--tokens", file);
    assertMatch(listed, /as the owner of the file, or as root/);
    const changed = await failed("token", "create", "--tokens", file, "--scope", "read:*");
    assertMatch(changed, /permission denied/);
    assert(![served, listed, changed].some((text) => /\b(rm|remove)\b/.test(text)));
    assertEquals(fs.statSync(file).uid, 65_533);
  },
});

Deno.test("invalid scopes and invalid files are refused", async () => {
  await using root = await tempRoot();
  const file = root.join("tokens.json");
  const codeOf = async (run: () => Promise<unknown>) =>
    (await assertRejects(run, RegistryError)).code;
  for (const scopes of [[], ["all"]]) {
    assertEquals(await codeOf(() => createToken(file, { scopes })), "Invalid");
  }
  assertEquals(await codeOf(() => openTokenFile(file)), "NotFound");
  const unknown = '{"tokens":[{"id":"a","sha256":"","scopes":["all"]}]}';
  for (const text of ["", "[]", '{"tokens":[{"id":"a"}]}', unknown]) {
    await Deno.writeTextFile(file, text);
    assertEquals(await codeOf(() => openTokenFile(file)), "Corrupt", text);
  }
});

Deno.test("concurrent changes of the tokens are a Conflict", async () => {
  await using root = await tempRoot();
  const file = root.join("tokens.json");
  await Deno.writeTextFile(`${file}.new`, ""); // another writer
  const error = await assertRejects(() => createToken(file, { scopes: ["admin"] }), RegistryError);
  assertEquals(error.code, "Conflict");
  assert((await Deno.stat(`${file}.new`)).isFile, "it was removed");
});

Deno.test("tokens of a secret are those of the file", async () => {
  await using root = await tempRoot();
  const file = root.join("tokens.json");
  const system = createScriptedSystem();
  const { token, stored } = await createToken(file, {
    scopes: ["read:team/*"],
    expiresInMs: 1000,
    system,
  });
  const check = parseTokens(await Deno.readTextFile(file), { system });
  const found = await check.find(`Bearer ${token}`);
  assertEquals([found?.token, found?.scopes], [stored.id, ["read:team/*"]]);
  assertEquals(await check.find(`Bearer ${token.slice(0, -1)}!`), undefined);
  assertEquals(await check.find(null), undefined);
  system.advance(1000);
  assertEquals(await check.find(`Bearer ${token}`), undefined);
});

Deno.test("anything else as a secret is Corrupt, without quoting it", () => {
  const damaged = { id: "a", sha256: "b", scopes: ["admin"] };
  const foreign = { id: "a", sha256: "0".repeat(64), scopes: ["own:secret"] };
  for (
    const content of [
      "holdfast_secret",
      "",
      undefined as unknown as string,
      "{}",
      '{ "format": 2, "tokens": [] }',
      JSON.stringify({ tokens: [damaged] }),
      JSON.stringify({ tokens: [foreign] }),
    ]
  ) {
    const error = assertThrows(() => parseTokens(content), RegistryError);
    assertEquals(error.code, "Corrupt");
    assert(!Deno.inspect(error).includes("secret"), Deno.inspect(error));
  }
});

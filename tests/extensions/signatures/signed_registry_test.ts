// Reads that require signatures, and the same through a service and the command line.
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { createApp } from "../../../apps/server/app.ts";
import type { AuditEntry } from "../../../apps/server.ts";
import { createAccess, parseScope } from "../../../apps/server/access/access.ts";
import { openHttpRegistry } from "../../../apps/client.ts";
import { RegistryError } from "../../../mod.ts";
import { changeRules } from "../../../extensions/maintenance/mod.ts";
import { readRules } from "../../../registry/tools/settings.ts";
import { annotate, openPages } from "../../../registry/mod.ts";
import { signedRegistry, signVersion } from "../../../extensions/signatures/signatures.ts";
import { cliTest } from "../../apps/captured_io.ts";
import { testService } from "../../apps/client/service.ts";
import { rejected } from "../../registry/rejected.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { ecKeys, NAME, withVersion } from "./signed.ts";

testInRoot("each read of an unsigned version is refused, and writes nothing", async (root) => {
  const { privateKey, publicKey: signedBy } = ecKeys();
  await using registry = await withVersion();
  const signed = signedRegistry(registry, { signedBy });
  const to = root.join("out");
  const reads: Record<string, () => Promise<unknown>> = {
    load: () => signed.load(NAME),
    get: () => signed.get(NAME),
    open: () => signed.open(`${NAME}@1`),
    openPages: () => openPages(signed, NAME),
    info: () => signed.info(NAME),
    download: () => signed.download(NAME, { to }),
  };
  for (const [what, read] of Object.entries(reads)) {
    await rejected("Conflict", read(), /no valid signature of the key \w{16}$/m);
    await assertRejects(() => readFile(to), Error, "", what);
  }
  await signVersion(registry, NAME, { key: privateKey });
  for (const read of Object.values(reads)) await read();
  assertEquals(await signed.load(`${NAME}@1`), { layers: [3, 4] });
  await rejected("Invalid", signed.load(NAME, { verify: "none" }), /unchecked bytes/);
  await rejected("Unsupported", signed.save(NAME, 1), /read-only/);
});

Deno.test("a version that was replaced since it was signed is refused with the reason", async () => {
  const { privateKey, publicKey: signedBy } = ecKeys();
  await using registry = await withVersion();
  await signVersion(registry, NAME, { key: privateKey });
  await registry.save(NAME, { layers: [] }, { version: "1.0.0", onConflict: "overwrite" });
  const signed = signedRegistry(registry, { signedBy });
  await rejected("Conflict", signed.load(NAME), /the key did not sign the files of this version/);
  const both = [signedBy, ecKeys().publicKey];
  await rejected("Conflict", signedRegistry(registry, { signedBy: both }).load(NAME), /; it has/);
});

Deno.test("signatures cannot be required by no key, a private one, or words", async () => {
  await using registry = await withVersion();
  const { privateKey } = ecKeys();
  for (const signedBy of [[], privateKey, "words"] as const) {
    await assertRejects(
      async () => await Promise.resolve(signedRegistry(registry, { signedBy })),
      RegistryError,
      "Cannot",
    );
  }
});

testService("a client requires signatures of what a service sends", async ({ open }) => {
  const { privateKey, publicKey: signedBy } = ecKeys();
  await using registry = await open();
  await registry.save(NAME, { layers: 3 });
  const signed = signedRegistry(registry, { signedBy });
  await rejected("Conflict", signed.load(NAME), /no valid signature/);
  await signVersion(registry, NAME, { key: privateKey });
  assertEquals(await signed.load(NAME), { layers: 3 });
});

const tokens = {
  find(authorization: string | null) {
    const [, text = ""] = /^Bearer (.+)$/.exec(authorization ?? "") ?? [];
    const author = { name: text, token: text };
    return Promise.resolve(createAccess(text, text.split(",").map(parseScope), { author }));
  },
};

Deno.test("a service refuses a promotion, tells who may read why, and notes it in its trail", async () => {
  await using stored = await withVersion();
  await stored.save(NAME, 2, { metadata: { metrics: { auc: 0.5 } } });
  const entries: AuditEntry[] = [];
  const app = createApp(stored, { tokens, audit: (entry) => void entries.push(entry) });
  const as = (token: string) =>
    openHttpRegistry("http://localhost", { token, fetch: (request) => app(request) });
  const admin = await as("admin");
  const set = { pattern: NAME, protectAliases: ["live"], promote: { where: "metrics.auc > 0.9" } };
  await changeRules(admin, { set });
  assertEquals((await readRules(admin, { name: NAME })).rules, [set]);
  const unknown = { ...set, promote: { later: 1 } };
  await rejected("Invalid", changeRules(admin, { set: unknown }), /"later" is unknown/);
  const reader = await as(`promote:${NAME},read:${NAME}`);
  const moved = () => reader.setAlias(NAME, "live", "2.0.0", { force: true });
  const refused = await rejected("Conflict", moved(), /metrics.auc is 0.5/);
  assertEquals(refused.reason?.kind, "promotion_refused");
  const { by, aliases, outcome, unmet } = entries.at(-1)!;
  assertEquals([by?.name, aliases, outcome], [`promote:${NAME},read:${NAME}`, ["live"], "refused"]);
  assertMatch(unmet!, /auc is 0.5/);
  const request = new Request(`http://localhost/artifacts/${NAME}/aliases/live`, {
    method: "PUT",
    headers: { authorization: `Bearer promote:${NAME}`, "content-type": "application/json" },
    body: JSON.stringify({ version: "2.0.0", force: true }),
  });
  const blind = await (await app(request)).text();
  assertMatch(blind, /does not meet the conditions of a rule/);
  assertEquals([blind.includes("auc"), blind.includes("0.5")], [false, false]);
  const mover = await as(`move:${NAME},read:${NAME}`);
  await rejected("Denied", mover.setAlias(NAME, "live", "2", { force: true }), /promote/);
  await annotate(admin, `${NAME}@2`, { labels: { ok: true } });
  await changeRules(admin, {
    set: { ...set, promote: { where: "labels.ok = true" } },
    replace: true,
  });
  await moved();
  assertEquals((await stored.info(`${NAME}@live`)).version, "2.0.0");
});

cliTest("rules, promote, download and verify: from a key to a promoted version", async (it) => {
  const [own, other] = [ecKeys(), ecKeys()];
  const files = { "key.pem": own.privateKey, "key.pub": own.publicKey, "o.pub": other.publicKey };
  for (const [file, text] of Object.entries(files)) await writeFile(join(it.cwd, file), text);
  await mkdir(join(it.cwd, "model"));
  await writeFile(join(it.cwd, "model/weights.bin"), "weights");
  await it.succeeds("init");
  await it.succeeds("save models:digits model");
  const set = "rules set models:* --require-signature key.pub --promote-if labels.auc>0.9";
  assertMatch(
    await it.succeeds(`${set} --protect-alias production`),
    /protected aliases production, promoted only if signed by the key \w+ and if labels.auc>0.9/,
  );
  const early = await it.holdfast("promote models:digits production");
  assertEquals(early.code !== 0, true);
  assertMatch(early.err, /no valid signature of the key \w{16}; labels.auc>0.9 does not hold/);
  const unsigned = await it.holdfast("download models:digits out --require-signature key.pub");
  assertEquals(unsigned.code !== 0, true);
  assertMatch(unsigned.err, /Cannot read "models:digits@1.0.0": it has no valid signature/);
  await assertRejects(() => readFile(join(it.cwd, "out/weights.bin")));
  for (const line of ["cat models:digits", "verify models:digits@1.0.0", "verify"]) {
    const { code, err } = await it.holdfast(`${line} --require-signature key.pub`);
    assertEquals([line, code !== 0], [line, true]);
    assertMatch(err, /no valid signature/);
  }
  await it.succeeds("sign models:digits --key key.pem");
  await it.succeeds("note models:digits@1.0.0 --label auc=0.95");
  assertMatch(await it.succeeds("promote models:digits production"), /production is 1.0.0/);
  await it.succeeds("download models:digits@production out --require-signature key.pub");
  assertEquals(await readFile(join(it.cwd, "out/weights.bin"), "utf8"), "weights");
  await it.succeeds("verify models:digits@production --require-signature key.pub");
  await it.succeeds("verify --require-signature key.pub");
  const both = "--require-signature key.pub --require-signature o.pub";
  assertMatch((await it.holdfast(`verify models:digits ${both}`)).err, /no valid signature/);
  assertMatch(await it.succeeds("rules test models:digits"), /promoted only if signed by the key/);
  const other_ = await it.holdfast("rules set a --require-signature key.pem");
  assertMatch(other_.err, /private key/);
  assertMatch(await it.succeeds("rules set a --require-review ok"), /protected aliases \*,/);
});

Deno.test("a signed registry has the labels of signed versions", async () => {
  const { privateKey, publicKey: signedBy } = ecKeys();
  await using registry = await withVersion();
  const signed = signedRegistry(registry, { signedBy });
  await assertRejects(() => signed.info(NAME, { annotations: true }), Error, "no valid signature");
  await signVersion(registry, NAME, { key: privateKey });
  const { annotations } = await signed.info(NAME, { annotations: true });
  assertEquals(Object.keys(annotations?.labels ?? {}), ["signatures"]);
  assertEquals((await signed.info(NAME)).annotations, undefined);
});

// Refused changes of tokens that may not read: they learn nothing but the refusal.
import { assert, assertEquals } from "@std/assert";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { createApp } from "../../../../apps/server/app.ts";
import { openRegistry, publishRelease } from "../../../../mod.ts";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import { dav } from "../../../../extensions/gateways/dav/dav.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";

/** Uses the text after `Bearer ` as scopes, separated by commas. */
const tokens = {
  find(authorization: string | null) {
    const [, text = ""] = /^Bearer (.+)$/.exec(authorization ?? "") ?? [];
    return Promise.resolve(createAccess(text, text.split(",").map(parseScope)));
  },
};

const materializer = { id: "folder", formatVersion: 1 };
const overwriting = { materializer, files: [], onConflict: "overwrite" };

/** Refused changes: the method, the path, and a body. */
const REFUSED: readonly [method: string, path: string, body?: unknown][] = [
  ["DELETE", "/artifacts/held/versions/latest"],
  ["DELETE", "/artifacts/held/versions/%5E3"],
  ["DELETE", "/artifacts/held/versions/latest?dryRun=true"],
  ["DELETE", "/artifacts/held?allVersions=true"],
  ["DELETE", "/artifacts/held?allVersions=true&dryRun=true"],
  ["DELETE", "/artifacts/member/versions/latest"],
  ["DELETE", "/artifacts/ruled:kept/versions/latest"],
  ["DELETE", "/artifacts/ruled:kept?allVersions=true"],
  ["PUT", "/artifacts/aliased:m/aliases/known", { version: "3.0.0" }],
  ["PUT", "/artifacts/aliased:m/aliases/known", { version: "3.0.0", expected: "7.0.0" }],
  ["DELETE", "/artifacts/aliased:m/aliases/known"],
  ["POST", "/artifacts/ruled:kept/versions", { ...overwriting, version: "3.0.0" }],
  ["POST", "/artifacts/aliased:m/versions", { ...overwriting, version: "3.0.0" }],
  ["POST", "/artifacts/aliased:m/versions", { materializer, files: [], alias: ["own", "known"] }],
  ["PUT", "/artifacts/held/drafts/done/parts/other", { files: [{ path: "b", data: "" }] }],
  ["POST", "/artifacts/held/drafts/done/commit", { materializer, parts: ["mine"] }],
];
const SECRETS = ["secret-launch", "secret-part", "ruled:*", "aliased:*", "held@3", "as 3.0.0"];

Deno.test("a refused change tells a token that may not read only that it is refused", async () => {
  await using registry = await openRegistry("memory:", { mutable: true });
  await using app = createApp(registry, { tokens });
  for (const name of ["held", "member", "ruled:kept", "aliased:m"]) {
    if (name !== "held") await registry.save(name, 1, { version: "3.0.0" });
  }
  const draft = await registry.openDraft("held", { id: "done" });
  await draft.addPart("secret-part", [{ path: "a", content: new Uint8Array() }]);
  await draft.commit({ version: "3.0.0" });
  await registry.setAlias("held", "secret-launch", "3.0.0");
  for (const alias of ["secret-launch", "known"]) {
    await registry.setAlias("aliased:m", alias, "3.0.0");
  }
  await publishRelease(registry, "secret-release", { m: "member@3.0.0" });
  await changeRules(registry, { set: { pattern: "ruled:*", protect: true } });
  const protectAliases = ["secret-*", "known"];
  await changeRules(registry, { set: { pattern: "aliased:*", protectAliases } });
  const ask = async ([method, path, body]: (typeof REFUSED)[number], scopes: string) => {
    const headers = { authorization: `Bearer ${scopes}`, "content-type": "application/json" };
    const init = { method, headers, body: body === undefined ? null : JSON.stringify(body) };
    const answer = await app(new Request(`http://localhost${path}`, init));
    return { status: answer.status, text: await answer.text() };
  };
  const told = new Set<string>();
  for (const asked of REFUSED) {
    const what = asked.join(" ");
    const { status, text } = await ask(asked, "write:*");
    assertEquals(status, 409, `${what}: ${text}`);
    for (const secret of [...SECRETS, "secret"]) {
      assert(!text.includes(secret), `${what}: ${text}`);
    }
    const seen = await ask(asked, "write:*,read:*");
    assertEquals(seen.status, 409, `${what}: ${seen.text}`);
    for (const secret of SECRETS) if (seen.text.includes(secret)) told.add(secret);
  }
  assertEquals([...told].sort(), [...SECRETS].sort(), "readers get all of it");
});

Deno.test("no two bodies have one tag, and caches keep the answers of tokens apart", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("m", 1, { inputs: ["secret@1.0.0"].map((ref) => ({ ref, digest: null })) });
  await using app = createApp(registry, { tokens, gateways: [hub, dav] });
  const ask = async (scopes: string, headers: Record<string, string> = {}) => {
    const authorization = `Bearer ${scopes}`;
    const url = "http://localhost/artifacts/m/versions/1.0.0";
    const answer = await app(new Request(url, { headers: { authorization, ...headers } }));
    return { answer, hasInput: (await answer.text()).includes("secret") };
  };
  const whole = await ask("read:*");
  assertEquals(whole.hasInput, true);
  const etag = whole.answer.headers.get("etag")!;
  const modified = whole.answer.headers.get("last-modified")!;
  assertEquals((await ask("read:*", { "if-none-match": etag })).answer.status, 304);
  const conditions: Record<string, string>[] = [
    {},
    { "if-match": etag },
    { "if-none-match": etag },
    { "if-modified-since": modified },
  ];
  for (const condition of conditions) {
    const { answer, hasInput } = await ask("read:m", condition);
    const names = ["etag", "last-modified"].map((name) => answer.headers.get(name));
    assertEquals([answer.status, hasInput, ...names], [200, false, null, null]);
  }
  assertEquals((await ask("read:m", { "if-match": '"other"' })).answer.status, 412);
  const ofToken = app.routes.filter(({ scope, path }) => scope !== "open" || path === "/health");
  for (const { method, path, scope } of ofToken) {
    const asked = path.replace(/:(\w+)(\{[^}]*\})?/g, (_, key) => key === "name" ? "m" : "1.0.0");
    const headers = { authorization: "Bearer read:*" };
    const answer = await app(new Request(`http://localhost${asked}`, { method, headers }));
    await answer.body?.cancel();
    const varies = answer.headers.get("vary")?.includes("authorization") ?? false;
    assertEquals(varies, scope !== "open", `${method} ${path}`);
  }
});

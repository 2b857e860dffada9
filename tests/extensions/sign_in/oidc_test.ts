// Tokens of identity providers: which are accepted, and which requests the service sends to an issuer.
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { base64url, CompactSign, SignJWT } from "npm:jose@^6.2";
import {
  type AuditEntry,
  createHandler,
  createToken,
  openTokenFile,
} from "../../../apps/server.ts";
import { createOidcCheck } from "../../../extensions/sign_in/oidc.ts";
import { openHttpRegistry } from "../../../apps/client.ts";
import { createMemoryBackend, openRegistry, readLog, RegistryError } from "../../../mod.ts";
import {
  AUDIENCE,
  checkOf,
  createIssuer,
  EVERYBODY,
  ISSUER,
  type Issuer,
  key,
  refusal,
  rsa,
  second,
  settingsOf,
  START,
} from "../../support/oidc/issuer.ts";
import { publicJwk } from "../../support/oidc/provider.ts";
import { testInRoot } from "../../support/temp_root.ts";

Deno.test("a token of a listed issuer has the scopes of its rule until it expires", async () => {
  const issuer = createIssuer([key]);
  const check = checkOf(issuer, { claims: { sub: "ci" }, scopes: ["save:models:*"] });
  const access = await check.find(`Bearer ${await issuer.token({ sub: "ci" })}`);
  assertEquals(access?.scopes, ["save:models:*"]);
  assertEquals(access?.expiresAtMs, START + 360_000); // with the tolerance of clocks
  assertEquals(access?.author?.name, "ci");
  assert(/^oidc_[\w-]{22}$/.test(access?.token ?? ""));
});

const REFUSED: [reason: RegExp, token: (issuer: Issuer) => Promise<string>][] = [
  [/another service \(aud\)/, (issuer) => issuer.token({ aud: "https://other.example" })],
  [/no aud/, (issuer) => issuer.token({ aud: undefined })],
  [/expired \(exp\)/, ({ token }) => token({ exp: START / 1000 - 61 })],
  [/no exp/, (issuer) => issuer.token({ exp: undefined })],
  [/exp is not valid/, (issuer) => issuer.token({ exp: "tomorrow" })],
  [/exp is not a date/, (issuer) => issuer.token({ exp: 8.64e12 })],
  [/exp is not a date/, async (issuer) => {
    const [, claims = ""] = (await issuer.token()).split(".");
    const text = new TextDecoder().decode(base64url.decode(claims));
    const endless = text.replace(/"exp":\d+/, '"exp":1e999'); // JSON.parse returns Infinity
    return await new CompactSign(new TextEncoder().encode(endless))
      .setProtectedHeader({ alg: key.jwk.alg, kid: key.jwk.kid }).sign(key.jwk);
  }],
  [/not yet valid \(nbf\)/, (issuer) => issuer.token({ nbf: START / 1000 + 61 })],
  [/in the future \(iat\)/, (issuer) => issuer.token({ iat: START / 1000 + 61 })],
  [/no iat/, (issuer) => issuer.token({ iat: undefined })],
  [/no sub/, (issuer) => issuer.token({ sub: undefined })],
  [/subject \(sub\)/, (issuer) => issuer.token({ sub: "" })],
  [/subject \(sub\)/, (issuer) => issuer.token({ sub: "x".repeat(1001) })],
  [/issuer "https:\/\/issuer.example\/" is not/, (issuer) => issuer.token({ iss: `${ISSUER}/` })],
  [/issuer "undefined" is not/, (issuer) => issuer.token({ iss: undefined })],
  [/issuer .* is not/, (issuer) => issuer.token({ iss: [ISSUER] })],
  [/bound to a key/, (issuer) => issuer.token({ cnf: { jkt: "x" } })],
  [/its type/, (issuer) => issuer.token({}, key, { typ: "logout+jwt" })],
  [/no key with its id/, (issuer) => issuer.token({}, second)],
  [
    /no key of its issuer signed it/,
    (issuer) => issuer.token({}, { jwk: { ...second.jwk, kid: "first" } }),
  ],
  [/algorithm/, async (issuer) => {
    const [, claims] = (await issuer.token()).split(".");
    return `${base64url.encode('{"alg":"none"}')}.${claims}.`;
  }],
  [/algorithm/, async (issuer) => {
    const { iss, aud, sub } = { iss: ISSUER, aud: AUDIENCE, sub: "x" };
    const secret = new TextEncoder().encode(JSON.stringify(publicJwk(key)));
    void issuer;
    return await new SignJWT({ iss, aud, sub, iat: START / 1000, exp: START / 1000 + 60 })
      .setProtectedHeader({ alg: "HS256", kid: "first" }).sign(secret);
  }],
  [/signed it/, async (issuer) => (await issuer.token()).replace(/\.[^.]+$/, ".")],
  [/signed it|damaged/, async (issuer) => {
    const [header, , signature] = (await issuer.token()).split(".");
    const claims = { iss: ISSUER, aud: AUDIENCE, sub: "admin", iat: START / 1000, exp: 9e9 };
    return `${header}.${base64url.encode(JSON.stringify(claims))}.${signature}`;
  }],
  [/damaged/, () => Promise.resolve("eyJ.eyJ.x")],
  [/longer than/, (issuer) => issuer.token({ padding: "x".repeat(16_000) })],
];

for (const [at, [reason, create]] of REFUSED.entries()) {
  Deno.test(`a token is refused ${at + 1}: ${reason.source}`, async () => {
    const issuer = createIssuer([key]);
    const token = await create(issuer);
    const check = checkOf(issuer);
    const text = await refusal(check.find(`Bearer ${token}`));
    assert(reason.test(text), text);
    assert(!text.includes(token.slice(0, 60)), "the message contains the token");
    assert(
      await check.find(`Bearer ${await issuer.token()}`),
      "a right token is accepted after it",
    );
  });
}

Deno.test("a header without a token of an issuer is not one", async () => {
  const check = checkOf(createIssuer([key]));
  for (
    const text of [null, "", "Bearer", "Bearer x", "Basic eDp4", "Bearer holdfast_x", "Bearer a.b"]
  ) {
    assertEquals(await check.find(text), undefined, String(text));
  }
});

Deno.test("clocks may differ by a minute", async () => {
  const issuer = createIssuer([key]);
  const check = checkOf(issuer);
  const now = START / 1000;
  for (const claims of [{ exp: now - 59 }, { nbf: now + 59 }, { iat: now + 59 }]) {
    assert(await check.find(`Bearer ${await issuer.token(claims)}`), JSON.stringify(claims));
  }
});

Deno.test("a URL in a token is never fetched, nor a key in it used", async () => {
  const issuer = createIssuer([key]);
  const check = checkOf(issuer);
  const evil = "https://evil.example/keys";
  for (const header of [{ jku: evil }, { x5u: evil }, { jwk: publicJwk(second) }]) {
    const token = await issuer.token({}, second, { kid: "second", ...header });
    await refusal(check.find(`Bearer ${token}`));
  }
  assertEquals(issuer.urls.filter((url) => !url.startsWith(`${ISSUER}/`)), []);
});

Deno.test("requests share one fetch, and unknown keys cause at most one a minute", async () => {
  const issuer = createIssuer([key]);
  const check = checkOf(issuer);
  const token = await issuer.token();
  await Promise.all(Array.from({ length: 20 }, () => check.find(`Bearer ${token}`)));
  assertEquals(issuer.urls.length, 2); // discovery and keys
  const unknown = await issuer.token({}, second);
  for (let n = 0; n < 20; n++) await refusal(check.find(`Bearer ${unknown}`));
  assertEquals(issuer.urls.length, 4);
  issuer.ms += 59_000;
  await refusal(check.find(`Bearer ${unknown}`));
  assertEquals(issuer.urls.length, 4);
  issuer.ms += 2_000;
  issuer.keys = [second];
  assert(await check.find(`Bearer ${unknown}`));
  assertEquals(issuer.urls.length, 6);
});

Deno.test("a key that the issuer has removed is refused after ten minutes", async () => {
  const issuer = createIssuer([key, second]);
  const check = checkOf(issuer);
  const token = async () => `Bearer ${await issuer.token({}, key)}`;
  assert(await check.find(await token()));
  issuer.keys = [second];
  issuer.ms += 601_000;
  assertEquals(await refusal(check.find(await token())), "its issuer has no key with its id (kid)");
});

Deno.test("an issuer that is down stops nobody whose key is known, for a day", async () => {
  const issuer = createIssuer([key]);
  const check = checkOf(issuer);
  const token = async () => `Bearer ${await issuer.token()}`;
  assert(await check.find(await token()));
  issuer.isDown = true;
  for (let hour = 1; hour < 24; hour++) {
    issuer.ms += 3_600_000;
    assert(await check.find(await token()), `after ${hour} hours`);
  }
  issuer.ms += 3_700_000;
  const error = await assertRejects(async () => await check.find(await token()), RegistryError);
  assertEquals(error.code, "Unavailable");
  const asked = issuer.urls.length;
  await assertRejects(async () => await check.find(await token()), RegistryError);
  assertEquals(issuer.urls.length, asked, "a failure is not repeated at once");
  issuer.isDown = false;
  issuer.ms += 11_000;
  assert(await check.find(await token()));
});

Deno.test("keys come only from the issuer's own document, over https", async () => {
  const changes: Partial<Issuer>[] = [
    { issuer: "https://evil.example" },
    { keysUrl: "http://issuer.example/keys" },
  ];
  for (const change of changes) {
    const issuer = createIssuer([key]);
    Object.assign(issuer, change);
    const token = await issuer.token();
    const error = await assertRejects(() => checkOf(issuer).find(`Bearer ${token}`), RegistryError);
    assertEquals([error.code, issuer.urls.length], ["Unavailable", 1]);
  }
});

Deno.test("keys in the settings need no request", async () => {
  const issuer = createIssuer([rsa]);
  const jwks = { keys: [publicJwk(rsa)] };
  const settings = { audience: AUDIENCE, issuers: [{ issuer: ISSUER, jwks, rules: [EVERYBODY] }] };
  const check = createOidcCheck(settings, issuer);
  assert(await check.find(`Bearer ${await issuer.token()}`));
  await refusal(check.find(`Bearer ${await issuer.token({}, key)}`));
  assertEquals(issuer.urls, []);
});

Deno.test("subjects of two issuers are different people, also with the same name", async () => {
  const other = "https://other.example";
  const issuers = [createIssuer([key]), createIssuer([second], other)];
  const check = createOidcCheck({
    audience: AUDIENCE,
    issuers: [ISSUER, other].map((issuer) => ({ issuer, rules: [{ ...EVERYBODY, name: "nick" }] })),
  }, {
    system: issuers[0]!.system,
    fetch: (input) => issuers[String(input).startsWith(other) ? 1 : 0]!.fetch(input),
  });
  const [first, next] = await Promise.all(
    issuers.map(async (issuer) =>
      await check.find(`Bearer ${await issuer.token({ sub: "1", nick: "alice" })}`)
    ),
  );
  assertEquals([first?.author?.name, next?.author?.name], ["alice", "alice"]);
  assertNotEquals(first?.token, next?.token);
  const token = await issuers[1]!.token({ iss: ISSUER }); // signed by the other issuer
  await refusal(check.find(`Bearer ${token}`));
});

Deno.test("changes keep the commit and the job of a CI token, as far as it has them", async () => {
  const issuer = createIssuer([key]);
  const check = checkOf(issuer, { claims: { sub: "*" }, scopes: ["admin"] });
  const registry = await openRegistry(createMemoryBackend());
  const trail: AuditEntry[] = [];
  await using handler = createHandler(registry, {
    tokens: check,
    audit: (entry) => void trail.push(entry),
  });
  const open = async (claims: object) =>
    openHttpRegistry("http://localhost", {
      token: await issuer.token({ sub: "repo:acme/digits:ref:refs/heads/main", ...claims }),
      fetch: (input: RequestInfo | URL, init?: RequestInit) => handler(new Request(input, init)),
    });
  const sha = "3f2c".repeat(10);
  const github = { sha, run_id: "7712345678", ref: "refs/heads/main", run_attempt: "1" };
  const gitlab = { sha, pipeline_id: 812, job_id: "9001", project_id: "4" };
  const job = await open(github);
  await job.save("m", 1);
  await (await open(gitlab)).save("m", 2);
  await (await open({})).save("m", 3);
  await job.setAlias("m", "production", "1");
  await job.delete("m@2");
  const ofGithub = { sha, run_id: "7712345678" };
  assertEquals((await job.info("m@1")).by?.claims, ofGithub);
  assertEquals((await job.info("m@3")).by?.claims, undefined);
  const [moved] = await Array.fromAsync(job.history("m", "production"));
  assertEquals(moved?.by?.claims, ofGithub);
  const [deleted] = await Array.fromAsync(readLog(job, "m")); // a tombstone has room for the name
  assertEquals(deleted?.by, {
    name: "repo:acme/digits:ref:refs/heads/main",
    token: moved?.by?.token,
  });
  const ofGitlab = { sha, pipeline_id: "812", job_id: "9001" };
  assertEquals(trail.map(({ by }) => by?.claims), [
    ...[ofGithub, ofGitlab, undefined, ofGithub, ofGithub],
  ]);
  assertEquals((await registry.info("m@1")).by?.claims, ofGithub); // of the record
});

testInRoot(
  "a service accepts stored tokens and tokens of issuers, and records who",
  async (root) => {
    const issuer = createIssuer([key]);
    const file = root.join("tokens.json");
    const stored = await createToken(file, { scopes: ["admin"], note: "operator" });
    const check = createOidcCheck(
      settingsOf({ claims: { sub: "*" }, scopes: ["read:*", "save:*", "delete:*"], name: "email" }),
      { tokens: await openTokenFile(file), ...issuer },
    );
    const registry = await openRegistry(createMemoryBackend());
    await using handler = createHandler(registry, { tokens: check });
    const open = (token: string) =>
      openHttpRegistry("http://localhost", {
        token,
        fetch: (input: RequestInfo | URL, init?: RequestInit) => handler(new Request(input, init)),
      });
    const email = `${"x".repeat(88)}@example.com`; // the longest name of an author
    const alice = await open(await issuer.token({ sub: "7", email }));
    const operator = await open(stored.token);
    await alice.save("m", 1);
    await operator.save("m", 2);
    await alice.delete("m@2");
    const denied = await assertRejects(() => alice.setAlias("m", "production", "1"), RegistryError);
    assertEquals(denied.code, "Denied");
    const authors = (await Array.fromAsync(readLog(registry, "m"))).map(({ event, by }) => [
      event,
      by?.name,
      by?.token?.slice(0, 5),
    ]);
    assertEquals(authors, [
      ["deleted", email, "oidc_"],
      ["saved", undefined, undefined], // of the version that was deleted
      ["saved", email, "oidc_"],
    ]);
  },
);

Deno.test("a service says why it refuses a token, and who sent an accepted one", async () => {
  const issuer = createIssuer([key]);
  await using registry = await openRegistry("memory:");
  const tokens = checkOf(issuer, { claims: { sub: "ci" }, scopes: ["read:*"] });
  await using handler = createHandler(registry, { tokens });
  const ask = async (path: string, token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await handler(new Request(`http://localhost${path}`, { headers }));
    return { response, body: await response.json() };
  };
  const expired = await ask("/names", await issuer.token({ exp: START / 1000 - 100 }));
  assertEquals(expired.response.status, 401);
  assertEquals(expired.body.detail, "Cannot accept the token: it has expired (exp)");
  assert(expired.response.headers.get("www-authenticate")?.includes("invalid_token"));
  const unruled = await ask("/names", await issuer.token({ sub: "cd" }));
  assertEquals([unruled.response.status, unruled.body.code], [403, "Denied"]);
  const { body } = await ask("/access", await issuer.token({ sub: "ci" }));
  assertEquals([body.by.name, body.expiresAt, body.scopes], [
    "ci",
    "2026-01-01T00:06:00.000Z",
    ["read:*"],
  ]);
  issuer.isDown = true;
  const other = createIssuer([key]);
  other.isDown = true;
  await using down = createHandler(registry, { tokens: checkOf(other) });
  const headers = { authorization: `Bearer ${await other.token()}` };
  const response = await down(new Request("http://localhost/names", { headers }));
  assertEquals((await response.json()).status, 503);
});

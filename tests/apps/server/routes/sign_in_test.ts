// The offers of a service to clients without a token, and what it says of a token.
import { assertEquals } from "@std/assert";
import type { AuditEntry } from "../../../../apps/server.ts";
import { createOidcCheck, type OidcSettings } from "../../../../extensions/sign_in/oidc.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { openRegistry } from "../../../../mod.ts";
import { AUDIENCE, createIssuer, EVERYBODY, ISSUER, key } from "../../../support/oidc/issuer.ts";
import { createCheckedHandler } from "../checked_handler.ts";

const GITHUB = "https://token.actions.githubusercontent.com";

Deno.test("a page learns the rights of its token, and that it has none", async () => {
  await using registry = await openRegistry("memory:");
  const ask = async (handler: (request: Request) => Promise<Response>, token?: string) => {
    const headers = new Headers();
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    const response = await handler(new Request("http://localhost/access", { headers }));
    return [response.status, await response.json()];
  };
  await using open = createCheckedHandler(registry, { readOnly: true });
  const everything = { known: true, kind: "open", admin: true, writable: false, scopes: ["admin"] };
  assertEquals(await ask(open), [200, everything]);

  const scopes = ["read:*", "write:team/*", "metrics"];
  const find = (authorization: string | null) =>
    Promise.resolve(
      authorization === "Bearer mine" ? createAccess("id", scopes.map(parseScope)) : undefined,
    );
  await using closed = createCheckedHandler(registry, { tokens: { find } });
  const nothing = { known: false, admin: false, writable: true, scopes: [] };
  assertEquals(await ask(closed), [200, nothing]);
  assertEquals(await ask(closed, "other"), [200, nothing]);
  assertEquals(await ask(closed, "mine"), [200, {
    known: true,
    admin: false,
    writable: true,
    scopes,
    kind: "token",
  }]);
});

Deno.test("a token of an issuer is shown with the issuer and its end", async () => {
  await using registry = await openRegistry("memory:");
  const issuer = createIssuer([key]);
  const { system, fetch } = issuer;
  const settings = { audience: AUDIENCE, issuers: [{ issuer: ISSUER, rules: [EVERYBODY] }] };
  const tokens = createOidcCheck(settings, { system, fetch });
  const audited: AuditEntry[] = [];
  const audit = (entry: AuditEntry) => void audited.push(entry);
  await using handler = createCheckedHandler(registry, { tokens, audit });
  const headers = { authorization: `Bearer ${await issuer.token({ sub: "alice" })}` };
  const response = await handler(new Request("http://localhost/access", { headers }));
  const { by: { name }, ...rights } = await response.json();
  assertEquals(name, "alice");
  assertEquals(rights, {
    known: true,
    kind: "oidc",
    admin: false,
    writable: true,
    scopes: ["read:*"],
    issuer: ISSUER,
    expiresAt: "2026-01-01T00:06:00.000Z", // five minutes, and a minute for other clocks
  });
  const request = new Request("http://localhost/artifacts/m", { method: "DELETE", headers });
  assertEquals((await handler(request)).status, 403);
  assertEquals(audited.map(({ by, issuer }) => [by?.name, issuer]), [["alice", ISSUER]]);
});

Deno.test("`GET /sign-in` offers the issuers of the settings without a token", async () => {
  await using registry = await openRegistry("memory:");
  const offered = async (settings?: OidcSettings) => {
    const tokens = settings && createOidcCheck(settings);
    await using handler = createCheckedHandler(registry, { tokens });
    return await (await handler(new Request("http://localhost/sign-in"))).json();
  };
  assertEquals(await offered(), { issuers: [] });
  const rules = [EVERYBODY];
  const settings = {
    audience: [AUDIENCE, "client"],
    issuers: [
      { issuer: GITHUB, rules: [{ claims: { repository_id: "1" }, scopes: ["read:*"] }] },
      { issuer: ISSUER, rules, signIn: { clientId: "cli" } },
      {
        issuer: "https://other.example/",
        rules,
        signIn: { clientId: "client", scope: "openid email", token: "id_token" as const },
      },
      {
        issuer: "https://third.example",
        rules,
        signIn: { clientId: "cli", parameters: { audience: AUDIENCE, prompt: "consent" } },
      },
    ],
  };
  assertEquals(await offered(settings), {
    audience: AUDIENCE,
    issuers: [
      { issuer: GITHUB },
      {
        issuer: ISSUER,
        clientId: "cli",
        scope: "openid",
        token: "access_token",
        parameters: { resource: AUDIENCE },
      },
      {
        issuer: "https://other.example/",
        clientId: "client",
        scope: "openid email",
        token: "id_token",
        parameters: {},
      },
      {
        issuer: "https://third.example",
        clientId: "cli",
        scope: "openid",
        token: "access_token",
        parameters: { audience: AUDIENCE, prompt: "consent" },
      },
    ],
  });
  const { issuers: [{ parameters }] } = await offered({
    audience: "models",
    issuers: [{ issuer: ISSUER, rules, signIn: { clientId: "cli" } }],
  });
  assertEquals(parameters, {}, "a resource is a URL");
});

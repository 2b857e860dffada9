// Rules from claims to scopes, and settings that are refused.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { createHandler } from "../../../apps/server.ts";
import { createOidcCheck } from "../../../extensions/sign_in/oidc.ts";
import type { AuditEntry } from "../../../apps/server.ts";
import type { OidcRule, OidcSettings } from "../../../extensions/sign_in/oidc.ts";
import { openRegistry, RegistryError } from "../../../mod.ts";
import {
  AUDIENCE,
  checkOf,
  createIssuer,
  ISSUER,
  key,
  refusal,
  settingsOf,
} from "../../support/oidc/issuer.ts";

const RULES: OidcRule[] = [
  { claims: { groups: "/ml/admins" }, scopes: ["admin"] },
  { claims: { groups: ["/ml", "/data"], email: "*@example.com" }, scopes: ["write:*"] },
  {
    claims: { "kubernetes.io": { namespace: "ml", pod: { name: "train-*" } } },
    scopes: ["save:k:*"],
  },
  { claims: { repository_id: "123", ref: "refs/heads/*" }, scopes: ["save:ci:*"] },
  { claims: { project: 7, ref_protected: true }, scopes: ["move:*"] },
  { claims: { sub: "a*b*c" }, scopes: ["metrics"] },
];

const MATCHES: [claims: Record<string, unknown>, scopes: string | undefined][] = [
  [{ groups: ["/ml/admins", "/ml"], email: "a@example.com" }, "admin"],
  [{ groups: ["/ml"], email: "a@example.com" }, "write:*"],
  [{ groups: "/data", email: "a@example.com", email_verified: true }, "write:*"],
  [{ groups: ["/ml"], email: "a@example.com", email_verified: "true" }, "write:*"],
  [{ groups: ["/ml"], email: "a@example.com", email_verified: "True" }, "write:*"],
  ...[false, "false", "False", 0, "0", null, "no", "", [], {}].map((verified): [
    Record<string, unknown>,
    undefined,
  ] => [
    { groups: ["/ml"], email: "a@example.com", email_verified: verified },
    undefined,
  ]),
  [{ groups: ["/ml"], email: "a@example.com.evil.example" }, undefined],
  [{ groups: ["/ml/admins2", "x/ml/admins", "/ML/ADMINS"] }, undefined],
  [{ groups: { "/ml/admins": true } }, undefined],
  [{ groups: [["/ml/admins"]] }, undefined],
  [{ "kubernetes.io": { namespace: "ml", pod: { name: "train-1" } } }, "save:k:*"],
  [{ "kubernetes.io": { namespace: "ml2", pod: { name: "train-1" } } }, undefined],
  [{ "kubernetes.io": { namespace: "ml", pod: "train-1" } }, undefined],
  [{ "kubernetes.io": [{ namespace: "ml", pod: { name: "train-1" } }] }, undefined],
  [{ "kubernetes.io.namespace": "ml" }, undefined],
  [{ repository_id: "123", ref: "refs/heads/main" }, "save:ci:*"],
  [{ repository_id: 123, ref: "refs/heads/a/b" }, "save:ci:*"],
  [{ repository_id: "1234", ref: "refs/heads/main" }, undefined],
  [{ repository_id: "123", ref: "refs/pull/1/merge" }, undefined],
  [{ repository_id: "123" }, undefined],
  [{ project: 7, ref_protected: "true" }, "move:*"],
  [{ project: "7", ref_protected: false }, undefined],
  [{ sub: "abc" }, "metrics"],
  [{ sub: "a1b2c" }, "metrics"],
  [{ sub: "acb" }, undefined],
  [{ sub: "ab" }, undefined],
];

Deno.test("the first rule whose claims all match decides", async () => {
  const issuer = createIssuer([key]);
  const check = checkOf(issuer, ...RULES);
  for (const [claims, scopes] of MATCHES) {
    const found = check.find(`Bearer ${await issuer.token(claims)}`);
    const text = JSON.stringify(claims);
    if (scopes !== undefined) assertEquals((await found)?.scopes, [scopes], text);
    else assert(/no rule of this service matches/.test(await refusal(found)), text);
  }
});

Deno.test("the audit trail names people whom no rule matches, and nobody for other tokens", async () => {
  const issuer = createIssuer([key]);
  await using registry = await openRegistry("memory:");
  const entries: AuditEntry[] = [];
  const audit = (entry: AuditEntry) => Promise.resolve(void entries.push(entry));
  const rule = { claims: { groups: "/ml" }, scopes: ["save:*"], name: "email" };
  await using handler = createHandler(registry, { tokens: checkOf(issuer, rule), audit });
  const claims = { sub: "bob", email: "bob@example.com" };
  const tokens = [
    await issuer.token({ ...claims, groups: ["/ml"] }),
    await issuer.token({ ...claims, groups: [] }),
    await issuer.token({ ...claims, groups: ["/ml"], aud: "https://other.example" }),
  ];
  for (const token of tokens) {
    const headers = { authorization: `Bearer ${token}` };
    const url = "http://localhost/artifacts/a/versions/1.0.0";
    await (await handler(new Request(url, { method: "DELETE", headers }))).body?.cancel();
  }
  const [known, unmatched, foreign] = entries;
  assertEquals(entries.map(({ status }) => status), [403, 403, 401]);
  assertEquals([known?.by?.name, unmatched?.by?.name], ["bob@example.com", "bob"]);
  assertEquals([unmatched?.by?.token, unmatched?.issuer], [known?.by?.token, ISSUER]);
  assertEquals([foreign?.by, foreign?.issuer], [undefined, undefined]);
});

Deno.test("a number that JSON may have rounded matches nothing", async () => {
  const issuer = createIssuer([key]);
  const check = checkOf(issuer, { claims: { id: "9007199254740992" }, scopes: ["admin"] });
  const error = refusal(check.find(`Bearer ${await issuer.token({ id: 2 ** 53 })}`));
  assert(/no rule/.test(await error));
});

const GITHUB = "https://token.actions.githubusercontent.com";
const rule = { claims: { sub: "x" }, scopes: ["read:*"] };
const PRIVATE: OidcRule["claims"][] = [
  { repository_id: "1" },
  { sub: "repo:octo/x:*" },
  { repository: "octo/*" },
];

function signInOf(signIn: unknown): unknown {
  return { audience: AUDIENCE, issuers: [{ issuer: ISSUER, rules: [rule], signIn }] };
}

const INVALID: [settings: unknown, message: RegExp][] = [
  [undefined, /the settings: it is not an object/],
  [[], /not an object/],
  [{ issuers: [] }, /audience/],
  [{ audience: AUDIENCE, issuers: [] }, /issuers: .* at least one/],
  [{ audience: "", issuers: [{ issuer: ISSUER, rules: [rule] }] }, /audience/],
  [{ audience: AUDIENCE, issuers: [{ issuer: ISSUER, rule: [rule] }] }, /unknown member "rule"/],
  [{ audience: AUDIENCE, issuers: [{ issuer: ISSUER, rules: [] }] }, /rules/],
  [signInOf({}), /signIn\.clientId/],
  [signInOf({ clientId: "cli", clientSecret: "s" }), /unknown member "clientSecret"/],
  [signInOf({ clientId: "cli", scope: "email" }), /signIn\.scope: it does not contain openid/],
  [signInOf({ clientId: "cli", token: "jwt" }), /signIn\.token/],
  [signInOf({ clientId: "cli", token: "id_token" }), /`audience` does not contain/],
  [signInOf({ clientId: "cli", parameters: { state: "1" } }), /signIn\.parameters\.state/],
  [signInOf({ clientId: "cli", parameters: { client_secret: "1" } }), /parameters\.client_secret/],
  [signInOf({ clientId: "cli", parameters: { resource: 1 } }), /parameters\.resource/],
  [{ audience: AUDIENCE, issuers: [{ issuer: "http://issuer.example", rules: [rule] }] }, /https/],
  [{ audience: AUDIENCE, issuers: [{ issuer: "https://a:b@x", rules: [rule] }] }, /https/],
  [{ audience: AUDIENCE, issuers: [{ issuer: `${ISSUER}?x`, rules: [rule] }] }, /https/],
  [{ audience: AUDIENCE, issuers: [1, 2].map(() => ({ issuer: ISSUER, rules: [rule] })) }, /same/],
  [settingsOf({ claims: {}, scopes: ["admin"] }), /rules\[0\]\.claims: it has no claim/],
  [settingsOf({ claims: { a: {} }, scopes: ["admin"] }), /claims\.a: it has no claim/],
  [settingsOf({ claims: { a: [] }, scopes: ["admin"] }), /claims\.a/],
  [settingsOf({ claims: { a: "" }, scopes: ["admin"] }), /claims\.a/],
  [settingsOf({ claims: { a: 0.5 }, scopes: ["admin"] }), /claims\.a/],
  [settingsOf({ claims: { sub: "x" }, scopes: ["root"] }), /scopes/],
  [settingsOf({ claims: { sub: "x" }, scopes: [] }), /scopes/],
  ...[
    { ref: "refs/heads/main" },
    { sub: "*" },
    { sub: "repo:*" },
    { sub: "*@example.com" },
    { sub: "*:environment:production" },
    { repository: "*@octo/x" },
    { repository: "*" },
    {
      repository: "o*",
    },
    { job_workflow_ref: "octo/x/.github/workflows/train.yml@refs/heads/main" },
    { sub: ["repo:octo/x:*", "repo:*"] },
  ].map((claims): [unknown, RegExp] => [
    { audience: AUDIENCE, issuers: [{ issuer: GITHUB, rules: [{ claims, scopes: ["read:*"] }] }] },
    /everybody/,
  ]),
  [
    {
      audience: AUDIENCE,
      issuers: [{ issuer: ISSUER, jwks: { keys: ["x"] }, rules: [rule] }],
    },
    /jwks/,
  ],
];

Deno.test("settings that would give rights by mistake are refused", () => {
  for (const [settings, message] of INVALID) {
    const error = assertThrows(() => createOidcCheck(settings as OidcSettings), RegistryError);
    assertEquals(error.code, "Invalid");
    assert(message.test(error.message), `${message}: ${error.message}`);
  }
  for (
    const claims of PRIVATE
  ) {
    createOidcCheck({
      audience: AUDIENCE,
      issuers: [{ issuer: GITHUB, rules: [{ ...rule, claims }] }],
    });
  }
});

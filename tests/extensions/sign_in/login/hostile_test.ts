// Services and providers that lie: nothing is kept, no secret is shown, and each gets a reason.
import { assertEquals } from "@std/assert";
import { createKey, signed } from "../../../support/oidc/provider.ts";
import { cliTest } from "../../../apps/captured_io.ts";
import { editLogin, runWith, urlIn } from "./team.ts";

const key = await createKey("1");
const SECRET = "secret-of-alice";

interface Answers {
  /** Members of the offer of the service. */
  offer?: Record<string, unknown>;
  signIn?: unknown;
  /** Members of the discovery document. */
  document?: Record<string, unknown>;
  discovery?: Response;
  tokens?: (nonce: string) => Promise<Response>;
  /** Parameters of the redirect, beside the right ones. */
  redirect?: Record<string, string>;
}

/** Starts a service and its provider in one. */
function startLiar(answers: Answers) {
  let nonce = "";
  const sent: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    sent.push(request.headers.get("authorization") ?? "");
    if (pathname === "/sign-in") {
      const offer = { issuer: url, clientId: "cli", ...answers.offer };
      return Response.json(answers.signIn ?? { audience: url, issuers: [offer] });
    }
    if (pathname === "/.well-known/openid-configuration") {
      return answers.discovery ?? Response.json({
        issuer: url,
        authorization_endpoint: `${url}/auth`,
        token_endpoint: `${url}/token`,
        jwks_uri: `${url}/jwks`,
        authorization_response_iss_parameter_supported: true,
        id_token_signing_alg_values_supported: ["ES256"],
        ...answers.document,
      });
    }
    if (pathname === "/auth") {
      nonce = searchParams.get("nonce")!;
      const back = new URL(searchParams.get("redirect_uri")!);
      const given = { code: "c", state: searchParams.get("state")!, iss: url, ...answers.redirect };
      for (const [name, value] of Object.entries(given)) back.searchParams.set(name, value);
      return Response.redirect(back.href);
    }
    if (pathname === "/token") return await answers.tokens?.(nonce) ?? await tokensOf(url)(nonce);
    return Response.json({ known: true, scopes: [], kind: "oidc", by: { name: "alice" } });
  });
  const url: string = `http://127.0.0.1:${server.addr.port}`;
  return { url, sent, [Symbol.asyncDispose]: () => server.shutdown() };
}

function tokensOf(
  issuer: string,
  access: Record<string, unknown> = {},
  id: Record<string, unknown> = {},
) {
  return async (nonce: string) =>
    Response.json({
      access_token: await signed(key, { iss: issuer, aud: issuer, ...access }),
      id_token: await signed(key, { iss: issuer, aud: "cli", nonce, ...id }),
      token_type: "Bearer",
      refresh_token: SECRET,
    });
}

const json = (value: unknown, status = 200) => () =>
  Promise.resolve(Response.json(value, { status }));

const LIES: Record<string, Answers> = {
  "an offer that is text": { signIn: "https://issuer.example" },
  "an offer without issuers": { signIn: { audience: "x" } },
  "issuers of other types": { signIn: { issuers: [{ issuer: 5, clientId: "cli" }] } },
  "an issuer that is not a URL": { offer: { issuer: "not a url" } },
  "an issuer of scripts": { offer: { issuer: "javascript:alert(1)" } },
  "an issuer without TLS": { offer: { issuer: "http://issuer.example" } },
  "an empty client": { offer: { clientId: "" } },
  "another kind of token": { offer: { token: "refresh_token" } },
  "parameters of other types than texts": { offer: { parameters: { resource: { a: 1 } } } },
  "the audience of another service": { signIn: undefined, offer: { token: "id_token" } },
  "a discovery document of another issuer": { document: { issuer: "https://other.example" } },
  "a discovery document that is not JSON": { discovery: new Response("<html>") },
  "a discovery document elsewhere": { discovery: Response.redirect("http://127.0.0.1:1/") },
  "a page of scripts": { document: { authorization_endpoint: "javascript:alert(1)" } },
  "a page of a file": { document: { authorization_endpoint: "file:///etc/passwd" } },
  "a page without TLS": { document: { authorization_endpoint: "http://evil.example/" } },
  "revocation without TLS": { document: { revocation_endpoint: "http://evil.example/" } },
  "tokens without TLS": { document: { token_endpoint: "http://evil.example/" } },
  "an error in the redirect": { redirect: { error: "server_error", error_description: SECRET } },
  "a redirect of another issuer": { redirect: { iss: "https://other.example" } },
  "an answer that is not JSON": { tokens: () => Promise.resolve(new Response(SECRET)) },
  "a redirect of the tokens": {
    tokens: () => Promise.resolve(Response.redirect("http://127.0.0.1:1/")),
  },
  "a failure": { tokens: json({ error: SECRET }, 500) },
  "no tokens": { tokens: json({}) },
  "tokens of other types": { tokens: json({ access_token: 5, id_token: [], token_type: "x" }) },
};

for (const [name, answers] of Object.entries(LIES)) {
  cliTest(`login refuses ${name}`, async (it) => {
    await using liar = startLiar(answers);
    const env = { XDG_CONFIG_HOME: it.cwd };
    const options = { cwd: it.cwd, env, columns: 1000 };
    const words = ["login", liar.url, "--browser"];
    const { code, err } = await runWith(words, options, async (shown) => {
      const redirect = await fetch(urlIn(shown), { redirect: "manual" });
      await redirect.body?.cancel();
      const back = await fetch(redirect.headers.get("location")!);
      await back.body?.cancel();
    });
    assertEquals([code > 0 && code < 100, /^hint: /m.test(err)], [true, true], err);
    assertEquals(/^\s+at /m.test(err) || /TypeError/.test(err), false, err);
    if (name !== "an error in the redirect") assertEquals(err.includes(SECRET), false, err);
    assertEquals(new Set(liar.sent), new Set([""]), "no token was sent");
    const file = it.root.join("holdfast/logins.json");
    assertEquals(await Deno.stat(file).catch(() => undefined), undefined);
  });
}

const FORGED: Record<string, (url: string) => Answers> = {
  "an opaque token": (url) => ({
    tokens: async (nonce) => {
      const { id_token } = await (await tokensOf(url)(nonce)).json();
      return Response.json({ access_token: SECRET, id_token, token_type: "Bearer" });
    },
  }),
  "a token for another service": (url) => ({
    tokens: tokensOf(url, { aud: "https://other.example" }),
  }),
  "an id token of another sign-in": (url) => ({ tokens: tokensOf(url, {}, { nonce: "other" }) }),
  "an id token for another client": (url) => ({ tokens: tokensOf(url, {}, { aud: "other" }) }),
  "an id token of another issuer": (url) => ({
    tokens: tokensOf(url, {}, { iss: "https://other.example" }),
  }),
  "an id token that has expired": (url) => ({ tokens: tokensOf(url, {}, { exp: 1 }) }),
};

for (const [name, answersOf] of Object.entries(FORGED)) {
  cliTest(`login refuses ${name}`, async (it) => {
    const answers: Answers = {};
    await using liar = startLiar(answers);
    Object.assign(answers, answersOf(liar.url));
    const options = { cwd: it.cwd, env: { XDG_CONFIG_HOME: it.cwd }, columns: 1000 };
    const { code, err } = await runWith(
      ["login", liar.url, "--browser"],
      options,
      async (shown) => {
        const back = await fetch(urlIn(shown));
        await back.body?.cancel();
      },
    );
    assertEquals([code, /^hint: /m.test(err), err.includes(SECRET)], [6, true, false], err);
    assertEquals(new Set(liar.sent), new Set([""]));
  });
}

cliTest("a provider that fails for a moment does not end a sign-in", async (it) => {
  const answers: Answers = {};
  await using liar = startLiar(answers);
  const options = { cwd: it.cwd, env: { XDG_CONFIG_HOME: it.cwd }, columns: 1000 };
  await runWith(["login", liar.url, "--browser"], options, async (shown) => {
    await (await fetch(urlIn(shown))).body?.cancel();
  });
  await editLogin(it.cwd, liar.url, { expiresAt: "2020-01-01T00:00:00.000Z" });
  for (const status of [500, 503, 429]) {
    answers.tokens = json({ error: "server_error" }, status);
    await it.fails(`whoami ${liar.url} --wait 0s`, 7, `status ${status}`, options);
  }
  answers.tokens = json({ error: "invalid_grant" }, 400);
  await it.fails(`whoami ${liar.url} --wait 0s`, 6, `holdfast login ${liar.url}`, options);
});

cliTest("login accepts the provider of these tests", async (it) => {
  await using liar = startLiar({});
  const options = { cwd: it.cwd, env: { XDG_CONFIG_HOME: it.cwd }, columns: 1000 };
  const { code, err } = await runWith(["login", liar.url, "--browser"], options, async (shown) => {
    const back = await fetch(urlIn(shown));
    await back.body?.cancel();
  });
  assertEquals(code, 0, err);
});

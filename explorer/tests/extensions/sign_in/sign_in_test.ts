// Sign-in with a real identity provider on this machine, in Chromium.
import { assert, assertEquals } from "@std/assert";
import type { Page } from "npm:playwright-core@^1.56";
import { createHandler, type Handler } from "../../../../apps/server.ts";
import { createOidcCheck } from "../../../../extensions/sign_in/oidc.ts";
import { openRegistry, type Registry } from "../../../../mod.ts";
import { realSystem } from "../../../../core/system.ts";
import type { PeopleOptions } from "../../../../tests/support/oidc/people.ts";
import {
  createKey,
  type RunningProvider,
  startProvider,
} from "../../../../tests/support/oidc/provider.ts";
import { IGNORED, openServed, SKIPPED } from "../../support/browser.ts";

const AUDIENCE = "https://models.example";

interface OpenOptions {
  /** The path of the service behind a proxy. */
  readonly prefix?: string;
  readonly people?: Partial<PeopleOptions>;
}

/** Serves a registry to which people sign in with a provider, as alice by default. */
async function openSignIn(registry: Registry, { prefix = "", people }: OpenOptions = {}) {
  const served: { handler?: Handler } = {};
  const explorer = await openServed(async (request) => {
    const url = new URL(request.url);
    if (!url.pathname.startsWith(`${prefix}/`)) return new Response(null, { status: 404 });
    url.pathname = url.pathname.slice(prefix.length);
    return await served.handler!(new Request(url, request));
  });
  const url = new URL(`${prefix}/explore/`, explorer.url).href;
  const provider = await startProvider({
    key: await createKey("1"),
    people: { clientId: "holdfast", account: "alice", redirectUris: [url], ...people },
  });
  let aheadMs = 0;
  const tokens = createOidcCheck({
    audience: AUDIENCE,
    issuers: [{
      issuer: provider.issuer,
      rules: [{ claims: { sub: "alice" }, scopes: ["read:*", "save:team/*"] }],
      signIn: { clientId: "holdfast", scope: "openid offline_access" },
    }],
  }, { system: { now: () => realSystem.now() + aheadMs, monotonic: realSystem.monotonic } });
  served.handler = createHandler(registry, { tokens });
  return {
    ...explorer,
    url,
    provider,
    /** Lets the clock of the service be ahead. */
    ahead: (ms: number) => void (aheadMs = ms),
    async [Symbol.asyncDispose]() {
      await explorer[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
      await served.handler?.close();
    },
  };
}

async function signIn(page: Page, { issuer }: RunningProvider): Promise<void> {
  await page.getByRole("button", { name: `Sign in with ${new URL(issuer).host}` }).click();
}

/** Begins to sign in, and stays on the page. Returns the state of the sign-in. */
async function beginOnly(page: Page, provider: RunningProvider): Promise<string> {
  const at = `${provider.issuer}/auth?*`;
  const asked = Promise.withResolvers<string>();
  await page.route(at, async (route) => {
    asked.resolve(new URL(route.request().url()).searchParams.get("state")!);
    await route.abort();
  });
  await signIn(page, provider);
  const state = await asked.promise;
  await page.unroute(at);
  return state;
}

for (const prefix of ["", "/team/models"]) {
  const behind = prefix && ` behind ${prefix}`;
  Deno.test({
    name: `a person signs in with a provider, and returns to the view${behind}${SKIPPED}`,
    ignore: IGNORED,
    async fn() {
      await using registry = await openRegistry("memory:");
      await registry.save("team/model", { depth: 1 });
      await using explorer = await openSignIn(registry, { prefix });
      const { page, url, provider, errors, foreign } = explorer;
      const addresses: string[] = [];
      page.on("request", (request) => addresses.push(request.url()));
      const view = "#/artifacts/team%2Fmodel/1.0.0";
      await page.goto(`${url}${view}`);
      await signIn(page, provider);
      await page.getByRole("button", { name: "alice" }).click();
      const rights = page.getByRole("dialog", { name: "Signed in" });
      await rights.getByText("save:team/*").waitFor();
      await rights.getByText(new URL(provider.issuer).host).waitFor();
      await rights.getByRole("button", { name: "Close" }).click();
      await page.getByText("data.json").first().waitFor();
      assertEquals(page.url(), `${url}${view}`);
      assertEquals(await page.getByRole("button", { name: "Set alias" }).count(), 0);

      const own = addresses.filter((each) => each.startsWith(url));
      assertEquals(own.filter((each) => each.includes("code=")).length, 1);
      assertEquals(await page.evaluate(() => Object.keys(localStorage)), ["holdfast-theme"]);
      const [asked] = addresses.filter((each) => each.includes("code_challenge="));
      const query = new URL(asked!).searchParams;
      assertEquals(query.get("code_challenge_method"), "S256");
      assertEquals(query.get("resource"), AUDIENCE);
      assertEquals([...new Set(foreign.map((each) => new URL(each).origin))], [provider.issuer]);

      await page.reload(); // the tab stays signed in
      await page.getByRole("button", { name: "alice" }).waitFor();
      const ended = page.waitForResponse((response) => response.url().includes("/revocation"));
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      const keys = await page.evaluate(() => Object.keys(sessionStorage));
      assertEquals(keys.filter((key) => /token|sign-in/.test(key)), []);
      assertEquals((await ended).status(), 200);
      assertEquals(errors.filter((text) => !text.includes("401")), []);
    },
  });
}

Deno.test({
  name: "a token is renewed by itself, and once nothing renews it the view stays" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("team/model", { depth: 1 });
    await using explorer = await openSignIn(registry, { people: { lifetimeS: 20 } });
    const { page, url, provider } = explorer;
    const view = "#/artifacts/team%2Fmodel/1.0.0";
    await page.goto(`${url}${view}`);
    await signIn(page, provider);
    await page.getByText("data.json").first().waitFor(); // each request renews: 20 s are too few
    const renewals = provider.requests.filter((path) => path === "/token").length;
    assert(renewals > 1, `${renewals} requests for tokens`);

    explorer.ahead(3_600_000); // for the service, all tokens have expired
    await page.goto(`${url}#/lineage?ref=team%2Fmodel%401.0.0`);
    await page.getByText("Your sign-in has ended").waitFor();
    explorer.ahead(0);
    await page.getByRole("button", { name: "Sign in again" }).click();
    await page.getByText("Your sign-in has ended").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "alice" }).waitFor();
    assertEquals(page.url(), `${url}#/lineage?ref=team%2Fmodel%401.0.0`);
  },
});

Deno.test({
  name: "an answer that this tab did not ask for signs nobody in" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using explorer = await openSignIn(registry);
    const { page, url, provider } = explorer;
    const refused = page.getByText("not for a sign-in that this tab began");
    await page.goto(`${url}?code=stolen&state=other`);
    await refused.waitFor();
    assertEquals(page.url(), `${url}#/`);

    const state = await beginOnly(page, provider);
    await page.goto(`${url}?code=stolen&state=other`);
    await refused.waitFor();
    await page.goto("about:blank");
    await page.goto(`${url}?code=stolen&state=${state}`); // the attempt has ended
    await refused.waitFor();

    const next = await beginOnly(page, provider);
    await page.goto(`${url}?code=stolen&state=${next}&iss=https%3A%2F%2Fother.example`);
    await page.getByText(/is not valid/).waitFor();
    assertEquals(provider.requests.filter((path) => path === "/token"), []);
  },
});

Deno.test({
  name: "errors of a provider are shown as text" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using explorer = await openSignIn(registry, { people: { denies: true } });
    const { page, url, provider, errors } = explorer;
    await page.goto(url);
    await signIn(page, provider);
    await page.getByText("access_denied: No, thank you").waitFor();
    assertEquals(page.url(), `${url}#/`);

    const state = await beginOnly(page, provider);
    const markup = "<img src=x onerror=alert(1)>";
    const answer = { state, iss: provider.issuer, error: "x", error_description: markup };
    await page.goto(`${url}?${new URLSearchParams(answer)}`);
    await page.getByText(`x: ${markup}`).waitFor();
    assertEquals(errors.filter((text) => !/401|ERR_FAILED/.test(text)), []);
  },
});

Deno.test({
  name: "a person without rights sees why, and a token works beside a provider" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using explorer = await openSignIn(registry, { people: { account: "mallory" } });
    const { page, url, provider } = explorer;
    await page.goto(url);
    await signIn(page, provider);
    await page.getByText(/no rule/).waitFor();
    await page.getByLabel("Token").fill("holdfast_wrong");
    await page.getByRole("button", { name: "Use the token" }).click();
    await page.getByText("The token is unknown").waitFor();
  },
});

Deno.test("the page may connect to the providers of people, and to nothing else", async () => {
  await using registry = await openRegistry("memory:");
  const rules = [{ claims: { sub: "a" }, scopes: ["read:*"] }];
  const tokens = createOidcCheck({
    audience: AUDIENCE,
    issuers: [
      { issuer: "https://login.example/realms/a", rules, signIn: { clientId: "a" } },
      { issuer: "https://login.example/realms/b", rules, signIn: { clientId: "b" } },
      { issuer: "https://ci.example", rules },
    ],
  });
  const policyOf = async (options: Parameters<typeof createHandler>[1]) => {
    await using handler = createHandler(registry, options);
    const { headers } = await handler(new Request("http://localhost/explore/"));
    const policy = headers.get("content-security-policy")!;
    return policy.split("; ").filter((part) => /https?:|connect/.test(part));
  };
  assertEquals(await policyOf({ tokens }), ["connect-src 'self' https://login.example"]);
  assertEquals(await policyOf({}), ["connect-src 'self'"]);
});

// The rules of sign-in that the page and the Python package have too: the vectors of all three.
import { assert, assertEquals } from "@std/assert";
import { parseAddress } from "../../../../apps/client/address.ts";
import { Connection } from "../../../../apps/client/connection.ts";
import { isRegistryError, silentLogger } from "../../../../core/kernel.ts";
import { realSystem } from "../../../../core/system.ts";
import { isPrivateUrl } from "../../../../core/urls/private_url.ts";
import { configurationFolder } from "../../../../registry/places/mod.ts";
import { discover, renew, startInBrowser } from "../../../../extensions/sign_in/login/issuer.ts";
import { claimsOf } from "../../../../extensions/sign_in/login/jwt.ts";
import {
  lockLogins,
  type Login,
  readLogins,
  setLogin,
} from "../../../../extensions/sign_in/login/login_file.ts";
import { openLoopback } from "../../../../extensions/sign_in/login/loopback.ts";
import { renewedToken } from "../../../../extensions/sign_in/login/renewed_token.ts";
import { chosenOffer, signInOf } from "../../../../extensions/sign_in/login/service_offers.ts";
import {
  answerOf,
  ANSWERS,
  documentOf,
  startRedirects,
  tokenWith,
  VECTORS,
  withFetch,
} from "../../../support/oidc/rules.ts";
import { type TempRoot, testInRoot } from "../../../support/temp_root.ts";
import { captureIo } from "../../../apps/captured_io.ts";

const { signal } = new AbortController();
const LOGIN = VECTORS.login as unknown as Login;
const NOW = Date.UTC(2030, 0, 1);

/** A user whose configuration is in a folder, at one moment. */
function userIn({ path }: TempRoot) {
  const env = (name: string) => name === "XDG_CONFIG_HOME" ? path : undefined;
  return { signal, system: { ...realSystem, env, now: () => NOW } };
}

/** Returns what a function returns, or the code of its error. */
async function outcome<T>(run: () => T | Promise<T>): Promise<T | string> {
  try {
    return await run();
  } catch (error) {
    if (isRegistryError(error)) return error.code;
    throw error;
  }
}

Deno.test("rules of sign-in: addresses of services, and which are private", async () => {
  for (const { url, is } of VECTORS.addresses) {
    assertEquals(await outcome(() => parseAddress(url)), is ?? "Invalid", url);
  }
  for (const { url, is } of VECTORS.private) assertEquals(isPrivateUrl(url), is, url);
});

testInRoot("rules of sign-in: a token is for one service", async (root) => {
  const user = userIn(root);
  for (const { signedIn, used, sent } of VECTORS.services) {
    await lockLogins(user, (file) => {
      setLogin(file, parseAddress(signedIn), LOGIN);
      assertEquals(renewedToken(used, user) !== undefined, sent, `${signedIn} at ${used}`);
      setLogin(file, parseAddress(signedIn), undefined);
      return Promise.resolve();
    });
  }
});

function connect(location: string, token: string, send = (request: Request) => fetch(request)) {
  const limits = { retryForMs: 0, timeoutMs: 60_000 };
  return new Connection({
    location,
    token,
    send,
    ...limits,
    system: realSystem,
    logger: silentLogger,
  });
}

Deno.test("rules of sign-in: tokens that a header can have", async () => {
  for (const { token, sent } of VECTORS.tokens) {
    let header: string | null = null;
    const connection = connect("https://h", token, (request) => {
      header = request.headers.get("authorization");
      return Promise.resolve(Response.json({}));
    });
    const code = await outcome(() => connection.json({ action: "ask", path: "x" }));
    assertEquals([header, code], sent === null ? [null, "Invalid"] : [sent, {}], token);
  }
});

Deno.test("rules of sign-in: no token is sent to where a service redirects", async () => {
  await using service = startRedirects();
  for (const [i, { method }] of VECTORS.redirects.entries()) {
    const connection = connect(`${service.url}/${i}`, "secret");
    await outcome(() => connection.request({ action: "ask", path: "x", method }));
  }
  assertEquals(service.wrong(), []);
});

testInRoot("rules of sign-in: where sign-ins are, and which are damaged", async (root) => {
  for (const { env, is } of VECTORS.folders) {
    const folder = configurationFolder({ ...realSystem, env: (name) => env[name] });
    assertEquals(folder && `${folder}/logins.json`, is ?? undefined, JSON.stringify(env));
  }
  const { system } = userIn(root);
  const file = root.join("holdfast/logins.json");
  await Deno.mkdir(root.join("holdfast"));
  for (const { name, change, without = [], text, is } of VECTORS.logins) {
    const login: Record<string, unknown> = { ...VECTORS.login, ...change };
    for (const member of without) delete login[member];
    const whole = JSON.stringify({ format: 1, logins: { "https://h": login } });
    if (text === null) await Deno.remove(file);
    else await Deno.writeTextFile(file, text ?? whole, { mode: 0o600 });
    const found = await outcome(() => readLogins(system)["https://h"] ? "used" : "none");
    assertEquals(found, is === "damaged" ? "Invalid" : is, name);
  }
});

Deno.test("rules of sign-in: claims of tokens", () => {
  for (const { payload, token = tokenWith(payload!), is } of VECTORS.claims) {
    const claims = claimsOf(token);
    const found = claims &&
      { iss: claims.issuer, aud: claims.audience, expiresAtMs: claims.expiresAtMs };
    assertEquals(found ?? null, is, payload ?? token);
  }
});

testInRoot("rules of sign-in: when a token is renewed", async (root) => {
  const user = userIn(root);
  for (const { leftS, renews, answer, is } of VECTORS.margins) {
    const expiresAt = new Date(NOW + leftS * 1000).toISOString();
    const refreshToken = renews ? "r" : undefined;
    const login = { ...LOGIN, token: "old", expiresAt, refreshToken };
    await lockLogins(user, (file) => Promise.resolve(setLogin(file, "https://h", login)));
    const token = await withFetch(
      () => answerOf(ANSWERS[answer], LOGIN.issuer),
      () => outcome(() => renewedToken("https://h", user)!()),
    );
    const found = ["old", "Denied", "Unavailable"].includes(token) ? token : "new";
    assertEquals(found, is, `${leftS} s, ${renews}, ${answer}`);
  }
});

Deno.test("rules of sign-in: the request for a new token, and its answers", async () => {
  for (const renewal of VECTORS.renewals) {
    const { name, kind = "access_token", is, refreshToken } = renewal;
    const audience = kind === "id_token" ? LOGIN.clientId : LOGIN.audience;
    const login = { ...LOGIN, kind, audience, parameters: VECTORS.request.parameters };
    const asked: string[] = [];
    const found = await withFetch(
      async (request) => {
        asked.push(request.url);
        assertEquals(Object.fromEntries(new URLSearchParams(await request.text())), {
          ...VECTORS.request.is,
        });
        return answerOf(renewal, login.issuer);
      },
      () => outcome(() => renew(login, { signal })),
    );
    const words: Record<string, string> = { Denied: "ended", Unavailable: "later" };
    assertEquals(typeof found === "string" ? words[found] ?? found : "renewed", is, name);
    if (typeof found !== "string") assertEquals(found.refreshToken, refreshToken, name);
    assertEquals(asked, [LOGIN.tokenEndpoint], name);
  }
});

Deno.test("rules of sign-in: offers of a service", async () => {
  const context = { io: captureIo({ cwd: "." }), shared: { wait: 0 }, logger: silentLogger };
  for (const { answer, is } of VECTORS.offers) {
    const found = await withFetch(
      () => Response.json(answer),
      () => outcome(() => signInOf("https://h", context)),
    );
    if (is === null) assertEquals(found, "Unsupported", JSON.stringify(answer));
    if (is === null || typeof found === "string") continue;
    const none = () => outcome(() => chosenOffer("https://h", found, {}));
    if (is.length === 0) assertEquals(await none(), "Invalid", JSON.stringify(answer));
    for (const offer of is) {
      const audience = offer.token === "id_token" ? offer.clientId : "https://h";
      const chosen = chosenOffer("https://h", found, { issuer: offer.issuer, audience });
      assertEquals(chosen, { ...offer, audience, isNamed: true });
    }
  }
});

Deno.test("rules of sign-in: endpoints of an issuer", async () => {
  for (const { issuer, document, is } of VECTORS.endpoints) {
    const signIn = { audience: "https://h", issuers: [{ issuer, clientId: "c" }] };
    const found = await withFetch(
      () => Response.json(documentOf(issuer, document)),
      () =>
        outcome(async () => {
          const offer = chosenOffer("https://h", signIn, {});
          await discover({ offer, system: realSystem, signal });
          return true;
        }),
    );
    assertEquals(found === true, is, `${issuer} ${JSON.stringify(document)}`);
  }
});

const ISSUER = "https://issuer.example";

function start(redirectUri: string, offered: Record<string, unknown> = {}, names = false) {
  const document = { ...documentOf(ISSUER), authorization_response_iss_parameter_supported: names };
  const offer = { issuer: ISSUER, clientId: "client", scope: "openid", parameters: {}, ...offered };
  const chosen = { ...offer, token: "access_token" as const, audience: "https://h" };
  return startInBrowser(document, {
    offer: chosen,
    redirectUri,
    isKnown: true,
    system: realSystem,
    signal,
  });
}

Deno.test("rules of sign-in: the request for a code", async () => {
  for (const { offer, is } of VECTORS.requests) {
    const redirectUri = "http://127.0.0.1:1/";
    const { url, state } = await start(redirectUri, offer);
    const { nonce, code_challenge, ...query } = Object.fromEntries(new URL(url).searchParams);
    assertEquals(query, { ...is, state, redirect_uri: redirectUri });
    assert(![nonce, code_challenge, state].includes("other"));
  }
});

Deno.test("rules of sign-in: which answers have a code", async () => {
  for (const { query, names, code } of VECTORS.answers) {
    await using loopback = await openLoopback();
    const { state, finish } = await start(loopback.url, {}, names);
    const redirected = loopback.redirected(state);
    const text = query.replaceAll("STATE", state).replaceAll("ISSUER", encodeURIComponent(ISSUER));
    const response = await fetch(`${loopback.url}?${text}`);
    await response.body?.cancel();
    let sent: string | null = null;
    if (response.ok) {
      const answer = await redirected;
      await withFetch(
        async (request) => {
          sent = new URLSearchParams(await request.text()).get("code");
          return answerOf(ANSWERS.ended, ISSUER);
        },
        () => outcome(() => finish(answer)),
      );
    }
    assertEquals(sent, code, query);
  }
});

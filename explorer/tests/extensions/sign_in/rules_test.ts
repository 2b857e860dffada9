// The rules of sign-in that the command line and the Python package have too: the vectors of all three.
import { assert, assertEquals } from "@std/assert";
import { type Grant, issuersOf, takeAnswer } from "../../../src/api/grant.ts";
import { Service } from "../../../src/api/service.ts";
import { readToken, TabToken } from "../../../src/api/tab_token.ts";
import { expiryOf } from "../../../src/extensions/sign_in/expiry.ts";
import {
  beginSignIn,
  finishSignIn,
  renewGrant,
  storeAttempt,
} from "../../../src/extensions/sign_in/provider.ts";
import {
  answerOf,
  ANSWERS,
  documentOf,
  startRedirects,
  tokenWith,
  VECTORS,
  withFetch,
} from "../../../../tests/support/oidc/rules.ts";

const ISSUER = "https://issuer.example";
const NOW = Date.UTC(2030, 0, 1);
const PAGE = "https://h/explore/";
const OFFER = {
  issuer: ISSUER,
  clientId: "client",
  scope: "openid",
  token: "access_token",
  parameters: {},
} as const;

/** Runs a function in a page, whose tab keeps nothing afterwards. Returns where the page went. */
async function inPage(run: () => unknown): Promise<string | undefined> {
  let left: string | undefined;
  const page: Record<string, unknown> = {
    isSecureContext: true,
    document: { baseURI: PAGE },
    location: { hash: "", origin: "https://h", assign: (url: URL) => void (left = url.href) },
  };
  const names = Object.keys(page);
  const before = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
  for (const name of names) {
    Object.defineProperty(globalThis, name, { value: page[name], configurable: true });
  }
  try {
    await run();
    return left;
  } finally {
    for (const [i, name] of names.entries()) {
      Reflect.deleteProperty(globalThis, name);
      if (before[i] !== undefined) Object.defineProperty(globalThis, name, before[i]);
    }
    sessionStorage.clear();
  }
}

/** Returns true if a function throws an error that the page shows. */
async function isRefused(run: () => unknown): Promise<boolean> {
  try {
    await run();
    return false;
  } catch (error) {
    assertEquals((error as Error).constructor.name, "ServiceError", String(error));
    return true;
  }
}

/** Answers for an issuer: with its discovery document, and with something else to the request for a token. */
function issuing(
  token: (request: Request) => Response | Promise<Response>,
  more: Record<string, unknown> = {},
) {
  return (request: Request) =>
    request.url.includes("/.well-known/")
      ? Response.json(documentOf(ISSUER, more))
      : token(request);
}

Deno.test("rules of sign-in: a token is for one service", async () => {
  const baseOf = (url: string) => new URL("../", `${url.replace(/\/*$/, "")}/explore/`).href;
  for (const { signedIn, used, sent } of VECTORS.services) {
    await inPage(() => {
      const grant = { issuer: OFFER, token: "secret", refreshToken: "r", expiresAtMs: NOW };
      new TabToken(baseOf(signedIn)).setGrant(grant);
      const { value, grant: found } = new TabToken(baseOf(used));
      const expected = sent ? ["secret", "r"] : [undefined, undefined];
      assertEquals([value, found?.refreshToken], expected, `${signedIn} at ${used}`);
    });
  }
});

Deno.test("rules of sign-in: tokens that a header can have", () => {
  for (const { token, sent, page = sent } of VECTORS.tokens) {
    const read = readToken(token);
    assertEquals(read === undefined ? null : `Bearer ${read}`, page, token);
  }
});

Deno.test("rules of sign-in: no token is sent to where a service redirects", async () => {
  await using service = startRedirects();
  for (const [i, { method }] of VECTORS.redirects.entries()) {
    await inPage(async () => {
      const page = new Service(`${service.url}/${i}/`);
      page.token.set("secret");
      assert(await isRefused(() => page.ask("x", { method })));
    });
  }
  assertEquals(service.wrong(), []);
});

Deno.test("rules of sign-in: claims of tokens", () => {
  for (const { payload, token = tokenWith(payload!), is } of VECTORS.claims) {
    assertEquals(expiryOf(token), is?.expiresAtMs, payload ?? token);
  }
});

Deno.test("rules of sign-in: when a token is renewed", async () => {
  for (const { leftS, renews, answer, is, page = is } of VECTORS.margins) {
    const expiresAtMs = NOW + leftS * 1000;
    const refreshToken = renews ? "r" : undefined;
    await inPage(async () => {
      const token = new TabToken("https://h/", () => Promise.resolve({ ...PROVIDER }));
      token.setGrant({ issuer: OFFER, token: "old", refreshToken, expiresAtMs });
      await withFetch(
        issuing(() => answerOf(ANSWERS[answer], ISSUER)),
        () => token.beforeRequest(NOW),
      );
      const found = token.value === "old" ? "old" : "new";
      assertEquals(found, page, `${leftS} s, ${renews}, ${answer}`);
    });
  }
});

const PROVIDER = { beginSignIn, finishSignIn, renewGrant, revokeGrant: () => Promise.resolve() };

Deno.test("rules of sign-in: the request for a new token, and its answers", async () => {
  for (const renewal of VECTORS.renewals) {
    const { name, kind = "access_token", is, page = is, refreshToken } = renewal;
    const issuer = { ...OFFER, token: kind, parameters: VECTORS.request.parameters };
    let renewed: Grant | undefined;
    let isLater = false;
    const answer = issuing(async (request) => {
      const fields = Object.fromEntries(new URLSearchParams(await request.text()));
      assertEquals([request.url, fields], [`${ISSUER}/token`, VECTORS.request.is], name);
      return answerOf(renewal, ISSUER);
    });
    await inPage(() =>
      withFetch(answer, async () => {
        isLater = await isRefused(async () => {
          const expired = { issuer, token: "old", refreshToken: "r", expiresAtMs: NOW };
          renewed = await renewGrant(expired);
        });
      })
    );
    assertEquals(isLater ? "later" : renewed === undefined ? "ended" : "renewed", page, name);
    if (renewed !== undefined) {
      assertEquals([renewed.refreshToken, renewed.expiresAtMs], [refreshToken, END_MS], name);
    }
  }
});

/** The end of the tokens of the vectors. */
const END_MS = 4_102_444_800_000;

Deno.test("rules of sign-in: offers of a service", () => {
  for (const { answer, is } of VECTORS.offers) {
    assertEquals(issuersOf(answer), is ?? [], JSON.stringify(answer));
  }
});

Deno.test("rules of sign-in: endpoints of an issuer", async () => {
  for (const { issuer, document, is, page = is } of VECTORS.endpoints) {
    const left = await inPage(() =>
      withFetch(
        () => Response.json(documentOf(issuer, document)),
        () => isRefused(() => beginSignIn({ ...OFFER, issuer })),
      )
    );
    assertEquals(left !== undefined, page, `${issuer} ${JSON.stringify(document)}`);
  }
});

Deno.test("rules of sign-in: the request for a code", async () => {
  const none = () => new Response(null, { status: 404 });
  for (const { offer, is } of VECTORS.requests) {
    const left = await inPage(() =>
      withFetch(issuing(none), () => beginSignIn({ ...OFFER, ...offer }))
    );
    const { nonce, code_challenge, state, ...query } = Object.fromEntries(
      new URL(left!).searchParams,
    );
    assertEquals(query, { ...is, redirect_uri: PAGE });
    assert(![nonce, code_challenge, state].includes("other"));
  }
});

Deno.test("rules of sign-in: which answers have a code", async () => {
  for (const { query, names, code } of VECTORS.answers) {
    const state = "state-of-this-tab";
    const text = query.replaceAll("STATE", state).replaceAll("ISSUER", encodeURIComponent(ISSUER));
    const at = { hash: "", pathname: "/explore/", search: `?${text}` };
    let sent: string | null = null;
    const token = async (request: Request) => {
      sent = new URLSearchParams(await request.text()).get("code");
      return answerOf(ANSWERS.ended, ISSUER);
    };
    const document = { authorization_response_iss_parameter_supported: names };
    await inPage(async () => {
      const verifier = "v".repeat(43);
      storeAttempt({ issuer: OFFER, state, verifier, nonce: "n", view: "" });
      const answer = takeAnswer(at, { replaceState() {} });
      if (answer === undefined) return;
      await withFetch(issuing(token, document), () => isRefused(() => finishSignIn(answer)));
    });
    assertEquals(sent, code, query);
  }
});

// Keyless signing, with a Sigstore on this machine: what goes well, and each way in which it fails.
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "@std/path";
import { realSystem } from "../../../../core/system.ts";
import { type Registry, RegistryError } from "../../../../mod.ts";
import { annotate, readAnnotations } from "../../../../registry/mod.ts";
import {
  addSignature,
  checkSignatures,
  signatureBundle,
  signKeyless,
  type SignKeylessOptions,
} from "../../../../extensions/signatures/signatures.ts";
import { askJobToken } from "../../../../apps/cli/extending.ts";
import type { Json } from "../mutations.ts";
import { CERTIFICATES } from "../../../support/certificates/folder.ts";
import { ALICE, ISSUER, sigstore } from "../certificates/keyless.ts";
import { NAME, withVersion } from "../signed.ts";
import {
  at,
  FULCIO,
  REKOR,
  type Route,
  type ServedOptions,
  servedSigstore,
} from "./served_sigstore.ts";

Deno.test("a version is signed by an identity, and checked offline with the root", async () => {
  await using registry = await withVersion();
  await using served = await servedSigstore();
  const { fulcio, rekor, timestampAuthority, trustedRoot, token } = served;
  const services = { fulcio, rekor, trustedRoot };
  const signed = await signKeyless(registry, NAME, { ...services, token: await token() });
  assertEquals([signed.identity, signed.isNew, served.asked], [ALICE, true, [FULCIO, REKOR]]);
  const more = { ...services, timestampAuthority, token: await token() };
  const stamped = await signKeyless(registry, NAME, more);
  assertEquals(served.asked.slice(2), [FULCIO, REKOR, "/tsa"]);
  const signedBy = { identity: ALICE, issuer: ISSUER, trustedRoot };
  const report = await checkSignatures(registry, NAME, { signedBy });
  assertEquals(report.signatures.map(({ state }) => state), ["valid", "valid"]);
  const own = report.signatures.find(({ id }) => id === signed.id);
  assertEquals(own?.signedAt, signed.loggedAt);
  const bundle = JSON.parse(await signatureBundle(registry, NAME, { key: stamped.id }));
  const { rfc3161Timestamps } = bundle.verificationMaterial.timestampVerificationData;
  assertEquals(rfc3161Timestamps.length, 1);
  // The timestamp is checked, too.
  const stamp = rfc3161Timestamps[0].signedTimestamp;
  rfc3161Timestamps[0].signedTimestamp = `${stamp.slice(0, -8)}AAAA${stamp.slice(-4)}`;
  await addSignature(registry, NAME, { bundle: JSON.stringify(bundle) });
  const changed = await checkSignatures(registry, NAME, { signedBy });
  assertEquals(changed.signatures.find(({ id }) => id === stamped.id)?.state, "wrong");
});

Deno.test("a timestamp is verified whatever digits its fraction of a second has", async () => {
  for (const ms of [0, 100, 120, 123, 7]) {
    await using registry = await withVersion();
    // when asked: the certificates are valid then, however slow the machine is
    const second = () => Math.ceil(realSystem.now() / 1000) * 1000;
    await using served = await servedSigstore({ stampedAt: () => new Date(second() + ms) });
    const { fulcio, rekor, timestampAuthority, trustedRoot } = served;
    const services = { fulcio, rekor, timestampAuthority, trustedRoot };
    const { identity } = await signKeyless(registry, NAME, {
      ...services,
      token: await served.token(),
    });
    assertEquals(identity, ALICE, `${ms} ms`);
  }
});

/** Signs with a Sigstore, and returns the error. The version must have no signature. */
async function failure(
  served: ServedOptions,
  { claims = {}, times, ...options }: Partial<SignKeylessOptions> & {
    claims?: Record<string, unknown>;
    times?: { nowMs?: number };
  } = {},
): Promise<{ error: Error; asked: Route[]; token: string }> {
  await using registry = await withVersion();
  await using sigstore = await servedSigstore(served);
  const { fulcio, rekor, timestampAuthority, asked } = sigstore;
  const token = options.token ?? await sigstore.token(claims, times);
  const all = { fulcio, rekor, timestampAuthority, ...options, token };
  const error = await assertRejects(() => signKeyless(registry, NAME, all), Error);
  const { labels } = await readAnnotations(registry, `${NAME}@1.0.0`) ?? {};
  assertEquals(labels, undefined, "half of a signature was stored");
  for (const text of [error.message, (error as RegistryError).hint ?? "", String(error.stack)]) {
    assert(token === "" || !text.includes(token), "the token is in the error");
  }
  return { error, asked, token };
}

/** Asserts the code and the words of an error. */
function assertError(error: Error, code: string, reason: RegExp, hint: RegExp): void {
  assert(error instanceof RegistryError, String(error));
  assertMatch(error.message, reason);
  assertEquals([error.code, error.message], [code, error.message]);
  assertMatch(error.hint ?? "", hint);
}

const HOUR_MS = 3_600_000;

Deno.test("tokens that cannot be used go to no service", async () => {
  const cases: [options: Json, code: string, reason: RegExp, hint: RegExp][] = [
    [{ times: { nowMs: realSystem.now() - HOUR_MS } }, "Denied", /expired at 2/, /Get a new token/],
    [{ claims: { exp: -1e18 }, fulcio: "http://[::1]:1" }, "Unavailable", /not answer/, /again/],
    [{ claims: { aud: "https://models.acme.com" } }, "Denied", /is for "https.*not for s/, /sigst/],
    [{ claims: { aud: ["a", "b"] } }, "Denied", /is for "a, b", not for sigstore/, /audience/],
    [{ claims: { aud: undefined } }, "Denied", /is for no audience/, /audience/],
    [{ claims: { email: "a@b.c" } }, "Denied", /email address .* is not verified/, /Verify it/],
    [{ claims: { sub: "" } }, "Invalid", /nor a subject/, /Pass a token/],
    [{ token: "ghp_0123456789" }, "Invalid", /is not a JSON Web Token/, /Pass a token/],
    [{ token: "a.b.c" }, "Invalid", /is not a JSON Web Token/, /Pass a token/],
    [{ token: "" }, "Invalid", /is not a JSON Web Token/, /Pass a token/],
    [{ fulcio: "http://fulcio.example" }, "Invalid", /is not an https URL/, /https URL/],
    [{ rekor: "rekor" }, "Invalid", /"rekor": it is not an https URL/, /https URL/],
    [{ timestampAuthority: "file:///x" }, "Invalid", /is not an https URL/, /https URL/],
    [{ fulcio: "a:secret@b" }, "Invalid", /^Cannot sign: the URL of a service has a user/, /./],
    [{ timestampAuthority: "https://b.c/?key=secret" }, "Invalid", /query or fragment$/, /without/],
    [{ rekor: "https://a:secret@b.c" }, "Invalid", /^Cannot sign: the URL of a serv[^@]*$/, /./],
    [{ trustedRoot: "{}" }, "Invalid", /trusted root cannot be read/, /trusted_root.json/],
  ];
  for (const [options, code, reason, hint] of cases) {
    const { error, asked } = await failure({}, options);
    assertError(error, code, reason, hint);
    assertEquals([String(reason), asked], [String(reason), []]);
  }
});

Deno.test("an authority that refuses a token and repeats it does not reveal it", async () => {
  await using other = await servedSigstore();
  const { error, asked } = await failure({}, { token: await other.token() });
  assertError(error, "Denied", /\/signingCert": status 401$/, /Get a new identity token/);
  assertEquals(asked, [FULCIO]);

  const token = await other.token();
  for (const part of token.split(".")) {
    const answer = () => json(400, `illegal base64 in ${part} of the token`);
    const { error } = await failure(at(FULCIO, answer), { token });
    assertError(error, "Invalid", /\/signingCert": status 400$/, /Check the URL/);
  }
});

const html = (status: number) => new Response("<html>Bad gateway</html>", { status });
const json = (status: number, message: string) => Response.json({ code: 1, message }, { status });
const long = () => new Response(new Uint8Array(1024 * 1024));

Deno.test("each refusal of a service is named, and what to do, and nothing is stored", async () => {
  const never = new Promise<Response>(() => {});
  for (const route of [FULCIO, REKOR, "/tsa"] as const) {
    const cases: [
      answer: () => Response | Promise<Response>,
      code: string,
      reason: RegExp,
      hint: RegExp,
    ][] = [
      [() => html(502), "Unavailable", /: status 502$/, /Run the same command again/],
      [() => json(429, "slow down"), "Unavailable", /: status 429: slow down$/, /again/],
      [() => json(401, "no\n\x1b[2J"), "Denied", /: status 401: no\?\?\[2J$/, /new identity token/],
      [() => json(403, "x".repeat(9999)), "Denied", /: status 403: x{300}$/, /identity token/],
      [() => html(404), "Invalid", /: status 404$/, /Check the URL/],
      [() => html(413), "Invalid", /: status 413$/, /sign it with a key/],
      [() => Response.redirect("http://127.0.0.1:1/"), "Invalid", /: status 302$/, /Check the URL/],
      [() => long(), "Corrupt", /longer than 256 KiB/, /another program/],
    ];
    if (route !== "/tsa") {
      cases.push([() => html(200), "Corrupt", /answer is not a JSON object/, /another program/]);
      cases.push([() => Response.json([]), "Corrupt", /is not a JSON object/, /another program/]);
    }
    for (const [answer, code, reason, hint] of cases) {
      const { error, asked } = await failure(at(route, answer));
      assertError(error, code, reason, hint);
      assertStringIncludes(error.message, route);
      assertEquals(asked.at(-1), route, "a later service was asked");
    }
    const { error } = await failure(at(route, () => never), { timeoutMs: 20 });
    assertError(error, "Unavailable", /it sent no answer in 0.02 s/, /again later/);
  }
});

Deno.test("a server with a certificate that is not trusted gets no token", async () => {
  const [cert, key] = await Promise.all(
    ["server", "server_key"].map((name) => readFile(join(CERTIFICATES, `${name}.pem`), "utf8")),
  );
  const asked: string[] = [];
  const at = { port: 0, hostname: "127.0.0.1", cert, key, onListen() {} };
  await using between = Deno.serve(at, ({ url }) => {
    asked.push(url);
    return new Response();
  });
  const url = `https://127.0.0.1:${between.addr.port}`;
  const { error } = await failure({}, { fulcio: url });
  assertError(error, "Unavailable", /it has a certificate that is not trusted/, /authority/);
  const { signal } = new AbortController(), source = { url, token: "secret" };
  const asking = () => askJobToken(source, { audience: "sigstore", hint: "", signal });
  const refused = await assertRejects(asking, Error);
  assertError(refused, "Unavailable", /has a certificate that is not trusted/, /authority/);
  assertEquals([asked, String(refused.stack).includes("secret")], [[], false]);
});

/** Changes the JSON of an answer. */
async function changed(usual: () => Promise<Response>, change: (answer: Json) => unknown) {
  const answer = await (await usual()).json();
  change(answer);
  return Response.json(answer, { status: 201 });
}

const flipped = (base64: string) => btoa(`{"x":${atob(base64).slice(1)}`);

Deno.test("wrong answers of services are refused before anything is stored", async () => {
  const other = await sigstore();
  const foreign: Json = await other.signed("{}");
  const { rawBytes } = foreign.verificationMaterial.certificate;
  const pem = `-----BEGIN CERTIFICATE-----\n${rawBytes}\n-----END CERTIFICATE-----\n`;
  const chainOf = (answer: Json) => answer.signedCertificateEmbeddedSct.chain;
  const entryOf = (answer: Json) => Object.values(answer)[0] as Json;
  const cases: [route: Route, change: (answer: Json) => unknown, reason: RegExp][] = [
    [FULCIO, (answer) => chainOf(answer).certificates = [pem], /certificate is of another key/],
    [FULCIO, (answer) => chainOf(answer).certificates = [], /has no certificate/],
    [FULCIO, (answer) => chainOf(answer).certificates = ["x"], /has no certificate/],
    [FULCIO, (answer) => chainOf(answer).certificates[0] = 5, /has no certificate/],
    [FULCIO, (answer) => {
      answer.signedCertificateDetachedSct = answer.signedCertificateEmbeddedSct;
      delete answer.signedCertificateEmbeddedSct;
    }, /has no certificate that a log has received/],
    [REKOR, (answer) => delete answer[Object.keys(answer)[0]!], /is not an entry/],
    [REKOR, (answer) => delete entryOf(answer).verification, /is not an entry with a proof/],
    [REKOR, (answer) => entryOf(answer).logIndex = "1e9", /is not an entry with a proof/],
    [REKOR, (answer) => entryOf(answer).logID = "..", /is not an entry with a proof/],
    [REKOR, (answer) => entryOf(answer).integratedTime = -1, /is not an entry with a proof/],
    [REKOR, (answer) => entryOf(answer).integratedTime = 9e15, /is not an entry with a proof/],
    [REKOR, (answer) => entryOf(answer).integratedTime -= 7200, /its time is 2.* valid from 2/],
    [REKOR, (answer) => entryOf(answer).body = flipped(entryOf(answer).body), /another signature/],
    [REKOR, (answer) => entryOf(answer).body = "%", /its entry is of another signature/],
    [
      REKOR,
      (answer) =>
        entryOf(answer).body = foreign.verificationMaterial.tlogEntries[0].canonicalizedBody,
      /its entry is of another signature/,
    ],
  ];
  for (const [route, change, reason] of cases) {
    const { error } = await failure(at(route, (usual) => changed(usual, change)));
    assertError(error, "Corrupt", reason, /Nothing was added|Check the URL/);
  }
  const { error } = await failure(at("/tsa", () => new Response("0")));
  assertError(error, "Corrupt", /not a timestamp of this signature/, /Nothing was added/);
});

Deno.test("a signature that the trusted root does not verify is not stored", async () => {
  const { trustedRoot } = await sigstore();
  const { error, asked } = await failure({}, { trustedRoot });
  assertError(error, "Invalid", /the trusted root refuses the signature: /, /root of these serv/);
  assertEquals(asked, [FULCIO, REKOR, "/tsa"]);
});

Deno.test("proofs that are too long for a version are not stored", async () => {
  const hashes = Array(1000).fill("ab".repeat(32));
  const { error } = await failure(at(REKOR, (usual) =>
    changed(usual, (answer) => {
      (Object.values(answer)[0] as Json).verification.inclusionProof.hashes = hashes;
    })));
  assertError(error, "Unsupported", /proofs are longer than 24 KiB/, /Sign with fewer/);
});

Deno.test("a signature for which a version has no room is shown to no service", async () => {
  const full = { other: "x".repeat(58 * 1024) };
  const cases: [labels: Record<string, unknown>, reason: RegExp, hint: RegExp][] = [
    [
      full,
      /notes and labels have no room for another/,
      /Remove a signature: set its ID in the label `signatures` to null/,
    ],
    [{ signatures: "mine" }, /label `signatures` has other content/, /Move its value/],
  ];
  await using served = await servedSigstore();
  const { fulcio, rekor, asked } = served, token = await served.token();
  for (const [labels, reason, hint] of cases) {
    await using registry = await withVersion();
    await annotate(registry, `${NAME}@1.0.0`, { labels });
    const signing = () => signKeyless(registry, NAME, { fulcio, rekor, token });
    assertError(await assertRejects(signing, Error), "Conflict", reason, hint);
  }
  assertEquals(asked, []);
});

Deno.test("a clock that is wrong is named, by the time of the certificate", async () => {
  for (const hours of [-2, 2]) {
    const nowMs = realSystem.now() + hours * HOUR_MS;
    const system = { ...realSystem, now: () => nowMs };
    const claims = { exp: Math.floor(realSystem.now() / 1000) + 3 * 3600 };
    const { error, asked } = await failure({}, { system, claims });
    const time = new Date(nowMs).toISOString();
    assertError(error, "Corrupt", new RegExp(`the clock of this machine is ${time}`), /set it/);
    assertEquals(asked, [FULCIO], "a signature was logged");
  }
});

Deno.test("a run that is stopped between the services adds nothing", async () => {
  for (const route of [FULCIO, REKOR, "/tsa"] as const) {
    const stop = new AbortController();
    const { error } = await failure(
      at(route, async (usual) => {
        stop.abort(new Error("Ctrl-C"));
        return await usual();
      }),
      { signal: stop.signal },
    );
    assertEquals(error.message, "Ctrl-C");
  }
});

Deno.test("a version that is overwritten meanwhile is not signed", async () => {
  await using registry = await withVersion();
  const overwrite = (own: Registry) =>
    own.save(NAME, { layers: 9 }, { version: "1.0.0", onConflict: "overwrite" });
  await using served = await servedSigstore(at(REKOR, async (usual) => {
    await overwrite(registry);
    return await usual();
  }));
  const { fulcio, rekor } = served;
  const token = await served.token();
  const error = await assertRejects(() => signKeyless(registry, NAME, { fulcio, rekor, token }));
  assertError(error as Error, "Conflict", /it was overwritten meanwhile/, /sign again/);
});

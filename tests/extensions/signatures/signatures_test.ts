import { assert, assertEquals, assertMatch, assertNotMatch, assertRejects } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { openRegistry, type Registry, RegistryError } from "../../../mod.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { annotate, readAnnotations } from "../../../registry/mod.ts";
import { bundleNames } from "../../../extensions/signatures/report.ts";
import {
  addSignature,
  checkSignatures,
  signatureBundle,
  type SignaturesReport,
  signVersion,
} from "../../../extensions/signatures/signatures.ts";
import { writeBundles } from "../../../extensions/signatures/files/write_bundles.ts";
import { testService } from "../../apps/client/service.ts";
import { ecKeys, edKeys, type KeyPair, NAME, withVersion } from "./signed.ts";

const REF = `${NAME}@1.0.0`;

function states({ signatures }: SignaturesReport): string[] {
  return signatures.map(({ state }) => state);
}

async function storedAs(registry: Registry, id: string): Promise<Record<string, string>> {
  const { labels } = (await readAnnotations(registry, REF))!;
  return (labels.signatures as Record<string, Record<string, string>>)[id]!;
}

Deno.test("each kind of key signs a version, and only its public key checks it", async () => {
  const kinds = [ecKeys(), ecKeys("P-384"), ecKeys("P-521"), edKeys()];
  await using registry = await withVersion();
  for (const { privateKey } of kinds) await signVersion(registry, NAME, { key: privateKey });
  for (const { publicKey } of kinds) {
    const report = await checkSignatures(registry, REF, { signedBy: publicKey });
    assert(report.ok);
    assertEquals(states(report).toSorted(), ["unchecked", "unchecked", "unchecked", "valid"]);
  }
  const all = await checkSignatures(registry, REF, { signedBy: kinds.map((k) => k.publicKey) });
  assertEquals(states(all), ["valid", "valid", "valid", "valid"]);
  const other = await checkSignatures(registry, REF, {
    signedBy: [kinds[0]!.publicKey, ecKeys().publicKey],
  });
  assertEquals([other.ok, other.missing.length], [false, 1]);
});

Deno.test("without keys, signatures are listed and nothing is asked for", async () => {
  await using registry = await withVersion();
  assertEquals(
    await checkSignatures(registry, REF).then(({ ok, signatures }) => [ok, signatures]),
    [
      true,
      [],
    ],
  );
  const unsigned = await checkSignatures(registry, REF, { signedBy: ecKeys().publicKey });
  assertEquals([unsigned.ok, unsigned.signatures], [false, []]);
});

Deno.test("a key has one signature of a version: the last one", async () => {
  const { privateKey, publicKey } = ecKeys();
  await using registry = await withVersion();
  const first = await signVersion(registry, REF, { key: privateKey });
  const again = await signVersion(registry, REF, { key: privateKey });
  assertEquals([first.isNew, again.isNew, first.id], [true, false, again.id]);
  const report = await checkSignatures(registry, REF, { signedBy: publicKey });
  assertEquals([report.ok, report.signatures.length], [true, 1]);
});

Deno.test("two who sign at once both have signed", async () => {
  const pairs = [ecKeys(), edKeys(), ecKeys("P-384")];
  await using registry = await withVersion();
  await Promise.all(pairs.map(({ privateKey }) => signVersion(registry, REF, { key: privateKey })));
  const signedBy = pairs.map(({ publicKey }) => publicKey);
  assert((await checkSignatures(registry, REF, { signedBy })).ok);
});

Deno.test("a version that was overwritten is not the signed one", async () => {
  const { privateKey, publicKey } = ecKeys();
  await using registry = await withVersion();
  await signVersion(registry, REF, { key: privateKey });
  await registry.save(NAME, { layers: [3, 5] }, { version: "1.0.0", onConflict: "overwrite" });
  const report = await checkSignatures(registry, REF, { signedBy: publicKey });
  assertEquals([report.ok, states(report)], [false, ["wrong"]]);
  assertMatch(report.signatures[0]!.problem!, /did not sign the files of this version/);
});

Deno.test("a signature stays with a mirrored, deleted and restored version", async () => {
  const { privateKey, publicKey: signedBy } = ecKeys();
  await using registry = await openRegistry("memory:");
  await registry.save(NAME, { layers: 3 });
  await signVersion(registry, NAME, { key: privateKey });
  await registry.delete(REF);
  await registry.undelete(REF);
  assert((await checkSignatures(registry, REF, { signedBy })).ok);
  await using copy = await openRegistry("memory:");
  await mirrorRegistry(registry, copy);
  assert((await checkSignatures(copy, REF, { signedBy })).ok);
});

testService("a service gets signatures, never the private key", async ({ open, handler }) => {
  const { privateKey, publicKey: signedBy } = ecKeys();
  const sent: string[] = [];
  await using registry = await open({
    fetch: async (request) => {
      sent.push(request.url, await request.clone().text());
      return await handler(request);
    },
  });
  await registry.save(NAME, { layers: 3 }, { version: "1.0.0" });
  await signVersion(registry, REF, { key: privateKey });
  assert((await checkSignatures(registry, REF, { signedBy })).ok);
  const secret = privateKey.split("\n")[1]!;
  assert(sent.length > 2 && !sent.some((text) => text.includes(secret)));
});

Deno.test("a bundle is added to another registry with the same files, and to no other version", async () => {
  const { privateKey, publicKey: signedBy } = ecKeys();
  await using registry = await withVersion();
  const { id } = await signVersion(registry, REF, { key: privateKey });
  const bundle = await signatureBundle(registry, REF, { key: id.slice(0, 6) });
  assertEquals(await signatureBundle(registry, REF, { key: signedBy }), bundle);
  await using other = await openRegistry("memory:");
  await other.save("copies:digits", { layers: [3, 4] });
  await addSignature(other, "copies:digits", { bundle });
  const report = await checkSignatures(other, "copies:digits", { signedBy });
  assertEquals([report.ok, report.signatures[0]!.subject], [true, NAME]);
  await other.save("copies:digits", { layers: [3, 5] });
  await assertRejects(
    () => addSignature(other, "copies:digits", { bundle }),
    RegistryError,
    "bytes",
  );
  assertEquals((await checkSignatures(other, "copies:digits")).signatures, []);
});

Deno.test("a signature with one change anywhere is never valid", async () => {
  const { privateKey, publicKey: signedBy } = ecKeys();
  await using registry = await withVersion();
  const { id } = await signVersion(registry, REF, { key: privateKey });
  const stored = await storedAs(registry, id);
  const members = ["keyHash", "sig", "subject"] as const;
  const change = fc.record({
    member: fc.constantFrom(...members),
    at: fc.nat(),
    to: fc.constantFrom(..."0aA+/=zé "),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({ member, at, to }) => {
      const text = stored[member]!, place = at % text.length;
      const changed = text.slice(0, place) + to + text.slice(place + 1);
      const bytes = (value: string) => member === "sig" ? safeBytes(value) : value;
      fc.pre(bytes(changed) !== bytes(text));
      await annotate(registry, REF, {
        labels: { signatures: { [id]: { ...stored, [member]: changed } } },
      });
      const report = await checkSignatures(registry, REF, { signedBy });
      assertEquals([report.ok, states(report).includes("valid")], [false, false]);
    }),
    { numRuns: 200 },
  );
});

/** Base64 has several texts of the same bytes. */
function safeBytes(text: string): string {
  try {
    return atob(text);
  } catch {
    return `no base64: ${text}`;
  }
}

Deno.test("a changed statement is never valid, and the report says why", async () => {
  const { privateKey, publicKey: signedBy } = ecKeys();
  await using registry = await withVersion();
  const { id } = await signVersion(registry, REF, { key: privateKey });
  const bundle = JSON.parse(await signatureBundle(registry, REF, { key: id }));
  const payload = JSON.parse(atob(bundle.dsseEnvelope.payload));
  const [file] = payload.predicate.resources;
  const cases: [change: (copy: typeof payload) => unknown, problem: RegExp][] = [
    [(p) => p.predicate.resources[0].digest = "0".repeat(64), /digest of the subject/],
    [(p) => p.predicate.resources[0].digest = "0", /has no SHA-256/],
    [(p) => p.predicate.resources[0].algorithm = "blake2b", /has no SHA-256/],
    [(p) => p.predicate.resources.push({ ...file }), /listed twice/],
    [(p) => p.predicate.resources = [], /digest of the subject/],
    [(p) => p.predicate.resources = {}, /not a statement/],
    [(p) => p.predicateType = "https://model_signing/Digests/v0.1", /predicate has the type/],
    [(p) => p._type = "https://in-toto.io/Statement/v0.1", /statement has the type/],
    [(p) => p.subject.push(p.subject[0]), /2 subjects/],
    [(p) => p.subject = [], /0 subjects/],
    [(p) => p.subject[0].digest.sha256 = "f".repeat(64), /digest of the subject/],
    [(p) => p.predicate.serialization.method = "shards", /whole files/],
    [(p) => p.subject[0].name = "other", /did not sign/],
    [(p) => p.more = 1, /did not sign/],
    [(p) => p._type = { toString: 0 }, /statement has the type/],
    [(p) => p.predicateType = { toString: 0 }, /predicate has the type/],
    [(p) => p.predicate.resources[0].digest = { toString: 0 }, /has no SHA-256/],
    [(p) => p.predicate.resources[0].digest = [file.digest], /has no SHA-256/],
    [(p) => p.predicate.resources[0].name = { toString: 0 }, /is not signed/],
    [(p) => p.subject[0].digest.sha256 = { toString: 0 }, /digest of the subject/],
  ];
  for (const [change, problem] of cases) {
    const copy = structuredClone(payload);
    change(copy);
    const stored = await storedAs(registry, id);
    const subject = String(copy.subject[0]?.name ?? "");
    const text = JSON.stringify(copy);
    await annotate(registry, REF, {
      labels: { signatures: { [id]: { ...stored, subject, payload: text } } },
    });
    const report = await checkSignatures(registry, REF, { signedBy });
    assertEquals(report.ok, false);
    assertMatch(report.signatures[0]!.problem!, problem);
  }
  await signVersion(registry, REF, { key: privateKey });
  assert((await checkSignatures(registry, REF, { signedBy })).ok);
});

const OF_NO_TIME = {
  ["0".repeat(16)]: {
    ...{ keyHash: "0".repeat(64), sig: "AAAA", subject: "n" },
    addedAt: { toString: 0 },
  },
};

Deno.test("labels of other forms are no signatures, and stay", async () => {
  const { privateKey } = ecKeys();
  for (
    const label of [
      "by hand",
      { a: 1 },
      ["x"],
      { "0123456789abcdef": { keyHash: "x" } },
      OF_NO_TIME,
    ]
  ) {
    await using registry = await withVersion();
    await annotate(registry, REF, { labels: { signatures: label } });
    const { signatures } = await checkSignatures(registry, REF);
    assertEquals(signatures.filter(({ state }) => state !== "wrong"), []);
    await assertRejects(
      () => signVersion(registry, REF, { key: privateKey }),
      RegistryError,
      "has other content",
    );
    assertEquals((await readAnnotations(registry, REF))!.labels.signatures, label);
  }
});

Deno.test("a version whose signatures were removed can be signed again", async () => {
  const { privateKey, publicKey: signedBy } = ecKeys();
  await using registry = await withVersion();
  const { id } = await signVersion(registry, REF, { key: privateKey });
  await annotate(registry, REF, { labels: { signatures: { [id]: null } } });
  assertEquals((await checkSignatures(registry, REF, { signedBy })).ok, false);
  await signVersion(registry, REF, { key: privateKey });
  assert((await checkSignatures(registry, REF, { signedBy })).ok);
});

Deno.test("a key that cannot sign is refused in plain words, and its text is in no error", async () => {
  const rsa = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const locked = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "open" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const { privateKey, publicKey } = ecKeys();
  const [begin, end] = ["BEGIN", "END"].map((word) =>
    `-----${word} ENCRYPTED SIGSTORE PRIVATE KEY`
  );
  const cosign = `${begin}-----\naGVsbG8=\n${end}-----\n`;
  await using registry = await withVersion();
  const refused: [options: { key: string; passphrase?: string }, message: RegExp][] = [
    [{ key: rsa.privateKey }, /key type rsa/],
    [{ key: publicKey }, /: a public key is given/],
    [{ key: publicKey.replaceAll("PUBLIC KEY", "CERTIFICATE") }, /: a certificate is given/],
    [{ key: privateKey.replaceAll("\n", "\\n") }, /lost its line breaks/],
    [{ key: "secret words" }, /not a private key/],
    [{ key: privateKey.slice(0, 120) }, /not a private key/],
    [{ key: locked.privateKey.replaceAll("\n", "\\n"), passphrase: "open" }, /lost its line/],
    [{ key: locked.privateKey }, /encrypted/],
    [{ key: locked.privateKey, passphrase: "shut" }, /passphrase does not open/],
    [{ key: cosign, passphrase: "open" }, /cosign wrote the key, in a format of its own/],
  ];
  for (const [options, message] of refused) {
    const error = await assertRejects(() => signVersion(registry, REF, options), RegistryError);
    assertMatch(error.message, message);
    assertNotMatch(`${error.message} ${error.hint} ${error.cause}`, /secret words|MIG|MIIE/);
  }
  await signVersion(registry, REF, { key: locked.privateKey, passphrase: "open" });
  await assertRejects(
    () => checkSignatures(registry, REF, { signedBy: privateKey }),
    RegistryError,
    "private key",
  );
  assert((await checkSignatures(registry, REF, { signedBy: locked.publicKey })).ok);
});

Deno.test("a key elsewhere signs, and what it returns is checked before it is kept", async () => {
  const { sign } = await import("node:crypto");
  const pair: KeyPair = ecKeys();
  await using registry = await withVersion();
  const remote = (privateKey: string) => ({
    publicKey: pair.publicKey,
    sign: (bytes: Uint8Array) => Promise.resolve(sign("sha256", bytes, privateKey)),
  });
  await assertRejects(
    () => signVersion(registry, REF, { key: remote(ecKeys().privateKey) }),
    RegistryError,
    "does not match the public key",
  );
  assertEquals((await checkSignatures(registry, REF)).signatures, []);
  await signVersion(registry, REF, { key: remote(pair.privateKey) });
  assert((await checkSignatures(registry, REF, { signedBy: pair.publicKey })).ok);
});

Deno.test("an invalid bundle is refused, and adds nothing", async () => {
  const { privateKey } = ecKeys();
  await using registry: Registry = await withVersion();
  await using other = await withVersion();
  const { id } = await signVersion(other, REF, { key: privateKey });
  const bundle = await signatureBundle(other, REF, { key: id });
  const { payload, signatures: [{ sig }] } = JSON.parse(bundle).dsseEnvelope;
  const only = `{"sig":"${sig}","keyid":""}`;
  const changes: [from: string | RegExp, to: string][] = [
    [/^.*$/, ""],
    [/^.*$/, "{}"],
    [/^.*$/, "null"],
    [/}$/, ""],
    ["bundle.v0.3", "bundle.v9"],
    [/"publicKey":{[^}]+}/, '"x509CertificateChain":{"certificates":[]}'],
    [/"hint":"[^"]+"/, '"hint":"abc"'],
    [/"mediaType":"[^"]+"/, '"mediaType":{"toString":0}'],
    ["application/vnd.in-toto+json", "text/plain"],
    [payload, "%%%"],
    [payload, btoa("\xff\xfe")],
    [only, ""],
    [only, `${only},${only}`],
    [`"${sig}"`, "7"],
  ];
  const texts = changes.map(([from, to]) => bundle.replace(from, to));
  for (const text of texts) {
    await assertRejects(
      () => addSignature(registry, REF, { bundle: text }),
      RegistryError,
      "Cannot",
    );
  }
  assertEquals((await checkSignatures(registry, REF)).signatures, []);
  await assertRejects(
    () => signatureBundle(registry, REF, { key: id }),
    RegistryError,
    "no such signature",
  );
});

Deno.test("of wrong signatures alone, no file is written", async () => {
  await using registry = await withVersion();
  const { id } = await signVersion(registry, REF, { key: ecKeys().privateKey });
  await annotate(registry, REF, { labels: { signatures: { [id]: { payload: "{}" } } } });
  const info = await registry.info(REF, { annotations: true });
  const { signatures } = await checkSignatures(registry, REF);
  const written = writeBundles(info, signatures, "folder");
  await assertRejects(() => written, RegistryError, "it has only wrong ones");
});

Deno.test("10 TB in 20,000 files are signed and checked without reading any", async () => {
  await using registry = await withVersion();
  const info = await registry.info(NAME);
  const files = Array.from({ length: 20_000 }, (_, at) => ({
    path: `shards/${at}.bin`,
    size: 5e8,
    sha256: at.toString(16).padStart(64, "0"),
  }));
  const unread = () => Promise.reject(new Error("payload was read"));
  const large: Registry = Object.assign(Object.create(registry), {
    info: async (ref: string, options: object) => ({ ...await registry.info(ref, options), files }),
    ...{ open: unread, load: unread, download: unread },
  });
  assertEquals(info.files.length, 1);
  const { privateKey, publicKey } = ecKeys();
  await signVersion(large, NAME, { key: privateKey });
  const { ok } = await checkSignatures(large, NAME, { signedBy: publicKey });
  assertEquals(ok, true);
});

Deno.test("a signature has no file name that another case of a version's file has", () => {
  const names = (path: string) =>
    [...bundleNames({ files: [{ path, size: 0, sha256: "" }] }, [{ id: "ab", state: "valid" }])]
      .map(([, name]) => name);
  for (const path of ["model.sig", "Model.sig", "MODEL.SIG/a"]) {
    assertEquals([path, names(path)], [path, ["model.ab.sig"]]);
  }
  assertEquals(names("weights/model.sig"), ["model.sig"]);
});

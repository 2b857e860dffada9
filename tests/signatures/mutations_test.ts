// More than 200 changes of a bundle, a statement, files, keys and stored signatures: each is refused,
// for its reason.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHash, createPrivateKey, sign } from "node:crypto";
import { openRegistry, type Registry, RegistryError } from "../../mod.ts";
import { annotate } from "../../registry/mod.ts";
import {
  addSignature,
  checkSignatures,
  signatureBundle,
  signVersion,
} from "../../signatures/signatures.ts";
import { ecKeys, edKeys, type KeyPair, NAME } from "./signed.ts";

// deno-lint-ignore no-explicit-any -- JSON that tests damage
type Json = any;
type Mode = "link" | "folder" | "executable";
interface Entry {
  text: string;
  mode?: Mode;
}
/** A change: its name, its code, and the reason that the refusal names. */
type Change<Of> = readonly [what: string, change: (of: Of) => unknown, reason: RegExp];

const FILES: Record<string, Entry> = {
  "a.bin": { text: "one" },
  "b/c.bin": { text: "two" },
  "b/déjà.bin": { text: "three" },
  "empty": { text: "" },
};

/** A version of these files in a new registry. */
async function saved(files: Record<string, Entry> = FILES): Promise<Registry> {
  const registry = await openRegistry("memory:", { mutable: true });
  const all = Object.entries(files).map(([path, { text, mode }]) => ({
    path,
    mode,
    content: new TextEncoder().encode(text),
  }));
  const as = { id: "folder", formatVersion: 1, load: () => 0, save: () => all };
  await registry.save(NAME, 0, { as });
  return registry;
}

const KEYS = ecKeys();

async function bundleOf(keys: KeyPair = KEYS): Promise<Json> {
  await using registry = await saved();
  const { id } = await signVersion(registry, NAME, { key: keys.privateKey });
  return JSON.parse(await signatureBundle(registry, NAME, { key: id }));
}

/** Adds a bundle and checks it. Returns why it is refused, or "accepted". */
async function refusalOf(
  bundle: string,
  { files = FILES, signedBy = KEYS.publicKey }: {
    files?: Record<string, Entry>;
    signedBy?: string;
  } = {},
): Promise<string> {
  await using registry = await saved(files);
  try {
    await addSignature(registry, NAME, { bundle });
  } catch (error) {
    assert(error instanceof RegistryError, String(error));
    return error.message;
  }
  const { ok, missing, signatures } = await checkSignatures(registry, NAME, { signedBy });
  assertEquals(ok, missing.length === 0);
  return ok ? "accepted" : signatures.map(({ state, problem = "" }) => `${state}: ${problem}`)
    .join("; ");
}

async function areRefused(
  cases: readonly { what: string; bundle: string; reason: RegExp }[],
): Promise<void> {
  for (const { what, bundle, reason } of cases) {
    const refusal = await refusalOf(bundle);
    assertMatch(refusal, reason, `${what}: ${refusal}`);
  }
}

const NO_KEY = /names no public key/;
const NO_STATEMENT = /has no in-toto statement/;
const NOT_ONE = /does not have one signature of one statement/;

const OF_BUNDLE: readonly Change<Json>[] = [
  ...[
    undefined,
    null,
    3,
    "",
    "application/json",
    "application/vnd.dev.sigstore.bundle.v0.4+json",
    "application/vnd.dev.sigstore.bundle+json",
    "application/vnd.dev.sigstore.bundle+json;version=1.0",
    " application/vnd.dev.sigstore.bundle.v0.3+json",
  ].map((type): Change<Json> => [
    `media type ${type}`,
    (bundle) => bundle.mediaType = type,
    /its media type is/,
  ]),
  ...[
    undefined,
    null,
    [],
    {},
    { publicKey: null },
    { publicKey: {} },
    { publicKey: { rawBytes: "AAAA" } },
    { publicKey: { hint: "" } },
    { publicKey: { hint: 7 } },
    { publicKey: { hint: "a".repeat(63) } },
    { publicKey: { hint: "A".repeat(64) } },
    { publicKey: { hint: `${"a".repeat(64)}\n` } },
    { certificate: { rawBytes: "AAAA" } },
    { x509CertificateChain: { certificates: [] } },
  ].map((material): Change<Json> => [
    `material ${JSON.stringify(material)}`,
    (bundle) => bundle.verificationMaterial = material,
    NO_KEY,
  ]),
  ...[undefined, null, "", [], {}, "text", { payloadType: "application/vnd.in-toto+json" }].map((
    envelope,
  ): Change<Json> => [
    `envelope ${JSON.stringify(envelope)}`,
    (bundle) => bundle.dsseEnvelope = envelope,
    envelope instanceof Object && !Array.isArray(envelope) && "payloadType" in envelope
      ? NOT_ONE
      : NO_STATEMENT,
  ]),
  ["a signature of a message", (bundle) => {
    bundle.messageSignature = bundle.dsseEnvelope;
    delete bundle.dsseEnvelope;
  }, NO_STATEMENT],
  ...[
    undefined,
    "",
    "application/json",
    "application/vnd.in-toto+json ",
    "application/vnd.in-toto+xml",
    "APPLICATION/VND.IN-TOTO+JSON",
  ].map((type): Change<Json> => [
    `payload type ${type}`,
    (bundle) => bundle.dsseEnvelope.payloadType = type,
    NO_STATEMENT,
  ]),
  ...[undefined, null, {}, [], [{}], [null], [{ sig: "" }], [{ sig: "*" }], [{ sig: 7 }]].map((
    signatures,
  ): Change<Json> => [
    `signatures ${JSON.stringify(signatures)}`,
    (bundle) => bundle.dsseEnvelope.signatures = signatures,
    NOT_ONE,
  ]),
  ["two signatures", ({ dsseEnvelope }) => {
    dsseEnvelope.signatures.push(dsseEnvelope.signatures[0]);
  }, NOT_ONE],
  ...[undefined, null, "", "*", 7].map((payload): Change<Json> => [
    `payload ${payload}`,
    (bundle) => bundle.dsseEnvelope.payload = payload,
    NOT_ONE,
  ]),
  [
    "a payload that is not UTF-8",
    (bundle) => bundle.dsseEnvelope.payload = "/w==",
    /not UTF-8/,
  ],
  ...["e30=", "W10=", "bnVsbA==", "e30="].map((payload): Change<Json> => [
    `payload ${atob(payload)}`,
    (bundle) => bundle.dsseEnvelope.payload = payload,
    /the signed text is not a statement/,
  ]),
  ["a payload that is cut", ({ dsseEnvelope }) => {
    dsseEnvelope.payload = Buffer.from(
      Buffer.from(dsseEnvelope.payload, "base64").subarray(0, -1),
    ).toString("base64");
  }, /the signed text is not a statement/],
  ["the hint of another key", (bundle) => {
    bundle.verificationMaterial.publicKey.hint = "ab".repeat(32);
  }, /^unchecked/],
];

Deno.test("each change of a bundle is refused for its reason", async () => {
  const text = JSON.stringify(await bundleOf());
  assertEquals(await refusalOf(text), "accepted");
  assert(OF_BUNDLE.length > 50, String(OF_BUNDLE.length));
  await areRefused([
    ...OF_BUNDLE.map(([what, change, reason]) => {
      const bundle = JSON.parse(text);
      change(bundle);
      return { what, bundle: JSON.stringify(bundle), reason };
    }),
    ...["", " ", "{", "null", "[]", "7", text.slice(1), `${text}}`, `${text}{}`].map((bundle) => ({
      what: `text ${bundle.slice(0, 9)}`,
      bundle,
      reason: /Cannot read the bundle: (it is not JSON|its media type)/,
    })),
    ...["mediaType", "verificationMaterial", "dsseEnvelope"].map((name) => ({
      what: `a second ${name}`,
      bundle: text.replace("{", `{"${name}":null,`),
      reason: /has a member twice/,
    })),
    {
      what: "an escaped second payload",
      bundle: text.replace('"payloadType"', '"p\\u0061yload":"e30=","payloadType"'),
      reason: /has a member twice/,
    },
  ]);
});

Deno.test("each byte of a signature counts", async () => {
  for (const keys of [KEYS, edKeys()]) {
    const bundle = await bundleOf(keys);
    const { signatures: [signature] } = bundle.dsseEnvelope;
    const sig = Buffer.from(signature.sig, "base64");
    await using registry = await saved();
    const check = async (bytes: Uint8Array) => {
      signature.sig = Buffer.from(bytes).toString("base64");
      await addSignature(registry, NAME, { bundle: JSON.stringify(bundle) });
      const signedBy = keys.publicKey;
      const { ok, signatures } = await checkSignatures(registry, NAME, { signedBy });
      return ok ? "accepted" : signatures[0]?.problem;
    };
    assertEquals(await check(sig), "accepted");
    const wrong = "the key did not sign the files of this version";
    for (let at = 0; at < sig.byteLength; at++) {
      const flipped = Uint8Array.from(sig);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      assertEquals(await check(flipped), wrong, `byte ${at}`);
    }
    for (const bytes of [sig.subarray(0, -1), Buffer.concat([sig, sig]), Buffer.alloc(64)]) {
      assertEquals(await check(bytes), wrong, bytes.toString("hex"));
    }
  }
});

/** Signs a statement of the caller with the right key. */
function resigned(bundle: Json, payload: string): string {
  const head = `DSSEv1 28 application/vnd.in-toto+json ${Buffer.byteLength(payload)} `;
  const key = createPrivateKey(KEYS.privateKey);
  bundle.dsseEnvelope.payload = Buffer.from(payload).toString("base64");
  bundle.dsseEnvelope.signatures[0].sig = sign("sha256", Buffer.from(head + payload), key)
    .toString("base64");
  return JSON.stringify(bundle);
}

/** Makes the digest of the subject that of the files. */
function rooted(statement: Json): void {
  const hash = createHash("sha256");
  for (const { digest } of statement.predicate.resources) hash.update(Buffer.from(digest, "hex"));
  statement.subject[0].digest.sha256 = hash.digest("hex");
}

const ROOT = /the digest of the subject is not that of its files/;
const SHAPE = /the signed text is not a statement/;

const OF_STATEMENT: readonly Change<Json>[] = [
  ...[undefined, "", "https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1/"].map((
    type,
  ): Change<Json> => [
    `type ${type}`,
    (statement) => statement._type = type,
    /the statement has the type/,
  ]),
  ...[
    undefined,
    "",
    "https://model_signing/Digests/v0.1",
    "https://model_signing/signature/v1.1",
    "https://slsa.dev/provenance/v1",
    "HTTPS://model_signing/signature/v1.0",
  ].map((type): Change<Json> => [
    `predicate ${type}`,
    (statement) => statement.predicateType = type,
    /the predicate has the type/,
  ]),
  ...[undefined, null, {}, "subject"].map((subject): Change<Json> => [
    `subject ${JSON.stringify(subject)}`,
    (statement) => statement.subject = subject,
    SHAPE,
  ]),
  ["no subject", (statement) => statement.subject = [], /has 0 subjects/],
  ["two subjects", ({ subject }) => subject.push(subject[0]), /has 2 subjects/],
  ["another digest", ({ subject: [each] }) => each.digest.sha256 = "0".repeat(64), ROOT],
  ["no digest", ({ subject: [each] }) => delete each.digest, ROOT],
  ["a digest of another kind", ({ subject: [each] }) => {
    each.digest = { sha512: each.digest.sha256 };
  }, ROOT],
  ["an upper-case digest", ({ subject: [each] }) => {
    each.digest.sha256 = each.digest.sha256.toUpperCase();
  }, ROOT],
  ...[undefined, null, [], "x"].map((predicate): Change<Json> => [
    `predicate ${JSON.stringify(predicate)}`,
    (statement) => statement.predicate = predicate,
    SHAPE,
  ]),
  ...[undefined, null, {}, "a.bin"].map((resources): Change<Json> => [
    `resources ${JSON.stringify(resources)}`,
    (statement) => statement.predicate.resources = resources,
    SHAPE,
  ]),
  ...[undefined, "shards", "FILES", ""].map((method): Change<Json> => [
    `method ${method}`,
    (statement) => statement.predicate.serialization.method = method,
    /does not list whole files/,
  ]),
  ...["blake2b", "blake3", "SHA256", undefined, 256].map((kind): Change<Json> => [
    `hash ${kind}`,
    (statement) => statement.predicate.serialization.hash_type = kind,
    /does not hash by SHA-256/,
  ]),
  ["a shard size", ({ predicate }) => predicate.serialization.shard_size = 1, /whole files/],
  ...["sha512", "blake2b", "", undefined, "SHA256"].map((algorithm): Change<Json> => [
    `algorithm ${algorithm}`,
    ({ predicate: { resources: [first] } }) => first.algorithm = algorithm,
    /"a.bin" has no SHA-256/,
  ]),
  ...["", "00", "z".repeat(64), "A".repeat(64), undefined, 7].map((digest): Change<Json> => [
    `digest ${digest}`,
    ({ predicate: { resources: [first] } }) => first.digest = digest,
    /"a.bin" has no SHA-256/,
  ]),
];

/** Changes after which the digest of the subject is made right again. */
const OF_RESOURCES: readonly Change<Json[]>[] = [
  ["no files", (resources) => resources.splice(0), /is not signed/],
  ["one file less", (resources) => resources.pop(), /"empty" is not signed/],
  ["another first file", (resources) => resources.shift(), /"a.bin" is not signed/],
  ["one file more", (resources) => resources.push({ ...resources[0], name: "more" }), /"more" was/],
  ["a file twice", (resources) => resources.push(resources[0]), /"a.bin" is listed twice/],
  ["a file twice with other bytes", (resources) => {
    resources.push({ ...resources[0], digest: "0".repeat(64) });
  }, /"a.bin" is listed twice/],
  ["swapped bytes", ([one, two]) => {
    [one.digest, two.digest] = [two.digest, one.digest];
  }, /"a.bin" has other bytes/],
  ["swapped names", ([one, two]) => [one.name, two.name] = [two.name, one.name], /has other bytes/],
  ...[
    "./a.bin",
    "/a.bin",
    "a.bin/",
    "A.bin",
    "../a.bin",
    "b/../a.bin",
    "a.bin\u0000",
    "a%2ebin",
    "b\\a.bin",
    "a.bin ",
    "",
    "a\u200b.bin",
    "ａ.bin",
  ].map((name): Change<Json[]> => [
    `name ${JSON.stringify(name)}`,
    ([first]) => first.name = name,
    /"a.bin" is not signed/,
  ]),
  ["a name in another normalization", (resources) => {
    resources[2].name = resources[2].name.normalize("NFD");
  }, /"b\/déjà.bin" is not signed/],
  ["a name that is not text", ([first]) => first.name = ["a.bin"], /is not signed/],
  [
    "the bytes of the empty file",
    ([first, , , empty]) => first.digest = empty.digest,
    /other bytes/,
  ],
];

Deno.test("each change of a statement is refused, also if the right key signs it", async () => {
  const bundle = await bundleOf();
  const payload = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString();
  assertEquals(await refusalOf(resigned(bundle, payload)), "accepted");
  assertEquals(await refusalOf(resigned(bundle, `${payload}\n`)), "accepted");
  await areRefused([
    ...OF_STATEMENT.map(([what, change, reason]) => {
      const statement = JSON.parse(payload);
      change(statement);
      return { what, bundle: resigned(bundle, JSON.stringify(statement)), reason };
    }),
    ...OF_RESOURCES.map(([what, change, reason]) => {
      const statement = JSON.parse(payload);
      change(statement.predicate.resources);
      rooted(statement);
      return { what, bundle: resigned(bundle, JSON.stringify(statement)), reason };
    }),
    ...["_type", "subject", "predicateType", "predicate"].map((name) => ({
      what: `a second ${name}`,
      bundle: resigned(bundle, payload.replace("{", `{"${name}":[],`)),
      reason: /has a member twice/,
    })),
    {
      what: "a second predicate far from its value",
      bundle: resigned(bundle, payload.replace("{", `{"predicate"${" ".repeat(9_999)}:[],`)),
      reason: /has a member twice/,
    },
    {
      what: "a second digest in a resource",
      bundle: resigned(bundle, payload.replace('"algorithm"', '"digest":"","algorithm"')),
      reason: /has a member twice/,
    },
    ...["\ufeff", "\0", "//\n", ")]}'"].map((begin) => ({
      what: `begin ${JSON.stringify(begin)}`,
      bundle: resigned(bundle, begin + payload),
      reason: SHAPE,
    })),
  ]);
});

Deno.test("the same statement without the signature of the key is refused", async () => {
  const bundle = await bundleOf();
  const statement = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString());
  const texts = [
    JSON.stringify(statement, null, 2),
    `${JSON.stringify(statement)} `,
    JSON.stringify({ ...statement, more: 1 }),
    JSON.stringify({
      ...statement,
      subject: [{ ...statement.subject[0], name: "models:other" }],
    }),
  ];
  for (const text of texts) {
    bundle.dsseEnvelope.payload = Buffer.from(text).toString("base64");
    assertMatch(await refusalOf(JSON.stringify(bundle)), /the key did not sign/, text);
  }
});

const OF_FILES: readonly Change<Record<string, Entry>>[] = [
  ["other bytes", (files) => files["a.bin"] = { text: "other" }, /"a.bin" has other bytes/],
  ["a byte more", (files) => files["a.bin"] = { text: "one\n" }, /"a.bin" has other bytes/],
  ["no bytes", (files) => files["a.bin"] = { text: "" }, /"a.bin" has other bytes/],
  ["bytes in the empty file", (files) => files["empty"] = { text: " " }, /"empty" has other/],
  ["one less", (files) => delete files["b/c.bin"], /"b\/c.bin" was signed/],
  ["one more", (files) => files["more"] = { text: "" }, /"more" is not signed/],
  ["a hidden one more", (files) => files[".hidden"] = { text: "x" }, /".hidden" is not signed/],
  [".git", (files) => files[".git/config"] = { text: "x" }, /".git\/config" is not signed/],
  ["a signature", (files) => files["model.sig"] = { text: "x" }, /"model.sig" is not signed/],
  ["a link", (files) => files["a.bin"] = { text: "one", mode: "link" }, /"a.bin" is a link/],
  ["a link more", (files) => files["z"] = { text: "a.bin", mode: "link" }, /"z" is a link/],
  ["a folder", (files) => files["empty"] = { text: "", mode: "folder" }, /"empty" was signed/],
  ["another name", (files) => {
    files["A.bin"] = files["a.bin"] ?? { text: "" };
    delete files["a.bin"];
  }, /is not signed|was signed/],
  ["another normalization", (files) => {
    files["b/déjà.bin".normalize("NFD")] = files["b/déjà.bin"] ?? { text: "" };
    delete files["b/déjà.bin"];
  }, /is not signed|was signed/],
  ["swapped", (files) => {
    [files["a.bin"], files["b/c.bin"]] = [files["b/c.bin"]!, files["a.bin"]!];
  }, /has other bytes/],
];

Deno.test("each change of the files is refused for its reason", async () => {
  const bundle = JSON.stringify(await bundleOf());
  for (const [what, change, reason] of OF_FILES) {
    const files = structuredClone(FILES);
    change(files);
    const refusal = await refusalOf(bundle, { files });
    assertMatch(refusal, reason, `${what}: ${refusal}`);
  }
  const executable = { ...FILES, "a.bin": { text: "one", mode: "executable" as const } };
  assertEquals(await refusalOf(bundle, { files: executable }), "accepted"); // documented
});

Deno.test("no other key passes as the signer", async () => {
  const bundle = await bundleOf();
  const text = JSON.stringify(bundle);
  for (const keys of [ecKeys(), ecKeys("P-384"), ecKeys("P-521"), edKeys()]) {
    assertMatch(await refusalOf(text, { signedBy: keys.publicKey }), /^unchecked/);
    // A bundle that names the trusted key, signed by another one.
    const forged = await bundleOf(keys);
    forged.verificationMaterial = bundle.verificationMaterial;
    assertMatch(await refusalOf(JSON.stringify(forged)), /the key did not sign/);
  }
});

const OF_STORED: readonly Change<Json>[] = [
  ...[null, 1, "", [], {}].map((value): Change<Json> => [
    `signature ${JSON.stringify(value)}`,
    (stored) => {
      for (const name of Object.keys(stored)) delete stored[name];
      stored.value = value;
    },
    /it is not a signature/,
  ]),
  ...["keyHash", "sig", "addedAt", "subject"].flatMap((name): Change<Json>[] =>
    [undefined, 7, {}].map((value): Change<Json> => [
      `${name} ${JSON.stringify(value)}`,
      (stored) => stored[name] = value,
      /it is not a signature/,
    ])
  ),
  ["another key hash", (stored) => stored.keyHash = "ab".repeat(32), /it is not a signature/],
  ...["", "soon", "2026-13-01T00:00:00Z", "99999999"].map((at): Change<Json> => [
    `time ${at}`,
    (stored) => stored.addedAt = at,
    /it is not a signature/,
  ]),
  ["a signature that is not base64", (stored) => stored.sig = "*", /it is not a signature/],
  ["another name", (stored) => stored.subject = "models:other", /the key did not sign/],
  ["an empty name", (stored) => stored.subject = "", /the key did not sign/],
  ["a statement of nothing", (stored) => stored.payload = "{}", /is not a statement/],
  ["a statement that is not text", (stored) => stored.payload = {}, /it is not a signature/],
  ["a signature of nothing", (stored) => stored.sig = "AAAA", /the key did not sign/],
];

Deno.test("each change of a stored signature is refused for its reason", async () => {
  for (const [what, change, reason] of OF_STORED) {
    await using registry = await saved();
    const { id } = await signVersion(registry, NAME, { key: KEYS.privateKey });
    const { annotations } = await registry.info(NAME, { annotations: true });
    const stored: Json = structuredClone(Object(annotations?.labels.signatures)[id]);
    change(stored);
    await annotate(registry, `${NAME}@1`, { labels: { signatures: null } });
    await annotate(registry, `${NAME}@1`, {
      labels: { signatures: { [id]: JSON.parse(JSON.stringify(stored)) } },
    });
    const signedBy = KEYS.publicKey;
    const { ok, signatures } = await checkSignatures(registry, NAME, { signedBy });
    assertEquals([what, ok], [what, false]);
    assertMatch(signatures[0]?.problem ?? "none", reason, what);
  }
});

// Changes of a bundle, a signature, files, keys and stored signatures: each is refused, for its
// reason. With those of statements, there are more than 200.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { annotate } from "../../../registry/mod.ts";
import {
  addSignature,
  checkSignatures,
  signVersion,
} from "../../../extensions/signatures/signatures.ts";
import {
  areRefused,
  bundleOf,
  type Change,
  type Entry,
  FILES,
  type Json,
  KEYS,
  refusalOf,
  saved,
} from "./mutations.ts";
import { ecKeys, edKeys, NAME } from "./signed.ts";

const NO_KEY = /names no public key|have one key or certificate|certificate cannot be read/;
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

Deno.test("a bundle that has the key itself, as model_signing wrote it before 1.1, is accepted", async () => {
  const bundle = await bundleOf();
  const rawBytes = Buffer.from(KEYS.publicKey).toString("base64");
  const publicKey = { rawBytes, keyDetails: "PKIX_ECDSA_P256_SHA_256" };
  const other = { rawBytes: Buffer.from(ecKeys().publicKey).toString("base64") };
  for (const [key, expected] of [[publicKey, "accepted"], [other, "unchecked: "]] as const) {
    const changed = { ...bundle, verificationMaterial: { publicKey: key, tlogEntries: [] } };
    assertEquals(await refusalOf(JSON.stringify(changed)), expected);
  }
});

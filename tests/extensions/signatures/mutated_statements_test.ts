// Each change of a statement is refused for its reason, also if the right key signs it.
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHash, createPrivateKey, sign } from "node:crypto";
import { areRefused, bundleOf, type Change, type Json, KEYS, refusalOf } from "./mutations.ts";

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

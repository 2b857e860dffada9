// Signatures of identities: certificates of ten minutes, and a log that proves when.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { RegistryError } from "../../../../mod.ts";
import {
  addSignature,
  checkSignatures,
  signatureBundle,
  signedRegistry,
} from "../../../../extensions/signatures/signatures.ts";
import { statementOf } from "../../../../extensions/signatures/statement.ts";
import { cliTest } from "../../../apps/captured_io.ts";
import type { Json } from "../mutations.ts";
import { ecKeys, NAME, withVersion } from "../signed.ts";
import { acme } from "./certified.ts";
import { ALICE, ISSUER, type Made, sigstore } from "./keyless.ts";

const world = await sigstore();
const { trustedRoot } = world;
const by = { identity: ALICE, issuer: ISSUER, trustedRoot };

async function payloadOf(layers = [3, 4]): Promise<string> {
  await using registry = await withVersion();
  await registry.save(NAME, { layers });
  return statementOf(NAME, (await registry.info(NAME)).files);
}
const payload = await payloadOf();

/** Adds a bundle, and returns the state of its signature for a signer. */
async function checked(bundle: Json, signedBy = by): Promise<string> {
  await using registry = await withVersion();
  try {
    await addSignature(registry, NAME, { bundle: JSON.stringify(bundle) });
  } catch (error) {
    assert(error instanceof RegistryError, String(error));
    return `refused: ${error.message}`;
  }
  const { ok, signatures: [first] } = await checkSignatures(registry, NAME, { signedBy });
  assertEquals(ok, first?.state === "valid");
  return `${first?.state}${first?.problem === undefined ? "" : `: ${first.problem}`}`;
}

Deno.test("a keyless signature is of its identity and issuer, and the log proves its time", async () => {
  await using registry = await withVersion();
  const bundle = await world.signed(payload);
  const { id } = await addSignature(registry, NAME, { bundle: JSON.stringify(bundle) });
  const { ok, signatures: [signature] } = await checkSignatures(registry, NAME, { signedBy: by });
  assert(ok);
  const [{ integratedTime } = { integratedTime: "0" }] = bundle.verificationMaterial.tlogEntries;
  assertEquals(signature?.signedAt, new Date(Number(integratedTime) * 1000));
  assertMatch(signature?.certificate?.names ?? "", /train\.yml/);
  assertEquals(JSON.parse(await signatureBundle(registry, NAME, { key: id })), bundle);
  const signed = signedRegistry(registry, { signedBy: by });
  assertEquals(await signed.load(NAME), { layers: [3, 4] });
  const other = signedRegistry(registry, { signedBy: { ...by, identity: "alice@acme.com" } });
  const REASON = "no valid signature of alice@acme.com of https://token.actions";
  await assertRejects(() => other.load(NAME), RegistryError, REASON);
});

Deno.test("identities and issuers are compared as they are, not as patterns", async () => {
  const bundle = await world.signed(payload);
  const identities = [".*", "", ALICE.slice(0, -1), ALICE.slice(1), ALICE.replace(".yml", "xyml")];
  for (const identity of identities.filter((each) => each !== "")) {
    assertEquals([identity, await checked(bundle, { ...by, identity })], [identity, "unchecked"]);
  }
  for (const issuer of [".*", `${ISSUER}/`, "https://accounts.google.com"]) {
    assertMatch(await checked(bundle, { ...by, issuer }), /^wrong: its identity is of the issuer/);
  }
  const alike = await world.signed(payload, { identity: ALICE.replace(".yml", "xyml") });
  assertEquals(await checked(alike), "unchecked");
  const foreign = await world.signed(payload, { issuer: "https://evil.test" });
  assertMatch(await checked(foreign), /^wrong: its identity is of the issuer https:\/\/evil.test/);
});

const REFUSED = /^(wrong: Sigstore refuses it|refused: )/;
const entryOf = (bundle: Json) => bundle.verificationMaterial.tlogEntries[0];
const checkpointOf = (bundle: Json) => entryOf(bundle).inclusionProof.checkpoint;

/** Flips a bit of base64. */
function flipped(text: string): string {
  const bytes = Buffer.from(text, "base64");
  bytes[bytes.length >> 1]! ^= 1;
  return bytes.toString("base64");
}

Deno.test("each change of a keyless bundle is refused", async () => {
  const bundle = await world.signed(payload);
  const another = await world.signed(payload);
  const changes: Record<string, (copy: Json) => unknown> = {
    "no entry": (copy) => copy.verificationMaterial.tlogEntries = [],
    "no entries": (copy) => delete copy.verificationMaterial.tlogEntries,
    "an entry of another signature": (copy) =>
      copy.verificationMaterial.tlogEntries = another.verificationMaterial.tlogEntries,
    "a certificate of another signature": (copy) =>
      copy.verificationMaterial.certificate = another.verificationMaterial.certificate,
    "the signature of another": (copy) =>
      copy.dsseEnvelope.signatures = another.dsseEnvelope.signatures,
    "no promise": (copy) => delete entryOf(copy).inclusionPromise,
    "no proof": (copy) => delete entryOf(copy).inclusionProof,
    "another time": (copy) => entryOf(copy).integratedTime = "1700000000",
    "another log": (copy) => entryOf(copy).logId.keyId = flipped(entryOf(copy).logId.keyId),
    "another index": (copy) => entryOf(copy).logIndex = "7",
    "another body": (copy) =>
      entryOf(copy).canonicalizedBody = flipped(entryOf(copy).canonicalizedBody),
    "another promise": (copy) =>
      entryOf(copy).inclusionPromise.signedEntryTimestamp = flipped(
        entryOf(copy).inclusionPromise.signedEntryTimestamp,
      ),
    "another checkpoint": (copy) =>
      checkpointOf(copy).envelope = checkpointOf(copy).envelope.replace("rekor", "other"),
    "another certificate": (copy) =>
      copy.verificationMaterial.certificate.rawBytes = flipped(
        copy.verificationMaterial.certificate.rawBytes,
      ),
    "another signature": (copy) =>
      copy.dsseEnvelope.signatures[0].sig = flipped(copy.dsseEnvelope.signatures[0].sig),
    "a key, too": (copy) => copy.verificationMaterial.publicKey = { hint: "0".repeat(64) },
    "an entry twice": (copy) => copy.verificationMaterial.tlogEntries.push(entryOf(copy)),
  };
  assertEquals(await checked(bundle), "valid");
  for (const [what, change] of Object.entries(changes)) {
    const copy = structuredClone(bundle);
    change(copy);
    const state = await checked(copy);
    assertMatch(state, REFUSED, `${what}: ${state}`);
  }
});

Deno.test("a problem has no characters of the bundle that a terminal obeys", async () => {
  const bundle = await world.signed(payload) as Json;
  entryOf(bundle).kindVersion.kind = "dsse\n\x1b[2J\u202e";
  assertMatch(await checked(bundle), /expected: dsse\?\?\[2J\?\/0\.0\.1/);
  const foreign = await world.signed(payload, { issuer: "https://evil.test\n\x1b" });
  assertMatch(await checked(foreign), /of the issuer https:\/\/evil\.test\?\?$/);
});

Deno.test("signatures of another Sigstore, key, statement or kind are refused", async () => {
  const other = await sigstore();
  assertMatch(await checked(await other.signed(payload)), /^wrong: Sigstore refuses it/);
  const mallory: Made = { key: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey };
  assertMatch(await checked(await world.signed(payload, mallory)), /^wrong: Sigstore refuses it/);
  const files = await payloadOf([9]);
  assertMatch(await checked(await world.signed(files)), /^refused: .*other bytes/);
  // A certificate of a company is not one of Sigstore, whatever names it has.
  const { alice, models } = await acme();
  const chained = structuredClone(await world.signed(payload)) as Json;
  chained.verificationMaterial = {
    x509CertificateChain: {
      certificates: [alice, models].map((each) => ({
        rawBytes: each.certificate.toString("base64"),
      })),
    },
    tlogEntries: [],
  };
  assertEquals(await checked(chained), "unchecked");
});

Deno.test("a signer needs an identity, an issuer and a trusted root", async () => {
  await using registry = await withVersion();
  const cases: [signedBy: Json, reason: RegExp][] = [
    [{ ...by, identity: "" }, /identity is empty/],
    [{ ...by, issuer: "" }, /issuer is empty/],
    [{ ...by, trustedRoot: "" }, /trustedRoot is empty/],
    [{ ...by, trustedRoot: "{}" }, /trusted root cannot be read/],
    [{ ...by, trustedRoot: "no" }, /trusted root cannot be read/],
    [{ ...by, trustedRoot: ecKeys().publicKey }, /trusted root cannot be read/],
    [
      { ...by, trustedRoot: trustedRoot.replace('"certificateAuthorities"', '"x"') },
      /cannot be read/,
    ],
    [{ identity: ALICE }, /issuer/],
    [{ ...by, more: 1 }, /more/],
  ];
  for (const [signedBy, reason] of cases) {
    const error = await assertRejects(
      () => checkSignatures(registry, NAME, { signedBy }),
      RegistryError,
    );
    assertMatch(error.message, reason);
  }
});

cliTest("a keyless signature is added, checked and required by its identity", async (it) => {
  await it.succeeds("init");
  await writeFile(join(it.cwd, "weights.bin"), "weights");
  await it.succeeds("save models:digits weights.bin");
  const { files } = JSON.parse(await it.succeeds("info models:digits --json"));
  const bundle = await world.signed(statementOf("weights.bin", files));
  await writeFile(join(it.cwd, "model.sig"), JSON.stringify(bundle));
  await writeFile(join(it.cwd, "root.json"), trustedRoot);
  await it.succeeds("sign models:digits --bundle model.sig");
  const issuer = `--issuer ${ISSUER} --trusted-root root.json`;
  await it.succeeds(`signatures models:digits --signed-by ${ALICE} ${issuer}`);
  await it.succeeds(`download models:digits copy --require-signature ${ALICE} ${issuer}`);
  const bob = await it.holdfast(`download models:digits bob --require-signature bob ${issuer}`);
  assertMatch(bob.err, /no valid signature of bob of https/);
  const cases: [options: string, reason: RegExp][] = [
    [`--signed-by ${ALICE} --issuer ${ISSUER}`, /--trusted-root is missing/],
    [`--signed-by ${ALICE} --trusted-root root.json`, /--issuer is missing/],
    [issuer, /the identity of a signer is missing/],
    [`--signed-by ${ALICE} --issuer ${ISSUER} --trusted-root model.sig`, /root cannot be read/],
    [`--signed-by ${ALICE}`, /does not exist\nhint: .* also needs --issuer and --trusted-root/],
  ];
  for (const [options, reason] of cases) {
    const { code, err } = await it.holdfast(`signatures models:digits ${options}`);
    assertMatch(err, reason);
    assert(code > 1, `${options}: ${code}`);
  }
});

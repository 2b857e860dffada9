// Certificates of signers: chains that are valid, and the reasons why others are refused.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { openRegistry, RegistryError } from "../../../../mod.ts";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import { annotate, readAnnotations } from "../../../../registry/mod.ts";
import {
  addSignature,
  checkSignatures,
  signatureBundle,
  signedRegistry,
  signVersion,
} from "../../../../extensions/signatures/signatures.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import {
  acme,
  authority,
  CA_USAGE,
  issue,
  MAY_SIGN,
  NOW,
  type Owner,
  privateKeyOf,
  RSA,
  x509,
} from "./certified.ts";
import { ecKeys, NAME, withVersion } from "../signed.ts";

const REF = `${NAME}@1.0.0`;
const system = createScriptedSystem({ startAt: NOW });
const { codeSigning, serverAuth } = x509.ExtendedKeyUsage;

/** Adds the bundle of a signer, and returns the state of the signature for an authority. */
async function checked(
  { alice, chain, anchors, at = NOW }: {
    alice: Owner;
    chain: readonly Owner[];
    anchors: readonly Owner[];
    at?: number;
  },
): Promise<string> {
  await using registry = await withVersion();
  // The bundle has the chain, whatever this program would sign with.
  const key = await privateKeyOf(alice);
  const { id } = await signVersion(registry, NAME, { key });
  const bundle = JSON.parse(await signatureBundle(registry, NAME, { key: id }));
  const certificates = chain.map(({ certificate }) => ({
    rawBytes: certificate.toString("base64"),
  }));
  bundle.verificationMaterial = { x509CertificateChain: { certificates }, tlogEntries: [] };
  await addSignature(registry, NAME, {
    bundle: JSON.stringify(bundle),
    system: createScriptedSystem({ startAt: at }),
  });
  const report = await checkSignatures(registry, NAME, {
    signedBy: anchors.map(({ pem }) => pem).join(""),
  });
  const certified = report.signatures.find(({ certificate }) => certificate !== undefined);
  const { state, problem = "" } = certified ?? { state: "absent" };
  assertEquals(report.ok, state === "valid");
  return problem === "" ? state : `${state}: ${problem}`;
}

Deno.test("a version is signed with a certificate, and checked by each of its chain", async () => {
  const { root, models, alice, chain, key } = await acme();
  await using registry = await withVersion();
  const { id } = await signVersion(registry, NAME, { key, certificate: chain, system });
  for (const { pem } of [root, models, alice]) {
    const { ok, signatures: [signature] } = await checkSignatures(registry, NAME, {
      signedBy: pem,
    });
    assert(ok);
    assertEquals(signature?.certificate, {
      subject: "CN=Alice, O=Acme",
      issuer: "CN=Acme Models, O=Acme",
      validFrom: new Date("2026-01-01"),
      validTo: new Date("2027-01-01"),
    });
  }
  const publicKey = alice.certificate.publicKey.toString("pem");
  assert((await checkSignatures(registry, NAME, { signedBy: [publicKey, root.pem] })).ok);
  const other = await authority("CN=Acme Root, O=Acme"); // of the same name
  const refused = await checkSignatures(registry, NAME, { signedBy: [other.pem, root.pem] });
  assertEquals([refused.ok, refused.missing.length], [false, 1]);
  assertEquals(refused.signatures.map((each) => each.state), ["valid"]);

  const bundle = await signatureBundle(registry, NAME, { key: id });
  await using copy = await withVersion();
  await addSignature(copy, NAME, { bundle, system });
  assert((await checkSignatures(copy, NAME, { signedBy: root.pem })).ok);
  assertEquals(await signatureBundle(copy, NAME, { key: id }), bundle);
  await registry.save(NAME, { layers: [9] }, { version: "1.0.0", onConflict: "overwrite" });
  const changed = await checkSignatures(registry, NAME, { signedBy: root.pem });
  assertEquals([changed.ok, changed.signatures[0]?.state], [false, "wrong"]);
});

Deno.test("a chain is valid with authorities of RSA and Ed25519, in any order, and of the signer itself", async () => {
  const root = await authority("CN=Root", { algorithm: RSA });
  const middle = await authority("CN=Middle", { issuer: root, algorithm: { name: "Ed25519" } });
  const low = await authority("CN=Low", { issuer: middle });
  const alice = await issue("CN=Alice", {
    issuer: low,
    extensions: [MAY_SIGN, new x509.ExtendedKeyUsageExtension([codeSigning])],
  });
  for (const chain of [[alice, low, middle], [alice, middle, low], [alice, low, middle, root]]) {
    assertEquals(await checked({ alice, chain, anchors: [root] }), "valid");
  }
  const noise = await authority("CN=Noise");
  assertEquals(await checked({ alice, chain: [alice, noise], anchors: [noise, low] }), "valid");
  assertEquals(await checked({ alice, chain: [alice, middle], anchors: [root] }), "unchecked");
  const alone = await issue("CN=Alone");
  assertEquals(await checked({ alice: alone, chain: [alone], anchors: [alone] }), "valid");
});

Deno.test("a chain that may not issue or sign is refused for its reason", async () => {
  const { root, models, alice } = await acme();
  const usage = (...usages: string[]) => new x509.ExtendedKeyUsageExtension(usages, true);
  const unknown = new x509.Extension("1.2.3.4", true, new Uint8Array([5, 0]));
  const constrained = new x509.Extension("2.5.29.30", false, new Uint8Array([48, 0]));
  const may = new x509.BasicConstraintsExtension(true, undefined, true);
  const leaves: [x509.Extension[], RegExp][] = [
    [[CA_USAGE], /CN=Alice may not sign/],
    [[], /CN=Alice does not say that it may sign/],
    [[MAY_SIGN, usage(serverAuth)], /CN=Alice is not for code signing/],
    [[usage(serverAuth)], /does not say that it may sign/],
    [[MAY_SIGN, unknown], /critical extension 1.2.3.4/],
    [[MAY_SIGN, usage()], /one of its certificates cannot be read/],
  ];
  for (const [extensions, reason] of leaves) {
    const signer = await issue("CN=Alice", { issuer: models, extensions });
    const state = await checked({ alice: signer, chain: [signer, models], anchors: [root] });
    assertMatch(state, reason);
    assertMatch(state, /^wrong/);
  }
  const issuers: [Partial<Parameters<typeof authority>[1]>, RegExp][] = [
    [{ extensions: [MAY_SIGN] }, /CN=Low is not a certificate authority/],
    [{ extensions: [] }, /CN=Low is not a certificate authority/],
    [{ extensions: [new x509.BasicConstraintsExtension(false)] }, /is not a certificate authority/],
    [{ extensions: [may, MAY_SIGN] }, /CN=Low may not issue certificates/],
    [{ extensions: [may, CA_USAGE, usage(serverAuth)] }, /CN=Low is not for code signing/],
    [{ extensions: [may, CA_USAGE, unknown] }, /critical extension/],
    [{ extensions: [may, CA_USAGE, constrained] }, /CN=Low has name constraints/],
    [{ to: "2026-06-01" }, /CN=Low is valid from .* to 2026-06-01/],
    [{ algorithm: { ...RSA, modulusLength: 1024 } }, /RSA key of CN=Low is short/],
  ];
  for (const [issued, reason] of issuers) {
    const low = await authority("CN=Low", { issuer: root, ...issued });
    const signer = await issue("CN=Alice", { issuer: low });
    assertMatch(await checked({ alice: signer, chain: [signer, low], anchors: [root] }), reason);
  }
  const below = await authority("CN=Below", { issuer: models }); // models may issue for signers only
  const signer = await issue("CN=Alice", { issuer: below });
  const chain = [signer, below, models];
  assertMatch(
    await checked({ alice: signer, chain, anchors: [root] }),
    /chain below CN=Acme Models/,
  );
  const forged = await issue("CN=Alice", { issuer: { ...models, keys: alice.keys } });
  const state = await checked({ alice: forged, chain: [forged, models], anchors: [root] });
  assertEquals(state, "unchecked");
  const sha1 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-1" };
  const old = await authority("CN=Old", { algorithm: { ...RSA, hash: "SHA-1" } });
  const weak = await issue("CN=Alice", { issuer: { ...old, algorithm: sha1 } });
  assertEquals(await checked({ alice: weak, chain: [weak], anchors: [old] }), "unchecked");
});

Deno.test("a certificate of a key that cannot be checked says so", async () => {
  const { models, root, alice } = await acme();
  const rsa = await issue("CN=Alice", { issuer: models, algorithm: RSA });
  await using registry = await withVersion();
  const { id } = await signVersion(registry, NAME, { key: await privateKeyOf(alice) });
  const bundle = JSON.parse(await signatureBundle(registry, NAME, { key: id }));
  const certificates = [rsa, models].map(({ certificate }) => ({
    rawBytes: certificate.toString("base64"),
  }));
  bundle.verificationMaterial = { x509CertificateChain: { certificates } };
  await addSignature(registry, NAME, { bundle: JSON.stringify(bundle), system });
  const { ok, signatures } = await checkSignatures(registry, NAME, { signedBy: root.pem });
  const { problem } = signatures.find(({ certificate }) => certificate !== undefined)!;
  assertEquals([ok, problem], [
    false,
    "its certificate cannot be checked: unsupported key type rsa",
  ]);
});

Deno.test("certificates are valid at the time that a signature was added", async () => {
  const { root, models, alice } = await acme();
  const cases: [at: string, state: RegExp][] = [
    ["2025-12-31T23:59:59Z", /^wrong: .* not at 2025-12-31/],
    ["2026-01-01T00:00:00Z", /^valid$/],
    ["2027-01-01T00:00:00Z", /^valid$/],
    ["2027-01-01T00:00:01Z", /^wrong: CN=Acme Models.* not at 2027-01-01/],
  ];
  for (const [at, state] of cases) {
    const chain = [alice, models];
    assertMatch(await checked({ alice, chain, anchors: [root], at: Date.parse(at) }), state);
  }
});

Deno.test("a certificate of another key proves nothing", async () => {
  const { root, models, alice } = await acme();
  const mallory = await issue("CN=Mallory", { issuer: await authority("CN=Other") });
  // The bundle names the certificate of Alice, but Mallory signed.
  const swapped = await checked({ alice: mallory, chain: [alice, models], anchors: [root] });
  assertMatch(swapped, /^wrong: the key of its certificate did not sign/);
  await using registry = await withVersion();
  const key = await privateKeyOf(mallory);
  const { id } = await signVersion(registry, NAME, { key });
  const { labels } = (await readAnnotations(registry, REF))!;
  const stored = (labels.signatures as Record<string, object>)[id]!;
  const rawBytes = alice.certificate.toString("base64");
  const material = JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: { certificate: { rawBytes } },
  });
  await annotate(registry, REF, { labels: { signatures: { [id]: { ...stored, material } } } });
  const signedBy = mallory.certificate.publicKey.toString("pem");
  const report = await checkSignatures(registry, NAME, { signedBy });
  assertEquals([report.ok, report.signatures[0]?.problem], [
    false,
    "its certificate contains another key",
  ]);
});

Deno.test("the certificates of a bundle are DER, as its format says", async () => {
  const { alice } = await acme();
  await using registry = await withVersion();
  const { id } = await signVersion(registry, NAME, { key: await privateKeyOf(alice) });
  const bundle = JSON.parse(await signatureBundle(registry, NAME, { key: id }));
  const der = new Uint8Array(alice.certificate.rawData);
  const others = [new TextEncoder().encode(alice.pem), new Uint8Array([...der, 0])];
  for (const [at, bytes] of [der, ...others].entries()) {
    bundle.verificationMaterial = { certificate: { rawBytes: bytes.toBase64() } };
    const adding = addSignature(registry, NAME, { bundle: JSON.stringify(bundle) });
    if (at === 0) assertEquals((await adding).id, id);
    else await assertRejects(() => adding, RegistryError, "its certificate cannot be read");
  }
  const { labels } = (await readAnnotations(registry, REF))!;
  const stored = (labels.signatures as Record<string, { material: string }>)[id]!;
  const material = stored.material.replace(der.toBase64(), others[0]!.toBase64());
  await annotate(registry, REF, { labels: { signatures: { [id]: { ...stored, material } } } });
  const { signatures: [check] } = await checkSignatures(registry, NAME);
  assertEquals([check?.state, check?.problem], ["wrong", "its certificate cannot be read"]);
});

Deno.test("a damaged chain is refused, wherever one byte changes", async () => {
  const { root, models, alice } = await acme();
  const pem = root.pem;
  await using registry = await withVersion();
  const { id } = await signVersion(registry, NAME, {
    ...{ key: await privateKeyOf(alice), certificate: alice.pem + models.pem, system },
  });
  const { labels } = (await readAnnotations(registry, REF))!;
  const stored = (labels.signatures as Record<string, { material: string }>)[id]!;
  const ders = [alice, models].map(({ certificate }) => new Uint8Array(certificate.rawData));
  for (const [which, der] of ders.entries()) {
    for (let at = 0; at < der.length; at += 3) {
      const changed = der.with(at, der[at]! ^ 0x21);
      const chain = ders.map((each, index) => index === which ? changed : each);
      const certificates = chain.map((each) => ({ rawBytes: each.toBase64() }));
      const material = JSON.parse(stored.material);
      material.verificationMaterial.x509CertificateChain = { certificates };
      await annotate(registry, REF, {
        labels: { signatures: { [id]: { ...stored, material: JSON.stringify(material) } } },
      });
      const { ok } = await checkSignatures(registry, NAME, { signedBy: pem });
      assertEquals([which, at, ok], [which, at, false]);
    }
  }
});

Deno.test("a key signs only with its own certificate, which is valid and may sign", async () => {
  const { models, alice, root, key } = await acme();
  await using registry = await withVersion();
  const server = await issue("CN=Server", {
    issuer: models,
    keys: alice.keys,
    extensions: [MAY_SIGN, new x509.ExtendedKeyUsageExtension([serverAuth])],
  });
  const old = await issue("CN=Alice", { issuer: models, keys: alice.keys, to: "2026-02-01" });
  const cases: [certificate: string, reason: RegExp][] = [
    ["", /cannot be read/],
    ["no certificate", /cannot be read/],
    [alice.pem.replace("MII", "AAA"), /cannot be read/],
    [models.pem + alice.pem, /first certificate is not of the key/],
    [alice.pem + root.pem, /CN=Acme Root, O=Acme has not issued the one before it/],
    [alice.pem.repeat(11), /too many certificates/],
    [server.pem, /CN=Server is not for code signing/],
    [old.pem, /CN=Alice is valid from .* to 2026-02-01/],
  ];
  for (const [certificate, reason] of cases) {
    const signing = signVersion(registry, NAME, { key, certificate, system });
    assertMatch((await assertRejects(() => signing, RegistryError)).message, reason);
  }
  assertEquals((await checkSignatures(registry, NAME)).signatures, []);
});

Deno.test("signing again with or without a certificate replaces all of the signature", async () => {
  const { root, alice, chain: certificate, key } = await acme();
  await using registry = await withVersion();
  const publicKey = alice.certificate.publicKey.toString("pem");
  const check = async (signedBy: string) =>
    (await checkSignatures(registry, NAME, { signedBy })).ok;
  await signVersion(registry, NAME, { key, certificate, system });
  await signVersion(registry, NAME, { key, system });
  assertEquals([await check(root.pem), await check(publicKey)], [false, true]);
  const { isNew } = await signVersion(registry, NAME, { key, certificate, system });
  assertEquals([await check(root.pem), await check(publicKey), isNew], [true, true, false]);
});

Deno.test("reads and promotions require a certificate", async () => {
  const { root, chain: certificate, key } = await acme();
  await using registry = await openRegistry("memory:");
  const { name, version } = await registry.save("models:digits", { layers: 3 });
  const promote = { signedBy: [root.pem] };
  await changeRules(registry, { set: { pattern: "models:*", protectAliases: ["live"], promote } });
  const move = () => registry.setAlias(name, "live", version, { force: true });
  const signed = signedRegistry(registry, { signedBy: root.pem });
  const REASON = "it has no valid signature of a certificate of CN=Acme Root, O=Acme";
  await assertRejects(move, RegistryError, REASON);
  await assertRejects(() => signed.load(name), RegistryError, REASON);
  await signVersion(registry, name, { key: ecKeys().privateKey });
  await assertRejects(move, RegistryError, REASON);
  await signVersion(registry, name, { key, certificate, system });
  await move();
  assertEquals(await signed.load(name), { layers: 3 });
  for (const text of ["x", `${root.pem}more`, root.pem.repeat(11)]) {
    const set = { pattern: "data:*", protectAliases: ["live"], promote: { signedBy: [text] } };
    await assertRejects(() => changeRules(registry, { set }), RegistryError, "certificates in PEM");
  }
});

Deno.test("a signer is a key or certificates, not both", async () => {
  const { root, alice, key } = await acme();
  await using registry = await withVersion();
  const publicKey = alice.certificate.publicKey.toString("pem");
  const cases: [signedBy: string, reason: string][] = [
    [`${publicKey}\n${root.pem}`, "more than certificates"],
    [root.pem + key, "a private key is given"],
    ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read"],
    [root.pem.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE"), "not a public key"],
  ];
  for (const [signedBy, reason] of cases) {
    const check = () => checkSignatures(registry, NAME, { signedBy });
    await assertRejects(check, RegistryError, reason);
  }
  const text = `Subject: CN=Acme\r\n${root.pem.replaceAll("\n", "\r\n")}`;
  assertEquals((await checkSignatures(registry, NAME, { signedBy: text })).ok, false);
});

Deno.test("names in a certificate have no characters that a terminal obeys", async () => {
  const email = "a@x.com\x1b[2J\u202e";
  const names = new x509.SubjectAlternativeNameExtension([{ type: "email", value: email }]);
  const mallory = await issue("CN=Mallory", { extensions: [MAY_SIGN, names] });
  await using registry = await withVersion();
  const key = await privateKeyOf(mallory);
  await signVersion(registry, NAME, { key, certificate: mallory.pem, system });
  const { signatures: [signature] } = await checkSignatures(registry, NAME);
  assertMatch(signature?.certificate?.names ?? "", /^email:a@x\.com\?\[2J/);
  assertEquals(/\p{C}/u.test(JSON.stringify(signature?.certificate)), false);
});

Deno.test("certificates that certify each other in a ring end", async () => {
  const [first, second] = [await issue("CN=x"), await issue("CN=x")];
  const ring = [
    await authority("CN=A", {
      keys: first.keys,
      issuer: await authority("CN=B", { keys: second.keys }),
    }),
    await authority("CN=B", {
      keys: second.keys,
      issuer: await authority("CN=A", { keys: first.keys }),
    }),
  ];
  const alice = await issue("CN=Alice", { issuer: ring[0] });
  const { root } = await acme();
  assertEquals(await checked({ alice, chain: [alice, ...ring], anchors: [root] }), "unchecked");
});

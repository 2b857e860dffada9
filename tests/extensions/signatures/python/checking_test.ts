// Signatures that Python checks, made by the product and by `model_signing`.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readFile, writeFile } from "node:fs/promises";
import { openRegistry } from "../../../../mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import {
  addSignature,
  checkSignatures,
  signatureBundle,
  signVersion,
} from "../../../../extensions/signatures/signatures.ts";
import { keyOfCertificate } from "../../../../extensions/signatures/signers/certificates/pem.ts";
import { statementOf } from "../../../../extensions/signatures/statement.ts";
import { served } from "../../../python/reader.ts";
import { acme } from "../certificates/certified.ts";
import { ecKeys, NAME } from "../signed.ts";
import { judge, python_, savedFolder, signingTest, writeKeys } from "./program.ts";

const CHECK = `
shown(lambda: holdfast.check_signatures(registry, name, "key.pub")._asdict() | {"signatures": None})
for each in holdfast.check_signatures(registry, name).signatures:
    shown(lambda: each)
shown(lambda: holdfast.check_signatures(registry, name, "other.pub").missing)
shown(lambda: registry.download(name, sys.argv[2] or "from store", signed_by="key.pub"))
shown(lambda: registry.open(name, signed_by=["key.pub", "other.pub"]))
`;

signingTest("Python checks signatures of the product and of model_signing", async (root) => {
  await using registry = await openRegistry(root.join("registry"));
  await savedFolder(registry, root);
  const keys = ecKeys();
  await writeKeys(root, keys);
  await writeFile(root.join("other.pub"), ecKeys().publicKey);
  await using service = served(registry, ["read:*", "write:*"]);
  const places = [service, { location: root.join("registry") }];
  const [unsigned] = await python_(
    `shown(lambda: registry.load(name, signed_by="key.pub"))`,
    service,
    root.path,
  );
  assertEquals(unsigned.error, "Conflict");
  assertMatch(unsigned.text, /Cannot read "models:digits@1\.0\.0": it has no valid signature of/);

  const { keyHash, id } = await signVersion(registry, NAME, { key: keys.privateKey });
  for (const place of places) {
    const [report, check, missing, left, refused] = await python_(CHECK, place, root.path);
    assertEquals([report.ok, report.missing], [true, []]);
    assertEquals([check.id, check.state, check.key_hash], [id, "unchecked", keyHash]);
    assertEquals([missing.length, left], [1, []]);
    assertMatch(refused.text, /no valid signature of the key [0-9a-f]{16}\n/);
    await Deno.remove(root.join(place === service ? service.token! : "from store"), {
      recursive: true,
    });
  }

  // A bundle of another tool keeps its own statement.
  await registry.download(NAME, { to: root.join("folder") });
  const theirs = root.join("theirs.sig");
  const words = ["--private_key", root.join("key.pem"), "--signature", theirs];
  await judge("sign", "key", ...words, root.join("folder"));
  const [added] = await python_(
    `shown(lambda: holdfast.add_signature(registry, name, "theirs.sig"))`,
    service,
    root.path,
  );
  assertEquals([added.id, added.is_new], [id, false]);
  const { ok, signatures } = await checkSignatures(registry, NAME, { signedBy: keys.publicKey });
  assertEquals([ok, signatures[0]!.subject], [true, "folder"]);
  for (const place of places) {
    const [report, check] = await python_(CHECK, place, root.path);
    assertEquals([report.ok, check.subject], [true, "folder"]);
  }
});

signingTest("Python checks the key of a signature with a certificate", async (root) => {
  await using registry = await openRegistry(root.join("registry"));
  await registry.save(NAME, { layers: 3 });
  const { alice, chain, key, root: anchor } = await acme();
  await writeFile(root.join("ca.pem"), anchor.pem);
  const { id } = await signVersion(registry, NAME, { key, certificate: chain });
  const bundle = await signatureBundle(registry, NAME, { key: id });
  await registry.save("copies:digits", { layers: 3 });
  await writeFile(root.join("model.sig"), bundle);
  await writeFile(root.join("key.pub"), keyOfCertificate(alice.pem));
  await using service = served(registry, ["read:*", "write:*"]);
  const [ok, own, refused, identity, added] = await python_(
    `
shown(lambda: holdfast.check_signatures(registry, name, "key.pub").ok)
shown(lambda: holdfast.signature_bundle(registry, name, Path("key.pub")))
shown(lambda: holdfast.check_signatures(registry, name, "ca.pem"))
shown(lambda: holdfast.check_signatures(registry, name, "alice@acme.com"))
shown(lambda: holdfast.add_signature(registry, "copies:digits", "model.sig"))
`,
    service,
    root.path,
  );
  assertEquals([ok, own, added.id], [true, bundle, id]);
  assertMatch(refused.text, /^Cannot check signatures: Python compares public keys.*\nhint: Pass/);
  assertMatch(identity.text, /hint: .*Python checks no identities: run `holdfast signatures --si/);
  const report = await checkSignatures(registry, "copies:digits", { signedBy: anchor.pem });
  assert(report.ok);
});

signingTest("Python finds signatures of other files, and damaged labels", async (root) => {
  const path = root.join("registry");
  await using registry = await openRegistry(path, { mutable: true, cache: false });
  await registry.save(NAME, { layers: 3 });
  const keys = ecKeys();
  await writeKeys(root, keys);
  const { id } = await signVersion(registry, NAME, { key: keys.privateKey });
  const { annotations } = await registry.info(NAME, { annotations: true });
  const entry = Object(annotations?.labels.signatures)[id];
  const signed = statementOf(NAME, (await registry.info(NAME)).files);
  await registry.save(NAME, { layers: 4 }, { version: "1.0.0", onConflict: "overwrite" });
  await annotate(registry, `${NAME}@1.0.0`, { labels: { signatures: { [id]: entry } } });
  const look = `
shown(lambda: holdfast.check_signatures(registry, name, "key.pub").signatures[0])
shown(lambda: registry.load(name, signed_by="key.pub"))
`;
  const flipped = `${entry.sig.slice(0, -8)}AAAA${entry.sig.slice(-4)}`;
  await using service = served(registry, ["read:*"]);
  for (const place of [service, { location: path }]) {
    const changed = /^the key did not sign the files of this version$/;
    for (
      const [change, problem] of [
        [entry, changed],
        [{ ...entry, keyHash: "0".repeat(64) }, /it is not a signature/],
        [{ ...entry, sig: "" }, /it is not a signature/],
        [{ ...entry, addedAt: "2026-02-30T00:00:00.000Z" }, /it is not a signature/],
        [{ ...entry, addedAt: "2026-11-30T00:00:60.000Z" }, /it is not a signature/],
        [{ ...entry, addedAt: "2026" }, /it is not a signature/],
        [{ ...entry, subject: "NaN" }, changed],
        [{ ...entry, payload: "{}" }, /^the signed text is not a statement$/],
        [{ ...entry, payload: signed }, /^"data\.json" has other bytes than were signed$/],
        [
          { ...entry, payload: `{"a":1,${signed.slice(1, -1)},"a":1}` },
          /has a member twice$|other bytes/,
        ],
      ] as const
    ) {
      await annotate(registry, `${NAME}@1.0.0`, { labels: { signatures: null } });
      await annotate(registry, `${NAME}@1.0.0`, { labels: { signatures: { [id]: change } } });
      const [check, refused] = await python_(look, place, root.path);
      assertEquals([check.state, refused.error], ["wrong", "Conflict"]);
      assertMatch(check.problem, problem);
      const { signatures: [own] } = await checkSignatures(registry, NAME, {
        signedBy: keys.publicKey,
      });
      assertMatch(own!.problem!, problem, "as the product finds it");
    }
  }
  await registry.save(NAME, { layers: 3 }, { version: "1.0.0", onConflict: "overwrite" });
  const forged = { ...entry, sig: flipped };
  await annotate(registry, `${NAME}@1.0.0`, { labels: { signatures: null } });
  await annotate(registry, `${NAME}@1.0.0`, { labels: { signatures: { [id]: forged } } });
  const [check] = await python_(look, service, root.path);
  assertEquals(check.problem, "the key did not sign the files of this version");
});

signingTest("signatures are listed without cryptography, which keys need", async (root) => {
  await using registry = await openRegistry(root.join("registry"));
  await registry.save(NAME, { layers: 3 });
  const keys = ecKeys();
  await writeKeys(root, keys);
  await signVersion(registry, NAME, { key: keys.privateKey });
  const bundle = await signatureBundle(registry, NAME, { key: keys.publicKey });
  await addSignature(registry, NAME, { bundle });
  const [state, refused] = await python_(
    `
sys.modules["cryptography"] = None
shown(lambda: holdfast.check_signatures(registry, name).signatures[0].state)
shown(lambda: registry.load(name, signed_by="key.pub"))
`,
    { location: root.join("registry") },
    root.path,
  );
  assertEquals([state, refused.error], ["unchecked", "Unsupported"]);
  assertMatch(refused.text, /hint: Run `pip install cryptography`\./);
  assertMatch(
    await readFile("python/pyproject.toml", "utf8"),
    /^signatures = \["cryptography"\]$/m,
  );
});

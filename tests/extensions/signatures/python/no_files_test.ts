// Python signs no version without files, and no signature of one is valid (OpenSSF Model Signing
// v1.0, section 6.1). The product does the same: `misuse_test.ts`.
import { assertEquals, assertMatch } from "@std/assert";
import { createPrivateKey, sign } from "node:crypto";
import { openRegistry } from "../../../../mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import { bundleText } from "../../../../extensions/signatures/bundle.ts";
import { idOf, readPublicKey } from "../../../../extensions/signatures/signers/keys.ts";
import { signedBytes, statementOf } from "../../../../extensions/signatures/statement.ts";
import { served } from "../../../python/reader.ts";
import { ecKeys, NAME } from "../signed.ts";
import { python_, signingTest, writeKeys } from "./program.ts";

const PROGRAM = `
shown(lambda: holdfast.sign_version(registry, name, "key.pem"))
shown(lambda: holdfast.add_signature(registry, name, Path("empty.sig").read_text()))
report = holdfast.check_signatures(registry, name, "key.pub")
shown(lambda: [report.ok, [(each.state, each.problem) for each in report.signatures]])
shown(lambda: registry.download(name, "got", signed_by="key.pub"))
`;

signingTest("Python signs and accepts no version without files", async (root) => {
  const keys = ecKeys();
  await writeKeys(root, keys);
  const { hash: keyHash } = readPublicKey(keys.publicKey), payload = statementOf(NAME, []);
  const sig = sign("sha256", signedBytes(payload), createPrivateKey(keys.privateKey))
    .toString("base64");
  await Deno.writeTextFile(root.join("empty.sig"), bundleText({ keyHash, sig, payload }));
  const addedAt = new Date(0).toISOString();
  const labels = { signatures: { [idOf(keyHash)]: { keyHash, sig, subject: NAME, addedAt } } };
  for (
    const [at, files] of [
      [],
      [{ path: "folder", content: new Uint8Array(), mode: "folder" as const }],
    ].entries()
  ) {
    await using registry = await openRegistry(root.join(`registry${at}`));
    const as = { id: "folder", formatVersion: 1, load: () => 0, save: () => files };
    await registry.save(NAME, 0, { as });
    await annotate(registry, `${NAME}@1.0.0`, { labels }); // as a release before this rule left it
    await using service = served(registry, ["read:*", "write:*"]);
    const [signed, added, checked, got] = await python_(PROGRAM, service, root.path);
    assertEquals([signed.error, got.error !== undefined], ["Unsupported", true]);
    assertMatch(signed.text, /there is no file to sign\nhint: Save a version with a file\./);
    assertMatch(added.text, /there is no file to sign/);
    assertEquals(checked, [false, [["wrong", "there is no file to sign"]]]);
  }
});

// Links, folders and keys that must not pass as the signed file or as the key of the signer.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createPrivateKey, sign as nodeSign } from "node:crypto";
import { openRegistry, RegistryError } from "../../../mod.ts";
import { annotate, readAnnotations } from "../../../registry/mod.ts";
import {
  addSignature,
  checkSignatures,
  signatureBundle,
  signVersion,
} from "../../../extensions/signatures/signatures.ts";
import { bundleText } from "../../../extensions/signatures/bundle.ts";
import { idOf, readPublicKey } from "../../../extensions/signatures/signers/keys.ts";
import { signedBytes, statementOf } from "../../../extensions/signatures/statement.ts";
import { ecKeys, NAME, withVersion } from "./signed.ts";

Deno.test("a version without files is not signed, and no signature of it is valid", async () => {
  const { privateKey, publicKey: signedBy } = ecKeys();
  await using registry = await openRegistry("memory:");
  const modes = [[], [{ path: "folder", content: new Uint8Array(), mode: "folder" as const }]];
  for (const files of modes) {
    const as = { id: "folder", formatVersion: 1, load: () => 0, save: () => files };
    const { name, version } = await registry.save("empty", 0, { as });
    const ref = `${name}@${version}`, key = createPrivateKey(privateKey);
    const sign = () => signVersion(registry, ref, { key: privateKey });
    const refused = await assertRejects(sign, RegistryError);
    assertEquals([refused.code, refused.hint], ["Unsupported", "Save a version with a file."]);
    // A signature of an earlier release, and of another program.
    const payload = statementOf("empty", []);
    const sig = nodeSign("sha256", signedBytes(payload), key).toString("base64");
    const { hash: keyHash } = readPublicKey(signedBy), subject = "empty";
    const bundle = bundleText({ keyHash, sig, payload });
    const add = () => addSignature(registry, ref, { bundle });
    assertMatch((await assertRejects(add, RegistryError)).message, /there is no file to sign/);
    const addedAt = new Date(0).toISOString();
    const labels = { signatures: { [idOf(keyHash)]: { keyHash, sig, subject, addedAt } } };
    await annotate(registry, ref, { labels });
    const { ok, signatures } = await checkSignatures(registry, ref, { signedBy });
    assertEquals([ok, signatures.map(({ state }) => state)], [false, ["wrong"]]);
  }
});

Deno.test("no link and no folder passes as the signed file of the same bytes", async () => {
  const { privateKey, publicKey: signedBy } = ecKeys();
  await using registry = await openRegistry("memory:");
  type Mode = "link" | "folder";
  const save = async (modes: Record<string, Mode>, leftOut: string[] = []) => {
    const texts = { weights: "WEIGHTS", note: "weights", empty: "" };
    const files = Object.entries(texts).filter(([path]) => !leftOut.includes(path))
      .map(([path, text]) => ({
        path,
        content: new TextEncoder().encode(text),
        mode: modes[path],
      }));
    const as = { id: "folder", formatVersion: 1, load: () => 0, save: () => files };
    return `n@${(await registry.save("n", 0, { as })).version}`;
  };
  const signed = await save({});
  const { id } = await signVersion(registry, signed, { key: privateKey });
  const bundle = await signatureBundle(registry, signed, { key: id });
  const linked = await save({ note: "link" });
  const folder = await save({ empty: "folder" });
  for (const [ref, problem] of [[linked, /"note" is a link/], [folder, /"empty" was signed/]]) {
    const add = () => addSignature(registry, ref as string, { bundle });
    assertMatch((await assertRejects(add, RegistryError)).message, problem as RegExp);
    const { labels } = (await readAnnotations(registry, signed))!;
    await annotate(registry, ref as string, { labels });
    const { ok, signatures } = await checkSignatures(registry, ref as string, { signedBy });
    assertEquals([ok, signatures.map(({ state }) => state)], [false, ["wrong"]]);
  }
  const signLinked = () => signVersion(registry, linked, { key: privateKey });
  assertMatch((await assertRejects(signLinked, RegistryError)).message, /"note" is a link/);
  // Other tools see no empty folders, so a statement is the same with them.
  const unmarked = await save({}, ["empty"]);
  await signVersion(registry, folder, { key: privateKey });
  await addSignature(registry, unmarked, {
    bundle: await signatureBundle(registry, folder, { key: id }),
  });
  assert((await checkSignatures(registry, folder, { signedBy })).ok);
  assert((await checkSignatures(registry, unmarked, { signedBy })).ok);
});

Deno.test("a signer is one public key, not several keys", async () => {
  const { privateKey, publicKey } = ecKeys();
  await using registry = await withVersion();
  await signVersion(registry, NAME, { key: privateKey });
  const cases = [
    ["", "not a public key"],
    [publicKey + ecKeys().publicKey, "several keys"],
    [publicKey + CERTIFICATE, "more than certificates"],
  ];
  for (const [signedBy, problem] of cases) {
    const check = () => checkSignatures(registry, NAME, { signedBy });
    await assertRejects(check, RegistryError, problem);
  }
  const signedBy = publicKey.replaceAll("\n", "\r\n");
  assert((await checkSignatures(registry, NAME, { signedBy })).ok);
});

/** Of a P-256 key, valid for one day in 2026. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBbTCCAROgAwIBAgIUF0CejuK6b0Is2FvpuW2LZE3HonowCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBeDAeFw0yNjExMjkwMDA0NTZaFw0yNjExMzAwMDA0NTZaMAwx
CjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQqWJILJD/6Gezf
eADbzYrSxS2jqp5K4QIJa/74zPg9qw8EDvopGRy+VpzNi1AFPzGSWu5pU8g60oGh
8/e7lOdto1MwUTAdBgNVHQ4EFgQU5ptuzq45teIzj8hvk04SOWmuNAMwHwYDVR0j
BBgwFoAU5ptuzq45teIzj8hvk04SOWmuNAMwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNIADBFAiEAxGD1f6JJw2hyFcgAGY27IsvXP/j5zRwXvQJMfyP7vRQC
IALpdGFrVLCAnU75DNL6JdOnCYQoi4Mb8NdcOVafXdVL
-----END CERTIFICATE-----
`;

Deno.test("a version that is overwritten while somebody signs it is not signed", async () => {
  const { privateKey, publicKey } = ecKeys();
  await using registry = await withVersion();
  const sign = async (bytes: Uint8Array) => {
    const options = { version: "1.0.0", onConflict: "overwrite" } as const;
    await registry.save(NAME, { layers: [9] }, options);
    await signVersion(registry, NAME, { key: privateKey });
    return nodeSign("sha256", bytes, privateKey);
  };
  const signing = () => signVersion(registry, NAME, { key: { publicKey, sign } });
  const error = await assertRejects(signing, RegistryError);
  assertEquals([error.code, error.state], ["Conflict", "it was overwritten meanwhile"]);
  const { ok } = await checkSignatures(registry, NAME, { signedBy: publicKey });
  assert(ok, "the signature of the new content is kept");
});

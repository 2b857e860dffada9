// Signatures that Python makes, judged by the product and by `model_signing`.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { execFile } from "node:child_process";
import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { localPath, openRegistry, type Registry } from "../../../../mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import { checkSignatures, signatureBundle } from "../../../../extensions/signatures/signatures.ts";
import { served } from "../../../python/reader.ts";
import { storedSignatures } from "../attacks/many.ts";
import { ecKeys, edKeys, NAME } from "../signed.ts";
import { judge, python_, savedFolder, signingTest, writeKeys } from "./program.ts";

const execute = promisify(execFile);

/** Records what a service receives. */
function recorded(registry: Registry) {
  const sent: string[] = [];
  const service = served(registry, ["read:*", "write:*"]);
  const proxy = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const body = await request.text();
      sent.push(`${request.method} ${pathname}${search} ${[...request.headers]} ${body}`);
      return await fetch(service.location + pathname + search, {
        method: request.method,
        headers: request.headers,
        ...body !== "" && { body },
      });
    },
  );
  return {
    sent,
    location: `http://127.0.0.1:${proxy.addr.port}`,
    token: service.token,
    async [Symbol.asyncDispose]() {
      await proxy.shutdown();
      await service[Symbol.asyncDispose]();
    },
  };
}

const SIGN = `
shown(lambda: holdfast.sign_version(registry, name, "key.pem"))
shown(lambda: holdfast.sign_version(registry, name + "@1", Path("key.pem").read_text()))
id = holdfast.check_signatures(registry, name, Path("key.pub")).signatures[0].id
shown(lambda: holdfast.signature_bundle(registry, name, id[:6]))
shown(lambda: registry.load(name, signed_by="key.pub"))
shown(lambda: registry.download(name, "got", signed_by=["key.pub"]))
`;

for (const kind of ["P-256", "P-384", "P-521", "Ed25519"]) {
  signingTest(
    `Python signs, and the product and model_signing verify (${kind})`,
    async (root) => {
      await using registry = await openRegistry(root.join("registry"));
      await savedFolder(registry, root);
      const keys = kind === "Ed25519" ? edKeys() : ecKeys(kind);
      await writeKeys(root, keys);
      await using service = recorded(registry);
      const [first, second, bundle, loaded, left] = await python_(SIGN, service, root.path);
      const { ok, signatures } = await checkSignatures(registry, NAME, {
        signedBy: keys.publicKey,
      });
      assertEquals([ok, signatures.length, first.is_new, second.is_new], [true, 1, true, false]);
      assertEquals(first.key_hash, signatures[0]!.keyHash);
      assertEquals(bundle, await signatureBundle(registry, NAME, { key: keys.publicKey }));
      assertEquals([loaded.error, left], ["Unsupported", []]); // a folder is not a value
      const secret = keys.privateKey.split("\n").slice(1, -2);
      for (const line of secret) assert(!service.sent.some((each) => each.includes(line)));
      assert(service.sent.some((each) => each.includes('"keyHash"')));
      if (kind === "Ed25519") return; // which model_signing does not read
      const sig = root.join("model.sig"), folder = root.join("got");
      await writeFile(sig, bundle);
      const verify = ["verify", "key", "--signature", sig, "--public_key", root.join("key.pub")];
      assertMatch(await judge(...verify, folder), /Verification succeeded/);
    },
  );
}

const REFUSED = `
def wrong(data): return b"no signature"
key = Path("key.pem").read_text()
shown(lambda: holdfast.sign_version(registry, name, wrong, public_key="key.pub"))
shown(lambda: holdfast.sign_version(registry, name, wrong))
shown(lambda: holdfast.sign_version(registry, name, "missing-" + "s" * 20))
shown(lambda: holdfast.sign_version(registry, name, key[:60] + key[70:]))
shown(lambda: holdfast.sign_version(registry, name, "key.pub"))
shown(lambda: holdfast.sign_version(registry, name, key.replace("\\n", "\\\\n")))
shown(lambda: holdfast.sign_version(registry, name, "encrypted.pem"))
shown(lambda: holdfast.sign_version(registry, name, "encrypted.pem", passphrase="no"))
shown(lambda: holdfast.sign_version(registry, name, "encrypted.pem", passphrase="p\\udcff"))
cosign = "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\\naGVsbG8=\\n-----END"
shown(lambda: holdfast.sign_version(registry, name, cosign, passphrase="right"))
shown(lambda: holdfast.sign_version(registry, name, "rsa.pem"))
shown(lambda: holdfast.sign_version(registry, "links", "key.pem"))
shown(lambda: holdfast.check_signatures(registry, name, "key.pem"))
shown(lambda: holdfast.check_signatures(registry, name, []))
shown(lambda: holdfast.check_signatures(registry, name, Path("key.pub").read_text() * 2))
shown(lambda: holdfast.add_signature(registry, name, '{"mediaType": 1, "mediaType": 2}'))
shown(lambda: holdfast.add_signature(registry, name, "large.sig"))
shown(lambda: holdfast.signature_bundle(registry, name, "00"))
`;

signingTest("Python refuses what cannot sign or be signed, without a secret", async (root) => {
  await using registry = await openRegistry(root.join("registry"));
  await registry.save(NAME, { layers: 3 });
  await mkdir(root.join("links"));
  await writeFile(root.join("links/a"), "a");
  await symlink("a", root.join("links/b"));
  await registry.save("links", localPath(root.join("links")));
  const keys = ecKeys();
  await writeKeys(root, keys);
  await writeFile(root.join("large.sig"), "");
  await truncate(root.join("large.sig"), 3 * 2 ** 30);
  const openssl = (...words: string[]) => execute("openssl", words, { cwd: root.path });
  const into = ["-out", "encrypted.pem", "-passout", "pass:right"];
  await openssl("pkcs8", "-topk8", "-in", "key.pem", ...into);
  await openssl("genrsa", "-out", "rsa.pem", "2048");
  await using service = served(registry, ["read:*", "write:*"]);
  const answers = await python_(REFUSED, service, root.path);
  const texts = [
    /^Cannot sign "models:digits@1\.0\.0": the signature does not match the public key/,
    /^Cannot sign: `key` is a function, and `public_key` is missing/,
    /^Cannot read the key: No such file or directory\nhint: Pass the path of a file, or PEM\.$/,
    /^Cannot sign: the key is not a private key in PEM/,
    /^Cannot sign: a public key is given/,
    /^Cannot sign: the key has lost its line breaks/,
    /^Cannot sign: the key is encrypted/,
    /^Cannot sign: the passphrase does not open the key/,
    /^Cannot call sign_version: `passphrase` has a NUL character or a lone surrogate/,
    /^Cannot sign: cosign wrote the key, in a format of its own/,
    /^Cannot sign: unsupported key type .*RSA/,
    /^Cannot sign "links@1\.0\.0": "b" is a link, which cannot be signed/,
    /^Cannot check signatures: a private key is given/,
    /^Cannot check signatures: signed_by has no key/,
    /^Cannot check signatures: one string contains several keys/,
    /^Cannot read the bundle: it has a member twice/,
    /^Cannot read the bundle: it is too large/,
    /^Cannot export the signature "00" of "models:digits@1\.0\.0": there is no such signature/,
  ];
  for (const [at, text] of texts.entries()) assertMatch(answers[at]?.text ?? "", text);
  assertEquals(answers.length, texts.length);
  const secret = keys.privateKey.split("\n")[1]!.slice(0, 20);
  assert(!JSON.stringify(answers).includes(secret) && !JSON.stringify(answers).includes("sss"));
  const [signed, refused] = await python_(
    `
shown(lambda: holdfast.sign_version(registry, name, "encrypted.pem", passphrase="right"))
import os
os.environ["PATH"] = "/no-command-here"
shown(lambda: holdfast.sign_version(holdfast.open_registry("registry"), name, "key.pem"))
`,
    service,
    root.path,
  );
  assertEquals(signed.is_new, true);
  assertMatch(refused.text, /^Cannot start a service: no command `holdfast`/);
});

signingTest("a function of Python signs, such as one that asks a key service", async (root) => {
  await using registry = await openRegistry(root.join("registry"));
  await registry.save(NAME, { layers: 3 });
  const keys = ecKeys();
  await writeKeys(root, keys);
  await using service = served(registry, ["read:*", "write:*"]);
  const [signed, value] = await python_(
    `
import subprocess
def sign(data):
    command = ["openssl", "dgst", "-sha256", "-sign", "key.pem"]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout
shown(lambda: holdfast.sign_version(registry, name, sign, public_key="key.pub"))
shown(lambda: registry.load(name, signed_by="key.pub"))
`,
    service,
    root.path,
  );
  assertEquals([signed.is_new, value], [true, { layers: 3 }]);
  assert((await checkSignatures(registry, NAME, { signedBy: keys.publicKey })).ok);
});

signingTest("Python does not sign a version that is overwritten meanwhile", async (root) => {
  await using registry = await openRegistry(root.join("registry"), { mutable: true });
  await registry.save(NAME, { layers: 3 });
  const keys = ecKeys();
  await writeKeys(root, keys);
  await using service = served(registry, ["read:*", "write:*"]);
  const [refused, ok] = await python_(
    `
import subprocess
def sign(data):
    registry.save(name, {"layers": 9}, version="1.0.0", on_conflict="overwrite")
    holdfast.sign_version(registry, name, "key.pem")
    command = ["openssl", "dgst", "-sha256", "-sign", "key.pem"]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout
shown(lambda: holdfast.sign_version(registry, name, sign, public_key="key.pub"))
shown(lambda: holdfast.check_signatures(registry, name, "key.pub").ok)
`,
    service,
    root.path,
  );
  assertEquals([refused.error, ok], ["Conflict", true]);
  assertMatch(refused.text, /^Cannot sign "models:digits@1\.0\.0": it was overwritten meanwhile\n/);
});

signingTest(
  "Python says that a version has no room for a signature, and how to make it",
  async (root) => {
    await using registry = await openRegistry(root.join("registry"));
    await registry.save(NAME, { layers: 3 });
    await writeKeys(root, ecKeys());
    await annotate(registry, `${NAME}@1.0.0`, { labels: { signatures: storedSignatures(246) } });
    await using service = served(registry, ["read:*", "write:*"]);
    const [refused, count] = await python_(
      `
shown(lambda: holdfast.sign_version(registry, name, "key.pem"))
shown(lambda: len(holdfast.check_signatures(registry, name).signatures))
`,
      service,
      root.path,
    );
    assertEquals([refused.error, count], ["Conflict", 246]);
    assertMatch(
      refused.text,
      /^Cannot sign "models:digits@1\.0\.0": its notes and labels have no room/,
    );
    assertMatch(
      refused.text,
      /holdfast note models:digits@1\.0\.0 --label 'signatures:=\{"ID": null\}'/,
    );
  },
);

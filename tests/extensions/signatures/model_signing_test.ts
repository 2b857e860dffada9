// Signatures, judged by `model_signing`, the reference implementation of OpenSSF Model Signing.
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { execFile } from "node:child_process";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { localPath } from "../../../mod.ts";
import { realSystem } from "../../../core/system.ts";
import {
  addSignature,
  checkSignatures,
  signatureBundle,
  signVersion,
} from "../../../extensions/signatures/signatures.ts";
import { holdfast, succeeds } from "../../apps/captured_io.ts";
import { findPython } from "../../support/numpy.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { acme, authority } from "./certificates/certified.ts";
import { ecKeys, NAME, withVersion } from "./signed.ts";

const run = promisify(execFile);
const python = await findPython("model_signing, OpenSSL", undefined, "HOLDFAST_SIGNING_PYTHON");
const isMeant = realSystem.env("HOLDFAST_REQUIRE_SERVERS") === "1";
const REASON = "no Python with model_signing and pyOpenSSL";

function judgeTest(
  name: string,
  fn: (judge: (...words: string[]) => Promise<string>) => Promise<void>,
) {
  const judge = async (...words: string[]) => {
    const { stdout, stderr } = await run(python!, ["-m", "model_signing", ...words]);
    return stdout + stderr;
  };
  Deno.test({
    name: python === undefined ? `${name} (left out: ${REASON})` : name,
    ignore: python === undefined && !isMeant,
    fn: python === undefined
      ? () => Promise.reject(new Error(`Cannot test: ${REASON}`))
      : () => fn(judge),
  });
}

for (const curve of ["P-256", "P-384"]) {
  judgeTest(
    `model_signing verifies a download that was signed here, and signs one for us (${curve})`,
    async (judge) => {
      await using root = await tempRoot();
      await using registry = await withVersion();
      const { privateKey, publicKey } = ecKeys(curve);
      const [key, pub] = [root.join("key.pem"), root.join("key.pub")];
      await writeFile(key, privateKey);
      await writeFile(pub, publicKey);
      const source = root.join("source");
      await mkdir(`${source}/déjà/b`, { recursive: true });
      await writeFile(`${source}/déjà/b/a b.bin`, "one");
      await writeFile(`${source}/empty`, "");
      await writeFile(`${source}/😀.bin`, "two");
      await writeFile(`${source}/～.bin`, "three");
      await registry.save(NAME, localPath(source));
      const { id } = await signVersion(registry, NAME, { key: privateKey });
      const folder = root.join("folder"), sig = root.join("model.sig");
      await registry.download(NAME, { to: folder });
      await writeFile(sig, await signatureBundle(registry, NAME, { key: id }));
      const verify = ["verify", "key", "--signature", sig, "--public_key", pub, folder];
      assertMatch(await judge(...verify), /Verification succeeded/);

      const theirs = root.join("theirs.sig");
      await judge("sign", "key", "--private_key", key, "--signature", theirs, folder);
      await addSignature(registry, NAME, { bundle: await readFile(theirs, "utf8") });
      const { ok, signatures } = await checkSignatures(registry, NAME, { signedBy: publicKey });
      assertEquals([ok, signatures.length, signatures[0]!.subject], [true, 1, "folder"]);
      await writeFile(sig, await signatureBundle(registry, NAME, { key: id }));
      assertMatch(await judge(...verify), /Verification succeeded/);

      await writeFile(`${folder}/empty`, "x");
      const error = await assertRejects(() => judge(...verify));
      assertMatch(
        String((error as { stdout?: string; stderr?: string }).stderr) +
          String((error as { stdout?: string }).stdout),
        /Hash mismatch for \W+empty/,
      );
    },
  );
}

judgeTest(
  "model_signing verifies a folder with its signatures, of one signer and of two",
  async (judge) => {
    await using root = await tempRoot();
    const cwd = root.path, at = { cwd };
    const [own, other] = [ecKeys(), ecKeys()];
    for (
      const [file, text] of Object.entries({
        "own.pem": own.privateKey,
        "own.pub": own.publicKey,
        "other.pem": other.privateKey,
      })
    ) await writeFile(root.join(file), text);
    await mkdir(root.join("source"));
    await writeFile(root.join("source/weights.bin"), "weights");
    await succeeds("init", at);
    await succeeds(`save ${NAME} source`, at);
    await succeeds(`sign ${NAME} --key own.pem`, at);
    await succeeds(`download ${NAME} model`, at);
    await succeeds(`signatures ${NAME} --to model`, at);
    const verify = ["verify", "key", "--public_key", root.join("own.pub"), "--signature"];
    const sig = root.join("model/model.sig");
    assertMatch(await judge(...verify, sig, root.join("model")), /Verification succeeded/);

    await succeeds(`sign ${NAME} --key other.pem`, at);
    await succeeds(`download ${NAME} again`, at);
    const { files, signatures } = JSON.parse(
      await succeeds(`signatures ${NAME} --to sigs --signed-by own.pub --json`, at),
    );
    const { id } = signatures.find(({ state }: { state: string }) => state === "valid");
    assertEquals(files.length, 2);
    const one = root.join(`sigs/model.${id}.sig`);
    assertMatch(await judge(...verify, one, root.join("again")), /Verification succeeded/);
    await writeFile(root.join("again/weights.bin"), "wrong");
    await assertRejects(() => judge(...verify, one, root.join("again")));
  },
);

judgeTest(
  "model_signing verifies certificates of ours, and signs with some for us",
  async (judge) => {
    await using root = await tempRoot();
    const at = { cwd: root.path }, { root: anchor, models, alice, key } = await acme();
    const other = await authority("CN=Acme Root, O=Acme");
    const texts = {
      "key.pem": key,
      "alice.pem": alice.pem,
      "models.pem": models.pem,
      "chain.pem": alice.pem + models.pem,
      "root.pem": anchor.pem,
      "other.pem": other.pem,
    };
    for (const [file, text] of Object.entries(texts)) await writeFile(root.join(file), text);
    await mkdir(root.join("source"));
    await writeFile(root.join("source/weights.bin"), "weights");
    await succeeds("init", at);
    await succeeds(`save ${NAME} source`, at);
    await succeeds(`sign ${NAME} --key key.pem --certificate chain.pem`, at);
    await succeeds(`download ${NAME} model --signatures --require-signature root.pem`, at);
    const verify = (anchors: string, sig = "model/model.sig") =>
      judge(
        ...["verify", "certificate", "--certificate_chain", root.join(anchors)],
        ...["--signature", root.join(sig), root.join("model")],
      );
    assertMatch(await verify("root.pem"), /Verification succeeded/);
    await assertRejects(() => verify("other.pem"));

    const chain = ["--signing_certificate", root.join("alice.pem")];
    chain.push(
      "--certificate_chain",
      root.join("models.pem"),
      "--private_key",
      root.join("key.pem"),
    );
    const theirs = root.join("theirs.sig");
    await rename(root.join("model/model.sig"), root.join("ours.sig"));
    await judge("sign", "certificate", ...chain, "--signature", theirs, root.join("model"));
    await succeeds(`save copies:digits source`, at);
    await succeeds("sign copies:digits --bundle theirs.sig", at);
    await succeeds("signatures copies:digits --signed-by root.pem --to theirs", at);
    const refused = await holdfast("signatures copies:digits --signed-by other.pem", at);
    assertEquals(refused.code, 1);
    assertMatch(refused.err, /no valid signature of a certificate of CN=Acme Root/);
    assertMatch(await verify("root.pem", "theirs/model.sig"), /Verification succeeded/);
    await writeFile(root.join("model/weights.bin"), "wrong");
    await assertRejects(() => verify("root.pem", "ours.sig"));
  },
);

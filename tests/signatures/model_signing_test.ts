// Signatures, judged by `model_signing`, the reference implementation of OpenSSF Model Signing.
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { localPath } from "../../mod.ts";
import { realSystem } from "../../core/system.ts";
import {
  addSignature,
  checkSignatures,
  signatureBundle,
  signVersion,
} from "../../signatures/signatures.ts";
import { succeeds } from "../apps/captured_io.ts";
import { findPython } from "../support/numpy.ts";
import { tempRoot } from "../support/temp_root.ts";
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

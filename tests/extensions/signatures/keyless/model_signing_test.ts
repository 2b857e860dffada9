// Keyless signatures, judged by `model_signing` and the Python package `sigstore`.
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { realSystem } from "../../../../core/system.ts";
import { succeeds } from "../../../apps/captured_io.ts";
import { findPython } from "../../../support/numpy.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { ALICE, ISSUER } from "../certificates/keyless.ts";
import { servedSigstore } from "./served_sigstore.ts";

const run = promisify(execFile);
const python = await findPython("model_signing, OpenSSL", undefined, "HOLDFAST_SIGNING_PYTHON");
const isMeant = realSystem.env("HOLDFAST_REQUIRE_SERVERS") === "1";
const REASON = "no Python with model_signing and pyOpenSSL";

/** The configuration of a client of Sigstore: what it trusts, and whom it asks. */
function trustConfig(trustedRoot: string, { fulcio, rekor }: { fulcio: string; rekor: string }) {
  const service = (url: string) => ({
    url,
    majorApiVersion: 1,
    validFor: { start: "2020-01-01T00:00:00Z" },
    operator: "acme",
  });
  return JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
    trustedRoot: JSON.parse(trustedRoot),
    signingConfig: {
      mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
      caUrls: [service(fulcio)],
      rekorTlogUrls: [service(rekor)],
      rekorTlogConfig: { selector: "ANY" },
      tsaUrls: [],
      tsaConfig: { selector: "ANY" },
    },
  });
}

Deno.test({
  name: "model_signing verifies a keyless signature of the command line" +
    (python === undefined ? ` (left out: ${REASON})` : ""),
  ignore: python === undefined && !isMeant,
  async fn() {
    if (python === undefined) throw new Error(`Cannot test: ${REASON}`);
    await using root = await tempRoot();
    await using served = await servedSigstore();
    const { fulcio, rekor, timestampAuthority, trustedRoot } = served;
    await mkdir(root.join("source"));
    await writeFile(root.join("source/weights.bin"), "weights");
    await writeFile(root.join("root.json"), trustedRoot);
    await writeFile(root.join("trust.json"), trustConfig(trustedRoot, served));
    const at = { cwd: root.path, env: { SIGSTORE_ID_TOKEN: await served.token() } };
    await succeeds("init", at);
    const by = `${ALICE} --issuer ${ISSUER} --trusted-root root.json`;
    const stamped = `--timestamp-authority ${timestampAuthority}`;
    for (const [version, options] of [["1.0.0", ""], ["2.0.0", stamped]]) {
      const folder = root.join(`model-${version}`);
      await succeeds(`save models:digits source --version ${version}`, at);
      const services = `--fulcio ${fulcio} --rekor ${rekor} --trusted-root root.json ${options}`;
      await succeeds(`sign models:digits@${version} --keyless ${services}`, at);
      const download = `download models:digits@${version} ${folder} --signatures`;
      await succeeds(`${download} --require-signature ${by}`, at);
      const verify = async (identity: string) => {
        const { stdout, stderr } = await run(python, [
          ...["-m", "model_signing", "verify", "sigstore", "--trust_config"],
          ...[root.join("trust.json"), "--signature", `${folder}/model.sig`],
          ...["--identity", identity, "--identity_provider", ISSUER, folder],
        ]);
        return stdout + stderr;
      };
      assertMatch(await verify(ALICE), /Verification succeeded/);
      await assertRejects(() => verify("https://github.com/mallory"));
      await writeFile(`${folder}/weights.bin`, "wrong");
      await assertRejects(() => verify(ALICE));
    }
    assertEquals(served.asked.length, 5);
  },
});

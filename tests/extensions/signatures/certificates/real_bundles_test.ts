// Keyless signatures that others made with the public instance of Sigstore. Its trusted root is that of
// the Python package `sigstore`.
import { assertEquals, assertMatch } from "@std/assert";
import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { promisify } from "node:util";
import { cliTest } from "../../../apps/captured_io.ts";
import { judgeTest } from "../../../judges/judge_test_case.ts";
import { findPython } from "../../../support/numpy.ts";

const FIXTURES = new URL("../../../fixtures/sigstore/", import.meta.url);
const SIGNER = "stefanb@us.ibm.com", ISSUER = "https://sigstore.verify.ibm.com/oauth2";
const ROOTS = `
import pathlib, sigstore
for host in ("sigstore", "sigstage"):
    print(pathlib.Path(sigstore.__file__).parent / "_store" / f"https%3A%2F%2Ftuf-repo-cdn.{host}.dev" / "trusted_root.json")
`;

const python = await findPython("sigstore", undefined, "HOLDFAST_SIGNING_PYTHON");

if (python === undefined) {
  judgeTest("signatures of Sigstore itself are valid", "no Python with sigstore", async () => {});
} else {
  const { stdout } = await promisify(execFile)(python, ["-c", ROOTS]);
  const [root = "", staging = ""] = stdout.trim().split("\n");
  const times = { "v0.3.1": "2025-05-03T01:10:02.000Z", "v1.1.0": "2025-10-10T02:12:20.000Z" };
  for (const [version, time] of Object.entries(times)) {
    cliTest(`a signature of Sigstore itself is valid (${version})`, async (it) => {
      await mkdir(join(it.cwd, "model"));
      for (const name of ["signme-1", "signme-2"]) {
        await writeFile(join(it.cwd, "model", name), name);
      }
      await copyFile(new URL(`${version}.sig`, FIXTURES), join(it.cwd, "model/model.sig"));
      await it.succeeds("init");
      await it.succeeds("save models:a model --signatures");
      const check = (signer: string, issuer: string, trusted = root) =>
        it.holdfast([
          ...["signatures", "models:a", "--json", "--signed-by", signer, "--issuer", issuer],
          ...["--trusted-root", trusted],
        ]);
      const { code, out, err } = await check(SIGNER, ISSUER);
      assertEquals(code, 0, err);
      const { signatures: [signature] } = JSON.parse(out);
      assertEquals([signature.state, signature.signedAt], ["valid", time], out);
      assertEquals(signature.certificate.names, `email:${SIGNER}`);
      const refused: [out: { code: number; out: string }, state: RegExp][] = [
        [await check(SIGNER, "https://accounts.google.com"), /its identity is of the issuer/],
        [await check(SIGNER, ISSUER, staging), /Sigstore refuses it/],
        [await check("alice@acme.com", ISSUER), /"state": ?"unchecked"/],
      ];
      for (const [found, state] of refused) {
        assertEquals(found.code, 1);
        assertMatch(found.out, state);
      }
      await writeFile(join(it.cwd, "model/signme-2"), "signme-3");
      await it.fails("save models:b model --signatures", 2, `"signme-2" has other bytes`);
    });
  }
}

// Folders of many shapes, signed here and verified by `model_signing`, and the other way round.
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, fromFileUrl } from "@std/path";
import { localPath, openRegistry, RegistryError } from "../../../../mod.ts";
import { realSystem } from "../../../../core/system.ts";
import {
  addSignature,
  checkSignatures,
  signatureBundle,
  signVersion,
} from "../../../../extensions/signatures/signatures.ts";
import { findPython } from "../../../support/numpy.ts";
import { type TempRoot, tempRoot } from "../../../support/temp_root.ts";
import { acme } from "../certificates/certified.ts";
import { ecKeys } from "../signed.ts";
import { type Shape, SHAPES } from "./shapes.ts";

const python = await findPython("model_signing, OpenSSL", undefined, "HOLDFAST_SIGNING_PYTHON");
const isMeant = realSystem.env("HOLDFAST_REQUIRE_SERVERS") === "1";
const REASON = "no Python with model_signing and pyOpenSSL";
const JUDGE = fromFileUrl(new URL("./judge.py", import.meta.url));

/** Lets `model_signing` do tasks, and returns the error of each. */
async function judged(tasks: readonly object[]): Promise<(string | null)[]> {
  if (python === undefined) throw new Error(`Cannot test: ${REASON}`);
  const child = spawn(python, [JUDGE], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(tasks));
  return JSON.parse(await text(child.stdout));
}

interface Signer {
  key: string;
  certificate?: string;
  signedBy: string;
  /** For the judge: how it signs, and how it verifies. */
  signs: object;
  verifies: object;
}

/** Returns a signer of each kind that `model_signing` knows. */
async function signers(root: TempRoot): Promise<Signer[]> {
  const file = async (name: string, content: string) => {
    await writeFile(root.join(name), content);
    return root.join(name);
  };
  const all: Signer[] = [];
  for (const curve of ["P-256", "P-384", "P-521"]) {
    const { privateKey: key, publicKey: signedBy } = ecKeys(curve);
    const private_key = await file(`${curve}.pem`, key);
    const public_key = await file(`${curve}.pub`, signedBy);
    all.push({ key, signedBy, signs: { private_key }, verifies: { public_key } });
  }
  const { root: { pem: signedBy }, models, alice, chain: certificate, key } = await acme();
  const signs = {
    private_key: await file("alice.key", key),
    certificate: await file("alice.pem", alice.pem),
    chain: await file("models.pem", models.pem),
  };
  const verifies = { root: await file("root.pem", signedBy) };
  all.push({ key, certificate, signedBy, signs, verifies });
  return all;
}

async function write(folder: string, { files }: Shape): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(`${folder}/${path}`), { recursive: true });
    if (typeof content === "string") await writeFile(`${folder}/${path}`, content);
    else await symlink(content.link, `${folder}/${path}`);
  }
}

Deno.test({
  name: `${SHAPES.length} shapes of folders, signed by either, are verified by the other${
    python === undefined ? ` (left out: ${REASON})` : ""
  }`,
  ignore: python === undefined && !isMeant,
  async fn() {
    await using root = await tempRoot();
    await using registry = await openRegistry("memory:");
    const all = await signers(root);
    const cases = SHAPES.map((shape, at) => ({
      ...shape,
      name: `models:s${at}`,
      source: root.join(`source-${at}`),
      folder: root.join(`folder-${at}`),
      ours: root.join(`ours-${at}.sig`),
      theirs: root.join(`theirs-${at}.sig`),
      signer: all[at % all.length]!,
    }));
    for (const { name, source, folder, ours, signer, refusedHere, ...shape } of cases) {
      await write(source, shape);
      await registry.save(name, localPath(source));
      const { key, certificate } = signer;
      const signing = signVersion(registry, name, { key, certificate });
      if (refusedHere !== undefined) {
        assertMatch((await assertRejects(() => signing, RegistryError)).message, refusedHere);
        continue;
      }
      const { id } = await signing;
      await registry.download(name, { to: folder });
      await writeFile(ours, await signatureBundle(registry, name, { key: id }));
    }
    const signed = cases.filter(({ refusedHere }) => refusedHere === undefined);
    const verify = signed.map(({ folder, ours, signer, git = false }) => ({
      ...signer.verifies,
      does: "verify",
      folder,
      signature: ours,
      ignored: [],
      git,
    }));
    const sign = cases.map(({ source, theirs, signer, ignored = [] }) => ({
      ...signer.signs,
      does: "sign",
      folder: source,
      signature: theirs,
      ignored,
      git: false,
    }));
    const errors = await judged([...verify, ...sign]);
    const [verified, signs] = [errors.slice(0, verify.length), errors.slice(verify.length)];
    assertEquals(
      signed.map(({ what }, at) => [what, verified[at]]),
      signed.map(({ what }) => [what, null]),
    );

    for (const [at, { what, name, theirs, signer, refusedTheirs }] of cases.entries()) {
      if (signs[at] !== null) {
        assertMatch(`${signs[at]}`, refusedTheirs ?? /^$/, what);
        continue;
      }
      const adding = addSignature(registry, name, { bundle: await readFile(theirs, "utf8") });
      if (refusedTheirs !== undefined) {
        const error = await assertRejects(() => adding, RegistryError, undefined, what);
        assertMatch(error.message, refusedTheirs, what);
        continue;
      }
      const { isNew } = await adding;
      const { ok } = await checkSignatures(registry, name, { signedBy: signer.signedBy });
      assertEquals([what, isNew, ok], [what, false, true]);
    }

    for (const { folder, files } of signed) {
      await writeFile(`${folder}/${Object.keys(files)[0]}`, "changed");
    }
    const changed = await judged(verify);
    assertEquals(signed.filter((_, at) => changed[at] === null).map(({ what }) => what), []);
  },
});

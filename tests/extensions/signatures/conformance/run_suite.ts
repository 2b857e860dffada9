// Runs the conformance suite of Open Model Signing, https://github.com/sampras343/model-signing-conformance,
// through the command line: its committed bundles, and its round trips.
//
//     deno run -A tests/extensions/signatures/conformance/run_suite.ts ../model-signing-conformance
//
// Bundles of Sigstore need its trusted root, which HOLDFAST_SIGNING_PYTHON has; round trips by identity
// sign with a Sigstore on this machine. Prints each case that differs, and exits with 1 if any does.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "@std/path";
import { promisify } from "node:util";
import { holdfast, succeeds } from "../../../apps/captured_io.ts";
import { findPython } from "../../../support/numpy.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { ALICE, ISSUER } from "../certificates/keyless.ts";
import { servedSigstore } from "../keyless/served_sigstore.ts";
import type { Json } from "../mutations.ts";

/** Paths that `model_signing` never signs. */
const OF_GIT = [".git", ".git/**", ".github/**", ".gitignore", ".gitattributes"];
/** The name of the version that each case saves and checks. */
const NAME = "models:case";

const [given] = Deno.args;
if (given === undefined) throw new Error("Cannot run the suite: pass the path of its clone");
const suite = resolve(given), assets = join(suite, "test/assets");
await using sigstore = await servedSigstore();
const publicRoot = await rootOfSigstore();

/** The trusted root of the public Sigstore, as the Python package `sigstore` contains it. */
async function rootOfSigstore(): Promise<string | undefined> {
  const python = await findPython("sigstore", undefined, "HOLDFAST_SIGNING_PYTHON");
  if (python === undefined) return undefined;
  const code =
    "import pathlib, sigstore; print(pathlib.Path(sigstore.__file__).parent / '_store' " +
    "/ 'https%3A%2F%2Ftuf-repo-cdn.sigstore.dev' / 'trusted_root.json')";
  return (await promisify(execFile)(python, ["-c", code])).stdout.trim();
}

/** A case in a temporary folder, in which its model is `model`, or a file in `single`. */
interface Case {
  config: Json;
  cwd: string;
  /** The path of the model, from there. */
  model: string;
  /** Options that leave paths out of a save. */
  without: string[];
}

async function prepare(config: Json, folder: string, cwd: string): Promise<Case> {
  const source = join(config.model_relative_to === "test_dir" ? folder : assets, config.model);
  const isFile = (await stat(source)).isFile();
  const model = isFile ? basename(source) : "model", target = join(cwd, model);
  await cp(source, target, { recursive: true });
  const { tamper = {}, inject = {}, delete: deleted = [], symlinks = {} } =
    config.model_modifications ?? {};
  const at = isFile ? cwd : target;
  for (const [path, text] of Object.entries<string>({ ...tamper, ...inject })) {
    await writeFile(join(at, path), text);
  }
  for (const path of deleted) await rm(join(at, path), { force: true });
  for (const [path, to] of Object.entries<string>(symlinks)) await symlink(to, join(at, path));
  // Placeholders of Git, which cannot keep an empty folder, are no files of the model.
  const left = [...config.verify?.ignore_paths ?? [], ...isFile ? [] : OF_GIT];
  const without = left.flatMap((path: string) => ["--exclude", path]);
  return { config, cwd, model, without };
}

/** Returns the options that sign a version as a case wants it. */
async function signingOptions({ config: { method, sign }, cwd }: Case): Promise<string[]> {
  if (method === "sigstore") {
    const { fulcio, rekor } = sigstore;
    await writeFile(join(cwd, "token"), await sigstore.token());
    return ["--keyless", "--fulcio", fulcio, "--rekor", rekor, "--identity-token", "token"];
  }
  const key = ["--key", join(assets, sign.private_key)];
  if (method === "key") return key;
  const chain: string[] = [];
  for (const path of [sign.signing_cert, ...sign.cert_chain]) {
    const pem = await readFile(join(assets, path), "utf8");
    if (!chain.includes(pem)) chain.push(pem); // of a certificate that signs itself
  }
  await writeFile(join(cwd, "chain.pem"), chain.join(""));
  return [...key, "--certificate", "chain.pem"];
}

/** Returns the options that name who must have signed; undefined without a trusted root. */
async function signerOptions(
  { config: { method, verify }, cwd }: Case,
  isOwn: boolean,
): Promise<string[] | undefined> {
  if (method === "key") return ["--signed-by", join(assets, verify.public_key)];
  if (method === "certificate") {
    return verify.cert_chain.flatMap((path: string) => ["--signed-by", join(assets, path)]);
  }
  const root = isOwn ? join(cwd, "root.json") : publicRoot;
  if (root === undefined) return undefined;
  if (isOwn) await writeFile(root, sigstore.trustedRoot);
  const [identity, issuer] = isOwn ? [ALICE, ISSUER] : [verify.identity, verify.identity_provider];
  return ["--signed-by", identity, "--issuer", issuer, "--trusted-root", root];
}

/** Saves a model with a bundle beside it, and checks it. Returns the error; undefined if it is valid. */
async function verified(
  each: Case,
  bundle: string,
  signers: readonly string[],
): Promise<string | undefined> {
  const { cwd, model, without } = each;
  const isFile = (await stat(join(cwd, model))).isFile();
  await cp(bundle, join(cwd, isFile ? `${model}.sig` : `${model}/model.sig`));
  const save = ["save", "models:verified", model, "--signatures", ...isFile ? [] : without];
  for (const words of [save, ["verify", "models:verified", ...signers]]) {
    const { code, err } = await holdfast(words, { cwd });
    if (code !== 0) return err.split("\n")[0];
  }
}

/** Returns what the suite checks of a bundle that was made, if it does not hold. */
async function bundleProblem(path: string, { config }: Case): Promise<string | undefined> {
  const { dsseEnvelope: { payload, payloadType } } = JSON.parse(await readFile(path, "utf8"));
  const statement = JSON.parse(
    atob(payload).replace(
      /[\x80-\xff]+/g,
      (bytes) => new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0))),
    ),
  );
  const { resources, serialization } = statement.predicate;
  const names: string[] = resources.map(({ name }: Json) => name);
  const root = createHash("sha256");
  for (const { digest } of resources) root.update(digest, "hex");
  const expected: string[] = config.expected_signed_files ?? names;
  const [subject, ...others] = statement.subject;
  const checks: Record<string, boolean> = {
    "payload type": payloadType === "application/vnd.in-toto+json",
    "statement type": statement._type === "https://in-toto.io/Statement/v1",
    "predicate type": statement.predicateType === "https://model_signing/signature/v1.0",
    "one subject": others.length === 0 && subject.name !== "",
    "root digest": subject.digest.sha256 === root.digest("hex"),
    "method": serialization.method === "files" && !("shard_size" in serialization),
    "links": "hash_type" in serialization && serialization.allow_symlinks === false,
    "order": names.join("\0") === names.toSorted().join("\0"),
    "signed files": names.toSorted().join("\0") === expected.toSorted().join("\0"),
  };
  return Object.entries(checks).find(([, holds]) => !holds)?.[0];
}

/** Signs a model, and checks the bundle. Returns how it differs from what the suite expects. */
async function roundTrip(each: Case): Promise<string | undefined> {
  const { config, cwd, model, without } = each;
  const isFailing = config.expect === "fail";
  await succeeds("init", { cwd });
  const isFile = (await stat(join(cwd, model))).isFile();
  const save = ["save", NAME, model, ...isFile ? [] : without];
  const sign = ["sign", NAME, ...await signingOptions(each)];
  for (const words of [save, sign, ["signatures", NAME, "--to", "bundles"]]) {
    const { code, err } = await holdfast(words, { cwd });
    if (code !== 0) return isFailing ? undefined : err.split("\n")[0];
  }
  if (isFailing) return "it is signed";
  const bundle = join(cwd, "bundles/model.sig");
  const problem = await bundleProblem(bundle, each);
  if (problem !== undefined) return `the bundle differs in ${problem}`;
  if (config.verify?.ignore_unsigned_files) {
    await writeFile(join(cwd, model, "injected.bin"), "injected after signing\n");
  }
  return await verified(each, bundle, await signerOptions(each, true) ?? []);
}

/** Checks a committed bundle. Returns how it differs from what the suite expects. */
async function committed(each: Case, folder: string): Promise<string | undefined> {
  await succeeds("init", { cwd: each.cwd });
  const signers = await signerOptions(each, false);
  if (signers === undefined) return "no trusted root of Sigstore: set HOLDFAST_SIGNING_PYTHON";
  const problem = await verified(each, join(folder, "bundle.sig"), signers);
  if (each.config.expect !== "fail") return problem;
  return problem === undefined ? "it is valid" : undefined;
}

async function runAll(title: string, below: string): Promise<boolean> {
  const folders: string[] = [];
  for (const path of await readdir(join(suite, "test/test-cases", below), { recursive: true })) {
    if (basename(path) === "config.json") {
      folders.push(join(suite, "test/test-cases", below, path, ".."));
    }
  }
  let agreeing = 0;
  for (const folder of folders.toSorted()) {
    await using root = await tempRoot();
    const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
    const each = await prepare(config, folder, root.path);
    const difference = below === "roundtrip"
      ? await roundTrip(each)
      : await committed(each, folder);
    if (difference === undefined) agreeing++;
    else console.log(`${basename(folder)}: ${difference}`);
  }
  console.log(`${agreeing} of ${folders.length} ${title} as the suite expects`);
  return agreeing === folders.length;
}

const isAll = [await runAll("bundles", "verify"), await runAll("round trips", "roundtrip")];
Deno.exit(isAll.every(Boolean) ? 0 : 1);

// Commands: sign, signatures.
import {
  type Command,
  type CommandContext,
  defineCommand,
  formatTime,
  invalid,
  lookUp,
  printTable,
  REF_ARGUMENT,
  type Row,
  withHints,
} from "../../apps/cli/extending.ts";
import { resolve } from "node:path";
import { MOST_CHARACTERS } from "./bundle.ts";
import { signByIdentity, SIGNING_OPTIONS } from "./keyless/command.ts";
import { keyOfCertificate } from "./signers/certificates/pem.ts";
import { KEYLESS_OPTIONS, readSigners, textOf, variableOf } from "./signers/key_files.ts";
import { type Judged, reportOn, type SignatureCheck } from "./report.ts";
import {
  type AddedSignature,
  addSignature,
  signatureBundle,
  type SignOptions,
  signVersion,
} from "./signatures.ts";
import { readTrusted } from "./signers/trusted.ts";

export const sign: Command = defineCommand({
  name: "sign",
  summary: "Sign a version: its name and the SHA-256 of each of its files.",
  details:
    "Reads no payload, and sends the private key nowhere. Signatures are those of OpenSSF Model " +
    "Signing v1.0. With --signer, a command signs with a key in a key management service. With " +
    "--bundle, adds a signature that another tool, such as model_signing, made of a download.\n\n" +
    "With --keyless, Sigstore certifies your identity, or that of the CI job, for ten minutes. Its " +
    "public log shows the identity, and the SHA-256 of what was signed, forever.",
  args: [REF_ARGUMENT],
  options: [
    {
      flags: "--key <file>",
      text: "a private key in PEM: EC P-256, P-384, P-521, or Ed25519",
      completes: "file",
    },
    { flags: "--key-env <variable>", text: "an environment variable with the key" },
    { flags: "--passphrase-env <variable>", text: "one with the passphrase of an encrypted key" },
    { flags: "--bundle <file>", text: "a Sigstore bundle, such as model.sig", completes: "file" },
    {
      flags: "--signer <command>",
      text: "a command that reads a digest and prints its signature; with --public-key",
    },
    { flags: "--public-key <file>", text: "the public key of --signer (PEM)", completes: "file" },
    {
      flags: "--certificate <file>",
      text: "the certificate of the key, then those of its issuers (PEM)",
      completes: "file",
    },
    ...SIGNING_OPTIONS,
  ],
  examples: [
    ["openssl ecparam -name prime256v1 -genkey -noout -out key.pem", "make a key"],
    ["openssl ec -in key.pem -pubout -out key.pub", "its public key, for those who check"],
    ["holdfast sign models:digits@production --key key.pem", "sign the version of an alias"],
    ["holdfast sign models:digits@3.0.0 --keyless", "sign as this CI job"],
    ["holdfast sign models:digits@3.0.0 --bundle model.sig", "add a signature made elsewhere"],
  ],
  async run([ref], flags, context) {
    checkTogether(ref, flags);
    if (flags.keyless) return await signByIdentity(ref, flags, context);
    const { bundle } = flags, { io: { system, signal } } = context;
    const key = bundle === undefined ? await keyOf(flags, context) : undefined;
    const text = bundle && await textOf(bundle, "bundle", context, MOST_CHARACTERS);
    const registry = await context.open({ write: true });
    const added: AddedSignature = await withHints(
      key !== undefined
        ? signVersion(registry, ref, { ...key, system, signal })
        : addSignature(registry, ref, { bundle: text ?? "", system, signal }),
      lookUp(ref),
    );
    const { name, version, id, isNew } = added;
    const again = isNew ? "" : " again";
    await context.done(added, `Signed ${name}@${version}${again} (key ${id})`);
  },
});

interface SignFlags {
  key?: string;
  keyEnv?: string;
  passphraseEnv?: string;
  bundle?: string;
  signer?: string;
  publicKey?: string;
  certificate?: string;
  keyless?: boolean;
}

/** Throws for options that do not go together. */
function checkTogether(ref: string, flags: SignFlags & Record<string, unknown>): void {
  const { key, keyEnv, passphraseEnv, bundle, signer, publicKey, certificate, keyless } = flags;
  const alone = SIGNING_OPTIONS.map(({ flags }) => flags.slice(2).replace(/ .*/, ""))
    .find((option) => flags[camelCase(option)] !== undefined);
  if (!keyless && alone !== undefined) {
    throw invalid(`sign ${ref}`, `--${alone} needs --keyless`, "Pass --keyless, too.");
  }
  const given = [key, keyEnv, bundle, signer, keyless].filter((each) => each !== undefined).length;
  if (given !== 1) {
    const state = given === 0 ? "there is no key" : "several keys or bundles are given";
    const hint = "Pass one of --key, --key-env, --signer, --keyless and --bundle.";
    const make = given === 0
      ? " Make a key: openssl ecparam -name prime256v1 -genkey -noout -out key.pem"
      : "";
    throw invalid(`sign ${ref}`, state, hint + make);
  }
  if (passphraseEnv !== undefined && key === undefined && keyEnv === undefined) {
    const state = "--passphrase-env needs --key or --key-env";
    throw invalid(`sign ${ref}`, state, "Omit --passphrase-env, or pass the encrypted key.");
  }
  if (publicKey !== undefined && signer === undefined) {
    throw invalid(`sign ${ref}`, "--signer is missing", "Pass --signer and --public-key.");
  }
  if (certificate !== undefined && (bundle !== undefined || keyless)) {
    const state = keyless ? "--keyless gets its certificate" : "a bundle has its certificates";
    throw invalid(`sign ${ref}`, state, "Omit --certificate.");
  }
}

function camelCase(option: string): string {
  return option.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** Reads the key that the options name, with its passphrase and certificates. */
async function keyOf(
  { key, keyEnv, passphraseEnv, signer, publicKey, certificate: file }: SignFlags,
  context: CommandContext,
): Promise<SignOptions> {
  const certificate = file && await textOf(file, "certificate", context);
  const passphrase = passphraseEnv && variableOf(passphraseEnv, "--passphrase-env", context);
  const own = signer !== undefined
    ? await signerOf({ signer, publicKey, chain: certificate }, context)
    : key !== undefined
    ? await textOf(key, "key", context)
    : variableOf(keyEnv ?? "", "--key-env", context);
  return { key: own, passphrase, certificate };
}

/** Returns the key that a command signs with: its public key is a file, or in its certificate. */
async function signerOf(
  { signer, publicKey, chain }: { signer: string; publicKey?: string; chain?: string },
  context: CommandContext,
) {
  const { remoteSigner } = await import("./signers/remote_signer.ts");
  if (publicKey === undefined && chain === undefined) {
    throw invalid("sign", "--public-key is missing", "Pass --signer and --public-key.");
  }
  const pem = publicKey === undefined
    ? keyOfCertificate(chain!)
    : await textOf(publicKey, "public key", context);
  return remoteSigner(signer, pem, context);
}

export const signatures: Command = defineCommand({
  name: "signatures",
  summary: "List the signatures of a version, and check who signed it.",
  details:
    "With --signed-by, exits with 1 unless each of these keys signed exactly the files of this " +
    "version. Reads no payload: verify and downloads compare the stored bytes.",
  args: [REF_ARGUMENT],
  options: [
    {
      flags: "--signed-by <file>",
      text: "a public key, or a certificate of an authority, in PEM, which must have signed",
      completes: "file",
      repeat: true,
    },
    ...KEYLESS_OPTIONS,
    { flags: "--bundle <id>", text: "print this signature as a Sigstore bundle: model.sig" },
    {
      flags: "--to <folder>",
      text: "write all into a folder as model.sig, or model.ID.sig for several signers",
      completes: "file",
    },
  ],
  examples: [
    ["holdfast signatures models:digits@production", "list them"],
    ["holdfast signatures models:digits@3.0.0 --signed-by key.pub", "check one signer"],
    [
      "holdfast signatures d --signed-by ann@b.org --issuer URL --trusted-root FILE",
      "check a keyless signature: --issuer https://accounts.google.com",
    ],
    ["holdfast signatures models:digits@3.0.0 --to ./model", "write model.sig beside a download"],
    [
      "holdfast signatures models:digits@3.0.0 --bundle 9f86d081 > model.sig",
      "print one of several",
    ],
  ],
  async run([ref], { signedBy, issuer, trustedRoot, bundle, to }, context) {
    const { cwd, signal } = context.io;
    if (bundle !== undefined && to !== undefined) {
      throw invalid(`write signatures of ${ref}`, "--bundle prints one", "Omit --bundle or --to.");
    }
    const signers = await readSigners({ signedBy, issuer, trustedRoot }, context);
    const registry = await context.open();
    if (bundle !== undefined) {
      const text = await signatureBundle(registry, ref, { key: bundle, signal });
      return await context.result(JSON.parse(text), text);
    }
    const reading = registry.info(ref, { annotations: true, signal });
    const info = await withHints(reading, lookUp(ref));
    const judged = reportOn(info, await readTrusted(signers)), { report } = judged;
    if (to !== undefined && report.ok) {
      const { writeBundles } = await import("./files/write_bundles.ts");
      const files = await writeBundles(info, report.signatures, resolve(cwd, to));
      const { name, version } = report;
      const text = `Wrote ${files.join(", ")} of ${name}@${version} to ${to}`;
      return await context.done({ ...report, files }, text);
    }
    if (context.shared.json) await context.result(report, undefined);
    else await printReport(judged, context);
    return report.ok ? 0 : 1;
  },
});

async function printReport(
  { report: { name, version, signatures }, unmet }: Judged,
  context: CommandContext,
): Promise<void> {
  const ref = `${name}@${version}`;
  if (signatures.length === 0) await context.note(`${ref} has no signatures`);
  else {
    const columns = ["key", "state", "signed as", "added", "problem"];
    await printTable(context, columns, signatures.map(rowOf));
  }
  for (const signer of unmet) await context.note(`${ref} has no valid signature of ${signer}`);
}

function rowOf(check: SignatureCheck): Row {
  const { id, state, subject = "", addedAt, problem = "" } = check;
  const added = addedAt === undefined ? "" : formatTime(addedAt);
  return { cells: [id, state, subject, added, problem], json: check };
}

// Files that options of commands name.
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { type CommandContext, invalid, notFound } from "../../../apps/cli/extending.ts";
import { isRegistryError, readAtMost } from "../../../core/kernel.ts";
import type { KeylessSigner } from "./signer.ts";
import { readTrusted, signerIn } from "./trusted.ts";

/** Reads files with public keys or certificates. */
export async function readKeys(
  files: readonly string[],
  context: CommandContext,
): Promise<string[]> {
  const keys: string[] = [];
  for (const file of files) {
    const pem = await textOf(file, "public key", context);
    await readTrusted([pem]);
    keys.push(`${signerIn(pem)}\n`); // without the words around it that tools write
  }
  return keys;
}

/** Options of commands that name signers. */
export interface SignerFlags {
  /** Files with public keys or certificates; with an issuer, identities. */
  signedBy?: readonly string[];
  issuer?: string;
  trustedRoot?: string;
}

export const KEYLESS_OPTIONS = [
  {
    flags: "--issuer <url>",
    text: "signers are identities that this issuer vouches for, such as alice@acme.com",
  },
  {
    flags: "--trusted-root <file>",
    text: "with --issuer: the trusted_root.json of Sigstore",
    completes: "file",
  },
] as const;

/** Reads the signers that the options of a line name. */
export async function readSigners(
  { signedBy = [], issuer, trustedRoot }: SignerFlags,
  context: CommandContext,
): Promise<(string | KeylessSigner)[]> {
  if (issuer === undefined && trustedRoot === undefined) return await readKeys(signedBy, context);
  const hint = "Pass identities of signers, --issuer and --trusted-root.";
  if (issuer === undefined || trustedRoot === undefined || signedBy.length === 0) {
    const missing = [
      issuer === undefined && "--issuer",
      trustedRoot === undefined && "--trusted-root",
      signedBy.length === 0 && "the identity of a signer",
    ].filter((each) => each !== false);
    throw invalid("check signatures", `${missing.join(" and ")} is missing`, hint);
  }
  const root = await textOf(trustedRoot, "trusted root", context);
  const signers = signedBy.map((identity) => ({ identity, issuer, trustedRoot: root }));
  await readTrusted(signers);
  return signers;
}

/** Bytes of a key, of certificates or of a trusted root. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Reads a file that an option names. */
export async function textOf(
  file: string,
  what: string,
  { io }: CommandContext,
  maxBytes = MOST_BYTES,
): Promise<string> {
  if (/-----BEGIN|[\r\n]/.test(file) || TOKEN.test(file)) { // perhaps a secret
    const hint = what === "key"
      ? "Pass the path of a file, or the name of a variable to --key-env."
      : "Pass the path of a file.";
    throw invalid(`read the ${what}`, "its content is given, not its path", hint);
  }
  const isShown = !MAYBE_SECRET.test(file);
  const action = `read the ${what}${isShown ? ` ${JSON.stringify(file)}` : ""}`;
  const content = Readable.toWeb(createReadStream(resolve(io.cwd, file))) as ReadableStream;
  const read = async () => {
    const bytes = await readAtMost(content, maxBytes);
    if (bytes !== undefined) return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    const state = `it is larger than ${maxBytes / 1024 ** 2} MiB`;
    throw invalid(action, state, "Pass the path of another file.");
  };
  return await read().catch((cause) => {
    const hint = what === "public key" && /@|:\/\//.test(file)
      ? "Pass the path of a file. An identity also needs --issuer and --trusted-root."
      : "Pass the path of a file.";
    const named = isShown ? cause : undefined; // it has the name, too
    if (cause.code === "ENOENT") throw notFound(action, "it does not exist", hint, named);
    if (cause.code === "EISDIR") throw invalid(action, "it is a folder", hint, named);
    if (isShown || isRegistryError(cause)) throw cause;
    throw invalid(action, "it cannot be read", hint);
  });
}

/** A JSON Web Token, whose header is a JSON object in base64. */
const TOKEN = /^(?:ey[AJ]|ew)[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}$/;
/** A key in DER or a token, in base64. Errors leave out names of files that look like it. */
const MAYBE_SECRET = /[\w+=-]{40}/;

/** Returns the value of an environment variable. A name that may be a secret is in no error. */
export function variableOf(name: string, option: string, { io: { system } }: CommandContext) {
  const value = system.env(name);
  if (value) return value;
  const action = /^[A-Z_]{1,60}$/.test(name) ? `variable ${name}` : `variable of ${option}`;
  const hint = "Set it, and pass its name, not its value.";
  throw invalid(`read the ${action}`, "it is not set", hint);
}

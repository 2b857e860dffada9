// Signs with keys in other systems, such as a key management service, by a command.
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { type CommandContext, invalid } from "../../../apps/cli/extending.ts";
import { digestOfKey, type SigningKey } from "./keys.ts";

/** The longest signature, DER of P-521, as base64 on several lines. */
const MOST_BYTES = 1024;

/**
 * Returns a key whose signatures a command of the shell makes. It reads the digest of the bytes that
 * are signed from standard input, raw, and prints the signature: DER, or DER as base64.
 */
export function remoteSigner(
  command: string,
  publicKey: string,
  { io: { cwd, signal } }: CommandContext,
): SigningKey {
  if (command.trim() === "") {
    throw invalid("sign", "--signer is empty", "Check for an unset shell variable.");
  }
  const kind = digestOfKey(publicKey);
  if (kind === undefined) {
    throw invalid(
      "sign",
      "--signer needs a key on the curve P-256, P-384 or P-521",
      "Sign a download with another tool, and add it with --bundle.",
    );
  }
  return {
    publicKey,
    async sign(bytes) {
      const digest = createHash(kind).update(bytes).digest();
      return signatureIn(await outputOf(command, digest, { cwd, signal }));
    },
  };
}

function signatureIn(output: Uint8Array): Uint8Array {
  if (output[0] === 0x30) return output; // DER begins with a sequence
  const text = new TextDecoder().decode(output).replace(/\s/g, "");
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, "base64") : output;
}

async function outputOf(
  command: string,
  input: Uint8Array,
  { cwd, signal }: { cwd: string; signal?: AbortSignal },
): Promise<Uint8Array> {
  const child = spawn(command, { cwd, signal, shell: true, stdio: ["pipe", "pipe", "inherit"] });
  const chunks: Uint8Array[] = [];
  let size = 0;
  child.stdout.on("data", (chunk: Uint8Array) => {
    size += chunk.byteLength;
    if (size <= MOST_BYTES) return chunks.push(chunk);
    child.stdout.destroy(); // ends what the shell started, too
    child.kill();
  });
  child.stdin.on("error", () => {}); // a command may end without reading it: its exit code decides
  child.stdin.end(input);
  const end = await new Promise<string>((resolve, reject) => {
    child.on("error", (error) => reject(signal?.aborted ? signal.reason : error));
    child.on("close", (code, killedBy) => resolve(killedBy ?? `exit code ${code}`));
  });
  const state = size > MOST_BYTES
    ? "the signer printed more than a signature"
    : end !== "exit code 0"
    ? `the signer ended with ${end}`
    : size === 0
    ? "the signer printed nothing"
    : undefined;
  if (state === undefined) return Buffer.concat(chunks);
  throw invalid(
    "sign",
    state,
    "The command must read the digest from standard input and print only its signature.",
  );
}

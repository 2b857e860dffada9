// The TLS certificate of a server.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { invalid, type RegistryError } from "../../../core/errors.ts";
import { timeProblem } from "../../../core/urls/tls_problems.ts";

/**
 * Reads a certificate and its private key.
 *
 * @throws {RegistryError} `Invalid` if they cannot be read or do not match
 */
export async function readCertificate(
  { cert, key }: { cert: string; key: string },
): Promise<{ cert: string; key: string }> {
  const read = { cert: await readPem(cert), key: await readPem(key) };
  let fits: boolean;
  try {
    fits = new X509Certificate(read.cert).checkPrivateKey(createPrivateKey(read.key));
  } catch (cause) {
    throw unusable(`${cert} or ${key}: not a PEM certificate and its key`, cause);
  }
  if (!fits) throw unusable(`${cert} does not match the key ${key}`);
  return read;
}

/** Returns a warning about a certificate that clients refuse now, undefined for another one. */
export function certificateWarning(
  { cert }: { cert: string },
  { file, now }: { file: string; now: number },
): string | undefined {
  const problem = timeProblem(new X509Certificate(cert), now);
  return problem && `Clients refuse this service: it ${problem.state} (${file}). ${problem.hint}`;
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const { code } = cause as { code?: string };
    const state = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    throw unusable(`${file} ${state}`, cause);
  }
}

function unusable(state: string, cause?: unknown): RegistryError {
  return invalid("use the certificate", undefined, state, {
    hint: "Pass PEM files: the certificate with its chain, and its private key.",
    reason: { kind: "certificate_unusable" },
    cause,
  });
}

// The certificate of a server, from files.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";

/**
 * Reads a certificate and its key.
 *
 * @throws {RegistryError} `Invalid` where they can not be read or do not belong together
 */
export async function readCertificate(
  { cert, key }: { cert: string; key: string },
): Promise<{ cert: string; key: string }> {
  const read = { cert: await readPem(cert), key: await readPem(key) };
  let fits: boolean;
  try {
    fits = new X509Certificate(read.cert).checkPrivateKey(createPrivateKey(read.key));
  } catch (cause) {
    throw unusable(`${cert} or ${key}: it is no PEM of a certificate and its key`, cause);
  }
  if (!fits) throw unusable(`${cert}: ${key} is the key of another certificate`);
  return read;
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const { code } = cause as { code?: string };
    throw unusable(
      `${file}: ${code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`}`,
      cause,
    );
  }
}

function unusable(state: string, cause?: unknown): RegistryError {
  return fault({
    code: "Invalid",
    action: "use the certificate",
    state,
    hint: "Give --cert the certificate with its chain, and --key its private key, both as PEM.",
    cause,
  });
}

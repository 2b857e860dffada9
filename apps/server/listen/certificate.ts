// The TLS certificate of a server.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Logger, System } from "../../../mod.ts";
import { invalid, type RegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { soonProblem, timeProblem } from "../../../core/urls/tls_problems.ts";

interface Pem {
  cert: string;
  key: string;
}

interface Parts extends Pick<System, "sleep">, Partial<Pick<System, "now">> {
  logger: Pick<Logger, "warn">;
}

const DAY_MS = 24 * 3_600_000;

/** The certificate of a server, with its files. Logs a warning if clients refuse it, or will soon. */
export class ServedCertificate {
  readonly #files: Pem;
  readonly #parts: Parts;
  #pem: Pem;

  private constructor(files: Pem, pem: Pem, parts: Parts) {
    this.#files = files;
    this.#pem = pem;
    this.#parts = parts;
    this.#warn();
  }

  /** @throws {RegistryError} `Invalid` if the files cannot be read or do not match */
  static async open(files: Pem, parts: Parts): Promise<ServedCertificate> {
    return new ServedCertificate(files, await readCertificate(files), parts);
  }

  get pem(): Pem {
    return this.#pem;
  }

  get endsAt(): Date {
    return new Date(new X509Certificate(this.#pem.cert).validTo);
  }

  /** Reads the files again. An error keeps the old certificate. */
  async read(): Promise<void> {
    this.#pem = await readCertificate(this.#files);
    this.#warn();
  }

  async warnDaily(signal: AbortSignal): Promise<void> {
    const { sleep } = this.#parts;
    const isOver = () => sleep(DAY_MS, signal).then(() => signal.aborted, () => true);
    while (!await isOver()) this.#warn();
  }

  #warn(): void {
    const certificate = new X509Certificate(this.#pem.cert);
    const { logger } = this.#parts;
    const now = (this.#parts.now ?? realSystem.now)();
    const { cert: file } = this.#files;
    const problem = timeProblem(certificate, now);
    const ending = soonProblem(certificate, now);
    if (problem !== undefined) {
      logger.warn(
        `Clients refuse this service: it ${problem.state} (${file}). ${problem.hint}`,
      );
    } else if (ending !== undefined) {
      logger.warn(`The certificate ${file} ${ending.state}. ${ending.hint}`);
    }
  }
}

async function readCertificate(files: Pem): Promise<Pem> {
  const { cert, key } = files;
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

// Configuration of SDK clients.
import { fault, type RegistryError } from "../../core/errors.ts";
import { checkCertificates, type Connections } from "../bucket/connections.ts";
import type { S3Provider } from "../s3_providers.ts";
import { checkCredentials, type CredentialCache, type S3Credentials } from "./credentials.ts";

interface ClientOptions {
  credentials?: S3Credentials | (() => S3Credentials | Promise<S3Credentials>);
  client?: unknown;
  system?: unknown;
  logger?: unknown;
  putOptions?: Record<string, unknown>;
  requestTimeoutMs?: number;
  connectionTimeoutMs?: number;
  ca?: string | readonly string[];
  partBytes?: number;
  parallel?: number;
}

interface ClientPlan {
  provider: S3Provider;
  endpoint?: string;
  region?: string;
  credentials?: CredentialCache;
  connections: Connections;
}

const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** Returns the configuration of an SDK client that sends each request once, unchanged. */
export function clientConfig(
  options: ClientOptions & { requestTimeoutMs: number },
  plan: ClientPlan,
) {
  const { requestTimeoutMs, connectionTimeoutMs = 10_000 } = options;
  const { provider, endpoint, region, connections } = plan;
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: provider.addressStyle === "path" || isForeign(provider, endpoint),
    ...credentialConfig(options, plan.credentials),
    maxAttempts: 1,
    requestChecksumCalculation: "WHEN_REQUIRED" as const,
    responseChecksumValidation: "WHEN_REQUIRED" as const,
    expectContinueHeader: false,
    disableClockSkewCorrection: true,
    logger: SILENT,
    requestHandler: {
      httpAgent: connections.http,
      httpsAgent: connections.https,
      connectionTimeout: connectionTimeoutMs,
      socketTimeout: requestTimeoutMs,
    },
  };
}

/**
 * Returns true for an `s3` endpoint that is not Amazon's: few of those have host names per bucket.
 */
function isForeign({ id }: S3Provider, endpoint: string | undefined): boolean {
  return id === "s3" && endpoint !== undefined &&
    !/\.amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname);
}

function credentialConfig({ credentials }: ClientOptions, cache: CredentialCache | undefined) {
  if (cache !== undefined) {
    // The expiration disables the cache of the SDK: `CredentialCache` also forgets rejected
    // credentials.
    return { credentials: async () => ({ ...await cache.provide(), expiration: new Date(0) }) };
  }
  return credentials === undefined ? {} : { credentials: { ...credentials as S3Credentials } };
}

const MIN_PART_BYTES = 5 * 2 ** 20;

/** Throws `Invalid` or `Unsupported` for impossible options. */
export function checkClientOptions(options: ClientOptions): void {
  const { credentials, partBytes = MIN_PART_BYTES, parallel = 1, putOptions = {} } = options;
  checkCertificates(options.ca);
  if (credentials !== undefined && typeof credentials !== "function") checkCredentials(credentials);
  if (!(Number.isSafeInteger(partBytes) && partBytes >= MIN_PART_BYTES)) {
    throw invalid(`partBytes ${partBytes} is too small`, "Pass at least 5,242,880 (5 MiB).");
  }
  if (!(Number.isSafeInteger(parallel) && parallel >= 1)) {
    throw invalid(`parallel is ${parallel}`, "Pass a positive integer.");
  }
  const customer = Object.keys(putOptions).find((name) => name.startsWith("SSECustomer"));
  if (customer !== undefined) {
    throw fault({
      code: "Unsupported",
      action: "open bucket",
      state: `objects encrypted with your own key (${customer}) could not be read back`,
      hint: "Use ServerSideEncryption, with a key that the store manages.",
    });
  }
}

function invalid(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "open bucket", state, hint });
}
